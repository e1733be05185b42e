//! Prices in the field's JSON format, and the book that is built in.
//!
//! The format is the one of the public table of model prices: an object of models, each with keys
//! such as `input_cost_per_token` or `cache_read_input_token_cost_above_272k_tokens_flex`, in US
//! dollars. Decimal text becomes whole pico-dollars, rounded up; no float is involved. Beside the
//! table's own keys a row may have `"free": true` and `valid_from`, `valid_until` (Unix seconds, or
//! a day such as `"2026-11-01"`).
//!
//! Prices are those of a provider's usual processing. Its factors for processing in a chosen
//! region are not read.

mod decimal;
mod file;
mod key;
mod members;
mod render;
mod row;
mod table;

use domain::ports::PriceFormat;
use domain::price::{Cell, ModelPrice, PriceFile, Tier, TokenKind, Unit};

pub use file::{Take, parse, parse_row, read};
pub use render::render;

use crate::demo;

/// The field's format, for those who may not know it.
pub struct FieldFormat;

impl PriceFormat for FieldFormat {
    fn built_in(&self) -> Vec<(String, ModelPrice)> {
        built_in().collect()
    }

    fn file(&self, text: &[u8], everything: bool) -> Result<PriceFile, Vec<String>> {
        parse(text, if everything { Take::Everything } else { Take::OpenAi })
    }

    fn row(&self, model: &str, text: &str) -> Result<(ModelPrice, Vec<String>), Vec<String>> {
        parse_row(model, text)
    }

    fn render(&self, price: &ModelPrice) -> String {
        render(price)
    }
}

/// Models with one price.
struct Listed {
    names: &'static [&'static str],
    cells: &'static [Place],
    units: &'static [(Unit, u64)],
    free: bool,
}

/// A cell in eight bytes: kind, tier, step in thousands of tokens, pico-dollars.
struct Place(TokenKind, u8, u16, u32);

/// The second member of a [`Place`].
const TIERS: [Option<Tier>; 5] =
    [Some(Tier::Default), Some(Tier::Flex), Some(Tier::Priority), Some(Tier::Batch), None];

/// OpenAI's older moderation models: free as its newer ones, but not in the public table.
const FREE: [&str; 3] = ["text-moderation-007", "text-moderation-latest", "text-moderation-stable"];

/// The prices that are built in: OpenAI's, and the demo's.
pub fn built_in() -> impl Iterator<Item = (String, ModelPrice)> {
    let listed = table::PRICES.iter().flat_map(|row| {
        let price = row.price();
        row.names.iter().map(move |name| ((*name).to_owned(), price.clone()))
    });
    let free = FREE.iter().map(|name| ((*name).to_owned(), ModelPrice::free()));
    listed.chain(free).chain([(demo::MODEL.to_owned(), demo_price())])
}

impl Listed {
    fn price(&self) -> ModelPrice {
        let mut price = ModelPrice::default();
        price.free = self.free;
        for Place(kind, tier, thousands, picos) in self.cells {
            price.set(Cell {
                tier: TIERS.get(usize::from(*tier)).copied().flatten(),
                above: u32::from(*thousands) * 1000,
                kind: *kind,
                picos: u64::from(*picos),
            });
        }
        for (unit, picos) in self.units {
            price.set_unit(*unit, *picos);
        }
        price
    }
}

/// Made up, and said so: a quarter of a dollar and one dollar a million tokens.
fn demo_price() -> ModelPrice {
    let mut price = ModelPrice::default();
    for (kind, picos) in [
        (TokenKind::Input, 250_000),
        (TokenKind::InputCached, 25_000),
        (TokenKind::Output, 1_000_000),
    ] {
        price.set(Cell { tier: Some(Tier::Default), above: 0, kind, picos });
    }
    price
}
