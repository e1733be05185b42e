//! Answers that outlive their calls.

use super::StoreResult;
use crate::{
    AnswerBounds, Comparison, ComparisonQuery, IdempotencyKey, KeptAnswer, NearMatch, NearQuery,
    Timestamp,
};

/// Answers to calls that carry an idempotency key.
pub trait KeptAnswers: Send + Sync {
    /// What is kept under a key, unless its time is over by `now`.
    fn answer(&self, key: IdempotencyKey, now: Timestamp) -> StoreResult<'_, Option<KeptAnswer>>;

    /// Keeps an answer, durably before it returns, in the place of what was there before; and lets go
    /// of what is over, or beyond the bounds.
    fn keep_answer(&self, answer: KeptAnswer, bounds: AnswerBounds) -> StoreResult<'_, ()>;
}

/// Answers of two models to the same calls, and of one to nearly the same: for a person to judge.
pub trait Comparisons: Send + Sync {
    /// Keeps one; the oldest go beyond a number, of a project and of all.
    fn keep_comparison(&self, comparison: Comparison) -> StoreResult<'_, ()>;

    /// Newest first.
    fn comparisons(&self, query: ComparisonQuery) -> StoreResult<'_, Vec<Comparison>>;

    /// Keeps a near match of the cache, as above.
    fn keep_match(&self, told: NearMatch) -> StoreResult<'_, ()>;

    /// Newest first.
    fn matches(&self, query: NearQuery) -> StoreResult<'_, Vec<NearMatch>>;
}
