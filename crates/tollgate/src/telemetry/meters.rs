//! Settled attempts, added up.
//!
//! One thread feeds this, a few thousand records at a time; what an attempt's labels are is worked
//! out once and kept, so that each further one like it is a look-up and some additions.

use std::collections::HashMap;
use std::sync::Arc;

use dataplane::Settled;
use domain::{CacheUse, Nanos, Outcome, ProjectId, UpstreamId, UsageRecord};

use super::histogram::Histogram;
use super::labels::{self, Labels, OTHER, Series};
use super::registry as table;

/// Series of one metric. A model, an upstream or a project more than fits counts as `other`.
const MOST: usize = 1_000;
/// Combinations of names that are kept in mind, clients' own among them.
const KNOWN: usize = 4_096;

/// The labels of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallKey {
    pub operation: &'static str,
    pub gen_ai: Option<&'static str>,
    pub upstream: Arc<str>,
    pub provider: &'static str,
    pub model: Arc<str>,
    pub answered: Arc<str>,
}

/// What calls with the same labels came to.
#[derive(Clone, Debug)]
pub struct Calls {
    /// By [`Outcome`].
    pub outcomes: [u64; 4],
    /// By error type; the empty one is of those that went well.
    pub seconds: Vec<(&'static str, Histogram)>,
    pub input: Histogram,
    pub output: Histogram,
    pub first_chunk: Histogram,
    pub first_token: Histogram,
    pub token_gap: Histogram,
    pub server: Histogram,
}

/// Tokens of a model, by kind.
pub const TOKEN_KINDS: [&str; 5] =
    ["input", "input_cached", "input_cache_write", "output", "output_reasoning"];

pub struct Meters {
    known: HashMap<Names, Places>,
    /// Most calls are like the one before.
    last: Option<(Names, Places)>,
    pub calls: Series<CallKey, Calls>,
    pub seconds: Series<&'static str, Histogram>,
    pub first_byte: Series<(&'static str, Arc<str>), Histogram>,
    pub overhead: Histogram,
    /// By upstream, then as [`labels::CLASSES`].
    pub attempts: Series<Arc<str>, [u64; labels::CLASSES.len()]>,
    pub tokens: Series<Arc<str>, [u64; 5]>,
    pub cost: Series<(Arc<str>, Option<ProjectId>), Nanos>,
}

/// What decides on an attempt's labels.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Names {
    operation: &'static str,
    upstream: UpstreamId,
    asked: Option<Arc<str>>,
    served: Option<Arc<str>>,
    project: ProjectId,
}

/// Where an attempt's series are.
#[derive(Clone, Copy)]
struct Places {
    calls: usize,
    seconds: usize,
    first_byte: usize,
    tokens: usize,
    cost: usize,
    attempts: usize,
}

impl Default for Meters {
    fn default() -> Self {
        let other = || Arc::<str>::from(OTHER);
        let rest = CallKey {
            operation: OTHER,
            gen_ai: Some(OTHER),
            upstream: other(),
            provider: OTHER,
            model: other(),
            answered: other(),
        };
        Self {
            known: HashMap::new(),
            last: None,
            calls: Series::new(MOST, rest, Calls::default()),
            seconds: Series::new(MOST, OTHER, table::CALL_SECONDS.histogram()),
            first_byte: Series::new(MOST, (OTHER, other()), table::FIRST_BYTE_SECONDS.histogram()),
            overhead: table::OVERHEAD_SECONDS.histogram(),
            attempts: Series::new(MOST, other(), [0; labels::CLASSES.len()]),
            tokens: Series::new(MOST, other(), [0; 5]),
            cost: Series::new(MOST, (other(), None), Nanos(0)),
        }
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            outcomes: [0; 4],
            seconds: Vec::new(),
            input: table::GEN_TOKENS.histogram(),
            output: table::GEN_TOKENS.histogram(),
            first_chunk: table::GEN_FIRST_CHUNK.histogram(),
            first_token: table::GEN_FIRST_TOKEN.histogram(),
            token_gap: table::GEN_TOKEN_GAP.histogram(),
            server: table::GEN_SERVER_SECONDS.histogram(),
        }
    }
}

impl Meters {
    /// Adds a settled attempt.
    pub fn add(&mut self, settled: &Settled, labels: &Labels<'_>) {
        let record = &settled.record;
        let places = self.places(record, labels);
        if let Some(seconds) = self.seconds.at(places.seconds) {
            seconds.observe(record.total_us);
        }
        if let Some(ours) = settled.observed.overhead_us {
            self.overhead.observe(u64::from(ours));
        }
        // What the cache gave is no attempt, and no provider's.
        if matches!(record.cache, Some(CacheUse::Hit | CacheUse::Joined | CacheUse::Near)) {
            return self.part(record, places);
        }
        if let Some(calls) = self.calls.at(places.calls) {
            calls.add(record);
        }
        if record.first_byte_us > 0
            && let Some(first) = self.first_byte.at(places.first_byte)
        {
            first.observe(u64::from(record.first_byte_us));
        }
        if let Some(attempts) = self.attempts.at(places.attempts) {
            attempts[labels::class(record.outcome, settled.observed.class)] += 1;
        }
        self.amounts(record, places);
    }

