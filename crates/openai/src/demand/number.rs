//! Whole numbers, as a bound needs them.

use std::ops::RangeInclusive;

use domain::bound::OutputLimit;

use super::Bad;
use crate::pin::{maxima, said};
use crate::surface::Meter;
use crate::view::{Field, View};

/// The largest maximum output that is taken for one: providers read 32 bits.
const MOST: u64 = i32::MAX as u64;

/// A whole number written plainly: no sign, fraction, exponent or quotes.
pub(super) fn plain(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A field's number; `None` where it is not given.
pub(super) fn count(
    view: &View,
    body: &[u8],
    field: Field,
    range: RangeInclusive<u64>,
    why: &'static str,
) -> Result<Option<u64>, Bad> {
    let Some(value) = said(view, body, field) else { return Ok(None) };
    match plain(value).filter(|number| range.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(Bad::value(field.name(), why)),
    }
}

/// How many answers are asked for.
pub(super) fn choices(view: &View, body: &[u8], field: Field) -> Result<u64, Bad> {
    let why = "must be a whole number from 1 to 128";
    Ok(count(view, body, field, 1..=128, why)?.unwrap_or(1))
}

/// The most that may be written, as the request says it.
pub(super) fn output(view: &View, body: &[u8], meter: Meter) -> Result<OutputLimit, Bad> {
    let bad = |field: Field, why| Bad { field: field.name(), why, maximum: true };
    let mut asked = None;
    for field in maxima(meter) {
        let Some(value) = said(view, body, *field) else { continue };
        let Some(tokens) = plain(value).filter(|tokens| (1..=MOST).contains(tokens)) else {
            return Err(bad(*field, "must be a whole number from 1 to 2147483647"));
        };
        if asked.is_some_and(|other| other != tokens) {
            return Err(bad(*field, "must be the same as max_completion_tokens, or be left out"));
        }
        asked = Some(tokens);
    }
    Ok(asked.map_or(OutputLimit::Open, OutputLimit::Asked))
}
