//! One proxy: what is known of it, and how a connection through it is opened.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Proxy, ProxyAddress, ProxyFigures, Secret};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::failure::{Cause, ProxyFault};
use crate::health::{Admission, Health};

mod connect;
mod login;
mod open;
mod socks5;

pub use login::check_credential;
pub(crate) use open::{Opening, Target, open};

/// A stream of any kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Io for S {}

/// A connection to an upstream through a proxy.
pub struct Tunnel {
    pub(crate) stream: Box<dyn Io>,
    /// The upstream chose HTTP/2.
    pub(crate) h2: bool,
    _open: Count,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A proxy in use: its settings, its health, and what became of it.
pub(crate) struct LiveProxy {
    /// Never used twice in a process, and never 0, so that no pool confuses two ways out.
    pub(crate) id: u64,
    pub(crate) address: ProxyAddress,
    credential: Option<Secret>,
    /// The operator's config file named it: a private address is meant.
    allow_private: bool,
    health: Mutex<Health>,
    attempts: AtomicU64,
    failures: [AtomicU64; ProxyFault::REASONS.len()],
    /// Failures inside an open tunnel.
    inside: AtomicU64,
    open: Arc<AtomicU64>,
    busy: Arc<AtomicU64>,
    opened: AtomicU64,
    opening_micros: AtomicU64,
}

/// Counts one thing as long as it lives.
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    fn of(counter: &Arc<AtomicU64>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Leave to take a proxy for one call.
pub(crate) struct Permit {
    pub(crate) proxy: Arc<LiveProxy>,
    pub(crate) probing: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probing {
            self.proxy.health().probed(Instant::now());
        }
    }
}

impl LiveProxy {
    pub(crate) fn new(proxy: &Proxy<Secret>, allow_private: bool) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            address: proxy.address.clone(),
            credential: proxy.credential.clone(),
            allow_private,
            health: Mutex::default(),
            attempts: AtomicU64::new(0),
            failures: std::array::from_fn(|_| AtomicU64::new(0)),
            inside: AtomicU64::new(0),
            open: Arc::default(),
            busy: Arc::default(),
            opened: AtomicU64::new(0),
            opening_micros: AtomicU64::new(0),
        })
    }

    pub(crate) fn admit(self: &Arc<Self>, now: Instant, anyway: bool) -> Option<Permit> {
        let admission = self.health().admit(now, anyway);
        let probing = admission == Admission::Probe;
        (admission != Admission::No).then(|| Permit { proxy: Arc::clone(self), probing })
    }

    pub(crate) fn ejected_until(&self, now: Instant) -> Option<u64> {
        self.health().ejected_until(now)
    }

    /// Calls under way through it.
    pub(crate) fn busy(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    /// A call begins; it is under way as long as the count lives.
    pub(crate) fn begin(&self) -> Count {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        Count::of(&self.busy)
    }

    /// A tunnel was opened in this time.
    pub(crate) fn opened(&self, probing: bool, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.opening_micros.fetch_add(micros, Ordering::Relaxed);
        self.health().succeeded(probing);
    }

    /// A tunnel could not be opened. Whether the proxy is to blame beyond doubt.
    pub(crate) fn failed(&self, probing: bool, cause: Cause, now: Instant) -> bool {
        match cause {
            Cause::Proxy(fault) => {
                self.failures[fault.number()].fetch_add(1, Ordering::Relaxed);
                if fault.is_its_own() {
                    self.blame(probing, now, fault.reason());
                }
                fault.is_its_own()
            }
            _ => {
                self.inside.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// Counts a failure against its health.
    pub(crate) fn blame(&self, probing: bool, now: Instant, reason: &str) {
        if self.health().failed(probing, now) {
            tracing::warn!(proxy = %self.address, reason, "a proxy is not used for a while");
        }
    }

    pub(crate) fn works(&self) {
        self.health().succeeded(true);
    }

    /// Whether sessions have connections of their own through it.
    pub(crate) fn has_sessions(&self) -> bool {
        self.credential.as_ref().is_some_and(login::has_session)
    }

    /// Whether it is this very proxy with this very credential.
    pub(crate) fn is(&self, proxy: &Proxy<Secret>, allow_private: bool) -> bool {
        self.address == proxy.address
            && self.allow_private == allow_private
            && login::same(self.credential.as_ref(), proxy.credential.as_ref())
    }

    pub(crate) fn figures(&self, egress: &str, now: Instant) -> ProxyFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counted = ProxyFault::REASONS.into_iter().zip(self.failures.iter().map(read));
        let all = counted.chain([("inside", read(&self.inside))]);
        ProxyFigures {
            egress: egress.to_owned(),
            proxy: self.address.to_string(),
            attempts: read(&self.attempts),
            failures: all.filter(|(_, count)| *count > 0).collect(),
            open: read(&self.open),
            busy: self.busy(),
            opened: read(&self.opened),
            opening_micros: read(&self.opening_micros),
            ejected: self.health().ejected_until(now).is_some(),
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
