//! What is publicly known of a language model.

/// Limits and kind of one model, from the built-in table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    pub name: &'static str,
    /// `chat`, `embedding`, `responses`, `image_generation`, …: the public table's word.
    pub mode: &'static str,
    /// Tokens; 0 where the table does not say.
    pub max_input: u32,
    /// Tokens; 0 where the table does not say.
    pub max_output: u32,
}
