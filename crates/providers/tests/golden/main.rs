//! Costs worked out by hand, to the nano-dollar, from the prices that providers publish.
//!
//! Each row has the bill as its provider would write it, and the sum in nano-dollars as it was
//! added up by hand (a dollar a million tokens is 1,000 nano-dollars a token). The sum is held
//! against the code, and against the words beside it, so that neither can be wrong alone.
//! `/M` is for a million, `/K` for a thousand, `/min` for sixty seconds.

#![allow(clippy::unwrap_used, reason = "tests")]

mod fees;
mod media;
mod rounding;
mod text;
mod tiers;
mod used;
mod words;

use domain::price::{Layer, ModelPrice, PriceBook, cost};
use domain::{Nanos, Timestamp};
use used::Used;
use words::by_words;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Rows of other providers, and one for rounding: what an operator would import.
const IMPORTED: [(&str, &str); 2] = [
    (
        "anthropic.claude-sonnet-4-20250514-v1:0",
        r#"{"input_cost_per_token": 3e-06, "input_cost_per_token_above_200k_tokens": 6e-06,
        "output_cost_per_token": 1.5e-05, "output_cost_per_token_above_200k_tokens": 2.25e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_read_input_token_cost_above_200k_tokens": 6e-07,
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06}"#,
    ),
    ("halves", r#"{"input_cost_per_token": 5e-10, "output_cost_per_token": 1.5e-09}"#),
];

fn book() -> PriceBook {
    let built_in = providers::prices::built_in().map(|(name, price)| (Layer::BuiltIn, name, price));
    let imported = IMPORTED.map(|(name, text)| {
        let (price, _) = providers::prices::parse_row(name, text).unwrap();
        (Layer::Imported, name.to_owned(), price)
    });
    PriceBook::new(built_in.chain(imported))
}

fn price(model: &str) -> std::sync::Arc<ModelPrice> {
    book().lookup(model, NOW).unwrap_or_else(|| panic!("{model} has no price"))
}

type Row = (&'static str, Used, i64, &'static str);

#[track_caller]
fn check(rows: &[Row]) {
    for (model, used, nanos, words) in rows {
        assert_eq!(by_words(words), *nanos, "the words of {model}: {words}");
        let cost = cost(&price(model), &used.billed()).unwrap();
        assert_eq!(cost.total(), Nanos(*nanos), "{model}: {words}: {cost:?}");
    }
}
