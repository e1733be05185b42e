//! Near matches of the answer cache: what matched, for a person to judge, and how often a threshold
//! would have given the wrong answer.

use domain::{AtThreshold, Fault, NearMatch, NearQuery, evaluate};
use serde_json::Value;

use crate::Control;
use crate::transact::store_fault;

/// Matches that an evaluation goes through, the newest.
const MOST: u32 = 10_000;

/// A match with what was said.
pub struct ShownMatch {
    pub told: NearMatch,
    /// `None` where it cannot be opened.
    pub texts: Option<MatchTexts>,
}

/// Each cut at 1,000 characters.
pub struct MatchTexts {
    pub asked: String,
    pub near: String,
    pub stored_answer: Option<String>,
    /// The provider's, where it was asked.
    pub answer: Option<String>,
}

/// What thresholds would have done.
pub struct NearEvaluation {
    /// Matches that were looked at: those where the provider was asked as well.
    pub pairs: u32,
    /// Answers with so much in common count as the same (thousandths of their words).
    pub same: u16,
    pub rows: Vec<AtThreshold>,
}

impl Control {
    /// Near matches, newest first, and whether more follow.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_near_matches(
        &self,
        mut query: NearQuery,
    ) -> Result<(Vec<ShownMatch>, bool), Fault> {
        let most = query.limit as usize;
        query.limit = query.limit.saturating_add(1);
        let mut found = self.near_matches(query).await?;
        let more = found.len() > most;
        found.truncate(most);
        let shown = |told: NearMatch| ShownMatch { texts: self.match_texts(&told), told };
        Ok((found.into_iter().map(shown).collect(), more))
    }

    /// For each threshold, how often what would have been given differs from what the provider said.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn evaluate_near(
        &self,
        query: NearQuery,
        same: u16,
    ) -> Result<NearEvaluation, Fault> {
        let found = self.near_matches(NearQuery { limit: MOST, ..query }).await?;
        let both = found.iter().filter_map(|told| Some((told.similarity, told.common?)));
        let pairs: Vec<(u16, u16)> = both.collect();
        let rows = evaluate(&pairs, same);
        Ok(NearEvaluation { pairs: u32::try_from(pairs.len()).unwrap_or(u32::MAX), same, rows })
    }

    async fn near_matches(&self, query: NearQuery) -> Result<Vec<NearMatch>, Fault> {
        let found = self.comparisons.matches(query).await;
        found.map_err(|error| store_fault(error, "the near matches"))
    }

    fn match_texts(&self, told: &NearMatch) -> Option<MatchTexts> {
        let context = NearMatch::context(&told.project, &told.request);
        let plain = self.vault.open_bytes(&context, told.sealed.as_ref()?).ok()?;
        let value: Value = serde_json::from_slice(&plain).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(MatchTexts {
            asked: text("asked")?,
            near: text("near")?,
            stored_answer: text("stored_answer"),
            answer: text("answer"),
        })
    }
}
