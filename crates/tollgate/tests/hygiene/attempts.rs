//! What becomes of a call whose first attempt fails: another place, the same once more, or the end.
//! Each gateway holds its ledger against the true bill of all its providers when it is dropped.

mod again;
mod hedge;
mod hostile;
mod limits;
mod ways;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Act, Answer, FakeProvider, Key, Matcher, Piece, Script, TestGateway, Then};

use crate::support::{BIN, CHAT, hello, hello_stream, passed};

/// Deadlines that a test can wait for.
const QUICK: &str = "[timeouts]\nconnect_seconds = 1\nfirst_byte_seconds = 1\ngap_seconds = 1\ntotal_seconds = 20\n";

const ROUTE: &str = "[[routes]]\nmodel = \"gpt-*\"\n\
                     targets = [{ upstream = \"first\" }, { upstream = \"second\", step = 1 }]\n";

fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

/// Two upstreams, the second there for all that the first fails.
struct Pair {
    gateway: TestGateway,
    first: FakeProvider,
    backup: FakeProvider,
    key: Key,
}

/// Where the first upstream is said to be, and what its credential is said to be.
struct First {
    base_url: String,
    credential: String,
}

impl Pair {
    fn new() -> Self {
        Self::routed(ROUTE)
    }

    fn routed(route: &str) -> Self {
        let there = |first: &FakeProvider| First {
            base_url: first.base_url(),
            credential: first.credential().to_owned(),
        };
        Self::start(there, route)
    }

    fn with(place: impl FnOnce(&FakeProvider) -> First) -> Self {
        Self::start(place, ROUTE)
    }

    fn start(place: impl FnOnce(&FakeProvider) -> First, route: &str) -> Self {
        let (first, backup) = (FakeProvider::start(), FakeProvider::start());
        let First { base_url, credential } = place(&first);
        let upstream = |name: &str, url: &str, variable: &str| {
            format!(
                "[upstreams.{name}]\nprovider = \"openai\"\nbase_url = \"{url}\"\n\
                 credential = \"env:{variable}\"\n"
            )
        };
        let config = [
            QUICK.to_owned(),
            upstream("first", &base_url, "FIRST"),
            upstream("second", &backup.base_url(), "SECOND"),
            route.to_owned(),
        ];
        let gateway = TestGateway::builder(Path::new(BIN))
            .also_provider(&first)
            .also_provider(&backup)
            .env("FIRST", &credential)
            .env("SECOND", backup.credential())
            .config(&config.concat())
            .start();
        let key = gateway.create_key(&json!({"name": "everything"}));
        Self { gateway, first, backup, key }
    }

    fn chat(&self, body: &Value) -> Answer {
        self.gateway.json(&self.key.value, "POST", CHAT, body)
    }

    /// The project may spend so many nano-dollars this month, nothing of a call cut.
    fn limit(&self, nanos: i64) {
        let scope = json!({"type": "project", "id": self.gateway.default_project()});
        let body = json!({
            "scope": scope, "period": "month", "amount_nanos": nanos, "clamp_output": false,
        });
        self.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    }
}

/// Which upstream answered, after how many attempts.
#[track_caller]
fn answered(answer: &Answer, upstream: &str, attempts: &str) {
    passed(answer);
    let found = (answer.header("x-tollgate-upstream"), answer.header("x-tollgate-attempts"));
    assert_eq!(found, (Some(upstream), Some(attempts)));
}
