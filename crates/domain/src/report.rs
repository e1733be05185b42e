//! Reports: the questions asked of many records, and their answers.

use crate::{Cost, ImageSource, Timestamp, Tokens, UsageFamily};

/// How wide a bucket of a usage report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BucketWidth {
    Minute,
    Hour,
    Day,
}

impl BucketWidth {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    #[must_use]
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.as_str() == text)
    }

    /// The start of the bucket that holds `at`, in Unix seconds.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> i64 {
        at.seconds().div_euclid(self.seconds()) * self.seconds()
    }
}

/// Which dimensions a report tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupBy {
    pub project: bool,
    pub user: bool,
    pub key: bool,
    pub model: bool,
    pub batch: bool,
    pub service_tier: bool,
    /// For images.
    pub source: bool,
}

/// Only what matches every non-empty list.
#[derive(Clone, Debug, Default)]
pub struct UsageFilter {
    pub projects: Vec<String>,
    pub users: Vec<String>,
    pub keys: Vec<String>,
    pub models: Vec<String>,
    pub batch: Option<bool>,
    /// Of images; it says nothing about other families.
    pub sources: Vec<ImageSource>,
}

/// A usage report's question. Times are Unix seconds, `[start, end)`, aligned to the width.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// All families where none is named.
    pub families: Vec<UsageFamily>,
    pub width: BucketWidth,
    pub start: i64,
    pub end: i64,
    pub group: GroupBy,
    pub filter: UsageFilter,
}

/// One result inside a bucket. Dimensions that were not asked for are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    pub project: Option<String>,
    pub user: Option<String>,
    pub key: Option<String>,
    pub model: Option<String>,
    pub batch: Option<bool>,
    pub service_tier: Option<String>,
    pub source: Option<ImageSource>,
    pub requests: u64,
    /// How many of the requests were counted by us, not by the provider.
    pub estimated: u64,
    /// How many of the requests may have cost something, but had no price here.
    pub unpriced: u64,
    pub tokens: Tokens,
    pub images: u64,
    pub media_ms: u64,
    pub characters: u64,
    pub cost: Cost,
    /// The share of `cost` that rests on our own counts.
    pub estimated_cost: Cost,
}

/// One bucket with its results; a bucket without calls is not returned.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Unix seconds.
    pub start: i64,
    pub rows: Vec<UsageRow>,
}
