//! What a hostile provider, client or neighbour does to a call that has several attempts.

use super::*;

#[test]
fn a_refusal_that_comes_by_drops_is_given_up_with_its_attempt() {
    let pair = Pair::new();
    let drops = (0..40).map(|_| Piece::new(500, " ")).collect();
    let kind = [("Content-Type", "application/json")];
    pair.first.script(chat(), Script::raw(503, &kind, drops, Then::End));
    let began = Instant::now();
    answered(&pair.chat(&hello()), "second", "2");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
