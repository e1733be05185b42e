//! A price book, and what was worked out from it for the bounds of calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::price::{ModelPrice, PriceBook, Priced, Rates, Reach, Unit};

/// Rates that are remembered: models, tiers and steps are few.
const KNOWN: usize = 4_096;

#[derive(Default)]
pub(crate) struct Shelf {
    pub(super) book: Arc<PriceBook>,
    /// By the price's own place in memory, where it stays as long as the book does.
    dearest: Mutex<HashMap<(usize, Reach), Option<Rates>>>,
}

/// A model's price, which works nothing out twice.
pub(crate) struct Remembered<'s> {
    pub(super) shelf: &'s Shelf,
    pub(super) price: Arc<ModelPrice>,
}

impl Shelf {
    pub(super) fn new(book: Arc<PriceBook>) -> Self {
        Self { book, dearest: Mutex::default() }
    }
}

impl Priced for Remembered<'_> {
    fn dearest(&self, reach: &Reach) -> Option<Rates> {
        // Between two steps the length of the input changes nothing.
        let reach = Reach { input_tokens: self.price.step_below(reach.input_tokens), ..*reach };
        let key = (Arc::as_ptr(&self.price) as usize, reach);
        let dearest = || self.shelf.dearest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = dearest().get(&key) {
            return *known;
        }
        let rates = self.price.dearest(&reach);
        let mut dearest = dearest();
        if dearest.len() >= KNOWN {
            dearest.clear();
        }
        dearest.insert(key, rates);
        rates
    }

    fn unit(&self, unit: Unit) -> Option<u64> {
        self.price.unit(unit)
    }
}

#[cfg(test)]
mod tests {
    use domain::price::{Cell, Layer, Tier, TokenKind};

    use super::*;

    #[test]
    fn what_is_remembered_is_what_the_price_says() {
        let mut price = ModelPrice::default();
        for (above, kind, picos) in [
            (0, TokenKind::Input, 3),
            (0, TokenKind::Output, 7),
            (200_000, TokenKind::Input, 30),
            (200_000, TokenKind::Output, 70),
        ] {
            price.set(Cell { tier: Some(Tier::Default), above, kind, picos });
        }
        let row = (Layer::BuiltIn, "m".to_owned(), price.clone());
        let shelf = Shelf::new(Arc::new(PriceBook::new([row])));
        let at = domain::Timestamp(0);
        let of = || Remembered { shelf: &shelf, price: shelf.book.lookup("m", at).unwrap() };
        for _ in 0..2 {
            for input_tokens in [0, 1, 199_999, 200_000, 200_001, 1_000_000] {
                for (tier, audio_in) in [(Tier::Default, false), (Tier::Flex, true)] {
                    let reach = Reach {
                        tier,
                        input_tokens,
                        audio_in,
                        image_in: false,
                        audio_out: audio_in,
                        image_out: false,
                    };
                    assert_eq!(of().dearest(&reach), price.dearest(&reach), "{reach:?}");
                }
            }
        }
        assert_eq!(shelf.dearest.lock().unwrap().len(), 6, "two reaches, three steps");
    }
}
