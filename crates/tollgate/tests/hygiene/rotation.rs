//! Rotation under traffic, and new secrets that are brought to where they are used.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{FakeProvider, Flaw, Key, TestGateway, TlsFront, Watch};

use crate::support::{BIN, CHAT, Stage, hello, passed, refused, signal, until};

const MODEL: &str = "gpt-4o-mini";

/// Calls a second that are offered, and callers who take turns to make them.
const RATE: u32 = 200;
const CALLERS: u32 = 40;

/// Offers 200 calls a second while something is done to them, and two seconds longer. None may
/// fail, and all that were offered must have been served: a caller who was held up catches up, and
/// one who never does fails the test. How many calls there were.
fn under_load(
    gateway: &TestGateway,
    key: impl Fn() -> String + Sync,
    work: impl FnOnce(),
) -> usize {
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let (began, watch) = (Instant::now(), Watch::start());
    // A machine that has not the time for them is not asked for so many.
    let offered = || watch.elapsed().as_millis() * u128::from(RATE) / 1_000;
    let served = || calls.load(Ordering::Relaxed) as u128;
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (stop, calls, failures, key) = (&stop, &calls, &failures, &key);
            scope.spawn(move || {
                let first = began + Duration::from_secs(1) * caller / RATE;
                for turn in 0.. {
                    let due = first + Duration::from_secs(1) * (turn * CALLERS) / RATE;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let answer = gateway.json(&key(), "POST", CHAT, &hello());
                    if answer.status != 200 {
                        failures.lock().unwrap().push((answer.status, answer.text()));
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("calls run", || served() > 100);
        work();
        let longer = Instant::now() + Duration::from_secs(2);
        // As many as a caller can have open stand between the two.
        let kept_up = || served() + u128::from(CALLERS) >= offered();
        until("200 calls a second are served", || Instant::now() > longer && kept_up());
        stop.store(true, Ordering::Relaxed);
        println!("{} calls in {:.1} s", served(), began.elapsed().as_secs_f64());
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {calls:?}: {:?}", failures.len(), failures[0]);
    calls.into_inner()
}

/// A gateway whose one upstream was made through the API.
fn with_own_upstream(provider: &FakeProvider) -> TestGateway {
    let gateway = TestGateway::builder(Path::new(BIN))
        .also_provider(provider)
        .config("[egress]\nprivate_hosts = [\"127.0.0.1\"]\n")
        .start();
    let upstream = json!({"name": "own", "provider": "openai", "base_url": provider.base_url(),
        "credential": provider.credential()});
    gateway.admin("POST", "/tollgate/v1/upstreams", &upstream);
    let route = json!({"model": MODEL, "targets": [{"upstream": "own"}]});
    gateway.admin("POST", "/tollgate/v1/routes", &route);
    gateway
}

#[test]
fn p26_a_providers_credential_is_rotated_under_200_calls_a_second() {
    let provider = FakeProvider::start();
    let gateway = with_own_upstream(&provider);
    let key = gateway.create_key(&json!({"name": "app"})).value;
    let rotate = |credential: &str| {
        let body = json!({"credential": credential});
        gateway.json(gateway.admin_key(), "POST", "/tollgate/v1/upstreams/own/rotate", &body)
    };
    let calls = under_load(
        &gateway,
        || key.clone(),
        || {
            // One that the provider does not take changes nothing.
            let bad = rotate("sk-fake-not-of-this-account");
            refused(&bad, 400, "invalid_value");
            assert!(bad.text().contains("nothing was changed"), "{}", bad.text());
            for _ in 0..3 {
                let old = gateway.admin("GET", "/tollgate/v1/upstreams/own", &Value::Null);
                let new = provider.add_credential();
                gateway.plant(&new);
                let began = Instant::now();
                let answer = rotate(&new);
                passed(&answer);
                assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
                let rotated = answer.json();
                assert_eq!(rotated["drained"], true);
                assert_eq!(rotated["credentials"].as_array().unwrap().len(), 1);
                let id = |of: &Value| of["credentials"][0]["id"].clone();
                assert_ne!(id(&rotated), id(&old));
            }
            // It is drained: the first one may end.
            provider.end_credential(provider.credential());
        },
    );
    assert!(calls > 400, "{calls}");
}

#[test]
fn p26_a_key_of_ours_is_rotated_under_200_calls_a_second() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "app"}));
    let current = Mutex::new(key.value.clone());
    let calls = under_load(
        gateway,
        || current.lock().unwrap().clone(),
        || {
            for _ in 0..3 {
                let path =
                    format!("/tollgate/v1/projects/{}/api_keys/{}/rotate", key.project, key.id);
                let made = gateway.admin("POST", &path, &json!({"grace_seconds": 60}));
                let new = made["value"].as_str().unwrap().to_owned();
                gateway.plant(&new);
                *current.lock().unwrap() = new;
            }
        },
    );
    assert!(calls > 400, "{calls}");
}

