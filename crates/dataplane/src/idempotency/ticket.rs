//! The call that has taken a key.

use std::sync::Arc;

use domain::{Fingerprint, IdempotencyKey, KeptAnswer, RequestId, Timestamp};
use http::{HeaderMap, StatusCode};

use super::{Standing, answer};
use crate::shared::Dataplane;

/// Its key is taken until the call is answered, and free again when this is dropped before that.
pub(crate) struct Ticket {
    pub(super) shared: Arc<Dataplane>,
    pub(super) key: IdempotencyKey,
    pub(super) call: Fingerprint,
    pub(super) request: RequestId,
    /// Whether the answer itself may be kept.
    pub(super) keeps: bool,
    pub(super) is_over: bool,
}

/// What an answer is sealed for.
pub(super) fn context(key: &IdempotencyKey, request: &RequestId) -> String {
    format!("kept answer {} {}", key.project, request.as_str())
}

impl Ticket {
    /// What stands before an answer's body.
    pub(crate) fn head(status: StatusCode, map: &HeaderMap) -> Vec<u8> {
        answer::encode_head(status, map)
    }

    pub(crate) fn shared(&self) -> &Dataplane {
        &self.shared
    }

    /// Whether the answer itself may be kept.
    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    /// The call was answered: with this, where it may be kept and is not too large.
    pub(crate) fn answered(mut self, plain: Option<&[u8]>) {
        self.is_over = true;
        let shared = Arc::clone(&self.shared);
        let settings = shared.settings.idempotency;
        let context = context(&self.key, &self.request);
        let kept_at = shared.clock.now();
        let keep = i64::try_from(settings.keep.as_millis()).unwrap_or(i64::MAX);
        let kept = Arc::new(KeptAnswer {
            key: self.key.clone(),
            call: self.call,
            request: self.request.clone(),
            kept_at,
            ends_at: Timestamp(kept_at.0.saturating_add(keep)),
            sealed: plain.map(|plain| shared.vault.seal_bytes(&context, plain)),
        });
        let standing = Standing::Answered(Arc::clone(&kept));
        shared.idempotency.keys().insert(self.key.clone(), standing);
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let tasks = shared.tasks.clone();
        tasks.spawn(async move {
            let answer = KeptAnswer::clone(&kept);
            match shared.idempotency.port.keep_answer(answer, settings.bounds).await {
                Ok(()) => shared.idempotency.written(&kept),
                // It stays in memory: this process at least does not make the call again.
                Err(error) => tracing::warn!(request = %kept.request, %error,
                                             "an idempotent answer cannot be written"),
            }
        });
    }
}

impl super::Idempotency {
    /// The store has it: it need not be in memory.
    fn written(&self, kept: &Arc<KeptAnswer>) {
        let mut keys = self.keys();
        if let Some(Standing::Answered(there)) = keys.get(&kept.key)
            && Arc::ptr_eq(there, kept)
        {
            keys.remove(&kept.key);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.idempotency.keys().remove(&self.key);
        }
    }
}
