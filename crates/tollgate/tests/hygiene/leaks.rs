//! Leaks: signed reports, what follows from them, and honeytokens.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use testkit::{Answer, Key};

use crate::support::{Stage, hello, passed, refused, signal, until};

const REPORT: &str = "/tollgate/v1/leaks/report";
/// What stands before the point of a P-256 public key.
const SPKI: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";

/// Somebody who signs reports, with their keys published on a port of their own.
struct Host {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    url: String,
    fetches: Arc<AtomicUsize>,
}

impl Host {
    fn start() -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        let pem = pem(&pair);
        let keys = json!({"public_keys": [
            {"key_identifier": "old", "key": "no key", "is_current": false},
            {"key_identifier": "k1", "key": pem, "is_current": true},
        ]});
        let (url, fetches) = publish(keys.to_string());
        Self { pair, random, url, fetches }
    }

    fn pem(&self) -> String {
        pem(&self.pair)
    }

    fn config(&self) -> String {
        format!("[leaks]\nkeys_url = \"{}\"\n", self.url)
    }

    fn sign(&self, body: &str) -> String {
        STANDARD.encode(self.pair.sign(&self.random, body.as_bytes()).unwrap())
    }

    fn report(&self, stage: &Stage, body: &str) -> Answer {
        send(stage, "k1", &self.sign(body), body)
    }
}

fn pem(pair: &EcdsaKeyPair) -> String {
    let mut der = STANDARD.decode(SPKI).unwrap();
    der.extend(&pair.public_key().as_ref()[1..]);
    let text = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}

/// Serves one JSON text on a free port, and counts how often.
fn publish(text: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/meta/public_keys", listener.local_addr().unwrap());
    let fetches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let length = text.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, fetches)
}

fn send(stage: &Stage, identifier: &str, signature: &str, body: &str) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("Github-Public-Key-Identifier", identifier),
        ("Github-Public-Key-Signature", signature),
    ];
    stage.gateway.request("POST", REPORT, &headers, body)
}

fn found(token: &str, url: &str) -> String {
    json!([{"token": token, "type": "tollgate_api_key", "url": url, "source": "commit"}])
        .to_string()
}

fn works(stage: &Stage, key: &Key) -> Answer {
    stage.gateway.json(&key.value, "GET", "/v1/models", &Value::Null)
}

fn leaks(stage: &Stage) -> Vec<Value> {
    let list = stage.gateway.admin("GET", "/tollgate/v1/leaks", &Value::Null);
    list["data"].as_array().unwrap().clone()
}

fn events(stage: &Stage, event: &str) -> usize {
    let path = format!("/v1/organization/audit_logs?event_types[]={event}&limit=100");
    stage.gateway.admin("GET", &path, &Value::Null)["data"].as_array().unwrap().len()
}

#[test]
fn case_144_a_signed_report_ends_the_key_within_two_seconds_and_tells_once() {
    let host = Host::start();
    let stage = Stage::configured(&host.config());
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "leaked"}));
    passed(&works(&stage, &key));
    let body = found(&key.value, "https://code.example/commit/1");

    let began = testkit::Watch::start();
    let answer = host.report(&stage, &body);
    passed(&answer);
    let refusal = works(&stage, &key);
    refused(&refusal, 401, "key_revoked");
    assert!(began.elapsed().as_secs() < 2);
    assert!(refusal.text().contains("key-hygiene.md"), "{}", refusal.text());
    let label = &answer.json()[0];
    assert_eq!(
        (&label["label"], &label["token_type"]),
        (&json!("true_positive"), &json!("tollgate_api_key"))
    );
    assert!(!answer.text().contains(&key.value));

    // Others of the project go on.
    passed(&stage.chat(&hello()));
    let one = &leaks(&stage)[0];
    assert_eq!((&one["action"], &one["api_key_id"]), (&json!("quarantined"), &json!(key.id)));
    assert_eq!(one["url"], "https://code.example/commit/1");
    until("the owner is told", || gateway.output().contains("leaked: its secret has ended"));

    // A replay, and the same find in another report, have no effect.
    let resume = format!("/tollgate/v1/projects/{}/api_keys/{}/resume", key.project, key.id);
    gateway.admin("POST", &resume, &json!({"even_leaked": true}));
    passed(&host.report(&stage, &body));
    passed(&host.report(&stage, &format!(" {body}")));
    passed(&works(&stage, &key));
    assert_eq!((leaks(&stage).len(), events(&stage, "api_key.leaked")), (1, 1));
    // Found elsewhere, it is news.
    passed(&host.report(&stage, &found(&key.value, "https://code.example/commit/2")));
    refused(&works(&stage, &key), 401, "key_revoked");
    assert_eq!(host.fetches.load(Ordering::SeqCst), 1, "the keys are kept");
}

