//! `kill -9` under load, and the start after it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Builder, Watch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{CHAT, PATIENCE, Process, Stage, hello, hello_stream, passed, until};

const CALLS: usize = 1_000;

/// Each call takes two descriptors here, ours and the provider's.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Holds many streams open in the background, each until its connection ends.
fn load(stage: &Stage) -> std::thread::JoinHandle<usize> {
    let address = stage.gateway.url().trim_start_matches("http://").to_owned();
    let mut body = hello_stream();
    body["messages"][0]["content"] = json!("[[words=300]] [[gap_ms=200]]");
    let body = body.to_string();
    let request = format!(
        "{}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        stage.raw_post(CHAT),
        body.len()
    );
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let calls: Vec<_> = (0..CALLS)
                .map(|_| {
                    let (address, request) = (address.clone(), request.clone());
                    tokio::spawn(async move {
                        let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
                        stream.write_all(request.as_bytes()).await.ok()?;
                        let mut seen = Vec::new();
                        let _ = stream.read_to_end(&mut seen).await;
                        seen.starts_with(b"HTTP/1.1 200").then_some(())
                    })
                })
                .collect();
            let mut begun = 0;
            for call in calls {
                begun += usize::from(call.await.unwrap().is_some());
            }
            begun
        })
    })
}

fn sound(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok", "{}", path.display());
}

/// Starts the binary on the directory, and measures until `/readyz` says 200.
fn time_to_ready(stage: &Stage) -> Duration {
    let dir = stage.gateway.data_dir().display().to_string();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &dir];
    let watch = Watch::start();
    let mut process = Process::spawn(stage.gateway.home(), &arguments, &[]);
    let address = process.wait_for("listening on http://");
    let address = address.split_whitespace().next().unwrap_or_default();
    let ask = || {
        let mut stream = std::net::TcpStream::connect(address).ok()?;
        std::io::Write::write_all(&mut stream, b"GET /readyz HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).ok()?;
        text.contains(" 200 ").then_some(())
    };
    until("it is ready", || ask().is_some());
    watch.elapsed()
}

#[test]
fn kill_9_under_1000_calls_spoils_nothing() {
    raise_open_files();
    let mut stage = Stage::with(Builder::without_bill_check);
    passed(&stage.chat(&hello()));
    let load = load(&stage);
    stage.provider.wait_seen(CALLS + 1, PATIENCE);
    stage.gateway.kill9();
    assert!(load.join().unwrap() > 0, "no call had begun");
    // The best of three: other tests share the machine.
    let best = (0..3).map(|_| time_to_ready(&stage)).min().unwrap();
    assert!(best < Duration::from_secs(1), "ready after {best:?}");
    for file in ["tollgate.db", "requests.db"] {
        sound(&stage.gateway.data_dir().join(file));
    }
    stage.gateway.restart();
    passed(&stage.chat(&hello()));
    let fresh = stage.gateway.create_key(&json!({"name": "after"}));
    passed(&stage.gateway.json(&fresh.value, "GET", "/v1/models", &Value::Null));
    for file in ["tollgate.db", "requests.db"] {
        sound(&stage.gateway.data_dir().join(file));
    }
}

/// Calls one after another until the connection breaks. How many were answered to the end.
pub fn call_until_dead(address: &str, request: &[u8]) -> u64 {
    let Ok(stream) = std::net::TcpStream::connect(address) else { return 0 };
    let mut reader = std::io::BufReader::new(stream);
    std::iter::from_fn(|| exchange(&mut reader, request)).count() as u64
}

/// One call; something once the whole answer is here.
fn exchange(reader: &mut std::io::BufReader<std::net::TcpStream>, request: &[u8]) -> Option<()> {
    use std::io::{BufRead, Read, Write};
    reader.get_mut().write_all(request).ok()?;
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok();
        }
    }
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()
}

/// How many calls the day's usage tells of.
fn on_the_bill(stage: &Stage) -> u64 {
    let db = rusqlite::Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    let sum = "SELECT COALESCE(SUM(requests), 0) FROM usage_rollup WHERE width_s = 86400";
    db.query_row(sum, [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
}

#[test]
fn p2_no_finished_call_is_missing_after_a_kill() {
    let mut stage = Stage::with(Builder::without_bill_check);
    let body = hello().to_string();
    let request = format!("{}Content-Length: {}\r\n\r\n{body}", stage.raw_post(CHAT), body.len());
    let mut answered = 0;
    for round in 0..4 {
        let before = stage.provider.seen_count();
        let address = stage.gateway.url().trim_start_matches("http://").to_owned();
        let clients: Vec<_> = (0..16)
            .map(|_| {
                let (address, request) = (address.clone(), request.clone());
                std::thread::spawn(move || call_until_dead(&address, request.as_bytes()))
            })
            .collect();
        // In the middle of everything, at another point in each round.
        stage.provider.wait_seen(before + 200 + round * 37, PATIENCE);
        stage.gateway.kill9();
        answered += clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>();
        stage.gateway.restart();
        let billed = on_the_bill(&stage);
        assert!(billed >= answered, "round {round}: {billed} of {answered} are on the bill");
        assert!(billed <= stage.provider.seen_count() as u64, "something is on the bill twice");
    }
    assert!(answered > 400, "{answered} answers");
}
