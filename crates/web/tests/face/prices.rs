//! `/tollgate/v1/prices`: what may be said of a price, who hears of it, and what is refused.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::gateway::Gateway;
use crate::world::block_on;
use domain::Timestamp;
use domain::price::{PriceBook, Unpriced};
use serde_json::json;

const PRICES: &str = "/tollgate/v1/prices";
const IMPORT: &str = "/tollgate/v1/prices/import";
const MINE: &str = r#"{"model":"mine","input_cost_per_token":2.5e-6,"output_cost_per_token":1E-5}"#;

fn book(gateway: &Gateway) -> Option<Arc<PriceBook>> {
    gateway.world.state().book.clone()
}

fn known(gateway: &Gateway, model: &str) -> bool {
    let at = Timestamp::from_seconds(crate::world::NOON);
    book(gateway).is_some_and(|book| book.lookup(model, at).is_some())
}

#[test]
fn a_price_that_is_set_is_in_the_book_before_anybody_hears_of_it() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", PRICES, MINE);
    assert!(known(&gateway, "mine"));
    let price = json!({"input_cost_per_token": 2.5e-6, "output_cost_per_token": 1e-5});
    let shape = json!({"object": "tollgate.price", "id": "mine", "source": "set", "price": price});
    assert_eq!(made.body, shape);
    assert_eq!(gateway.ok("GET", "/tollgate/v1/prices/mine", "").body, shape);
    let listed = gateway.ok("GET", PRICES, "").body;
    let rows = listed["data"].as_array().unwrap();
    assert!(rows.contains(&shape) && rows.iter().any(|row| row["id"] == "gpt-4o"));
    assert_eq!(gateway.world.events().last(), Some(&"price.updated"));

    gateway.ok("DELETE", "/tollgate/v1/prices/mine", "");
    assert!(!known(&gateway, "mine"));
    for method in ["GET", "DELETE"] {
        let reply = gateway.call(method, "/tollgate/v1/prices/mine", "");
        assert_eq!(reply.refusal(), (404, "not_found", ""));
    }
}

#[test]
fn a_tuned_model_is_shown_with_the_price_of_its_base() {
    let gateway = Gateway::start();
    let shown = gateway.get("/tollgate/v1/prices/ft:gpt-4o-mini-2024-07-18:acme::x");
    assert_eq!(shown.body["source"], "built_in");
    assert_eq!(shown.body["price"]["input_cost_per_token"], 3e-7);
}

