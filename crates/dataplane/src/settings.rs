//! What an operator may set of the data plane.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use domain::ProjectId;
use tokio::time::Instant;

use crate::cache::CacheSettings;
use crate::idempotency::IdempotencySettings;
use crate::tab::Deadlines;
use crate::trace::Sampler;

/// Deadlines and bounds. Times that a provider needs are long; times that a client needs are not.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connecting to an upstream, TLS included.
    pub connect: Duration,
    /// From the begin of an attempt to the first byte of its answer. Where the operator says
    /// nothing, it goes by the call.
    pub first_byte: Option<Duration>,
    /// Between two pieces of an answer; as above.
    pub gap: Option<Duration>,
    /// From a call's arrival to its last byte, over all attempts.
    pub total: Duration,
    /// How long a call waits before it is made again at the same upstream.
    pub patience: Duration,
    /// How long a call waits for its turn at an upstream's rate limit, where it does not say.
    pub max_wait: Duration,
    /// By a project's id: its keys' shares of an upstream's rate limit, where they are not 1.
    pub weights: BTreeMap<String, u32>,
    /// How often, at most.
    pub repeats: u32,
    /// How long an attempt may be silent before another is made beside it, if ever.
    pub hedge_after: Option<Duration>,
    /// A request body may pause this long, and must average [`Settings::body_rate`] after it.
    pub body_pause: Duration,
    /// Bytes a second.
    pub body_rate: u64,
    /// How long an answer is read on for its usage when its client has gone.
    pub drain: Duration,
    /// How many bytes of it, at most.
    pub drain_bytes: u64,
    /// Calls in flight; above it new ones wait for a moment, and are refused.
    pub calls: usize,
    /// Answers to calls with an idempotency key.
    pub idempotency: IdempotencySettings,
    /// Whether the request log tells, by keyed hashes, which prompts came again.
    pub prompt_hashes: bool,
    /// Where large forms are spooled.
    pub spool_dir: PathBuf,
    /// Hosts, in lower case, that upstreams of the API may be at whatever their address.
    pub private_hosts: Vec<String>,
    /// The answer cache.
    pub cache: CacheSettings,
    /// Which calls are traced; none where it is absent.
    pub trace: Option<Sampler>,
}

/// A stream of a model that answers at once begins within this time, and does not pause longer.
const QUICK: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(60));
/// A model that thinks first is silent for long; and what does not stream says nothing before all
/// of it is there.
const SLOW: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(300));

impl Settings {
    /// A project's share of what is scarce, against the others'.
    pub(crate) fn weight(&self, project: &ProjectId) -> u32 {
        self.weights.get(project.as_str()).copied().unwrap_or(1)
    }

    /// Between two pieces of any answer.
    pub(crate) fn gap(&self) -> Duration {
        self.gap.unwrap_or(SLOW.1)
    }

    /// When a call that arrived at `arrived` is over, whatever comes.
    pub(crate) fn end(&self, arrived: Instant) -> Instant {
        arrived + self.total
    }

    /// How long a call may take that arrived at `arrived`.
    pub(crate) fn deadlines(&self, quick: bool, arrived: Instant) -> Deadlines {
        let (first_byte, gap) = if quick { QUICK } else { SLOW };
        Deadlines {
            first_byte: self.first_byte.unwrap_or(first_byte),
            gap: self.gap.unwrap_or(gap),
            end: self.end(arrived),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: None,
            gap: None,
            total: Duration::from_secs(14_400),
            patience: Duration::from_secs(5),
            max_wait: Duration::from_secs(30),
            weights: BTreeMap::new(),
            repeats: 2,
            hedge_after: None,
            body_pause: Duration::from_secs(30),
            body_rate: 1024,
            drain: Duration::from_secs(300),
            drain_bytes: 64 << 20,
            calls: 32_768,
            idempotency: IdempotencySettings::default(),
            prompt_hashes: false,
            spool_dir: std::env::temp_dir(),
            private_hosts: Vec::new(),
            cache: CacheSettings::default(),
            trace: None,
        }
    }
}
