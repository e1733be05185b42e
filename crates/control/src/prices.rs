//! Prices: what the config file and the API set over what is built in.

mod find;
mod import;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::fault::catalogue;
use domain::ports::{PriceFormat, PriceGaps};
use domain::price::{ImportState, Layer, ModelPrice, PriceBook, PriceFile, PriceRow, Unpriced};
use domain::{Change, Fault};
use serde_json::json;

use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

pub use find::{PriceLayer, PriceQuestion, PriceRowNow};
pub use import::Imported;
use import::mistaken;

/// What the control plane itself knows of prices.
pub(crate) struct Desk {
    format: Arc<dyn PriceFormat>,
    gaps: Arc<dyn PriceGaps>,
    /// The config file's, which only the file changes.
    declared: RwLock<Vec<(String, ModelPrice)>>,
    /// Counts refreshes, each begun after its change was committed.
    begun: AtomicU64,
    /// The number of the refresh whose book is in use.
    in_use: Mutex<u64>,
}

/// A model's price that holds now.
#[derive(Clone, Debug)]
pub struct PriceState {
    pub model: String,
    pub layer: Layer,
    /// A JSON object in the field's format.
    pub text: String,
}

impl Desk {
    pub(crate) fn new(format: Arc<dyn PriceFormat>, gaps: Arc<dyn PriceGaps>) -> Self {
        let (declared, begun, in_use) = Default::default();
        Self { format, gaps, declared, begun, in_use }
    }

    fn declared(&self) -> Vec<(String, ModelPrice)> {
        self.declared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse_declared(&self, model: &str) -> Result<(), Fault> {
        let declared = self.declared.read().unwrap_or_else(PoisonError::into_inner);
        if declared.iter().any(|(name, _)| name == model) {
            let why = format!(
                "The price of '{model}' stands in the config file, so it cannot be changed here. \
                 Change its [[prices]] there; what is written is reloaded."
            );
            return Err(Fault::because(&catalogue::MANAGED_BY_FILE, why));
        }
        Ok(())
    }

    /// A text that this program has written.
    fn stored(&self, text: &str) -> Result<PriceFile, Fault> {
        let read = self.format.file(text.as_bytes(), true);
        read.map_err(|why| unreadable("the imported prices", &why))
    }
}

impl Control {
    /// Puts the config file's prices in place of those that it named before, and the book that
    /// comes of it in use.
    ///
    /// # Errors
    /// 503 when the store is away; the old book stays in use.
    pub async fn declare_prices(
        &self,
        declared: Vec<(String, ModelPrice)>,
    ) -> Result<Arc<PriceBook>, Fault> {
        *self.prices.declared.write().unwrap_or_else(PoisonError::into_inner) = declared;
        self.refresh_prices().await
    }

    /// What every model with a price costs now, by name.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_prices(&self) -> Result<Vec<PriceState>, Fault> {
        let (book, now) = (self.price_book().await?, self.clock.now());
        let models = book.models();
        let shown = models.filter_map(|(model, entries)| {
            let entry = entries.iter().find(|entry| entry.price.holds_at(now))?;
            Some(self.shown(model, entry.layer, &entry.price))
        });
        Ok(shown.collect())
    }

    /// The models that were called without a price since the book in use came (case 25).
    #[must_use]
    pub fn unpriced_models(&self) -> Vec<Unpriced> {
        self.prices.gaps.unpriced()
    }

    /// The price by which calls of a model are billed now.
    ///
    /// # Errors
    /// 404 for a model without one.
    pub async fn price(&self, model: &str) -> Result<PriceState, Fault> {
        let book = self.price_book().await?;
        let entry = book.find(model, self.clock.now()).ok_or_else(|| no_price(model))?;
        Ok(self.shown(model, entry.layer, &entry.price))
    }

