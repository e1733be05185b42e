//! `GET /v1/models`: what a key may use, with what is known of it.

use domain::ObjectKind;
use serde_json::{Value, json};
use testkit::{Act, Key, Matcher, Script};

use crate::make::{TUNED, make};
use crate::rig::{Rig, refused_by_us};

fn listed(rig: &Rig, key: &Key) -> Vec<String> {
    let answer = rig.get(key, "/models");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let page = answer.json();
    assert_eq!(page["object"], "list");
    page["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().into()).collect()
}

fn only(rig: &Rig, models: Value) -> Key {
    rig.gateway.create_key_in(&rig.a.project, &json!({"name": "only", "models": models}))
}

#[test]
fn a_key_sees_the_models_that_it_may_use() {
    let rig = Rig::new();
    let key = only(&rig, json!(["gpt-4o", "gpt-5"]));
    assert_eq!(listed(&rig, &key), ["gpt-4o", "gpt-5"]);
    assert!(listed(&rig, &rig.a).contains(&"gpt-image-1".to_owned()));
    assert_eq!(rig.get(&key, "/models/gpt-4o").status, 200);
    rig.provider.clear();
    let hidden = rig.get(&key, "/models/gpt-4o-mini");
    assert_eq!((hidden.status, rig.provider.seen_count()), (404, 0));
    assert_eq!(hidden.json()["error"]["code"], "model_not_found");
    assert_eq!(hidden.header("x-tollgate-error"), Some("model_not_found"));
}

#[test]
fn p14_fine_tuned_models_are_their_projects() {
    let rig = Rig::new();
    let tuned = TUNED.to_owned();
    let path = format!("/models/{TUNED}");
    // Older than the gateway: the default project's.
    assert!(listed(&rig, &rig.d).contains(&tuned));
    assert!(!listed(&rig, &rig.a).contains(&tuned) && !listed(&rig, &rig.b).contains(&tuned));
    assert_eq!(rig.get(&rig.d, &path).status, 200);
    // Known by a finished job of A's: A's.
    make(&rig, ObjectKind::FineTunedModel, &rig.a);
    assert!(listed(&rig, &rig.a).contains(&tuned));
    assert!(!listed(&rig, &rig.b).contains(&tuned) && !listed(&rig, &rig.d).contains(&tuned));
    assert_eq!(rig.get(&rig.a, &path).status, 200);
    assert_eq!(rig.get(&rig.a, &path.replace(':', "%3A")).status, 200);
    let missing = rig.get(&rig.b, "/models/ft:gpt-4o-mini-2024-07-18:fake-org::nobody").text();
    for spelling in [path.clone(), path.replace(':', "%3A"), path.replace("ft:", "%66t:")] {
        rig.provider.clear();
        let hidden = rig.get(&rig.b, &spelling);
        assert_eq!((hidden.status, rig.provider.seen_count()), (404, 0), "{}", hidden.text());
        assert_eq!(hidden.text(), missing.replace("nobody", "abc123"));
    }
}

#[test]
fn known_models_carry_what_is_known() {
    let rig = Rig::new();
    let model = rig.get(&rig.a, "/models/gpt-4o").json();
    assert_eq!((&model["id"], &model["object"]), (&json!("gpt-4o"), &json!("model")));
    assert_eq!(model["created"], 1_715_367_049, "the provider's own fields stay");
    for field in ["context_window", "max_input_tokens", "max_output_tokens"] {
        assert!(model[field].as_u64().is_some_and(|n| n >= 4096), "{field} in {model}");
    }
    assert!(model["display_name"].is_string() && model["mode"].is_string(), "{model}");
    let page = rig.get(&rig.a, "/models").json();
    assert_eq!(page["data"].as_array().unwrap().iter().find(|m| m["id"] == "gpt-4o"), Some(&model));
}

#[test]
fn with_the_provider_away_what_is_known_answers() {
    let rig = Rig::new();
    let key = only(&rig, json!(["gpt-4o"]));
    for act in [Act::ResetBeforeHead, Act::AcceptThenClose] {
        for path in ["/models", "/models/gpt-4o"] {
            // A connection kept from before may take the call; it is scripted all the same.
            rig.provider.script(Matcher::new("GET", "/models"), Script::new(act.clone()).times(3));
            let answer = rig.get(&key, path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert!(answer.text().contains("\"gpt-4o\"") && !answer.text().contains("gpt-5"));
        }
    }
    let rig = Rig::new();
    let down = Script::error(503, "server_error", None, "down").times(3);
    rig.provider.script(Matcher::new("GET", "/models"), down);
    let known = listed(&rig, &rig.a);
    assert!(known.contains(&"gpt-4o".to_owned()));
    // The table's prices of fine-tuned models are no models.
    assert!(!known.iter().any(|name| name.starts_with("ft:")), "{known:?}");
    assert_eq!(rig.get(&rig.a, "/models/gpt-4o").json()["id"], "gpt-4o");
    assert_eq!(rig.get(&rig.a, "/models/nobody-knows-this").status, 502);
}

#[test]
fn an_unknown_model_gets_the_providers_own_answer() {
    let rig = Rig::new();
    for path in ["/models/nobody-knows-this", "/models/no-such-model"] {
        let answer = rig.get(&rig.a, path);
        assert_eq!(answer.status, 404);
        assert_eq!(answer.json()["error"]["code"], "model_not_found");
        assert!(!refused_by_us(&answer), "{path}");
    }
    let body = json!({"model": "no-such-model", "messages": []});
    let answer = rig.post(&rig.a, "/chat/completions", body);
    assert_eq!((answer.status, refused_by_us(&answer)), (404, false), "{}", answer.text());
}
