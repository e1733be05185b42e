//! The ways in which an upstream can fail, and another one that serves the call all the same.

use super::*;

/// A hundred dollars: more than any call here can cost.
const AMPLE: i64 = 100_000_000_000;
/// One deadline, and a little more.
const ADDED: Duration = Duration::from_secs(4);

/// Plain calls and streams, all of them served by the second upstream, each in time. How often the
/// first one was asked.
#[track_caller]
fn all_are_served(pair: &Pair) -> usize {
    pair.limit(AMPLE);
    for _ in 0..4 {
        for body in [hello(), hello_stream()] {
            let began = testkit::Watch::start();
            let answer = pair.chat(&body);
            assert!(began.elapsed() < ADDED, "{:?}", began.elapsed());
            passed(&answer);
            assert_eq!(answer.header("x-tollgate-upstream"), Some("second"));
            let text = answer.text();
            assert!(!text.contains("\"error\""), "{text}");
            assert_eq!(body["stream"] == true, text.ends_with("data: [DONE]\n\n"), "{text}");
        }
    }
    assert_eq!(pair.backup.seen_count(), 8);
    pair.first.seen_count()
}

/// The first upstream always does this.
#[track_caller]
fn always(script: Script) -> usize {
    let pair = Pair::new();
    pair.first.script(chat(), script.always());
    all_are_served(&pair)
}

/// The first upstream is not there at all.
#[track_caller]
fn nowhere(base_url: &str) {
    let pair = Pair::with(|first| First {
        base_url: base_url.to_owned(),
        credential: first.credential().to_owned(),
    });
    assert_eq!(all_are_served(&pair), 0);
}

#[test]
fn p20_a_refused_connection() {
    nowhere(&testkit::Toxic::closed().base_url());
}

#[test]
fn p20_a_name_without_an_address() {
    nowhere("http://no-such-host.invalid/v1");
}

#[test]
fn p20_a_server_that_never_greets() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    nowhere(&format!("https://127.0.0.1:{port}/v1"));
}

#[test]
fn p20_a_certificate_that_nobody_trusts() {
    // Plain text where a handshake is due ends it as an expired certificate does.
    let other = FakeProvider::start();
    nowhere(&format!("https://127.0.0.1:{}/v1", other.port()));
}

#[test]
fn p20_five_resets_in_a_row_and_it_is_left_alone() {
    assert_eq!(always(Script::new(Act::ResetBeforeHead)), 5);
}

#[test]
fn p20_five_silences_in_a_row_and_it_is_left_alone() {
    assert_eq!(always(Script::new(Act::HangBeforeHead)), 5);
}

#[test]
fn p20_a_head_and_nothing_behind_it() {
    assert_eq!(always(Script::new(Act::HangAfterChunks(0))), 5);
}

#[test]
fn case_88_a_storm_of_429() {
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    // It is well, only busy: it has said for how long, and is not asked before that.
    assert_eq!(always(slow.retry_after("30")), 1);
}

#[test]
fn a_storm_of_5xx() {
    assert_eq!(always(Script::error(500, "server_error", None, "Sorry.")), 5);
    assert_eq!(always(Script::error(503, "server_error", Some("server_is_overloaded"), "B")), 5);
    let page = vec![Piece::new(0, "<html>bad gateway</html>")];
    let page = Script::raw(502, &[("Content-Type", "text/html")], page, Then::End);
    assert_eq!(always(page), 5);
}

#[test]
fn a_trickle_that_never_becomes_an_answer() {
    let drops = |drop: &'static str| (0..200).map(move |_| Piece::new(50, drop)).collect();
    assert_eq!(always(Script::stream(drops(": still here\n\n"), Then::Hang)), 5);
    let json = [("Content-Type", "application/json")];
    assert_eq!(always(Script::raw(200, &json, drops(" "), Then::Hang)), 5);
}

#[test]
fn an_answer_cut_before_its_first_byte() {
    assert_eq!(always(Script::stream(Vec::new(), Then::Cut)), 5);
    assert_eq!(always(Script::stream(vec![Piece::new(0, "data: {\"id\"")], Then::Reset)), 5);
    let json = [("Content-Type", "application/json")];
    let half = vec![Piece::new(0, "{\"id\":\"chatcmpl-1\",\"choi")];
    assert_eq!(always(Script::raw(200, &json, half, Then::Cut)), 5);
}

#[test]
fn case_98_a_stream_that_begins_with_an_error() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\
                 \"param\":null,\"code\":null}}\n\n";
    let script = || Script::stream(vec![Piece::new(0, error)], Then::End);
    let pair = Pair::new();
    for asked in 1..=6 {
        pair.first.script(chat().containing("\"stream\":true"), script());
        let answer = pair.chat(&hello_stream());
        passed(&answer);
        assert_eq!(answer.header("x-tollgate-upstream"), Some("second"));
        assert!(!answer.text().contains("overloaded"));
        assert_eq!(pair.first.seen_count(), asked.min(5));
    }
}

#[test]
fn case_87_a_credential_that_is_refused_is_benched_at_once() {
    let pair = Pair::with(|first| First {
        base_url: first.base_url(),
        credential: "sk-not-the-one-at-all".to_owned(),
    });
    assert_eq!(all_are_served(&pair), 1);
    let log = pair.gateway.output();
    assert_eq!(log.matches("upstream_credential").count(), 1, "{log}");
}

#[test]
fn case_87_the_next_credential_of_the_same_upstream_takes_over() {
    let provider = FakeProvider::start();
    let config = format!(
        "{QUICK}[upstreams.first]\nprovider = \"openai\"\nbase_url = \"{}\"\n\
         credentials = [\"env:WRONG\", \"env:RIGHT\"]\n",
        provider.base_url()
    );
    let gateway = TestGateway::builder(Path::new(BIN))
        .also_provider(&provider)
        .env("WRONG", "sk-not-the-one-at-all")
        .env("RIGHT", provider.credential())
        .config(&config)
        .start();
    let key = gateway.create_key(&json!({"name": "everything"}));
    for _ in 0..12 {
        passed(&gateway.json(&key.value, "POST", CHAT, &hello()));
    }
    let wrong = |seen: &&testkit::Seen| {
        seen.header("authorization") == Some("Bearer sk-not-the-one-at-all")
    };
    let refused = provider.seen().iter().filter(wrong).count();
    assert!(refused <= 1, "{refused} calls with a credential that was refused");
}

#[test]
fn case_87_an_account_without_money_is_benched_at_once() {
    let spent = Script::error(429, "insufficient_quota", Some("insufficient_quota"), "Pay.");
    assert_eq!(always(spent), 1);
}

#[test]
fn case_87_a_call_that_is_forbidden_does_not_bench_the_credential_for_the_others() {
    let forbidden = Script::error(403, "request_forbidden", None, "Not this.");
    // What a client can bring about counts as one failure of five.
    assert_eq!(always(forbidden), 5);
}