#[test]
fn case_144_a_forged_report_has_no_effect() {
    let host = Host::start();
    let stage = Stage::configured(&host.config());
    let key = stage.gateway.create_key(&json!({"name": "not leaked"}));
    let body = found(&key.value, "");
    let good = host.sign(&body);
    for (identifier, signature) in
        [("k1", host.sign("[]")), ("k1", String::new()), ("old", good.clone()), ("", good.clone())]
    {
        refused(&send(&stage, identifier, &signature, &body), 401, "invalid_leak_report");
    }
    let stranger = Host::start();
    refused(&stranger.report(&stage, &body), 401, "invalid_leak_report");
    let changed = body.replace("commit", "Commit");
    refused(&send(&stage, "k1", &good, &changed), 401, "invalid_leak_report");
    for odd in ["", "{}", "null", "[1]", "[{}]", "not json"] {
        refused(&host.report(&stage, odd), 400, "invalid_json");
    }
    passed(&works(&stage, &key));
    assert!(leaks(&stage).is_empty());
    // Identifiers that nobody published bring no flood of fetches.
    for number in 0..20 {
        send(&stage, &format!("unknown{number}"), &good, &body);
    }
    assert_eq!(host.fetches.load(Ordering::SeqCst), 1);
}

#[test]
fn case_144_the_documented_report_is_taken_and_a_changed_one_is_not() {
    // The example of GitHub's description of its partner programme.
    let identifier = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";
    let signature = "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    let body = r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n";
    let pinned =
        format!("[[leaks.keys]]\nidentifier = \"{identifier}\"\nkey = \"\"\"\n{pem}\"\"\"\n");
    let stage = Stage::configured(&pinned);
    let answer = send(&stage, identifier, signature, body);
    passed(&answer);
    // SHA-256 of `some_token`.
    let hash = answer.json()[0]["token_hash"].as_str().unwrap().to_owned();
    assert_eq!(hash.len(), 64);
    assert_eq!(
        answer.json(),
        json!([{"token_hash": hash, "token_type": "some_type", "label": "false_positive"}])
    );
    let forged = body.replace("some_token", "some_t0ken");
    refused(&send(&stage, identifier, signature, &forged), 401, "invalid_leak_report");
}

#[test]
fn a_flood_of_reports_is_stopped_before_it_is_read() {
    let host = Host::start();
    let stage = Stage::configured(&host.config());
    let key = stage.gateway.create_key(&json!({"name": "not leaked"}));
    let statuses: Vec<u16> =
        (0..80).map(|n| send(&stage, "k1", "x", &n.to_string()).status).collect();
    assert!(statuses[..60].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses[61..].iter().all(|status| *status == 429), "{statuses:?}");
    // A true one waits too; nothing else does.
    let late = host.report(&stage, &found(&key.value, ""));
    assert_eq!(late.status, 429);
    assert!(late.header("retry-after").is_some());
    passed(&works(&stage, &key));
    let large = format!("[{}]", "1,".repeat(1 << 20));
    let other = Stage::configured(&host.config());
    assert_eq!(host.report(&other, &large).status, 413);
}

