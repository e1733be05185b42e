//! Usage: what one attempt consumed, and the questions asked of many.

use std::sync::Arc;

use crate::{Cost, KeyId, Nanos, ProjectId, RequestId, Timestamp, UpstreamId};

/// Token counts of one attempt. Details are parts of the totals, as in OpenAI's bodies:
/// `input_cached` is inside `input`, `output_reasoning` inside `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub input_cached: u64,
    pub input_cache_write: u64,
    /// The part of `input_cache_write` that is kept for longer than usual, where a provider says.
    pub input_cache_write_long: u64,
    pub input_audio: u64,
    pub input_image: u64,
    pub output: u64,
    pub output_reasoning: u64,
    pub output_audio: u64,
    pub output_image: u64,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The provider's answer was complete and the client took it.
    Completed,
    /// The provider refused: a status of 400 and above, passed on or translated.
    Refused,
    /// The client left before the end; the rest was read for its usage.
    ClientGone,
    /// No complete answer came: connection, time-out, broken stream.
    UpstreamFailed,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::ClientGone => "client_gone",
            Self::UpstreamFailed => "upstream_failed",
        }
    }
}

/// Which of the usage reports an attempt belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageFamily {
    Completions,
    Embeddings,
    Moderations,
    Images,
    AudioSpeeches,
    AudioTranscriptions,
    Videos,
    /// Everything that has no report of its own: files, lists, look-ups.
    Other,
}

impl UsageFamily {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Moderations => "moderations",
            Self::Images => "images",
            Self::AudioSpeeches => "audio_speeches",
            Self::AudioTranscriptions => "audio_transcriptions",
            Self::Videos => "videos",
            Self::Other => "other",
        }
    }
}

/// One attempt, as it is written to the request log and folded into the rollups.
#[derive(Clone, Debug)]
pub struct UsageRecord {
    pub request: RequestId,
    /// 1 for the first attempt of a call.
    pub attempt: u32,
    /// When the call arrived.
    pub at: Timestamp,
    /// The class table's operation id, such as `createChatCompletion`.
    pub operation: &'static str,
    pub family: UsageFamily,
    pub project: ProjectId,
    pub key: KeyId,
    /// The Tollgate user or service account that owns the key.
    pub user: Arc<str>,
    /// The body's own `user` or `safety_identifier`: a label, at most 256 bytes.
    pub user_label: Option<Box<str>>,
    pub model_asked: Option<Arc<str>>,
    pub model_served: Option<Arc<str>>,
    pub service_tier: Option<Arc<str>>,
    pub upstream: UpstreamId,
    /// The provider's `x-request-id`.
    pub upstream_request: Option<Box<str>>,
    /// What the client was answered; the provider's status unless we replaced it.
    pub status: u16,
    pub outcome: Outcome,
    pub stream: bool,
    pub batch: bool,
    /// The provider gave no usage; the counts are the tokenizer's.
    pub estimated: bool,
    pub tokens: Tokens,
    pub images: u32,
    /// Milliseconds of audio or video.
    pub media_ms: u64,
    pub characters: u64,
    /// Absent when the model has no price here.
    pub cost: Option<Cost>,
    /// Our code, when we refused or replaced the answer.
    pub error: Option<&'static str>,
    pub queue_us: u32,
    pub first_byte_us: u32,
    pub total_us: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

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
}

/// Only what matches every non-empty list.
#[derive(Clone, Debug, Default)]
pub struct UsageFilter {
    pub projects: Vec<String>,
    pub users: Vec<String>,
    pub keys: Vec<String>,
    pub models: Vec<String>,
    pub batch: Option<bool>,
}

/// A usage report's question. Times are Unix seconds, `[start, end)`, aligned to the width.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    pub family: UsageFamily,
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
    pub requests: u64,
    /// How many of the requests were counted by us, not by the provider.
    pub estimated: u64,
    pub tokens: Tokens,
    pub images: u64,
    pub media_ms: u64,
    pub characters: u64,
    pub cost: Nanos,
}

/// One bucket with its results; a bucket without calls is not returned.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Unix seconds.
    pub start: i64,
    pub rows: Vec<UsageRow>,
}