    /// Adds what a job came to at its end: how long it took is nobody's wait.
    pub fn add_job(&mut self, record: &UsageRecord, labels: &Labels<'_>) {
        let places = self.places(record, labels);
        if let Some(calls) = self.calls.at(places.calls) {
            calls.outcomes[record.outcome as usize] += 1;
        }
        self.amounts(record, places);
    }

    /// Adds what one who joined a call pays of it.
    fn part(&mut self, record: &UsageRecord, places: Places) {
        if record.cost.is_some_and(|cost| cost.total() > Nanos(0)) {
            self.amounts(record, places);
        }
    }

    fn amounts(&mut self, record: &UsageRecord, places: Places) {
        if let Some(tokens) = self.tokens.at(places.tokens) {
            let of = &record.tokens;
            let counts =
                [of.input, of.input_cached, of.input_cache_write, of.output, of.output_reasoning];
            for (sum, count) in tokens.iter_mut().zip(counts) {
                *sum = sum.saturating_add(count);
            }
        }
        if let (Some(cost), Some(sum)) = (record.cost, self.cost.at(places.cost)) {
            // A counter only grows.
            *sum = Nanos(sum.0.saturating_add(cost.total().0.max(0)));
        }
    }

    /// Forgets which names have which labels: the names in use have changed.
    pub fn renamed(&mut self) {
        self.known.clear();
        self.last = None;
    }

    fn places(&mut self, record: &UsageRecord, labels: &Labels<'_>) -> Places {
        if let Some((names, places)) = &self.last
            && names.are(record)
        {
            return *places;
        }
        let names = Names {
            operation: record.operation,
            upstream: record.upstream.clone(),
            asked: record.model_asked.clone(),
            served: record.model_served.clone(),
            project: record.project.clone(),
        };
        let places = match self.known.get(&names) {
            Some(places) => *places,
            None => self.find(record, labels),
        };
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.insert(names.clone(), places);
        self.last = Some((names, places));
        places
    }

    fn find(&mut self, record: &UsageRecord, labels: &Labels<'_>) -> Places {
        let upstream = labels.upstream(&record.upstream);
        let name = upstream.map_or_else(|| OTHER.into(), |upstream| Arc::clone(&upstream.name));
        let model = labels.model(record.model_asked.as_ref(), record.at);
        let answered = labels.model(record.model_served.as_ref(), record.at);
        let key = CallKey {
            operation: record.operation,
            gen_ai: labels::gen_ai_operation(record),
            upstream: Arc::clone(&name),
            provider: upstream.map_or(OTHER, |u| labels::gen_ai_provider(u.provider)),
            model: Arc::clone(&model),
            answered,
        };
        let operation = || table::CALL_SECONDS.histogram();
        let first = || table::FIRST_BYTE_SECONDS.histogram();
        let project = Some(record.project.clone());
        Places {
            calls: self.calls.place(key, Calls::default),
            seconds: self.seconds.place(record.operation, operation),
            first_byte: self.first_byte.place((record.operation, Arc::clone(&name)), first),
            tokens: self.tokens.place(Arc::clone(&model), || [0; 5]),
            cost: self.cost.place((model, project), || Nanos(0)),
            attempts: self.attempts.place(name, || [0; labels::CLASSES.len()]),
        }
    }
}

impl Names {
    fn are(&self, record: &UsageRecord) -> bool {
        self.operation == record.operation
            && self.upstream == record.upstream
            && self.asked == record.model_asked
            && self.served == record.model_served
            && self.project == record.project
    }
}

impl Calls {
    /// Adds what others came to.
    pub fn merge(&mut self, other: &Self) {
        for (error, histogram) in &other.seconds {
            match self.seconds.iter_mut().find(|(known, _)| known == error) {
                Some((_, known)) => known.merge(histogram),
                None => self.seconds.push((error, histogram.clone())),
            }
        }
        for (sum, more) in [
            (&mut self.input, &other.input),
            (&mut self.output, &other.output),
            (&mut self.first_chunk, &other.first_chunk),
            (&mut self.first_token, &other.first_token),
            (&mut self.token_gap, &other.token_gap),
            (&mut self.server, &other.server),
        ] {
            sum.merge(more);
        }
    }

    fn add(&mut self, record: &UsageRecord) {
        self.outcomes[record.outcome as usize] += 1;
        let error = labels::error_type(record);
        let at = self.seconds.iter().position(|(known, _)| *known == error);
        let at = at.unwrap_or_else(|| {
            self.seconds.push((error, table::GEN_SECONDS.histogram()));
            self.seconds.len() - 1
        });
        self.seconds[at].1.observe(record.total_us);
        if record.outcome == Outcome::Refused || record.first_byte_us == 0 {
            return;
        }
        let first = u64::from(record.first_byte_us);
        let server = record.total_us.saturating_sub(u64::from(record.queue_us));
        self.server.observe(server);
        let tokens = &record.tokens;
        if tokens.input > 0 || tokens.output > 0 {
            self.input.observe(tokens.input);
            self.output.observe(tokens.output);
        }
        if record.stream {
            self.first_chunk.observe(first);
            self.first_token.observe(first);
            if tokens.output > 1 {
                self.token_gap.observe(server.saturating_sub(first) / (tokens.output - 1));
            }
        }
    }
}
