//! What pacing promises, against providers that keep their own books.

mod lane;
mod provider;
mod queue;

use super::*;
use crate::Timestamp;

const NOW: Timestamp = Timestamp(1_709_251_199_000);

#[test]
fn every_spelling_of_a_reset_is_understood() {
    for (text, ms) in [
        ("6m0s", Some(360_000)),
        ("20ms", Some(20)),
        ("1h2m3.5s", Some(3_723_500)),
        ("1d", Some(86_400_000)),
        ("7m12s", Some(432_000)),
        ("0s", Some(0)),
        ("0", Some(0)),
        ("12", Some(12_000)),
        ("0.5", Some(500)),
        (" 1 ", Some(1_000)),
        ("1709251204", Some(5_000)),
        ("1709251200.5", Some(1_500)),
        ("1709251204000", Some(5_000)),
        ("1709251000", Some(0)),
        ("2024-03-01T00:00:09Z", Some(10_000)),
        ("2024-02-29T23:59:00Z", Some(0)),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("-1s", None),
        ("1x", None),
        ("s", None),
        ("1.2.3", None),
        ("1e9", None),
        ("NaN", None),
        ("99999999999999999999s", None),
        ("400d", None),
        ("2024-99-01T00:00:09Z", None),
        ("é-é-é", None),
    ] {
        assert_eq!(reset_us(text, NOW), ms.map(|ms| ms * 1_000), "{text}");
    }
    assert_eq!(reset_us("1.5ms", NOW), Some(1_500));
    assert_eq!(reset_us("0.0000001s", NOW), Some(1), "what is there is not nothing");
}

#[test]
fn a_number_that_cannot_be_meant_says_nothing() {
    for (text, number) in [
        ("60", Some(60)),
        ("0", Some(0)),
        (" 1999.5 ", Some(1_999)),
        ("60;w=60", Some(60)),
        ("60, 60;w=60", Some(60)),
        ("-1", None),
        ("", None),
        ("+5", None),
        ("unlimited", None),
        ("0x10", None),
        ("9007199254740991", None),
        ("99999999999999999999999", None),
    ] {
        assert_eq!(amount(text), number, "{text}");
    }
}

#[test]
fn snapshots_of_a_model_share_its_limit() {
    for (model, shared) in [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-4-0613", "gpt-4"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("chatgpt-4o-latest", "chatgpt-4o"),
        ("-latest", "-latest"),
        ("-0613", "-0613"),
        ("", ""),
        ("é-0613", "é"),
        ("modèle-2024-08-06", "modèle"),
    ] {
        assert_eq!(family(model), shared);
    }
}
