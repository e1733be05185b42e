//! Revocation while calls run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PATIENCE, Stage, refused, until};

#[test]
fn p13_revocation_holds_from_the_next_request_under_traffic() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "to be revoked"}));
    let calls = Mutex::new(Vec::new());
    let passed = AtomicUsize::new(0);
    let end = Instant::now() + PATIENCE;
    let revoked_at = std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut refusals = 0;
                while refusals < 5 && Instant::now() < end {
                    let began = Instant::now();
                    let answer = gateway.json(&key.value, "GET", "/v1/models", &Value::Null);
                    match answer.status {
                        200 => drop(passed.fetch_add(1, Ordering::Relaxed)),
                        _ => refused(&answer, 401, "key_revoked"),
                    }
                    refusals += usize::from(answer.status == 401);
                    calls.lock().unwrap().push((began, answer.status));
                }
            });
        }
        until("calls run", || passed.load(Ordering::Relaxed) > 50);
        let path = format!("/v1/organization/projects/{}/api_keys/{}", key.project, key.id);
        gateway.admin("DELETE", &path, &Value::Null);
        Instant::now()
    });
    let calls = calls.into_inner().unwrap();
    let late = calls.iter().filter(|(began, status)| *began > revoked_at && *status == 200).count();
    assert_eq!(late, 0, "calls passed after the reply to the revocation");
    assert_eq!(calls.iter().filter(|(_, status)| *status == 401).count(), 30);
}

#[test]
fn case_101_a_running_stream_outlives_its_key() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "to be revoked"}));
    let bearer = format!("Bearer {}", key.value);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = json!({"model": "gpt-4o", "stream": true,
        "messages": [{"role": "user", "content": "[[words=10]] [[gap_ms=20]]"}]});
    let mut stream = gateway.open("POST", crate::support::CHAT, &headers, body.to_string());
    stream.next_chunk().unwrap().unwrap();
    let path = format!("/v1/organization/projects/{}/api_keys/{}", key.project, key.id);
    gateway.admin("DELETE", &path, &Value::Null);
    assert!(stream.collect().unwrap().text().contains("data: [DONE]"));
    refused(&gateway.json(&key.value, "GET", "/v1/models", &Value::Null), 401, "key_revoked");
}

#[test]
fn p13_a_revocation_holds_although_its_caller_hangs_up() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let mut revoked = 0;
    for round in 0..60 {
        let key = gateway.create_key(&json!({"name": "to be revoked"}));
        let call = || gateway.json(&key.value, "GET", "/v1/models", &Value::Null).status;
        assert_eq!(call(), 200);
        let path = format!("/v1/organization/projects/{}/api_keys/{}", key.project, key.id);
        let bearer = gateway.admin_key();
        let mut wire = stage.wire();
        wire.send(format!(
            "DELETE {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n\r\n"
        ));
        std::thread::sleep(Duration::from_micros(round % 20 * 100));
        drop(wire);
        let end = Instant::now() + Duration::from_secs(2);
        let gone = || gateway.json(bearer, "GET", &path, &Value::Null).status == 404;
        let ends = |holds: &dyn Fn() -> bool| loop {
            if holds() || Instant::now() > end {
                return holds();
            }
        };
        // A request that was never taken in revokes nothing; one that was does so for good.
        if ends(&gone) {
            revoked += 1;
            assert!(ends(&|| call() == 401), "round {round}: the key stays usable");
        }
    }
    assert!(revoked > 30, "{revoked}");
}
