//! `tollgate quickstart`: from nothing to one call.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;
use testkit::FakeProvider;

use crate::support::{Process, Wire, signal, statuses};

/// The different keys in a text.
fn keys(text: &str) -> BTreeSet<&str> {
    let end = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    text.match_indices("sk-tg-").map(|(at, _)| text[at..].split(end).next().unwrap()).collect()
}

fn sh(line: &str) -> Option<Value> {
    let mut shell = Command::new("sh");
    let output =
        shell.args(["-c", line]).env("NO_PROXY", "*").env("no_proxy", "*").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
}

fn curl_line(output: &str) -> String {
    let line = output.lines().map(str::trim).find(|line| line.starts_with("curl "));
    line.expect("a curl line").replacen("curl ", "curl -s ", 1)
}

#[test]
fn the_demo_answers_and_the_printed_line_works() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["quickstart", "--listen", "127.0.0.1:0", "--data-dir", "data"];
    let mut process = Process::spawn(home.path(), &arguments, &[]);
    let address = process.wait_for("listening on http://");
    process.wait_for("Serving on");
    let output = process.output();
    assert_eq!(keys(&output).len(), 1, "{output}");
    assert!(!output.contains("tollgate::a"), "lines of the log among those for a person: {output}");
    let key = keys(&output).into_iter().next().unwrap().to_owned();
    assert!(vault::key::parse(&key).is_some());
    assert!(output.lines().any(|line| line == key), "the key has no line of its own");
    assert!(output.contains("demo") && output.contains("tokens:"), "{output}");
    let answer = sh(&curl_line(&output)).expect("a shell");
    assert_eq!(answer["object"], "chat.completion", "{answer}");
    assert!(answer["choices"][0]["message"]["content"].as_str().is_some_and(|c| !c.is_empty()));
    let models =
        sh(&format!("curl -s http://{address}/v1/models -H 'Authorization: Bearer {key}'"));
    let first = models.unwrap()["data"][0]["id"].as_str().unwrap().to_owned();
    let body = format!(
        "{{\"model\":\"{first}\",\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}"
    );
    let mut wire = Wire::to(&address);
    wire.send(format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let text = wire.rest();
    assert_eq!(statuses(&text), [200], "{text}");
    assert!(text.contains("text/event-stream") && text.contains("data: [DONE]"), "{text}");
    signal(process.pid(), "TERM");
    assert_eq!(process.exit(), Some(0));
}

#[test]
fn with_a_provider_the_call_is_a_real_one() {
    let provider = FakeProvider::start();
    let home = tempfile::tempdir().unwrap();
    let (url, credential) = (provider.base_url(), provider.credential().to_owned());
    let env = [("OPENAI_API_KEY", credential.as_str()), ("OPENAI_BASE_URL", url.as_str())];
    let arguments = ["quickstart", "--listen", "127.0.0.1:0", "--data-dir", "data"];
    let mut process = Process::spawn(home.path(), &arguments, &env);
    process.wait_for("Serving on");
    let output = process.output();
    assert_eq!(keys(&output).len(), 1);
    assert!(!output.contains("demo") && !output.contains(&credential), "{output}");
    assert_eq!(provider.seen().iter().filter(|s| s.method == "POST").count(), 1);
    assert!(sh(&curl_line(&output)).is_some());
    // An upstream that fails does not end it: it says why, and goes on.
    drop(process);
    drop(provider);
    let mut process = Process::spawn(home.path(), &arguments, &env);
    process.wait_for("The call did not work:");
    process.wait_for("Serving on");
}

#[test]
fn a_taken_default_port_moves_to_the_next() {
    // Where somebody else has it already, that is as good.
    let _taken = TcpListener::bind("127.0.0.1:8655");
    let home = tempfile::tempdir().unwrap();
    let mut process = Process::spawn(home.path(), &["quickstart"], &[]);
    let moved = process.wait_for("port 8655 is taken; using ");
    let address = process.wait_for("listening on http://");
    assert_eq!(address, format!("127.0.0.1:{moved}"));
    process.wait_for("Serving on");
    assert!(home.path().join("tollgate-data").is_dir());
}
