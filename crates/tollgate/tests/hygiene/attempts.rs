//! What becomes of a call whose first attempt fails. Each gateway holds its ledger against the true
//! bill of all its providers when it is dropped.

mod again;

use std::time::{Duration, Instant};

use testkit::{Act, Answer, Matcher, Script};

use crate::support::{CHAT, hello, passed};

fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

/// Which upstream answered, after how many attempts.
#[track_caller]
fn answered(answer: &Answer, upstream: &str, attempts: &str) {
    passed(answer);
    let found = (answer.header("x-tollgate-upstream"), answer.header("x-tollgate-attempts"));
    assert_eq!(found, (Some(upstream), Some(attempts)));
}
