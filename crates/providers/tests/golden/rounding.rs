//! Fractions of a nano-dollar, and what has no price.

use domain::Nanos;
use domain::price::{CostError, Unit, cost};

use crate::used::{Used, characters, text, tools, units};
use crate::{NOW, book, check, price};

#[test]
fn case_56_the_sum_is_rounded_up_once() {
    check(&[
        // 2.5, 5, 62.5, 687.5 nano-dollars.
        ("gpt-5-nano", text(1, 0).cached(1).at("flex"), 3, "1 cached × $0.0025/M"),
        ("gpt-5-nano", text(2, 0).cached(2).at("flex"), 5, "2 cached × $0.0025/M"),
        ("gpt-5", text(1, 0).cached(1).at("flex"), 63, "1 cached × $0.0625/M"),
        ("gpt-5", text(2, 0).cached(1).at("flex"), 688, "1 in × $0.625/M + 1 cached × $0.0625/M"),
        // Two halves are one, not two.
        ("halves", text(1, 1), 2, "1 in × $0.0005/M + 1 out × $0.0015/M"),
        ("halves", text(1, 0), 1, "1 in × $0.0005/M"),
        ("halves", text(0, 0), 0, "free"),
    ]);
    // 3 × 2.5 + 25 = 32.5, and the parts are the whole.
    let found = cost(&price("gpt-5-nano"), &text(4, 0).cached(3).at("flex").billed()).unwrap();
    assert_eq!((found.input, found.input_cached, found.total()), (Nanos(26), Nanos(7), Nanos(33)));
}

#[test]
fn case_25_what_has_no_price_is_never_nothing() {
    let cost = |model: &str, used: Used| cost(&price(model), &used.billed());
    let spoken = units(characters(5));
    assert_eq!(cost("gpt-4o-mini-tts", spoken), Err(CostError::Unit(Unit::Character)));
    assert_eq!(cost("whisper-1", text(5, 0)), Err(CostError::Tokens));
    assert_eq!(cost("gpt-4o", text(u64::MAX, 0)), Err(CostError::TooLarge));
    let searched = text(1, 1).and(tools(1, 0, 0));
    assert_eq!(
        cost("anthropic.claude-sonnet-4-20250514-v1:0", searched),
        Err(CostError::Unit(Unit::WebSearchCall))
    );
    assert!(book().lookup("gpt-7-unheard-of", NOW).is_none());
}