fn secrets(gateway: &TestGateway, key: &Key) -> Value {
    let path = format!("/tollgate/v1/projects/{}/api_keys/{}", key.project, key.id);
    gateway.admin("GET", &path, &Value::Null)["secrets"].clone()
}

fn works(gateway: &TestGateway, secret: &str) -> bool {
    gateway.json(secret, "GET", "/v1/models", &Value::Null).status == 200
}

fn hand_over(gateway: &TestGateway, key: &Key) {
    let path = format!("/tollgate/v1/projects/{}/api_keys/{}/hand_over", key.project, key.id);
    let answer = gateway.json(gateway.admin_key(), "POST", &path, &json!({}));
    passed(&answer);
    assert!(!answer.text().contains("\"value\""), "the secret is its handler's alone");
}

/// Has the config file name a handler of the stage's key.
fn configure(stage: &Stage, handler: &str) {
    let text =
        format!("[[rotations]]\napi_key = \"{}\"\ngrace_seconds = 0\n{handler}\n", stage.key.id);
    let text = format!("{text}[retries]\nrepeats = 1\n");
    let before = stage.gateway.output().matches("the config was reloaded").count();
    std::fs::write(stage.gateway.home().join("tollgate.toml"), text).unwrap();
    signal(stage.gateway.pid(), "HUP");
    until("the config is reloaded", || {
        stage.gateway.output().matches("the config was reloaded").count() > before
    });
}

#[test]
fn a_command_that_fails_leaves_the_old_secret_and_is_asked_again_with_the_same_new_one() {
    let stage = Stage::configured("");
    let gateway = &stage.gateway;
    let dir = tempfile::tempdir().unwrap();
    let (out, ready) = (dir.path().join("out"), dir.path().join("ready"));
    let script = format!("cat >> {0}; echo >> {0}; test -e {1}", out.display(), ready.display());
    configure(&stage, &format!("command = [\"/bin/sh\", \"-c\", \"{script}\"]"));
    hand_over(gateway, &stage.key);
    until("the handler is asked", || out.exists());
    until("its owners are told", || gateway.output().contains("found no taker"));
    assert!(works(gateway, &stage.key.value), "the old secret works on");
    std::fs::write(&ready, "").unwrap();
    until("the old secret ends", || !works(gateway, &stage.key.value));
    let given = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = given.lines().collect();
    assert!(
        lines.len() >= 2 && lines.iter().all(|line| *line == lines[0]),
        "one secret, asked again"
    );
    gateway.plant(lines[0]);
    assert!(works(gateway, lines[0]));
    assert_eq!(secrets(gateway, &stage.key).as_array().unwrap().len(), 2);
    let path = "/v1/organization/audit_logs?event_types[]=api_key.handed_over";
    let told = gateway.admin("GET", path, &Value::Null);
    assert_eq!(told["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_waiting_secret_survives_a_kill_sealed() {
    let mut stage = Stage::configured("");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("not-yet").join("key");
    configure(&stage, &format!("file = \"{}\"", file.display()));
    hand_over(&stage.gateway, &stage.key);
    until("the first try", || stage.gateway.output().contains("found no taker"));
    stage.gateway.kill9();
    std::fs::create_dir(dir.path().join("not-yet")).unwrap();
    stage.gateway.restart();
    until("the file is there", || file.exists());
    let new = std::fs::read_to_string(&file).unwrap();
    stage.gateway.plant(&new);
    assert!(works(&stage.gateway, &new));
    until("the old secret ends", || !works(&stage.gateway, &stage.key.value));
}

/// The part of a cluster's API that writes Secrets, behind TLS, with an account that it knows.
struct FakeCluster {
    front: TlsFront,
    account: tempfile::TempDir,
    /// Of `default/app`; nothing before it was made.
    secret: Arc<Mutex<Option<Value>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FakeCluster {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = TlsFront::to(listener.local_addr().unwrap().port(), Flaw::Nothing);
        let account = tempfile::tempdir().unwrap();
        std::fs::copy(front.authority(), account.path().join("ca.crt")).unwrap();
        std::fs::write(account.path().join("token"), "a-service-accounts-token\n").unwrap();
        let (secret, seen) = (Arc::default(), Arc::default());
        let (kept, noted) = (Arc::clone(&secret), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &kept, &noted);
            }
        });
        Self { front, account, secret, seen }
    }

    fn config(&self, secret: &str) -> String {
        format!(
            "kubernetes_secret = \"{secret}\"\nkubernetes_api = \"https://127.0.0.1:{}\"\n\
             kubernetes_account = \"{}\"",
            self.front.port(),
            self.account.path().display()
        )
    }

    fn entry(&self, name: &str) -> Option<String> {
        let secret = self.secret.lock().unwrap();
        secret.as_ref()?["data"][name].as_str().map(str::to_owned)
    }
}

