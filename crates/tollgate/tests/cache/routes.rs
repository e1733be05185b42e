//! What a route says of the cache stands in the place of its project's setting.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, chat, used, with};

fn route(stage: &Stage, model: &str, cache: Value) -> String {
    let body = json!({
        "model": model, "aliases": [format!("{model}-too")],
        "targets": [{ "upstream": "openai", "model": "gpt-4o-mini" }], "cache": cache,
    });
    let made = stage.gateway.admin("POST", "/tollgate/v1/routes", &body);
    made["id"].as_str().expect("an id").to_owned()
}

fn of(model: &str) -> Value {
    with(chat("hello"), json!({ "model": model }))
}

fn twice(stage: &Stage, model: &str) -> [String; 2] {
    [0, 1].map(|_| used(&stage.ask(&of(model))).to_owned())
}

#[test]
fn a_route_turns_the_cache_on_or_off_for_its_calls_alone() {
    let stage = Stage::off(|builder| builder);
    let on = route(&stage, "kept", json!({ "enabled": true }));
    route(&stage, "fresh", json!({ "enabled": false }));
    assert_eq!(twice(&stage, "kept"), ["miss", "hit"]);
    assert_eq!(twice(&stage, "gpt-4o-mini"), ["bypass", "bypass"], "the project's is off");
    stage.set(&stage.key, json!({ "enabled": true, "by_header": true }));
    assert_eq!(twice(&stage, "gpt-4o"), ["miss", "hit"]);
    assert_eq!(twice(&stage, "fresh"), ["bypass", "bypass"]);
    let on_by_itself = [("x-tollgate-cache", "on")];
    let answer = stage.post(&stage.key, CHAT, &of("fresh"), &on_by_itself);
    assert_eq!(used(&answer), "bypass", "off by the route is off");
    // A change holds from the next call on.
    let off = json!({
        "model": "kept", "targets": [{ "upstream": "openai", "model": "gpt-4o-mini" }],
        "cache": { "enabled": false },
    });
    let shown = stage.gateway.admin("POST", &format!("/tollgate/v1/routes/{on}"), &off);
    assert_eq!(shown["cache"]["enabled"], false);
    assert_eq!(twice(&stage, "kept"), ["bypass", "bypass"]);
}

#[test]
fn a_route_has_a_time_to_live_of_its_own() {
    let stage = Stage::new();
    route(&stage, "short", json!({ "ttl_seconds": 4 }));
    assert_eq!(twice(&stage, "short"), ["miss", "hit"]);
    let before = stage.asked();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while used(&stage.ask(&of("short"))) != "miss" {
        assert!(std::time::Instant::now() < end, "it is kept for good");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(stage.asked(), before + 1);
}

#[test]
fn a_purge_by_route_takes_all_of_its_names_and_nothing_else() {
    let stage = Stage::new();
    let id = route(&stage, "kept", Value::Null);
    let models = ["kept", "kept-too", "gpt-4o"];
    let held = || {
        models.map(|model| {
            let asked = [("Cache-Control", "only-if-cached")];
            stage.post(&stage.key, CHAT, &of(model), &asked).status == 200
        })
    };
    // An alias is another name of the same model at the same place: one answer serves both.
    assert_eq!(
        models.map(|model| used(&stage.ask(&of(model))).to_owned()),
        ["miss", "miss", "miss"]
    );
    assert_eq!(held(), [true, true, true]);
    assert_eq!(stage.purge(&stage.key, json!({ "route": id })), 2);
    assert_eq!(held(), [false, false, true]);
    // By a beginning as well.
    stage.ask(&of("kept"));
    stage.ask(&of("kept-too"));
    assert_eq!(stage.purge(&stage.key, json!({ "model": "kept*" })), 2);
    assert_eq!(held(), [false, false, true]);
    // Another project's route is none of ours.
    let stranger = stage.stranger("other");
    let other = json!({
        "model": "theirs", "project_id": stranger.project,
        "targets": [{ "upstream": "openai", "model": "gpt-4o-mini" }],
    });
    let other = stage.gateway.admin("POST", "/tollgate/v1/routes", &other);
    let path = format!("/tollgate/v1/projects/{}/cache/purge", stage.key.project);
    let answer = stage.gateway.json(
        stage.gateway.admin_key(),
        "POST",
        &path,
        &json!({ "route": other["id"] }),
    );
    assert_eq!(answer.status, 404, "{}", answer.text());
}
