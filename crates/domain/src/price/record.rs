//! Prices as they are kept: text in the field's format, which a book is made from at a start.

use std::collections::BTreeMap;

use super::ModelPrice;
use crate::Timestamp;

/// What a price file says.
#[derive(Clone, Debug, Default)]
pub struct PriceFile {
    /// By name, each once.
    pub models: BTreeMap<String, ModelPrice>,
    /// What is not understood; it prices nothing.
    pub warnings: Vec<String>,
    /// Rows of other providers, and rows without any price.
    pub left_out: usize,
}

/// A model's price that was set through the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    pub model: String,
    /// A JSON object.
    pub text: String,
    pub updated_at: Timestamp,
}

/// A model whose calls had no cost under the book in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    pub model: String,
    /// What had no price: the model, or something that a call used.
    pub why: String,
    pub attempts: u64,
    pub last_at: Timestamp,
}

/// Whether an imported file is in use, or waits for somebody to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImportState {
    InUse,
    Held,
}

impl ImportState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in_use",
            Self::Held => "held",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::InUse, Self::Held].into_iter().find(|state| state.as_str() == text)
    }
}

/// The file that was imported last, one in each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceImport {
    pub state: ImportState,
    /// A JSON object of the rows that were taken.
    pub text: String,
    pub imported_at: Timestamp,
}
