//! What a call costs that the provider refused, or that broke off: nothing, or all that was held.

use std::path::Path;

use serde_json::json;
use testkit::{Act, Piece, Script, TestGateway, Then, Tokens};

use super::desk::{AMPLE, bound_at, chat, posted, put};
use crate::support::{BIN, CHAT, Stage, hello, until};

const QUICK: &str = "[timeouts]\nfirst_byte_seconds = 1\ngap_seconds = 1\n[retries]\nrepeats = 0\n";

/// A stage with ample money, and the bound of its call.
fn stage() -> (Stage, i64) {
    let stage = Stage::configured(QUICK);
    let bound = bound_at(&stage, CHAT, &hello());
    super::limit(&stage.gateway, AMPLE, false);
    (stage, bound)
}

/// What one call adds to what is spent. The provider has billed it if it may have.
fn adds(stage: &Stage, script: Script, billed: bool) -> i64 {
    let calls = stage.provider.seen_count();
    let before = posted(stage, calls);
    let script = if billed { script.bill(Tokens::text(4, 9)).misreported() } else { script };
    stage.provider.script(chat(), script);
    let answer = stage.chat(&hello());
    assert!(answer.status >= 400, "{}", answer.text());
    posted(stage, calls + 1) - before
}

#[test]
fn case_40_a_refusal_costs_nothing_where_the_provider_says_so_and_all_elsewhere() {
    let (stage, bound) = stage();
    for (status, code, billed) in [
        (400, Some("invalid_value"), false),
        (401, Some("invalid_api_key"), false),
        (403, None, false),
        (404, Some("model_not_found"), false),
        (409, None, false),
        (422, None, false),
        (429, Some("rate_limit_exceeded"), false),
        (429, Some("insufficient_quota"), false),
        (500, None, false),
        (503, Some("server_is_overloaded"), false),
        // What came after the work, and what nobody promised.
        (400, Some("content_filter"), true),
        (400, Some("content_policy_violation"), true),
        (403, Some("moderation_blocked"), true),
        (408, None, true),
        (502, None, true),
        (504, None, true),
        (529, None, true),
    ] {
        let script = Script::error(status, "some_error", code, "No.");
        let expected = if billed { bound } else { 0 };
        assert_eq!(adds(&stage, script, billed), expected, "{status} {code:?}");
    }
    let html = |status| {
        let page = vec![Piece::new(0, "<html>no</html>")];
        Script::raw(status, &[("Content-Type", "text/html")], page, Then::End)
    };
    for status in [400, 401, 429, 500, 502, 503] {
        assert_eq!(adds(&stage, html(status), true), bound, "{status} without an envelope");
    }
}

#[test]
fn case_41_what_was_sent_and_never_answered_costs_all_that_was_held() {
    let (stage, bound) = stage();
    let half = || vec![Piece::new(0, "{\"id\":\"chatcmpl-1\",\"choi")];
    let json = [("Content-Type", "application/json")];
    for (what, script) in [
        ("reset before the head", Script::new(Act::ResetBeforeHead)),
        ("hangs before the head", Script::new(Act::HangBeforeHead)),
        ("reset after the head", Script::new(Act::ResetAfterHead)),
        ("garbage", Script::new(Act::Garbage)),
        ("broken body", Script::raw(200, &json, half(), Then::Reset)),
        ("hanging body", Script::raw(200, &json, half(), Then::Hang)),
        ("coded", Script::new(Act::EncodedBody("gzip".to_owned()))),
        ("redirect", Script::redirect("http://127.0.0.1:1/")),
    ] {
        assert_eq!(adds(&stage, script, true), bound, "{what}");
    }
    let count = stage.provider.seen_count();
    assert_eq!(stage.provider.bill().len(), count, "one dispatch is one generation");
}

#[test]
fn case_41_what_was_never_sent_costs_nothing() {
    let closed = testkit::Toxic::closed();
    let builder =
        TestGateway::builder(Path::new(BIN)).env("OPENAI_API_KEY", "sk-CANARY-nobody-there");
    let gateway = builder.env("OPENAI_BASE_URL", &closed.base_url()).start();
    let key = gateway.create_key(&json!({"name": "k"}));
    put(&gateway, ("project", &key.project), AMPLE, &json!({}));
    for _ in 0..3 {
        assert_eq!(gateway.json(&key.value, "POST", CHAT, &hello()).status, 502);
    }
    let (mut spent, mut held) = (1, 1);
    until("nothing is held", || {
        (spent, held) = super::balance(&gateway);
        held == 0
    });
    assert_eq!(spent, 0);
}
