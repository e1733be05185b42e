//! Near matches of the answer cache, and what thresholds would have done.

use domain::{AtThreshold, NearMatch};
use serde::Serialize;

use super::{Listed, place_id};

/// `tollgate.near_match`.
#[derive(Serialize)]
pub struct NearMatchShape<'a> {
    object: &'static str,
    id: String,
    created_at: i64,
    project_id: &'a str,
    model: &'a str,
    request_id: &'a str,
    /// The stored answer's.
    cache_key: String,
    /// Thousandths of the cosine.
    similarity: u16,
    given: bool,
    /// What both answers have in common, in thousandths of their words; `null` where the provider was
    /// not asked.
    common_words: Option<u16>,
    texts: Option<NearTexts<'a>>,
}

/// What was said, each cut at 1,000 characters.
#[derive(Serialize)]
pub struct NearTexts<'a> {
    pub asked: &'a str,
    pub near: &'a str,
    pub stored_answer: Option<&'a str>,
    pub answer: Option<&'a str>,
}

impl<'a> NearMatchShape<'a> {
    #[must_use]
    pub fn new(told: &'a NearMatch, texts: Option<NearTexts<'a>>) -> Self {
        Self {
            object: "tollgate.near_match",
            id: place_id(told.place),
            created_at: told.at.seconds(),
            project_id: told.project.as_str(),
            model: &told.model,
            request_id: told.request.as_str(),
            cache_key: told.key.to_hex(),
            similarity: told.similarity,
            given: told.given,
            common_words: told.common,
            texts,
        }
    }
}

impl Listed for NearMatchShape<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}

/// `tollgate.near_evaluation`. Shares are thousandths.
#[derive(Serialize)]
pub struct NearEvaluationShape {
    object: &'static str,
    pairs: u32,
    same: u16,
    thresholds: Vec<ThresholdShape>,
}

#[derive(Serialize)]
struct ThresholdShape {
    threshold: u16,
    pairs: u32,
    false_hits: u32,
    false_rate: Option<u16>,
    false_rate_at_most: Option<u16>,
}

impl NearEvaluationShape {
    #[must_use]
    pub fn new(pairs: u32, same: u16, rows: &[AtThreshold]) -> Self {
        let row = |row: &AtThreshold| ThresholdShape {
            threshold: row.threshold,
            pairs: row.pairs,
            false_hits: row.apart,
            false_rate: row.rate,
            false_rate_at_most: row.at_most,
        };
        let thresholds = rows.iter().map(row).collect();
        Self { object: "tollgate.near_evaluation", pairs, same, thresholds }
    }
}
