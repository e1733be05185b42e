//! What all calls share, and what the calls of one worker share.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::ports::{Directory, Invalidate, Objects};
use domain::{Clock, SecretHash};
use egress::{Pool, Tls};
use http::HeaderValue;
use vault::Vault;

use crate::caller::Failures;
use crate::claims::Claims;
use crate::directory::Keys;
use crate::intern::Names;
use crate::metrics::Metrics;
use crate::rate::Rates;
use crate::settings::Settings;
use crate::tab::Settled;
use crate::tasks::Tasks;
use crate::upstreams::LiveUpstream;

/// What the data plane needs from outside.
pub struct Ports {
    pub directory: Arc<dyn Directory>,
    pub objects: Arc<dyn Objects>,
    pub clock: Arc<dyn Clock>,
    pub vault: Arc<Vault>,
    /// Our organization's id, for the `openai-organization` header.
    pub organization: HeaderValue,
}

/// The data plane of one process.
pub struct Dataplane {
    pub(crate) keys: Keys,
    pub(crate) claims: Claims,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) organization: HeaderValue,
    pub(crate) settings: Settings,
    pub(crate) failures: Failures,
    pub(crate) rates: Rates,
    upstreams: RwLock<Arc<[Arc<LiveUpstream>]>>,
    on_upstreams_changed: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
    pub metrics: Metrics,
    pub tasks: Tasks,
}

impl Dataplane {
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            keys: Keys::new(ports.directory),
            claims: Claims::new(ports.objects),
            clock: ports.clock,
            vault: ports.vault,
            organization: ports.organization,
            settings,
            failures: Failures::default(),
            rates: Rates::default(),
            upstreams: RwLock::new(Arc::from([])),
            on_upstreams_changed: Mutex::new(None),
            metrics: Metrics::new(),
            tasks: Tasks::default(),
        })
    }

    pub(crate) fn upstreams(&self) -> Arc<[Arc<LiveUpstream>]> {
        Arc::clone(&self.upstreams.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the upstreams; calls in flight keep theirs.
    pub fn set_upstreams(&self, upstreams: Vec<LiveUpstream>) {
        let new: Arc<[Arc<LiveUpstream>]> = upstreams.into_iter().map(Arc::new).collect();
        *self.upstreams.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// What to do when the control plane changed the stored upstreams.
    pub fn when_upstreams_change(&self, act: impl Fn() + Send + Sync + 'static) {
        let mut slot = self.on_upstreams_changed.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Box::new(act));
    }

    /// Whether an address has shown too many wrong keys of late.
    pub(crate) fn too_many_failures(&self, address: IpAddr) -> bool {
        self.failures.too_many(address, self.clock.now())
    }
}

impl Invalidate for Dataplane {
    fn keys_changed(&self, _: &[SecretHash]) {
        self.keys.clear();
    }

    fn upstreams_changed(&self) {
        let slot = self.on_upstreams_changed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(act) = slot.as_ref() {
            act();
        }
    }
}

/// The part of the data plane that belongs to one runtime: its connections and its queue.
pub struct Worker {
    pub(crate) shared: Arc<Dataplane>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) names: Names,
    queue: Mutex<Vec<Settled>>,
}

impl Worker {
    #[must_use]
    pub fn new(shared: Arc<Dataplane>, tls: Tls) -> Arc<Self> {
        let pool = Pool::new(tls, shared.settings.connect);
        let queue = Mutex::new(Vec::new());
        Arc::new(Self { shared, pool, names: Names::default(), queue })
    }

    /// Puts a settled attempt in the queue. Never blocks and never fails a call: what does not
    /// fit is counted in `tollgate_usage_records_lost_total`, which `/readyz` and the log show.
    pub(crate) fn record(&self, settled: Settled) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() < self.shared.settings.queue {
            self.shared.metrics.queued.fetch_add(1, Ordering::Relaxed);
            queue.push(settled);
        } else {
            self.shared.metrics.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes what is waiting to be written.
    #[must_use]
    pub fn take_settled(&self) -> Vec<Settled> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // As much room as was used just now: growing would copy every record several times.
        let room = Vec::with_capacity(queue.len() + queue.len() / 4);
        std::mem::replace(&mut *queue, room)
    }

    /// Usage records lost since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.metrics.lost.load(Ordering::Relaxed)
    }

    /// Closes connections that are stale or whose upstream is gone, and forgets idle limits. To be
    /// called now and then, from this worker's runtime.
    pub fn sweep(&self) {
        self.shared.rates.sweep();
        let live: Vec<_> = self.shared.upstreams().iter().map(|u| Arc::clone(&u.origin)).collect();
        self.pool.sweep(&live);
    }
}
