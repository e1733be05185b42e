//! The price book in use, and what an attempt cost by it.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::price::{Billed, PriceBook, Tier, Units, cost_of_many};
use domain::{Cost, Timestamp, Tokens, UsageFamily};

use crate::metrics::Metrics;
use crate::tab::{Call, Count};

/// Models whose price is missing are warned of once each, up to this many.
const WARNED: usize = 1_000;

#[derive(Default)]
pub(crate) struct Prices {
    book: RwLock<Arc<PriceBook>>,
    warned: Mutex<HashSet<Box<str>>>,
}

impl Prices {
    pub(crate) fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, book: Arc<PriceBook>) {
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = book;
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What an attempt cost; `None` where nothing was counted, or has no price (that is counted
    /// and told).
    pub(crate) fn cost(
        &self,
        call: &Call,
        count: &Count,
        tokens: &Tokens,
        metrics: &Metrics,
    ) -> Option<Cost> {
        let (asked, served) = (call.model.as_deref(), count.model.as_deref());
        let units = units(call, count)?;
        let counted = tokens.input > 0 || tokens.output > 0 || units != Units::default();
        if !counted {
            return None;
        }
        let tier = Tier::served(count.service_tier.as_deref());
        let billed = Billed { tier, tokens: *tokens, units };
        self.of([asked, served], call.at, &billed, tokens.input, metrics)
    }

    /// What was billed comes to, by the price of the model that was served or else of the one that
    /// was asked for; where there is none, that is counted and told. `largest_input` is that of
    /// one call, where the counts are many calls'.
    pub(crate) fn of(
        &self,
        [asked, served]: [Option<&str>; 2],
        at: Timestamp,
        billed: &Billed,
        largest_input: u64,
        metrics: &Metrics,
    ) -> Option<Cost> {
        let why = match self.book().for_answer(asked, served, at) {
            None => "its model has no price".to_owned(),
            Some(price) => match cost_of_many(&price, billed, largest_input) {
                Ok(cost) => return Some(cost),
                Err(why) => why.to_string(),
            },
        };
        metrics.unpriced.fetch_add(1, Ordering::Relaxed);
        self.warn(served.or(asked).unwrap_or("(no model)"), &why);
        None
    }

    fn warn(&self, model: &str, why: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() < WARNED && warned.insert(model.into()) {
            drop(warned);
            tracing::warn!(model, why, "an attempt has no cost; set the model's price");
        }
    }
}

/// What was used beside tokens; `None` for calls that cost nothing by themselves.
fn units(call: &Call, count: &Count) -> Option<Units> {
    let family = call.operation.meter.family();
    let ms = |of: UsageFamily| if family == of { count.media_ms } else { 0 };
    (family != UsageFamily::Other).then(|| Units {
        images: u64::from(count.images),
        characters: call.characters,
        input_ms: ms(UsageFamily::AudioTranscriptions),
        output_ms: ms(UsageFamily::AudioSpeeches),
        video_ms: ms(UsageFamily::Videos),
        ..Units::default()
    })
}
