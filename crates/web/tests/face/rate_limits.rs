//! Limits by rate: OpenAI's for a project's model, ours for a project and a key.

use crate::gateway::Gateway;
use serde_json::{Value, json};

const UNLIMITED: u64 = 9_007_199_254_740_991;

fn of_project(gateway: &Gateway) -> String {
    format!("/v1/organization/projects/{}/rate_limits", gateway.project)
}

fn ids(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_known_model_has_a_row_that_reads_as_unlimited() {
    let gateway = Gateway::start();
    let list = gateway.ok("GET", &of_project(&gateway), "").body;
    assert_eq!((&list["object"], &list["has_more"]), (&json!("list"), &json!(false)));
    assert_eq!(ids(&list), ["rl-dall-e-3", "rl-gpt-4o", "rl-whisper-1"]);
    assert_eq!(list["last_id"], "rl-whisper-1");
    assert_eq!(
        list["data"][1],
        json!({
            "object": "project.rate_limit", "id": "rl-gpt-4o", "model": "gpt-4o",
            "max_requests_per_1_minute": UNLIMITED, "max_tokens_per_1_minute": UNLIMITED,
            "max_requests_per_1_day": UNLIMITED, "batch_1_day_max_input_tokens": UNLIMITED,
        })
    );
    assert_eq!(list["data"][0]["max_images_per_1_minute"], UNLIMITED);
    assert_eq!(list["data"][2]["max_audio_megabytes_per_1_minute"], UNLIMITED);
    let made = gateway.ok("POST", "/v1/organization/projects", r#"{"name":"new"}"#).text("/id");
    let path = format!("/v1/organization/projects/{made}/rate_limits");
    assert_eq!(ids(&gateway.ok("GET", &path, "").body).len(), 3);
    let nobody = gateway.call("GET", "/v1/organization/projects/proj_no/rate_limits", "");
    assert_eq!(nobody.refusal(), (404, "not_found", ""));
}

#[test]
fn a_list_of_limits_is_walked_in_both_directions() {
    let gateway = Gateway::start();
    let page = |query: &str| {
        let body = gateway.ok("GET", &format!("{}?{query}", of_project(&gateway)), "").body;
        (ids(&body), body["has_more"] == true)
    };
    assert_eq!(page("limit=2"), (vec!["rl-dall-e-3".into(), "rl-gpt-4o".into()], true));
    assert_eq!(page("limit=2&after=rl-gpt-4o"), (vec!["rl-whisper-1".into()], false));
    assert_eq!(page("limit=1&before=rl-whisper-1"), (vec!["rl-gpt-4o".into()], true));
    assert_eq!(page("after=rl-none"), (vec![], false));
    for query in ["limit=0", "limit=1001", "limit=x"] {
        let refused = gateway.call("GET", &format!("{}?{query}", of_project(&gateway)), "");
        assert_eq!(refused.refusal(), (400, "invalid_value", "limit"));
    }
}

#[test]
fn an_update_changes_what_it_names_and_is_audited() {
    let gateway = Gateway::start();
    let path = format!("{}/rl-gpt-4o", of_project(&gateway));
    let most = i64::MAX;
    let body = format!(r#"{{"max_requests_per_1_minute":3,"max_tokens_per_1_minute":{most}}}"#);
    let row = gateway.ok("POST", &path, &body).body;
    assert_eq!(row["max_requests_per_1_minute"], 3);
    assert_eq!(row["max_tokens_per_1_minute"], most);
    let row = gateway.ok("POST", &path, r#"{"max_images_per_1_minute":0}"#).body;
    assert_eq!(
        (&row["max_requests_per_1_minute"], &row["max_images_per_1_minute"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(gateway.world.events().last(), Some(&"rate_limit.updated"));
    let audit = gateway.world.state().audit.last().unwrap().payload.clone();
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let requested = json!({
        "id": "rl-gpt-4o",
        "changes_requested": { "max_images_per_1_minute": 0 },
        "before": { "max_images_per_1_minute": null },
    });
    assert_eq!(audit, requested);
    assert!(gateway.world.state().invalidated.last().unwrap().is_empty(), "all keys are stale");

    let row = gateway
        .ok(
            "POST",
            &path,
            r#"{"max_requests_per_1_minute":9007199254740991,"max_images_per_1_minute":null}"#,
        )
        .body;
    assert_eq!(row["max_requests_per_1_minute"], UNLIMITED);
    assert!(row.get("max_images_per_1_minute").is_none());
    let events = gateway.world.events().len();
    gateway.ok("POST", &path, "{}");
    assert_eq!(gateway.world.events().len(), events, "nothing was asked, nothing was done");
}

#[test]
fn case_12_what_is_no_limit_is_refused_by_name() {
    let gateway = Gateway::start();
    let path = format!("{}/rl-gpt-4o", of_project(&gateway));
    let refused = |body: &str| {
        let reply = gateway.call("POST", &path, body);
        let (status, code, param) = reply.refusal();
        (status, code.to_owned(), param.to_owned())
    };
    let limit = "max_requests_per_1_minute";
    for value in ["-1", "1.5", "9223372036854775808", "\"5\"", "true", "[]"] {
        let wanted = (400, "invalid_value".to_owned(), limit.to_owned());
        assert_eq!(refused(&format!("{{\"{limit}\":{value}}}")), wanted, "{value}");
    }
    for field in ["max_requests_per_1_second", "max_concurrent_requests"] {
        let wanted = (400, "unknown_field".to_owned(), field.to_owned());
        assert_eq!(refused(&format!("{{\"{field}\":1}}")), wanted);
    }
    let unknown = format!("{}/rl-none", of_project(&gateway));
    assert_eq!(gateway.call("POST", &unknown, "{}").refusal(), (404, "not_found", ""));
    assert!(!gateway.world.events().contains(&"rate_limit.updated"));
}

#[test]
fn a_key_and_a_project_have_limits_over_all_calls() {
    let gateway = Gateway::start();
    let (key, _) = gateway.new_key("{}");
    let project = gateway.project.clone();
    for (path, id) in [
        (format!("/tollgate/v1/api_keys/{key}/rate_limits"), key.clone()),
        (format!("/tollgate/v1/projects/{project}/rate_limits"), project.clone()),
    ] {
        let fresh = gateway.ok("GET", &path, "").body;
        assert_eq!((&fresh["object"], &fresh["id"]), (&json!("tollgate.rate_limits"), &json!(id)));
        assert_eq!(fresh["max_concurrent_requests"], UNLIMITED);
        let put = |body: &str| gateway.ok("PUT", &path, body).body;
        put(r#"{"max_concurrent_requests":2,"max_tokens_per_1_day":1000}"#);
        // What a replacement does not name is lifted.
        put(r#"{"max_requests_per_1_minute":0,"max_concurrent_requests":4}"#);
        let held = gateway.ok("GET", &path, "").body;
        assert_eq!(held["max_requests_per_1_minute"], 0);
        assert_eq!(held["max_concurrent_requests"], 4);
        assert_eq!(held["max_tokens_per_1_day"], UNLIMITED);
        let unknown = gateway.call("PUT", &path, r#"{"max_foo":1}"#);
        assert_eq!(unknown.refusal(), (400, "unknown_field", "max_foo"));
        for _ in 0..2 {
            let gone = gateway.ok("DELETE", &path, "").body;
            assert_eq!((&gone["id"], &gone["deleted"]), (&json!(id), &json!(true)));
        }
        assert_eq!(gateway.ok("GET", &path, "").body, fresh);
        assert_eq!(gateway.world.events().last(), Some(&"rate_limit.deleted"));
    }
    assert!(gateway.world.state().rates.is_empty());
}

#[test]
fn only_a_live_key_of_a_project_has_limits() {
    let gateway = Gateway::start();
    let admin = gateway.ok("GET", "/v1/organization/admin_api_keys", "").text("/data/0/id");
    let (revoked, _) = gateway.new_key("{}");
    let path = format!("/v1/organization/projects/{}/api_keys/{revoked}", gateway.project);
    gateway.ok("DELETE", &path, "");
    for id in [admin.as_str(), revoked.as_str(), "key_none"] {
        let path = format!("/tollgate/v1/api_keys/{id}/rate_limits");
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(gateway.call(method, &path, "").refusal(), (404, "not_found", ""), "{id}");
        }
    }
    let (key, _) = gateway.new_key("{}");
    gateway.ok("POST", "/v1/organization/projects", r#"{"name":"other"}"#);
    gateway.ok("POST", &format!("/v1/organization/projects/{}/archive", gateway.project), "");
    let path = format!("/tollgate/v1/api_keys/{key}/rate_limits");
    assert_eq!(gateway.call("PUT", &path, "{}").refusal(), (400, "invalid_value", "project_id"));
}