#[test]
fn keys_that_cannot_be_fetched_refuse_and_are_tried_again() {
    let closed = testkit::Toxic::closed();
    let gone = format!("http://{}/keys", closed.address());
    let stage = Stage::configured(&format!("[leaks]\nkeys_url = \"{gone}\"\n"));
    let answer = send(&stage, "k1", "AAAA", "[]");
    refused(&answer, 503, "leak_keys_unavailable");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[test]
fn whose_reports_are_believed_follows_the_config_file() {
    let (host, other) = (Host::start(), Host::start());
    let stage = Stage::configured("");
    let gateway = &stage.gateway;
    let configure = |text: &str| {
        let reloads = || gateway.output().matches("the config was reloaded").count();
        let before = reloads();
        std::fs::write(gateway.home().join("tollgate.toml"), text).unwrap();
        signal(gateway.pid(), "HUP");
        until("the config is reloaded", || reloads() > before);
    };
    let key = gateway.create_key(&json!({"name": "leaked"}));
    let body = |place: &str| found(&key.value, place);
    refused(&host.report(&stage, &body("a")), 404, "not_found");
    configure(&host.config());
    refused(&other.report(&stage, &body("a")), 401, "invalid_leak_report");
    passed(&works(&stage, &key));
    // One more is pinned; what the first one published is kept.
    let pinned =
        format!("[[leaks.keys]]\nidentifier = \"k2\"\nkey = \"\"\"\n{}\"\"\"\n", other.pem());
    configure(&format!("{}{pinned}", host.config()));
    let signature = other.sign(&body("b"));
    passed(&send(&stage, "k2", &signature, &body("b")));
    refused(&works(&stage, &key), 401, "key_revoked");
    passed(&host.report(&stage, &body("c")));
    assert_eq!(host.fetches.load(Ordering::SeqCst), 1);
    // Taken out of the file, nobody believes them any more.
    configure(&pinned);
    refused(&host.report(&stage, &body("d")), 401, "invalid_leak_report");
    configure("[retries]\nrepeats = 1\n");
    refused(&send(&stage, "k2", &signature, &body("b")), 404, "not_found");
}

#[test]
fn a_projects_policy_decides_and_where_nobody_takes_a_new_secret_the_old_one_ends() {
    let host = Host::start();
    let stage = Stage::configured(&host.config());
    let gateway = &stage.gateway;
    for (word, action, status) in [("alert", "alerted", 200), ("rotate", "quarantined", 401)] {
        let project = gateway.create_project(word);
        let rules = format!("/tollgate/v1/projects/{project}/key_rules");
        gateway.admin("POST", &rules, &json!({"leak_response": word}));
        let key = gateway.create_key_in(&project, &json!({"name": word}));
        passed(&host.report(&stage, &found(&key.value, "https://code.example/x")));
        assert_eq!(works(&stage, &key).status, status, "{word}");
        assert_eq!(leaks(&stage).last().unwrap()["action"], action, "{word}");
    }
}

#[test]
fn a_report_under_the_policy_rotate_ends_the_old_secret_and_hands_over_a_new_one() {
    let host = Host::start();
    let stage = Stage::configured(&host.config());
    let gateway = &stage.gateway;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let (key, to) = (&stage.key, file.display());
    let handler = format!("[[rotations]]\napi_key = \"{}\"\nfile = \"{to}\"\n", key.id);
    let config = gateway.home().join("tollgate.toml");
    std::fs::write(config, format!("{}{handler}", host.config())).unwrap();
    signal(gateway.pid(), "HUP");
    until("the config is reloaded", || gateway.output().contains("the config was reloaded"));
    let rules = format!("/tollgate/v1/projects/{}/key_rules", key.project);
    gateway.admin("POST", &rules, &json!({"leak_response": "rotate"}));

    passed(&host.report(&stage, &found(&key.value, "https://code.example/x")));
    refused(&works(&stage, key), 401, "key_revoked");
    assert_eq!(leaks(&stage)[0]["action"], "rotated");
    until("the new secret is there", || file.exists());
    let new = std::fs::read_to_string(&file).unwrap();
    gateway.plant(&new);
    passed(&works(&stage, &Key { value: new, ..key.clone() }));
}

#[test]
fn a_honeytoken_is_an_unknown_key_on_the_way_of_calls_and_alarms() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let made = gateway.admin("POST", "/tollgate/v1/honeytokens", &json!({"name": "in the wiki"}));
    let value = made["value"].as_str().unwrap();
    gateway.plant(value);
    let unknown = {
        let made = gateway.admin("POST", "/tollgate/v1/honeytokens", &json!({"name": "gone"}));
        let id = made["id"].as_str().unwrap();
        gateway.admin("DELETE", &format!("/tollgate/v1/honeytokens/{id}"), &Value::Null);
        made["value"].as_str().unwrap().to_owned()
    };
    let ask = |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str()), ("User-Agent", "thief/1.0")];
        gateway.request("GET", "/v1/models?limit=1", &headers, "")
    };
    let (trap, wrong) = (ask(value), ask(&unknown));
    refused(&trap, 401, "invalid_api_key");
    let shape = |answer: &Answer| {
        let mut body = answer.json();
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        body["error"]["message"] = json!(message.split("...").next());
        let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        (answer.status, names, body)
    };
    assert_eq!(shape(&trap), shape(&wrong));
    until("the alarm", || events(&stage, "honeytoken.used") == 1);
    let path = "/v1/organization/audit_logs?event_types[]=honeytoken.used";
    let line = gateway.admin("GET", path, &Value::Null)["data"][0]["tollgate"].to_string();
    for seen in ["127.0.0.1", "GET /v1/models", "thief/1.0"] {
        assert!(line.contains(seen), "{seen}: {line}");
    }
    let token = gateway.admin("GET", "/tollgate/v1/honeytokens", &Value::Null);
    assert!(token["data"][0]["last_used_at"].is_i64());
    stage.kept_from_the_provider();
}
