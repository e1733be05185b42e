//! One line of log for a call, when it has ended.
//!
//! Lines are written from settled records, off the way of calls. By default there are at most so
//! many a second; what is above that has its row in the request log all the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use dataplane::{Hex, Refused, Settled, UpstreamName};
use domain::Timestamp;

use super::exposition::Number;

/// Lines in one second, unless all are asked for.
const MOST: u32 = 50;

/// Which calls have a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    Off,
    /// The first fifty of each second.
    #[default]
    Sampled,
    All,
}

impl Access {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "sampled" => Some(Self::Sampled),
            "all" => Some(Self::All),
            _ => None,
        }
    }
}

pub struct AccessLog {
    which: Access,
    /// The second, and how many lines it has had.
    second: Mutex<(i64, u32)>,
    skipped: AtomicU64,
}

impl AccessLog {
    pub fn new(which: Access) -> Self {
        Self { which, second: Mutex::default(), skipped: AtomicU64::new(0) }
    }

    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    fn takes(&self, now: Timestamp) -> bool {
        match self.which {
            Access::Off => false,
            Access::All => true,
            Access::Sampled => {
                let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
                if second.0 != now.seconds() {
                    *second = (now.seconds(), 0);
                }
                second.1 += 1;
                let takes = second.1 <= MOST;
                self.skipped.fetch_add(u64::from(!takes), Ordering::Relaxed);
                takes
            }
        }
    }

    pub fn call(&self, settled: &Settled, upstream: Option<&UpstreamName>, now: Timestamp) {
        if !self.takes(now) {
            return;
        }
        let record = &settled.record;
        let operation = openai::surface::by_id(record.operation);
        let trace = settled.observed.trace.as_deref();
        let tokens = &record.tokens;
        let counted = tokens.input > 0 || tokens.output > 0;
        tracing::info!(
            target: "tollgate::access",
            request_id = %record.request,
            trace_id = trace.map(|trace| tracing::field::display(Hex(&trace.id).to_string())),
            span_id = trace.map(|trace| tracing::field::display(Hex(&trace.span).to_string())),
            project_id = %record.project,
            key_id = %record.key,
            http.request.method = operation.map(|operation| operation.method.as_str()),
            url.path = operation.map(|operation| format!("/v1{}", operation.path)),
            http.response.status_code = record.status,
            error.code = record.error,
            outcome = record.outcome.as_str(),
            duration_s = %Number::Micros(record.total_us),
            overhead_s = settled.observed.overhead_us.map(seconds),
            gen_ai.request.model = record.model_asked.as_deref(),
            gen_ai.response.model = record.model_served.as_deref(),
            gen_ai.usage.input_tokens = counted.then_some(tokens.input),
            gen_ai.usage.output_tokens = counted.then_some(tokens.output),
            cost_usd = record.cost.map(|cost| tracing::field::display(cost.total())),
            upstream = upstream.map(|upstream| &*upstream.name),
            attempt = record.attempt,
            stream = record.stream,
            cache = record.cache.map(domain::CacheUse::as_str),
            "call"
        );
    }

    pub fn refused(&self, refused: &Refused, now: Timestamp) {
        if !self.takes(now) {
            return;
        }
        let operation = refused.operation.and_then(openai::surface::by_id);
        let caller = refused.caller.as_ref();
        tracing::info!(
            target: "tollgate::access",
            request_id = %refused.request,
            project_id = caller.map(|(project, _)| tracing::field::display(project)),
            key_id = caller.map(|(_, key)| tracing::field::display(key)),
            http.request.method = operation.map(|operation| operation.method.as_str()),
            url.path = operation.map(|operation| format!("/v1{}", operation.path)),
            http.response.status_code = refused.entry.status,
            error.code = refused.entry.code,
            duration_s = %Number::Micros(refused.total_us),
            "refused"
        );
    }
}

fn seconds(micros: u32) -> tracing::field::DisplayValue<Number> {
    tracing::field::display(Number::Micros(u64::from(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_one_as_many_again() {
        let log = AccessLog::new(Access::Sampled);
        let lines = |at| (0..80).filter(|_| log.takes(Timestamp(at))).count();
        assert_eq!((lines(1_000), lines(2_000)), (50, 50));
        assert_eq!(log.skipped(), 60);
        let all = AccessLog::new(Access::All);
        assert!((0..80).all(|_| all.takes(Timestamp(0))) && all.skipped() == 0);
        assert!(!AccessLog::new(Access::Off).takes(Timestamp(0)));
    }
}
