//! Under a spend limit every operation is held for, free, or refused (case 57).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::ObjectKind;
use openai::surface::{Meter, OPERATIONS, Operation};
use serde_json::{Value, json};
use testkit::Answer;

use crate::make::{make, request};
use crate::matrix::{body, path};
use crate::rig::{Body, Rig, refused_by_us};

/// What became of a call under a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Money was set aside, and what it cost is posted.
    Posted,
    /// Nothing was set aside, and the provider bills nothing.
    Free,
    /// Not sent: what it can cost cannot be said.
    Refused,
}

/// A request for every operation that may cost something; what it names is there already.
fn call(rig: &Rig, operation: &Operation, ids: &HashMap<ObjectKind, String>) -> (String, Body) {
    let json = |body: Value| (operation.path.to_owned(), Body::json(&body));
    let small = |body: Value| (path(operation, &ids[&operation.names.unwrap()]), Body::json(&body));
    let image: &[(&str, &str, &[u8])] = &[("image", "a.png", b"PNG")];
    let sound: &[(&str, &str, &[u8])] = &[("file", "a.wav", &[7; 5_000])];
    let form = |fields, files| (operation.path.to_owned(), Body::form(fields, files));
    match operation.id {
        "createCompletion" => json(json!({"model": "gpt-3.5-turbo-instruct", "prompt": "x"})),
        "createEmbedding" => json(json!({"model": "text-embedding-3-small", "input": "x y"})),
        "createModeration" => json(json!({"model": "omni-moderation-latest", "input": "x"})),
        "createImage" => json(json!({"model": "gpt-image-1", "prompt": "x", "quality": "low"})),
        "createImageEdit" => form(&[("model", "gpt-image-1"), ("prompt", "x")], image),
        "createImageVariation" => form(&[("model", "dall-e-2")], image),
        "createSpeech" => json(json!({"model": "tts-1", "voice": "alloy", "input": "x y"})),
        "createTranscription" => form(&[("model", "gpt-4o-transcribe")], sound),
        "createTranslation" => form(&[("model", "whisper-1")], sound),
        "Compactconversation" | "Getinputtokencounts" => {
            json(json!({"model": "gpt-4o", "input": "x"}))
        }
        "createRun" => small(json!({"assistant_id": ids[&ObjectKind::Assistant]})),
        "runGrader" => json(json!({"grader": {}, "model_sample": "x"})),
        _ if operation.makes.is_some() => request(rig, operation.id, &rig.a),
        _ => {
            let id = operation.names.map_or("gpt-4o", |kind| ids[&kind].as_str());
            (path(operation, id), body(operation))
        }
    }
}

fn fate(rig: &Rig, operation: &Operation, path: &str, body: &Body) -> Fate {
    let name = operation.id;
    let bills = rig.provider.bill().len();
    rig.provider.clear();
    let answer = rig.send(&rig.a, operation.method.as_str(), path, body);
    let billed = rig.provider.bill().len() - bills;
    if rig.provider.seen_count() == 0 {
        let code = answer.header("x-tollgate-error");
        let told = [
            Some("route_not_metered"),
            Some("feature_not_allowed_with_hard_limit"),
            Some("model_price_unknown"),
        ];
        // What we answer from memory, and what is not there, cost nothing.
        let local = operation.local || answer.status == 404 || operation.lists.is_some();
        assert!(local || told.contains(&code), "{name}: {} {}", answer.status, answer.text());
        return if told.contains(&code) { Fate::Refused } else { Fate::Free };
    }
    let about = format!("{name}: {} {}", answer.status, answer.text());
    assert!(!refused_by_us(&answer), "{about}");
    match operation.meter {
        Meter::Free | Meter::Moderations => {
            assert_eq!(billed, 0, "{about}");
            Fate::Free
        }
        // The batch has no lines, so that it costs nothing; what it holds is `hygiene jobs`' affair.
        Meter::Job => {
            record(rig, &answer);
            Fate::Posted
        }
        _ => {
            let cost = record(rig, &answer)["cost_nanos"].as_i64();
            assert!(billed == 1 && cost > Some(0), "{billed} bills, {cost:?}: {about}");
            Fate::Posted
        }
    }
}

/// The answer's own record, once it is written.
fn record(rig: &Rig, answer: &Answer) -> Value {
    let id = json!(answer.header("x-request-id"));
    let late = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = rig.gateway.records().into_iter().find(|r| r["request_id"] == id) {
            return found;
        }
        assert!(Instant::now() < late, "{id} is not on record");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn case_57_every_operation_under_a_limit_is_held_for_or_free_or_refused() {
    let rig = Rig::new();
    let ids: HashMap<_, _> = ObjectKind::ALL
        .into_iter()
        .filter(|kind| *kind != ObjectKind::ChatkitThread)
        .map(|kind| (kind, make(&rig, kind, &rig.a)))
        .collect();
    let chatkit = [(ObjectKind::ChatkitThread, "cthr_x".to_owned())];
    let ids: HashMap<_, _> = ids.into_iter().chain(chatkit).collect();
    // What deletes comes last, as others need what it deletes.
    let (last, first): (Vec<_>, Vec<_>) = OPERATIONS.iter().partition(|o| o.deletes);
    let calls: Vec<_> = first
        .into_iter()
        .chain(last)
        .map(|operation| (operation, call(&rig, operation, &ids)))
        .collect();
    let limit = json!({
        "scope": {"type": "project", "id": rig.a.project}, "period": "month",
        "amount_usd": "1000",
    });
    rig.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let mut fates: HashMap<&str, Fate> = HashMap::new();
    for (operation, (path, body)) in &calls {
        fates.insert(operation.id, fate(&rig, operation, path, body));
    }
    let posted = |id: &&str| fates[id] == Fate::Posted;
    let paid = [
        "createChatCompletion",
        "createResponse",
        "createCompletion",
        "createEmbedding",
        "createImage",
        "createSpeech",
        "createTranscription",
        "createTranslation",
        "createVideo",
    ];
    assert!(paid.iter().all(posted), "{fates:#?}");
    let off = ["create-realtime-session", "CreateChatSessionMethod", "createRun", "createEvalRun"];
    assert!(off.iter().all(|id| fates[id] == Fate::Refused), "{fates:#?}");
    // What is free has no cost on record, and the limit has spent what all else cost.
    let mut last = (0, 0);
    let late = Instant::now() + Duration::from_secs(60);
    while last.0 == 0 || last.0 != last.1 {
        assert!(Instant::now() < late, "{last:?}: what is spent, and what is on record");
        let list = rig.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
        let spent = list["data"][0]["spent_nanos"].as_i64().unwrap();
        let cost = |record: &Value| record["cost_nanos"].as_i64().unwrap_or(0);
        let is_free =
            |r: &&Value| ["other", "moderations"].contains(&r["family"].as_str().unwrap());
        let (free, paid): (Vec<_>, Vec<_>) = {
            let records = rig.gateway.records();
            let (free, paid): (Vec<_>, Vec<_>) = records.iter().partition(is_free);
            (free.into_iter().map(cost).collect(), paid.into_iter().map(cost).collect())
        };
        assert_eq!(free.iter().sum::<i64>(), 0);
        last = (spent, paid.iter().sum::<i64>());
    }
}
