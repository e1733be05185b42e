//! Stops: nothing new, nothing lost.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use testkit::{Act, Matcher, Piece, Script, Stream, Then};

use crate::support::{CHAT, PATIENCE, Stage, has_ended, hello, hello_stream, signal, until};

fn refuses_connections(stage: &Stage) -> bool {
    TcpStream::connect(stage.gateway.url().trim_start_matches("http://")).is_err()
}

/// Opens a stream and reads its first piece.
fn open(stage: &Stage, prompt: &str) -> Stream {
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let mut body = hello_stream();
    body["messages"][0]["content"] = json!(prompt);
    let mut stream = stage.gateway.open("POST", CHAT, &headers, body.to_string());
    assert_eq!(stream.status, 200);
    stream.next_chunk().unwrap().unwrap();
    stream
}

#[test]
fn p30_a_stop_lets_streams_finish_and_loses_no_record() {
    let mut stage = Stage::new();
    let streams: Vec<Stream> =
        (0..50).map(|_| open(&stage, "[[words=12]] [[gap_ms=100]]")).collect();
    signal(stage.gateway.pid(), "TERM");
    until("no new connections", || refuses_connections(&stage));
    let readers: Vec<_> = streams
        .into_iter()
        .map(|stream| std::thread::spawn(move || stream.collect().unwrap().text()))
        .collect();
    for reader in readers {
        let text = reader.join().unwrap();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    }
    until("the process ends", || has_ended(stage.gateway.pid()));
    assert_eq!(stage.gateway.terminate(), 0);
    assert_eq!(stage.provider.bill().len(), 50);
    // The gateway's own check holds its records against these bills.
}

#[test]
fn p30_a_stop_under_traffic_cuts_no_call_that_began() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let mut body = hello_stream();
    body["messages"][0]["content"] = json!("[[words=3]] [[gap_ms=3]]");
    let body = body.to_string();
    let whole = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !refuses_connections(&stage) {
                    // A connection may be closed unserved; an answer that began must end well.
                    match stage.gateway.try_request("POST", CHAT, &headers, &body) {
                        Ok(answer) => {
                            let text = answer.text();
                            assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
                            whole.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            let kind = error.kind();
                            let unserved = [
                                ErrorKind::ConnectionReset,
                                ErrorKind::ConnectionRefused,
                                ErrorKind::UnexpectedEof,
                                ErrorKind::BrokenPipe,
                            ];
                            assert!(unserved.contains(&kind), "{error}");
                        }
                    }
                }
            });
        }
        until("calls run", || whole.load(Ordering::Relaxed) > 100);
        signal(stage.gateway.pid(), "TERM");
    });
    until("the process ends", || has_ended(stage.gateway.pid()));
    assert_eq!(stage.provider.bill().len(), whole.load(Ordering::Relaxed));
    assert!(!stage.gateway.output().contains("unsettled"), "{}", stage.gateway.output());
}

#[test]
fn p30_a_second_signal_cuts_with_an_error_event_and_settles() {
    let mut stage = Stage::new();
    stage.provider.script(Matcher::new("POST", CHAT), Script::new(Act::HangAfterChunks(2)));
    let stream = open(&stage, "hi");
    stage.provider.script(Matcher::new("POST", CHAT), Script::new(Act::HangBeforeHead));
    let bearer = stage.bearer();
    let address = stage.gateway.url();
    let waiting = std::thread::spawn(move || {
        let mut wire = crate::support::Wire::to(address.trim_start_matches("http://"));
        let body = hello().to_string();
        wire.send(format!(
            "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        wire.rest()
    });
    stage.provider.wait_seen(2, PATIENCE);
    let reader = std::thread::spawn(move || stream.collect().unwrap().text());
    signal(stage.gateway.pid(), "TERM");
    until("no new connections", || refuses_connections(&stage));
    assert!(!reader.is_finished() && !waiting.is_finished(), "the first signal cut a call");
    let began = testkit::Watch::start();
    assert_eq!(stage.gateway.terminate(), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let text = reader.join().unwrap();
    assert!(text.contains("shutting down") && !text.contains("[DONE]"), "{text}");
    let text = waiting.join().unwrap();
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("shutting_down"), "{text}");
    let db = rusqlite::Connection::open(stage.gateway.data_dir().join("requests.db")).unwrap();
    let count = "SELECT count(*) FROM requests WHERE error_code = 'shutting_down'";
    let cut: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(cut, 2, "an attempt was not settled");
}

#[test]
fn p30_idle_and_half_open_connections_do_not_hold_up_a_stop() {
    let mut stage = Stage::new();
    let mut idle = stage.wire();
    idle.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.answer().0, 200);
    let silent = stage.wire();
    let mut half = stage.wire();
    half.send("GET /readyz HTTP/1.1\r\nHos");
    let began = testkit::Watch::start();
    assert_eq!(stage.gateway.terminate(), 0);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    drop((idle, silent, half));
}

#[test]
fn p30_a_call_whose_body_is_on_its_way_is_still_served() {
    let stage = Stage::new();
    let body = hello().to_string();
    let mut wire = stage.wire();
    let (start, end) = body.split_at(10);
    wire.send(format!("{}Content-Length: {}\r\n\r\n{start}", stage.raw_post(CHAT), body.len()));
    until("the call is open", || {
        crate::support::metric(&stage.gateway, "tollgate_calls_in_flight") == 1
    });
    signal(stage.gateway.pid(), "TERM");
    until("no new connections", || refuses_connections(&stage));
    wire.send(end);
    let text = wire.rest();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    until("the process ends", || has_ended(stage.gateway.pid()));
}

#[test]
fn p30_a_second_signal_cuts_a_list_that_is_being_read() {
    let mut stage = Stage::new();
    let json = [("Content-Type", "application/json")];
    let half = vec![Piece::new(0, "{\"object\":\"list\",\"da")];
    let script = Script::raw(200, &json, half, Then::Hang);
    stage.provider.script(Matcher::new("GET", "/v1/models"), script);
    let mut wire = stage.wire();
    wire.send(format!(
        "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
        stage.bearer()
    ));
    stage.provider.wait_seen(1, PATIENCE);
    signal(stage.gateway.pid(), "TERM");
    until("no new connections", || refuses_connections(&stage));
    let began = testkit::Watch::start();
    assert_eq!(stage.gateway.terminate(), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let text = wire.rest();
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("shutting_down"), "{text}");
    assert!(!stage.gateway.output().contains("unsettled"), "{}", stage.gateway.output());
}