#[test]
fn case_26_a_price_with_a_mistake_sets_nothing() {
    let gateway = Gateway::start();
    for (body, code, param) in [
        (r#"{"input_cost_per_token":1e-6}"#, "missing_required_parameter", "model"),
        (r#"{"model":"","free":true}"#, "invalid_value", "model"),
        (r#"{"model":7,"free":true}"#, "invalid_value", "model"),
        (r#"{"model":"m","colour":1}"#, "unknown_field", "colour"),
        (r#"{"model":"m"}"#, "invalid_value", ""),
        (r#"{"model":"m","input_cost_per_token":1e-6}"#, "invalid_value", ""),
        (r#"{"model":"m","free":true,"input_cost_per_tokem":1e-6}"#, "invalid_value", ""),
        (r#"{"model":"m","free":true,"free":true}"#, "invalid_json", ""),
        (r#"{"model":"m","input_cost_per_token":NaN}"#, "invalid_json", ""),
        ("[]", "invalid_json", ""),
    ] {
        let reply = gateway.call("POST", PRICES, body);
        assert_eq!(reply.refusal(), (400, code, param), "{body}: {}", reply.body);
    }
    for value in ["-1e-6", "null", "\"1e-6\"", "1e30", "0", "0.02", "[1]", "true"] {
        let body = format!(
            r#"{{"model":"m","input_cost_per_token":{value},"output_cost_per_token":1e-6}}"#
        );
        let reply = gateway.call("POST", PRICES, &body);
        assert_eq!(reply.refusal(), (400, "invalid_value", ""), "{value}: {}", reply.body);
        let file = format!(r#"{{"m":{body},"n":{{"free":true}}}}"#);
        let reply = gateway.call("POST", IMPORT, &file);
        assert_eq!(reply.refusal(), (400, "invalid_value", ""), "{value}: {}", reply.body);
    }
    assert!(gateway.world.state().prices.is_empty() && book(&gateway).is_none());
    assert!(gateway.world.state().price_imports.is_empty());
}

#[test]
fn what_the_config_file_prices_nobody_else_changes() {
    let gateway = Gateway::start();
    let free = domain::price::ModelPrice::free();
    block_on(gateway.control.declare_prices(vec![("mine".to_owned(), free)])).unwrap();
    assert_eq!(gateway.get("/tollgate/v1/prices/mine").body["source"], "config");
    assert_eq!(gateway.call("POST", PRICES, MINE).refusal(), (409, "managed_by_file", ""));
    let reply = gateway.call("DELETE", "/tollgate/v1/prices/mine", "");
    assert_eq!(reply.refusal(), (409, "managed_by_file", ""));
}

#[test]
fn a_price_of_the_config_file_takes_the_place_of_one_that_was_set_before() {
    let gateway = Gateway::start();
    gateway.ok("POST", PRICES, MINE);
    let free = domain::price::ModelPrice::free();
    block_on(gateway.control.declare_prices(vec![("mine".to_owned(), free)])).unwrap();
    assert_eq!(gateway.get("/tollgate/v1/prices/mine").body["source"], "config");
    block_on(gateway.control.declare_prices(Vec::new())).unwrap();
    assert_eq!(gateway.get("/tollgate/v1/prices/mine").body["source"], "set");
}

#[test]
fn case_27_an_import_is_held_against_what_is_built_in_as_well() {
    let gateway = Gateway::start();
    let dear = r#"{"gpt-4o":{"input_cost_per_token":3e-5,"output_cost_per_token":1e-5}}"#;
    let held = gateway.ok("POST", IMPORT, dear);
    assert_eq!(held.text("/status"), "held");
    assert_eq!(held.text("/alarms/0"), "gpt-4o: Input from 2500000 to 30000000 pico-dollars");
    assert_eq!(gateway.get("/tollgate/v1/prices/gpt-4o").text("/source"), "built_in");
    assert_eq!(gateway.get(PRICES).body["import_held_at"], crate::world::NOON);
    // One that may pass takes its place: what was held is held no more.
    let plain = r#"{"gpt-4o":{"input_cost_per_token":3e-6,"output_cost_per_token":1e-5}}"#;
    assert_eq!(gateway.ok("POST", IMPORT, plain).text("/status"), "in_use");
    assert_eq!(gateway.get("/tollgate/v1/prices/gpt-4o").text("/source"), "imported");
    assert!(gateway.get(PRICES).body["import_held_at"].is_null());
    let approve = gateway.call("POST", "/tollgate/v1/prices/import?approve=true", "");
    assert_eq!(approve.refusal(), (404, "not_found", ""));
    assert_eq!(gateway.world.events()[2..], ["prices.import_held", "prices.imported"]);
}

#[test]
fn a_store_that_is_away_leaves_the_book_as_it_is() {
    let gateway = Gateway::start();
    gateway.ok("POST", PRICES, MINE);
    let before = book(&gateway).unwrap().version().to_owned();
    gateway.world.down.store(true, Ordering::SeqCst);
    let free = vec![("mine".to_owned(), domain::price::ModelPrice::free())];
    assert!(block_on(gateway.control.declare_prices(free)).is_err());
    assert_eq!(book(&gateway).unwrap().version(), before);
}

#[test]
fn case_25_models_without_a_price_are_listed_beside_the_prices() {
    let gateway = Gateway::start();
    assert_eq!(gateway.ok("GET", PRICES, "").body["unpriced"], json!([]));
    gateway.world.state().unpriced.push(Unpriced {
        model: "new-one".into(),
        why: "its model has no price".into(),
        attempts: 3,
        last_at: Timestamp::from_seconds(crate::world::NOON),
    });
    let shape = json!([{ "model": "new-one", "reason": "its model has no price", "attempts": 3,
        "last_attempt_at": crate::world::NOON }]);
    assert_eq!(gateway.ok("GET", PRICES, "").body["unpriced"], shape);
}

#[test]
fn a_name_may_have_slashes() {
    let gateway = Gateway::start();
    gateway.ok("POST", PRICES, &MINE.replace("mine", "vendor/mine"));
    assert_eq!(gateway.get("/tollgate/v1/prices/vendor/mine").body["id"], "vendor/mine");
    for path in ["/tollgate/v1/prices/", "/tollgate/v1/prices/vendor"] {
        assert_eq!(gateway.call("DELETE", path, "").refusal().1, "not_found", "{path}");
    }
    gateway.ok("DELETE", "/tollgate/v1/prices/vendor/mine", "");
    assert!(!known(&gateway, "vendor/mine"));
}
