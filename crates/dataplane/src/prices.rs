//! The price book in use, what an attempt cost by it, and which models it has no price for.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::price::{
    Billed, ModelPrice, PriceBook, Priced, Tier, Unit, Units, Unpriced, cost_of_many,
};
use domain::{Cost, Timestamp, Tokens, UsageFamily};
use openai::surface::Meter;
use providers::Provider;

use crate::metrics::Metrics;
use crate::tab::{Call, Count};

mod shelf;

use shelf::{Remembered, Shelf};

/// Models without a price are kept in mind up to this many, and warned of once each.
const KNOWN: usize = 1_000;

#[derive(Default)]
pub(crate) struct Prices {
    shelf: RwLock<Arc<Shelf>>,
    unpriced: Mutex<BTreeMap<Box<str>, Missed>>,
}

/// What one call used, or several calls of one model together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) billed: Billed,
    /// The most input tokens of one of them.
    pub(crate) largest_input: u64,
    /// How many of them were chats.
    pub(crate) chats: u64,
}

/// What is known of a model whose attempts had no cost.
struct Missed {
    why: String,
    attempts: u64,
    last_at: Timestamp,
}

impl Prices {
    pub(crate) fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.shelf().book)
    }

    fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at a model's price for a bound; `None` where it has none.
    pub(crate) fn look<T>(
        &self,
        provider: &Provider,
        model: Option<&str>,
        at: Timestamp,
        look: impl FnOnce(&dyn Priced) -> T,
    ) -> Option<T> {
        let shelf = self.shelf();
        let model = model.map(|model| provider.priced(model));
        let price = shelf.book.for_answer(model.as_deref(), None, at)?;
        Some(look(&Remembered { shelf: &shelf, price }))
    }

    pub(crate) fn set(&self, book: Arc<PriceBook>) {
        let shelf = Arc::new(Shelf::new(book));
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        self.unpriced.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The models without a price that were called since the book came.
    pub(crate) fn unpriced(&self) -> Vec<Unpriced> {
        let unpriced = self.unpriced.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = unpriced.iter().map(|(model, missed)| Unpriced {
            model: model.to_string(),
            why: missed.why.clone(),
            attempts: missed.attempts,
            last_at: missed.last_at,
        });
        shown.collect()
    }

    /// What an attempt cost, at a provider that was sent this name of the model; `None` where nothing was counted, or has no price (that is counted
    /// and told).
    pub(crate) fn cost(
        &self,
        call: &Call,
        (provider, sent): (&Provider, Option<&str>),
        count: &Count,
        tokens: &Tokens,
        metrics: &Metrics,
    ) -> Option<Cost> {
        let named = [sent.or(call.model.as_deref()), count.model.as_deref()];
        let units = units(call, count)?;
        let counted = tokens.input > 0 || tokens.output > 0 || units != Units::default();
        if !counted {
            return None;
        }
        let tier = Tier::served(count.service_tier.as_deref(), call.tier);
        let used = Used {
            billed: Billed { tier, tokens: *tokens, units },
            largest_input: tokens.input,
            chats: if call.operation.meter == Meter::Chat { call.choices } else { 0 },
        };
        self.of((provider, named), call.at, used, call.operation.id, metrics)
    }

    /// What was used comes to, by the price of the model that was served or else of the one that
    /// was asked for; where there is none, that is counted and told.
    pub(crate) fn of(
        &self,
        (provider, named): (&Provider, [Option<&str>; 2]),
        at: Timestamp,
        mut used: Used,
        operation: &str,
        metrics: &Metrics,
    ) -> Option<Cost> {
        let [asked, served] = named.map(|name| name.map(|name| provider.priced(name)));
        let (asked, served) = (asked.as_deref(), served.as_deref());
        let name = served.or(asked).unwrap_or(operation);
        let why = match self.book().for_answer(asked, served, at) {
            None => "its model has no price".to_owned(),
            Some(price) => {
                if used.chats > 0 && always_searches(name, &price) {
                    used.billed.units.web_search_calls = used.chats;
                }
                match cost_of_many(&price, &used.billed, used.largest_input) {
                    Ok(cost) => return Some(cost),
                    Err(why) => why.to_string(),
                }
            }
        };
        metrics.unpriced.fetch_add(1, Ordering::Relaxed);
        self.miss(name, why, at);
        None
    }

    /// Notes a call that has no price, and tells of the first of a model.
    pub(crate) fn miss(&self, model: &str, why: String, at: Timestamp) {
        let mut unpriced = self.unpriced.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missed) = unpriced.get_mut(model) {
            *missed = Missed { why, attempts: missed.attempts + 1, last_at: at };
        } else if unpriced.len() < KNOWN {
            unpriced.insert(model.into(), Missed { why: why.clone(), attempts: 1, last_at: at });
            drop(unpriced);
            let alarm = "unpriced_model";
            tracing::warn!(alarm, model, why, "an attempt has no cost; set the model's price");
        }
    }
}

/// Chat completions say nothing of searches. They are only made by models that are there for it
/// (`gpt-4o-search-preview`, `gpt-5-search-api`), and those make one for every answer.
fn always_searches(model: &str, price: &ModelPrice) -> bool {
    model.as_bytes().windows(8).any(|part| part == b"-search-")
        && price.unit(Unit::WebSearchCall).is_some()
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
        web_search_calls: count.tools.web_searches,
        file_search_calls: count.tools.file_searches,
        code_interpreter_sessions: count.tools.containers.len() as u64 * call.container_sessions,
        // Comes with a job's end alone.
        trained_tokens: 0,
    })
}
