//! Case 143: what a webhook may reach, how it is signed, and how often it is tried.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{FakeProvider, TestGateway};

const ALERTS: &str = "/v1/organization/spend_alerts";

/// A receiver on loopback: head and body of what came, each answered with a redirect to itself.
fn receiver() -> (u16, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                let _ = tell.send((head, String::from_utf8(body).unwrap()));
            }
            let answer = format!(
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/other\r\n\
                 content-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, heard)
}

fn alert(url: &str) -> Value {
    json!({
        "threshold_amount": 1,
        "currency": "USD",
        "interval": "month",
        "notification_channel": { "type": "email", "recipients": ["ops@example.com"] },
        "webhook_url": url,
    })
}

/// Spends more than a cent.
fn spend(gateway: &TestGateway) {
    let key = gateway.create_key(&json!({ "name": "k" }));
    let body = json!({
        "model": "gpt-4",
        "messages": [{ "role": "user", "content": "All the news of the day. ".repeat(200) }],
    });
    for _ in 0..3 {
        let answer = gateway.json(&key.value, "POST", "/v1/chat/completions", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn until(gateway: &TestGateway, words: &str) {
    let begun = Instant::now();
    while !gateway.output().contains(words) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", gateway.output());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn case_143_a_webhook_reaches_nothing_inside_however_its_address_is_written() {
    let (port, heard) = receiver();
    let provider = FakeProvider::start();
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let gateway = TestGateway::builder(bin).provider(&provider).start();
    for inside in [
        format!("http://127.0.0.1:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("http://[::1]:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        format!("http://hooks.example.com@127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ] {
        let key = gateway.admin_key();
        let answer = gateway.json(key, "POST", ALERTS, &alert(&inside));
        assert_eq!(answer.status, 400, "{inside}: {}", answer.text());
    }
    // Names to the eye, loopback to the resolver: looked at again when it is sent.
    let disguised = [format!("http://2130706433:{port}/x"), format!("http://127.1:{port}/x")];
    for url in &disguised {
        gateway.admin("POST", ALERTS, &alert(url));
    }
    spend(&gateway);
    until(&gateway, "was not delivered; it is tried again");
    assert!(heard.recv_timeout(Duration::from_secs(3)).is_err(), "somebody inside was reached");
}

#[test]
fn case_143_a_webhook_is_signed_follows_no_redirect_and_is_tried_again_in_pauses() {
    let (port, heard) = receiver();
    let provider = FakeProvider::start();
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let config = "[webhooks]\nprivate_hosts = [\"localhost\"]\n";
    let gateway = TestGateway::builder(bin).provider(&provider).config(config).start();
    let url = format!("http://localhost:{port}/x");
    let made = gateway.admin("POST", ALERTS, &alert(&url));
    spend(&gateway);
    let patience = Duration::from_secs(60);
    let (head, body) = heard.recv_timeout(patience).expect("the webhook");
    let first = Instant::now();
    assert!(head.starts_with("POST /x "), "{head}");
    assert_eq!(signature(&made["webhook_secret"], &head, &body), of(&head, "webhook-signature"));
    let payload: Value = serde_json::from_str(&body).unwrap();
    assert!(payload.is_object() && !body.contains("whsec_"));
    // A redirect is no arrival, and leads nowhere: the same URL is tried again after a pause.
    let (again, same) = heard.recv_timeout(patience).expect("the second try");
    assert!(again.starts_with("POST /x ") && same == body, "{again}");
    assert!(first.elapsed() >= Duration::from_secs(4), "{:?}", first.elapsed());
    assert_eq!(of(&again, "webhook-id"), of(&head, "webhook-id"));
    assert!(heard.recv_timeout(Duration::from_secs(10)).is_err(), "the next one is a minute away");
}

fn of(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name}: {head}"))[name.len() + 1..].trim().to_owned()
}

/// What the signature must be, by an implementation that is not ours.
fn signature(secret: &Value, head: &str, body: &str) -> String {
    let script = "import sys,hmac,hashlib,base64\n\
                  key=base64.b64decode(sys.argv[1].removeprefix('whsec_'))\n\
                  text='.'.join(sys.argv[2:5]).encode()\n\
                  print('v1,'+base64.b64encode(hmac.new(key,text,hashlib.sha256).digest()).decode())";
    let ran = Command::new("python3")
        .args(["-c", script, secret.as_str().unwrap()])
        .args([&of(head, "webhook-id"), &of(head, "webhook-timestamp"), body])
        .output()
        .expect("python3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}
