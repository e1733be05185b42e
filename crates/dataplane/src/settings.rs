//! What an operator may set of the data plane.

use std::path::PathBuf;
use std::time::Duration;

use crate::trace::Sampler;

/// Deadlines and bounds. Times that a provider needs are long; times that a client needs are not.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connecting to an upstream, TLS included.
    pub connect: Duration,
    /// From the request's last byte to the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub gap: Duration,
    /// A request body may pause this long, and must average [`Settings::body_rate`] after it.
    pub body_pause: Duration,
    /// Bytes a second.
    pub body_rate: u64,
    /// How long an answer is read on for its usage when its client has gone.
    pub drain: Duration,
    /// How many bytes of it, at most.
    pub drain_bytes: u64,
    /// Calls in flight, per worker; above it new ones are refused.
    pub calls: usize,
    /// Where large forms are spooled.
    pub spool_dir: PathBuf,
    /// Which calls are traced; none where it is absent.
    pub trace: Option<Sampler>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(600),
            gap: Duration::from_secs(300),
            body_pause: Duration::from_secs(30),
            body_rate: 1024,
            drain: Duration::from_secs(300),
            drain_bytes: 64 << 20,
            calls: 32_768,
            spool_dir: std::env::temp_dir(),
            trace: None,
        }
    }
}
