//! Answers of two models to the same calls, for a person to judge.

use std::sync::Arc;

use domain::ports::{Comparisons, StoreResult};
use domain::{Comparison, ComparisonQuery, Fault, LoggedAttempt, NearMatch, NearQuery};
use serde_json::Value;

use crate::Control;
use crate::transact::store_fault;

/// Where nothing keeps any.
pub(crate) struct NoComparisons;

impl Comparisons for NoComparisons {
    fn keep_comparison(&self, _: Comparison) -> StoreResult<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn comparisons(&self, _: ComparisonQuery) -> StoreResult<'_, Vec<Comparison>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn keep_match(&self, _: NearMatch) -> StoreResult<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn matches(&self, _: NearQuery) -> StoreResult<'_, Vec<NearMatch>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A comparison with what was said, and what each call came to.
pub struct ComparedCall {
    pub comparison: Comparison,
    /// `None` where the project keeps nothing.
    pub texts: Option<ComparedTexts>,
    /// The attempts of the call and of its copy; none where the log no longer has them.
    pub first: Vec<LoggedAttempt>,
    pub shadow: Vec<LoggedAttempt>,
}

/// Each cut at 64 KiB.
pub struct ComparedTexts {
    pub request: String,
    /// `None` of an answer that was longer.
    pub answer: Option<String>,
    pub shadow_answer: String,
}

impl Control {
    /// Where comparisons are kept.
    #[must_use]
    pub fn with_comparisons(self, comparisons: Arc<dyn Comparisons>) -> Self {
        Self { comparisons, ..self }
    }

    /// Comparisons, newest first, and whether more follow.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_comparisons(
        &self,
        mut query: ComparisonQuery,
    ) -> Result<(Vec<ComparedCall>, bool), Fault> {
        let fault = |error| store_fault(error, "the comparisons");
        let most = query.limit as usize;
        query.limit = query.limit.saturating_add(1);
        let mut found = self.comparisons.comparisons(query).await.map_err(fault)?;
        let more = found.len() > most;
        found.truncate(most);
        let mut all = Vec::with_capacity(found.len());
        for comparison in found {
            let attempts = |id: &domain::RequestId| self.usage.attempts_of(id.clone());
            let first = attempts(&comparison.request).await.map_err(fault)?;
            let shadow = attempts(&comparison.shadow_request).await.map_err(fault)?;
            let texts = self.compared_texts(&comparison);
            all.push(ComparedCall { comparison, texts, first, shadow });
        }
        Ok((all, more))
    }

    fn compared_texts(&self, comparison: &Comparison) -> Option<ComparedTexts> {
        let context = Comparison::context(&comparison.project, &comparison.request);
        let plain = self.vault.open_bytes(&context, comparison.sealed.as_ref()?).ok()?;
        let value: Value = serde_json::from_slice(&plain).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(ComparedTexts {
            request: text("request")?,
            answer: text("answer"),
            shadow_answer: text("shadow_answer")?,
        })
    }
}
