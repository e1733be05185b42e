//! The book as people look through it.

use std::sync::Arc;

use domain::Fault;
use domain::price::{Layer, ModelPrice};

use crate::Control;
use crate::prices::PriceState;

/// Which models of the book somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct PriceQuestion {
    /// What stands somewhere in the model's name, in any case of letters.
    pub part: String,
    pub layer: Option<Layer>,
    /// The model before the first one that is wanted.
    pub after: Option<String>,
    pub limit: usize,
}

/// A model's price that holds now.
#[derive(Clone, Debug)]
pub struct PriceRowNow {
    pub model: String,
    pub layer: Layer,
    pub price: Arc<ModelPrice>,
}

/// A model's price in one layer of the book.
#[derive(Clone, Debug)]
pub struct PriceLayer {
    pub state: PriceState,
    pub price: Arc<ModelPrice>,
    /// Whether calls are billed by this one now.
    pub in_use: bool,
}

impl Control {
    /// The prices that hold now, by name; and whether there are more than were asked for.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn find_prices(
        &self,
        question: &PriceQuestion,
    ) -> Result<(Vec<PriceRowNow>, bool), Fault> {
        let (book, now) = (self.price_book().await?, self.clock.now());
        let part = question.part.to_lowercase();
        let wanted = |model: &str| {
            question.after.as_deref().is_none_or(|after| after < model)
                && model.to_lowercase().contains(&part)
        };
        let found = book.models().filter(|(model, _)| wanted(model));
        let found = found.filter_map(|(model, entries)| {
            let entry = entries.iter().find(|entry| entry.price.holds_at(now))?;
            let fits = question.layer.is_none_or(|layer| layer == entry.layer);
            fits.then(|| PriceRowNow {
                model: model.to_owned(),
                layer: entry.layer,
                price: Arc::clone(&entry.price),
            })
        });
        let mut rows: Vec<_> = found.take(question.limit.saturating_add(1)).collect();
        let more = rows.len() > question.limit;
        rows.truncate(question.limit);
        Ok((rows, more))
    }

    /// All that the book says of a model, the highest layer first; nothing of one without a price.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn price_layers(&self, model: &str) -> Result<Vec<PriceLayer>, Fault> {
        let (book, now) = (self.price_book().await?, self.clock.now());
        let entries = book.models().find(|(name, _)| *name == model);
        let entries = entries.map(|(_, entries)| entries).unwrap_or_default();
        let in_use = entries.iter().position(|entry| entry.price.holds_at(now));
        let layers = entries.iter().enumerate().map(|(at, entry)| PriceLayer {
            state: self.shown(model, entry.layer, &entry.price),
            price: Arc::clone(&entry.price),
            in_use: in_use == Some(at),
        });
        Ok(layers.collect())
    }
}
