//! Usage: what one attempt consumed.

use std::sync::Arc;

use crate::advice::Prints;
use crate::{CacheUse, Cost, KeyId, Nanos, ProjectId, RequestId, Timestamp, UpstreamId};

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

impl Tokens {
    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in [
            (&mut self.input, other.input),
            (&mut self.input_cached, other.input_cached),
            (&mut self.input_cache_write, other.input_cache_write),
            (&mut self.input_cache_write_long, other.input_cache_write_long),
            (&mut self.input_audio, other.input_audio),
            (&mut self.input_image, other.input_image),
            (&mut self.output, other.output),
            (&mut self.output_reasoning, other.output_reasoning),
            (&mut self.output_audio, other.output_audio),
            (&mut self.output_image, other.output_image),
        ] {
            *sum = sum.saturating_add(count);
        }
    }
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
    pub const ALL: [Self; 4] =
        [Self::Completed, Self::Refused, Self::ClientGone, Self::UpstreamFailed];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

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
    pub const ALL: [Self; 8] = [
        Self::Completions,
        Self::Embeddings,
        Self::Moderations,
        Self::Images,
        Self::AudioSpeeches,
        Self::AudioTranscriptions,
        Self::Videos,
        Self::Other,
    ];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == text)
    }

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

/// How images came about: the usage report of images tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageSource {
    Generation,
    Edit,
    Variation,
}

impl ImageSource {
    pub const ALL: [Self; 3] = [Self::Generation, Self::Edit, Self::Variation];

    /// By the operation that makes images; what the class table may add counts as generation.
    #[must_use]
    pub fn of_operation(operation: &str) -> Self {
        match operation {
            "createImageEdit" => Self::Edit,
            "createImageVariation" => Self::Variation,
            _ => Self::Generation,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generation => "image.generation",
            Self::Edit => "image.edit",
            Self::Variation => "image.variation",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
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
    /// What the cache did for the call, where it went by one.
    pub cache: Option<CacheUse>,
    /// What the answer cost when it was made, where the cache gave it.
    pub saved: Option<Nanos>,
    /// A copy of another call, made for comparison.
    pub shadow: bool,
    /// What it asked, as keyed hashes, where that is to be known.
    pub prints: Option<Prints>,
}

impl UsageRecord {
    /// Whether the provider took it as a request; what it refused is none, whatever it cost.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.outcome != Outcome::Refused
    }

    /// Whether it may have cost something that nobody here can tell: a request of a kind that is
    /// paid for, without a price. Look-ups and lists are free.
    #[must_use]
    pub fn is_unpriced(&self) -> bool {
        let free = self.family == UsageFamily::Other && self.tokens == Tokens::default();
        self.is_request() && self.cost.is_none() && !free
    }
}
