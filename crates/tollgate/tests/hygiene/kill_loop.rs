//! A short kill loop; `cargo xtask kill-loop` runs a long one.

use std::path::Path;

use testkit::KillLoop;

use crate::support::BIN;

#[test]
fn p3_kills_under_load_cost_what_was_open_and_no_more() {
    let how = KillLoop { kills: 12, clients: 8, seed: 7, limited: true };
    let killed = how.run(Path::new(BIN));
    assert!(killed.finished > 0 && killed.orphans > 0, "the kills hit nothing\n{killed}");
}