    /// Makes or replaces the price of a model: a JSON object in the field's format. It holds for
    /// what is settled from now on.
    ///
    /// # Errors
    /// 400 with every mistake; 409 for a model of the config file.
    pub async fn set_price(
        &self,
        author: &Author,
        model: &str,
        text: &str,
    ) -> Result<PriceState, Fault> {
        self.prices.refuse_declared(model)?;
        let read = self.prices.format.row(model, text);
        let (price, strange) = read.map_err(|why| mistaken(&why))?;
        if !strange.is_empty() {
            // In a table many keys are of no use here; in a price that somebody sets, none is.
            return Err(mistaken(&strange));
        }
        let text = self.prices.format.render(&price);
        let payload = json!({ "id": model, "price": text });
        let (model, updated_at) = (model.to_owned(), self.clock.now());
        let change = Change::PutPrice(PriceRow { model: model.clone(), text, updated_at });
        self.change_prices(author, "price.updated", &payload, &model, vec![change]).await?;
        self.price(&model).await
    }

    /// Removes a price that was set; what lies beneath it holds again.
    ///
    /// # Errors
    /// 404 where none was set; 409 for a model of the config file.
    pub async fn remove_price(&self, author: &Author, model: &str) -> Result<(), Fault> {
        self.prices.refuse_declared(model)?;
        let change = Change::RemovePrice { model: model.to_owned() };
        let payload = json!({ "id": model });
        self.change_prices(author, "price.deleted", &payload, model, vec![change]).await
    }

    /// The book of all layers, as they stand in the store.
    pub(crate) async fn price_book(&self) -> Result<PriceBook, Fault> {
        let rows = self.records.price_rows().await;
        let rows = rows.map_err(|error| store_fault(error, "the prices"))?;
        let imported = match self.import(ImportState::InUse).await? {
            Some(import) => self.prices.stored(&import.text)?.models,
            None => BTreeMap::new(),
        };
        let declared = self.prices.declared();
        let mut set = Vec::new();
        // What the file names, the file owns: what was set before it came holds no more.
        let of_file = |row: &PriceRow| declared.iter().any(|(model, _)| *model == row.model);
        for PriceRow { model, text, .. } in rows.into_iter().filter(|row| !of_file(row)) {
            let read = self.prices.format.row(&model, &text);
            let (price, _) = read.map_err(|why| unreadable(&model, &why))?;
            set.push((model, price));
        }
        let layer = |layer| move |(model, price)| (layer, model, price);
        let built_in = self.prices.format.built_in().into_iter().map(layer(Layer::BuiltIn));
        Ok(PriceBook::new(
            built_in
                .chain(imported.into_iter().map(layer(Layer::Imported)))
                .chain(declared.into_iter().map(layer(Layer::Config)))
                .chain(set.into_iter().map(layer(Layer::Set))),
        ))
    }

    /// Puts the book as it stands in use. Of two at once, the one that began later knows what the
    /// other has committed; so its book stays, whichever comes last.
    async fn refresh_prices(&self) -> Result<Arc<PriceBook>, Fault> {
        let number = self.prices.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let book = Arc::new(self.price_book().await?);
        let mut in_use = self.prices.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if *in_use < number {
            *in_use = number;
            self.invalidate.prices_changed(Arc::clone(&book));
        }
        Ok(book)
    }

    async fn change_prices(
        &self,
        author: &Author,
        event: &'static str,
        payload: &serde_json::Value,
        what: &str,
        changes: Vec<Change>,
    ) -> Result<(), Fault> {
        let audit = vec![self.audit(author, event, None, payload)];
        self.commit(what, Write { changes, audit, stale: Stale::Nothing }).await?;
        self.refresh_prices().await.map(drop)
    }

    fn shown(&self, model: &str, layer: Layer, price: &ModelPrice) -> PriceState {
        PriceState { model: model.to_owned(), layer, text: self.prices.format.render(price) }
    }
}

fn no_price(model: &str) -> Fault {
    not_found(&format!("the price of {model}"))
}

/// What this version cannot read must not pass as no price.
fn unreadable(what: &str, why: &[String]) -> Fault {
    let message = format!("What is stored of {what} cannot be read: {}.", why.join("; "));
    Fault::because(&catalogue::INTERNAL_ERROR, message)
}
