//! Answers that are kept: under which key, for how long, and whether one may be given again.
//!
//! Freshness is HTTP's (RFC 9111), as far as it means something here: an entry has an age, a project
//! says how old one may be, and a request may ask for more than that.

use std::sync::Arc;

use crate::{ModelPattern, Nanos, ProjectId, Timestamp, UpstreamId};

mod directives;
mod near;
mod route;

pub use directives::{Directives, Reuse};
pub use near::{
    AtThreshold, NearMatch, NearQuery, NearRules, THRESHOLDS, Vector, common_words, evaluate,
};
pub use route::RouteCache;

/// Part of every key. To be raised when what makes two requests the same, or what may be kept, is
/// decided otherwise: entries of another version are never found.
pub const CACHE_POLICY: u32 = 2;

/// All of SHA-256 over project, place and canonical request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(pub [u8; 32]);

impl CacheKey {
    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        let text = self.digits();
        std::str::from_utf8(&text).unwrap_or_default().to_owned()
    }

    /// The same where it is wanted as bytes: each answer tells its key.
    #[must_use]
    pub fn digits(self) -> [u8; 64] {
        let mut text = [0; 64];
        let (pairs, _) = text.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(self.0) {
            *pair = [byte >> 4, byte & 15].map(|nibble| b"0123456789abcdef"[usize::from(nibble)]);
        }
        text
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(key))
    }
}

/// How a stored answer is given again as a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// As fast as the client takes it.
    #[default]
    AtOnce,
    /// In the time that it took when it was made.
    Paced,
}

impl Replay {
    pub const ALL: [Self; 2] = [Self::AtOnce, Self::Paced];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::Paced => "paced",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|replay| replay.as_str() == text)
    }
}

/// What those pay who get the answer of an equal call that was in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joiners {
    /// Nothing: whoever asked first pays for all.
    #[default]
    Free,
    /// A part of what the provider takes, as much as each of the others.
    Share,
}

impl Joiners {
    pub const ALL: [Self; 2] = [Self::Free, Self::Share];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Share => "share",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|joiners| joiners.as_str() == text)
    }
}

/// What a project says of its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheRules {
    /// For every call that does not say otherwise.
    pub enabled: bool,
    /// Calls may turn it on by themselves.
    pub by_header: bool,
    /// An entry is fresh for this long.
    pub ttl_seconds: u32,
    /// And may then be given again for this long, while it is asked for anew in the background.
    pub stale_seconds: u32,
    pub replay: Replay,
    pub joiners: Joiners,
    /// What was asked for before this moment is not given again.
    pub purged_at: Option<Timestamp>,
}

impl CacheRules {
    pub const TTL: u32 = 3_600;
    /// The longest time to live that may be set.
    pub const LONGEST: u32 = 365 * 86_400;

    /// Whether a call goes by the cache. `asked` is what the call says of itself.
    #[must_use]
    pub fn applies(&self, asked: Option<bool>) -> bool {
        match asked {
            Some(true) => self.enabled || self.by_header,
            Some(false) => false,
            None => self.enabled,
        }
    }

    /// How long an entry may be of any use.
    #[must_use]
    pub fn keep_seconds(&self) -> u32 {
        self.ttl_seconds.saturating_add(self.stale_seconds)
    }
}

impl Default for CacheRules {
    fn default() -> Self {
        Self {
            enabled: false,
            by_header: false,
            ttl_seconds: Self::TTL,
            stale_seconds: 0,
            replay: Replay::AtOnce,
            joiners: Joiners::Free,
            purged_at: None,
        }
    }
}

/// What is changed of a project's rules; the rest stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CachePatch {
    pub enabled: Option<bool>,
    pub by_header: Option<bool>,
    pub ttl_seconds: Option<u32>,
    pub stale_seconds: Option<u32>,
    pub replay: Option<Replay>,
    pub joiners: Option<Joiners>,
    pub purged_at: Option<Timestamp>,
}

impl CachePatch {
    #[must_use]
    pub fn on(self, rules: CacheRules) -> CacheRules {
        CacheRules {
            enabled: self.enabled.unwrap_or(rules.enabled),
            by_header: self.by_header.unwrap_or(rules.by_header),
            ttl_seconds: self.ttl_seconds.unwrap_or(rules.ttl_seconds),
            stale_seconds: self.stale_seconds.unwrap_or(rules.stale_seconds),
            replay: self.replay.unwrap_or(rules.replay),
            joiners: self.joiners.unwrap_or(rules.joiners),
            purged_at: self.purged_at.max(rules.purged_at),
        }
    }
}

/// What the cache did for a call that went by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheUse {
    /// A stored answer.
    Hit,
    /// The answer of an equal call that was in flight.
    Joined,
    /// None was there; its own is kept, where it may be.
    Miss,
    /// The stored answer to a question that is nearly the same.
    Near,
}

impl CacheUse {
    pub const ALL: [Self; 4] = [Self::Hit, Self::Joined, Self::Miss, Self::Near];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Joined => "joined",
            Self::Miss => "miss",
            Self::Near => "near",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|used| used.as_str() == text)
    }
}

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    pub project: ProjectId,
    /// The model as it was asked for: the route's name.
    pub model: Arc<str>,
    /// Where it came from, and what the provider called the model.
    pub upstream: UpstreamId,
    pub served: Option<Arc<str>>,
    /// When its call arrived: its age counts from here.
    pub at: Timestamp,
    /// Not found any more from here on.
    pub until: Timestamp,
    /// The body is a stream's events, all of them; else one JSON text.
    pub stream: bool,
    /// How long the answer took, in milliseconds.
    pub took_ms: u32,
    /// What it cost; `None` where nobody could say.
    pub cost: Option<Nanos>,
    pub body: Arc<[u8]>,
}

impl CacheEntry {
    /// Seconds since it was asked for.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> u64 {
        u64::try_from(now.0.saturating_sub(self.at.0) / 1_000).unwrap_or(0)
    }

    /// Whether it is still there for this project's rules.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp, rules: &CacheRules) -> bool {
        now < self.until && rules.purged_at.is_none_or(|purged| self.at > purged)
    }
}

/// Which entries of a project are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CachePurge {
    All,
    /// Those of these models as they were asked for; where a * ends a name, of all that begin so.
    Models(Vec<String>),
    Entry(CacheKey),
}

impl CachePurge {
    /// Whether an entry of the project is one of those that are to go.
    #[must_use]
    pub fn takes(&self, key: CacheKey, model: &str) -> bool {
        match self {
            Self::All => true,
            Self::Models(names) => names.iter().any(|name| ModelPattern::fits(name, model)),
            Self::Entry(one) => *one == key,
        }
    }
}

/// What a tier holds of a project, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheHolding {
    pub entries: u64,
    /// Bytes that they take up there, and what the answers are without compression.
    pub bytes: u64,
    pub answer_bytes: u64,
    /// The time of the oldest.
    pub oldest: Option<Timestamp>,
}

/// What a project's cache did since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    pub hits: u64,
    pub joined: u64,
    pub misses: u64,
    /// Stored answers to questions that were nearly the same.
    pub near: u64,
    /// Of the hits: stale ones, which were asked for anew.
    pub stale: u64,
    /// Answers that were not kept although asked to: too long, cut, filtered, or failed.
    pub unkept: u64,
    /// What hits and joined calls would have cost.
    pub saved: Nanos,
    pub memory: CacheHolding,
    pub stored: CacheHolding,
}

#[cfg(test)]
mod tests;
