//! What is kept of a call that carries an idempotency key: so that the same call, made again, gets the
//! answer that it had, and is not paid twice.

use crate::{ProjectId, RequestId, Timestamp};

/// A keyed hash of what is compared and never read back: a body, a name that a client chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// An idempotency key: one project's, whatever others call theirs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    pub project: ProjectId,
    pub name: Fingerprint,
}

/// A call that was answered, and its answer as far as it may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub key: IdempotencyKey,
    /// Of the call: its target and its body.
    pub call: Fingerprint,
    /// The call that was answered.
    pub request: RequestId,
    pub kept_at: Timestamp,
    /// From then on the key is free again.
    pub ends_at: Timestamp,
    /// Status, headers and body, sealed. `None` where nothing of it may be kept, or it was too large.
    pub sealed: Option<Vec<u8>>,
}

/// How much is kept. Over a bound in bytes, the oldest answers go, and their keys stay; over one in
/// number, the oldest keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerBounds {
    /// Bytes, over all projects.
    pub bytes: u64,
    pub project_bytes: u64,
    /// Keys, over all projects.
    pub answers: u64,
    pub project_answers: u64,
}
