use std::time::Duration;

use domain::AnswerBounds;

/// How much is kept of answers to calls with an idempotency key, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencySettings {
    /// After an answer; then its key is free again.
    pub keep: Duration,
    /// Bytes of one answer. Of a larger one the key is kept.
    pub answer: usize,
    /// Bytes of all answers that are on their way and to be kept.
    pub memory: usize,
    pub bounds: AnswerBounds,
}

impl Default for IdempotencySettings {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(86_400),
            answer: 8 << 20,
            memory: 64 << 20,
            bounds: AnswerBounds {
                bytes: 1 << 30,
                project_bytes: 256 << 20,
                answers: 1_000_000,
                project_answers: 100_000,
            },
        }
    }
}
