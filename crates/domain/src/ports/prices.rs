//! The field's format of prices.

use crate::price::{ModelPrice, PriceFile};

/// Reads and writes prices in the field's format.
pub trait PriceFormat: Send + Sync {
    /// The prices that are built in.
    fn built_in(&self) -> Vec<(String, ModelPrice)>;

    /// Reads a file; of rows of other providers all, or none.
    ///
    /// # Errors
    /// Every mistake in it, one sentence each.
    fn file(&self, text: &[u8], everything: bool) -> Result<PriceFile, Vec<String>>;

    /// Reads one model's row, and says what was not understood.
    ///
    /// # Errors
    /// Every mistake in it, one sentence each.
    fn row(&self, model: &str, text: &str) -> Result<(ModelPrice, Vec<String>), Vec<String>>;

    /// A row as [`PriceFormat::row`] reads it.
    fn render(&self, price: &ModelPrice) -> String;
}
