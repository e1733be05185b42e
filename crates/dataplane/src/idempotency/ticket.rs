//! The call that has taken a key.

use std::sync::Arc;

use domain::{Fingerprint, IdempotencyKey, KeptAnswer, RequestId, Timestamp};
use http::{HeaderMap, StatusCode};

use super::{Standing, answer, weight};
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
        let kept = shared.idempotency.hold(
            settings.memory,
            KeptAnswer {
                key: self.key.clone(),
                call: self.call,
                request: self.request.clone(),
                kept_at,
                ends_at: Timestamp(kept_at.0.saturating_add(keep)),
                sealed: plain.map(|plain| shared.vault.seal_bytes(&context, plain)),
            },
        );
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
    /// An answer in memory, until the store has it. Where there is no room for its text, only that
    /// there was one: a store that takes nothing must not fill the memory.
    fn hold(&self, most: usize, mut kept: KeptAnswer) -> Arc<KeptAnswer> {
        if !self.grow(weight(&kept), most) {
            kept.sealed = None;
        }
        let kept = Arc::new(kept);
        self.keys().insert(kept.key.clone(), Standing::Answered(Arc::clone(&kept)));
        kept
    }

    /// The store has it: it need not be in memory.
    fn written(&self, kept: &Arc<KeptAnswer>) {
        let mut keys = self.keys();
        if let Some(Standing::Answered(there)) = keys.get(&kept.key)
            && Arc::ptr_eq(there, kept)
        {
            keys.remove(&kept.key);
            self.shrink(weight(kept));
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

#[cfg(test)]
mod tests {
    use domain::ports::{KeptAnswers, StoreResult};
    use domain::{AnswerBounds, Fingerprint};

    use super::super::Idempotency;
    use super::*;

    /// What is held is looked at before it is asked for anything.
    struct Unasked;

    impl KeptAnswers for Unasked {
        fn answer(&self, _: IdempotencyKey, _: Timestamp) -> StoreResult<'_, Option<KeptAnswer>> {
            Box::pin(async { Ok(None) })
        }

        fn keep_answer(&self, _: KeptAnswer, _: AnswerBounds) -> StoreResult<'_, ()> {
            Box::pin(async { Ok(()) })
        }
    }

    fn answer(number: u8, bytes: usize) -> KeptAnswer {
        KeptAnswer {
            key: IdempotencyKey { project: "p".into(), name: Fingerprint([number; 32]) },
            call: Fingerprint([0; 32]),
            request: "req_1".into(),
            kept_at: Timestamp(0),
            ends_at: Timestamp(1),
            sealed: Some(vec![0; bytes]),
        }
    }

    #[test]
    fn answers_that_no_store_takes_do_not_fill_the_memory() {
        let all = Idempotency::new(Arc::new(Unasked));
        let held: Vec<_> = (0..10).map(|number| all.hold(250, answer(number, 100))).collect();
        let texts = held.iter().filter(|kept| kept.sealed.is_some()).count();
        assert_eq!((texts, all.keys().len()), (2, 10), "of the others, that they were given");
        // Once the store has one, there is room again.
        all.written(&held[0]);
        assert_eq!(all.keys().len(), 9);
        assert!(all.hold(250, answer(11, 100)).sealed.is_some());
        assert!(all.hold(250, answer(12, 100)).sealed.is_none());
    }
}
