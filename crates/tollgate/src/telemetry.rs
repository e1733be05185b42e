//! What a running Tollgate tells of itself: metrics, traces, and a line of log for a call.
//!
//! All three are made from what the data plane has settled, by whoever moves it to the store: a
//! call pays for none of them on its way. [`Telemetry`] is fed there and read by `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};

use dataplane::{Dataplane, Refused, Settled, UpstreamName};
use domain::price::PriceBook;
use domain::{Timestamp, UsageRecord};

use crate::config::Observe;

mod access;
mod export;
mod exposition;
mod gather;
mod histogram;
mod labels;
mod meters;
mod otlp;
mod process;
mod registry;
mod sampled;
mod spans;

pub use access::{Access, AccessLog};
pub use export::{Exporter, Traces};
pub use exposition::Format;
pub use gather::Gatherer;
pub use otlp::Encoding;
pub use registry::{ALL as METRICS, markdown};
pub use sampled::sampler;

use labels::Labels;
use meters::Meters;
use spans::Queue;

/// What has been observed since the start.
pub struct Telemetry {
    dataplane: Arc<Dataplane>,
    meters: Mutex<Meters>,
    access: AccessLog,
    /// Absent where nothing is traced.
    spans: Option<Arc<Queue>>,
    posting: Mutex<Posting>,
    /// The names that the series go by, as they were at the last look.
    names: Mutex<Option<(Vec<UpstreamName>, Arc<PriceBook>)>>,
}

/// How the posting of settled attempts goes.
#[derive(Clone, Copy, Debug, Default)]
struct Posting {
    /// Taken from the workers and not yet posted.
    taken: u64,
    /// Since when something has waited without anything being posted.
    since: Option<Timestamp>,
}

impl Telemetry {
    #[must_use]
    pub fn new(dataplane: Arc<Dataplane>, observe: &Observe) -> Arc<Self> {
        let traces = observe.traces.as_ref();
        let spans = traces.map(|to| Arc::new(Queue::new(to.queue, to.batch)));
        Arc::new(Self {
            dataplane,
            meters: Mutex::default(),
            access: AccessLog::new(observe.access),
            spans,
            posting: Mutex::default(),
            names: Mutex::default(),
        })
    }

    /// The spans that wait to be exported, where calls are traced.
    #[must_use]
    pub fn spans(&self) -> Option<Arc<Queue>> {
        self.spans.clone()
    }

    /// Takes in what a worker has settled.
    pub fn settled(&self, settled: &[Settled], now: Timestamp) {
        let (names, book) = (self.dataplane.upstream_names(), self.dataplane.prices());
        let labels = Labels::new(&names, &book);
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if self.are_new(&names, &book) {
            meters.renamed();
        }
        for one in settled {
            meters.add(one, &labels);
        }
        drop(meters);
        for one in settled {
            let upstream = labels.upstream(&one.record.upstream);
            if let Some(queue) = &self.spans {
                queue.push(one, upstream);
            }
            self.access.call(one, upstream, now);
        }
    }

    /// Takes in what a job came to; its calls were not counted before.
    pub fn job_ended(&self, records: &[UsageRecord]) {
        let (names, book) = (self.dataplane.upstream_names(), self.dataplane.prices());
        let labels = Labels::new(&names, &book);
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().for_each(|record| meters.add_job(record, &labels));
    }

    /// Takes in calls that were refused before anything was sent.
    pub fn refused(&self, refused: &[Refused], now: Timestamp) {
        refused.iter().for_each(|one| self.access.refused(one, now));
    }

    /// Notes how many attempts were taken and not posted at a look, and whether any was posted.
    pub fn posting(&self, taken: usize, posted: bool, now: Timestamp) {
        let mut posting = self.posting.lock().unwrap_or_else(PoisonError::into_inner);
        let since = if taken == 0 || posted { None } else { posting.since.or(Some(now)) };
        *posting = Posting { taken: taken as u64, since };
    }

    fn are_new(&self, names: &[UpstreamName], book: &Arc<PriceBook>) -> bool {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|(n, b)| n == names && Arc::ptr_eq(b, book)) {
            return false;
        }
        *known = Some((names.to_vec(), Arc::clone(book)));
        true
    }
}
