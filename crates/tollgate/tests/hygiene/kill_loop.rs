//! A short kill loop; `cargo xtask kill-loop` runs a long one.

use std::path::Path;

use testkit::KillLoop;

use crate::support::BIN;

#[test]
fn p3_kills_under_load_cost_what_was_open_and_no_more() {
    let how = KillLoop { kills: 12, clients: 8, seed: 7, limited: true, failing: false };
    let killed = how.run(Path::new(BIN));
    assert!(killed.finished > 0 && killed.orphans > 0, "the kills hit nothing\n{killed}");
}

#[test]
fn p3_kills_between_the_attempts_of_a_call_pass_no_limit() {
    let how = KillLoop { kills: 10, clients: 8, seed: 11, limited: true, failing: true };
    let killed = how.run(Path::new(BIN));
    assert!(killed.finished > 0 && killed.orphans > 0, "the kills hit nothing\n{killed}");
}
