//! `tollgate.price` and `tollgate.price_import`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{List, Listed};

/// A model's price that holds now.
#[derive(Serialize)]
pub struct Price<'a> {
    object: &'static str,
    /// The model.
    id: &'a str,
    /// `built_in`, `imported`, `config` or `set`.
    source: &'static str,
    /// In the field's format: US dollars, decimals as they were written.
    price: &'a RawValue,
}

impl<'a> Price<'a> {
    #[must_use]
    pub fn new(model: &'a str, source: &'static str, price: &'a RawValue) -> Self {
        Self { object: "tollgate.price", id: model, source, price }
    }
}

impl Listed for Price<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// All prices, and the models that were called without one since the prices last changed.
#[derive(Serialize)]
pub struct PriceList<'a> {
    #[serde(flatten)]
    pub list: List<Price<'a>>,
    pub unpriced: Vec<UnpricedModel<'a>>,
    /// Unix seconds at which the price file came that waits for approval.
    pub import_held_at: Option<i64>,
}

/// A model whose calls had no cost.
#[derive(Serialize)]
pub struct UnpricedModel<'a> {
    pub model: &'a str,
    pub reason: &'a str,
    pub attempts: u64,
    /// Unix seconds.
    pub last_attempt_at: i64,
}

/// What became of an imported file.
#[derive(Serialize)]
pub struct PriceImported<'a> {
    pub object: &'static str,
    /// `in_use` or `held`.
    pub status: &'static str,
    pub models: usize,
    pub left_out: usize,
    pub warnings: &'a [String],
    pub alarms: &'a [String],
}