/// One request, as the API answers it: who, then whether it is there, then what is wrong with it.
fn serve(mut stream: TcpStream, secret: &Mutex<Option<Value>>, seen: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (head, length) = loop {
        let Ok(count) = stream.read(&mut buffer) else { return };
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ").map(|n| n.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), length.unwrap_or(0));
        }
    };
    let body: Value = serde_json::from_slice(&bytes[bytes.len() - length..]).unwrap_or_default();
    let line = head.lines().next().unwrap().to_owned();
    seen.lock().unwrap().push(line.clone());
    let lower = head.to_lowercase();
    let all = "/api/v1/namespaces/default/secrets";
    let known = lower.contains("authorization: bearer a-service-accounts-token");
    let mut kept = secret.lock().unwrap();
    let status = if !known {
        "401 Unauthorized"
    } else if line.starts_with(&format!("PATCH {all}/app ")) {
        match (&mut *kept, lower.contains("content-type: application/merge-patch+json")) {
            (_, false) => "415 Unsupported Media Type",
            (None, _) => "404 Not Found",
            (Some(there), _) => merge(there, &body),
        }
    } else if line.starts_with(&format!("POST {all} ")) && body["metadata"]["name"] == "app" {
        let mut made = json!({"data": {}});
        let status = merge(&mut made, &body);
        *kept = Some(made);
        if status.starts_with("200") { "201 Created" } else { status }
    } else {
        "403 Forbidden"
    };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
    let _ = stream.write_all(answer.as_bytes());
}

/// `stringData` is what one writes; `data` is what is there.
fn merge(secret: &mut Value, body: &Value) -> &'static str {
    let Some(entries) = body["stringData"].as_object() else { return "422 Unprocessable Entity" };
    for (name, value) in entries {
        secret["data"][name] = value.clone();
    }
    "200 OK"
}

#[test]
fn a_kubernetes_secret_is_made_and_patched_by_the_pods_own_account() {
    let cluster = FakeCluster::start();
    let stage = Stage::configured("");
    let gateway = &stage.gateway;
    gateway.plant("a-service-accounts-token");
    configure(&stage, &cluster.config("default/app"));
    let mut last = stage.key.value.clone();
    for _ in 0..2 {
        hand_over(gateway, &stage.key);
        until("the old secret ends", || !works(gateway, &last));
        let new = cluster.entry("OPENAI_API_KEY").unwrap();
        gateway.plant(&new);
        assert!(new != last && works(gateway, &new));
        last = new;
    }
    let lines = cluster.seen.lock().unwrap().clone();
    let methods: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["PATCH", "POST", "PATCH"]);

    // An account that may not, and one that nobody knows: the old secret works on.
    configure(&stage, &cluster.config("kube-system/app"));
    hand_over(gateway, &stage.key);
    until("it is told", || gateway.output().contains("may not write it (403)"));
    assert!(works(gateway, &last));
    std::fs::write(cluster.account.path().join("token"), "another").unwrap();
    configure(&stage, &cluster.config("default/app"));
    until("it is told", || gateway.output().contains("does not know our service account"));
    assert!(works(gateway, &last));
    std::fs::write(cluster.account.path().join("token"), "a-service-accounts-token").unwrap();
}

#[test]
fn a_rotation_that_cannot_be_is_told_at_the_start_and_no_api_names_a_command() {
    let home = tempfile::tempdir().unwrap();
    let config = "[[rotations]]\napi_key = \"key_1\"\ncommand = \"sh -c x\"\n\
                  [[rotations]]\napi_key = \"key_2\"\nfile = \"relative\"\n\
                  [[rotations]]\napi_key = \"key_3\"\n\
                  [[rotations]]\napi_key = \"key_4\"\nkubernetes_secret = \"a/b\"\n";
    std::fs::write(home.path().join("tollgate.toml"), config).unwrap();
    let arguments = ["serve", "--config", "tollgate.toml", "--listen", "127.0.0.1:0"];
    let mut process = crate::support::Process::spawn(home.path(), &arguments, &[]);
    assert_eq!(process.exit(), Some(1));
    let output = process.output();
    for told in
        ["`command` must be a list", "absolute path", "needs one of", "no Kubernetes cluster"]
    {
        assert!(output.contains(told), "{told}: {output}");
    }
    let stage = Stage::new();
    for (path, body) in [
        ("/tollgate/v1/key_rules", json!({"command": ["sh"]})),
        ("/tollgate/v1/key_rules", json!({"file": "/tmp/x"})),
    ] {
        let answer = stage.gateway.json(stage.gateway.admin_key(), "POST", path, &body);
        refused(&answer, 400, "unknown_field");
    }
    let path =
        format!("/tollgate/v1/projects/{}/api_keys/{}/hand_over", stage.key.project, stage.key.id);
    let answer = stage.gateway.json(stage.gateway.admin_key(), "POST", &path, &json!({}));
    refused(&answer, 400, "invalid_value");
}
