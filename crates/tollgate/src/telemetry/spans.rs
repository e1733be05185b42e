//! Spans, made from settled records: what a call was, by OpenTelemetry's conventions for generative
//! AI. Never its content.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use dataplane::{Asked, Settled, Trace, UpstreamName};
use domain::UsageRecord;
use tokio::sync::Notify;

use super::labels;

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Whole(i64),
    Float(f64),
    Bool(bool),
}

/// One span, ended.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace: [u8; 16],
    pub id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: String,
    /// Unix time, nanoseconds.
    pub start: u64,
    pub end: u64,
    pub attributes: Vec<(&'static str, Value)>,
    /// Whether it failed.
    pub failed: bool,
}

/// Spans that wait to be exported: so many at most, further ones are dropped and counted.
pub struct Queue {
    waiting: Mutex<VecDeque<Span>>,
    most: usize,
    /// From so many on they leave at once.
    batch: usize,
    full: Notify,
    dropped: AtomicU64,
    exported: AtomicU64,
}

impl Queue {
    pub fn new(most: usize, batch: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            most,
            batch,
            full: Notify::new(),
            dropped: AtomicU64::new(0),
            exported: AtomicU64::new(0),
        }
    }

    /// Dropped and exported spans since the start.
    pub fn counts(&self) -> (u64, u64) {
        (self.dropped.load(Ordering::Relaxed), self.exported.load(Ordering::Relaxed))
    }

    pub fn dropped(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn exported(&self, count: usize) {
        self.exported.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Waits until there is a batch.
    pub async fn batch_is_full(&self) {
        self.full.notified().await;
    }

    /// At most one batch, the oldest first.
    pub fn take(&self) -> Vec<Span> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(self.batch);
        waiting.drain(..count).collect()
    }

    /// Puts spans back in front that were taken and not sent.
    pub fn put_back(&self, spans: Vec<Span>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        spans.into_iter().rev().for_each(|span| waiting.push_front(span));
    }

    /// Adds a settled attempt's span, where its call is sampled.
    pub fn push(&self, settled: &Settled, upstream: Option<&UpstreamName>) {
        let Some(trace) = settled.observed.trace.as_deref().filter(|trace| trace.sampled) else {
            return;
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.most {
            self.dropped(1);
            return;
        }
        waiting.push_back(span(&settled.record, trace, upstream));
        if waiting.len() >= self.batch {
            self.full.notify_one();
        }
    }
}

fn span(record: &UsageRecord, trace: &Trace, upstream: Option<&UpstreamName>) -> Span {
    let arrived = u64::try_from(record.at.0).unwrap_or(0).saturating_mul(1_000_000);
    let error = labels::error_type(record);
    let first = record.attempt <= 1;
    let waited = if first { 0 } else { u64::from(record.queue_us) * 1_000 };
    let what = labels::gen_ai_operation(record).unwrap_or(record.operation);
    let name = match record.model_asked.as_deref() {
        Some(model) => format!("{what} {model}"),
        None => what.to_owned(),
    };
    let mut attributes = Attributes(Vec::with_capacity(24));
    about(&mut attributes, record, upstream);
    asked(&mut attributes, &trace.asked, record);
    answered(&mut attributes, record);
    attributes.text("error.type", Some(error).filter(|error| !error.is_empty()));
    Span {
        trace: trace.id,
        // A later attempt is a part of the call whose span the first one is.
        id: trace.span_of(record.attempt),
        parent: if first { trace.parent } else { Some(trace.span) },
        name,
        start: arrived.saturating_add(waited),
        end: arrived.saturating_add(record.total_us.saturating_mul(1_000)),
        attributes: attributes.0,
        failed: !error.is_empty(),
    }
}

struct Attributes(Vec<(&'static str, Value)>);

impl Attributes {
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.0.extend(value.map(|value| (name, Value::Text(value.to_owned()))));
    }

    fn whole(&mut self, name: &'static str, value: Option<impl TryInto<i64>>) {
        let value = value.and_then(|value| value.try_into().ok());
        self.0.extend(value.map(|value| (name, Value::Whole(value))));
    }

    fn float(&mut self, name: &'static str, value: Option<f64>) {
        self.0.extend(value.map(|value| (name, Value::Float(value))));
    }
}

/// Who did what, where.
fn about(to: &mut Attributes, record: &UsageRecord, upstream: Option<&UpstreamName>) {
    to.text("gen_ai.operation.name", labels::gen_ai_operation(record));
    to.text("gen_ai.provider.name", upstream.map(|u| labels::gen_ai_provider(u.provider)));
    to.text("server.address", upstream.map(|u| &*u.address.0));
    to.whole("server.port", upstream.map(|u| u.address.1));
    let api = match record.operation {
        "createChatCompletion" => Some("chat_completions"),
        "createResponse" => Some("responses"),
        _ => None,
    };
    to.text("openai.api.type", api);
    to.whole("http.response.status_code", Some(record.status));
    to.text("tollgate.request.id", Some(record.request.as_str()));
    to.text("tollgate.operation", Some(record.operation));
    to.text("tollgate.outcome", Some(record.outcome.as_str()));
    to.text("tollgate.upstream", upstream.map(|u| &*u.name));
    to.text("tollgate.upstream.request.id", record.upstream_request.as_deref());
    to.text("tollgate.project.id", Some(record.project.as_str()));
    to.text("tollgate.key.id", Some(record.key.as_str()));
    to.whole("tollgate.attempt", Some(record.attempt));
    to.text("tollgate.cache", record.cache.map(domain::CacheUse::as_str));
    let cost = record.cost.map(|cost| cost.total().to_string());
    to.text("tollgate.cost.usd", cost.as_deref());
}

fn asked(to: &mut Attributes, asked: &Asked, record: &UsageRecord) {
    to.text("gen_ai.request.model", record.model_asked.as_deref());
    to.0.extend(record.stream.then_some(("gen_ai.request.stream", Value::Bool(true))));
    to.whole("gen_ai.request.choice.count", asked.n.filter(|n| *n != 1));
    to.whole("gen_ai.request.max_tokens", asked.max_tokens);
    to.whole("gen_ai.request.seed", asked.seed);
    to.float("gen_ai.request.temperature", asked.temperature);
    to.float("gen_ai.request.top_p", asked.top_p);
    to.float("gen_ai.request.frequency_penalty", asked.frequency_penalty);
    to.float("gen_ai.request.presence_penalty", asked.presence_penalty);
}

fn answered(to: &mut Attributes, record: &UsageRecord) {
    to.text("gen_ai.response.model", record.model_served.as_deref());
    to.text("openai.response.service_tier", record.service_tier.as_deref());
    let first = record.stream && record.first_byte_us > 0;
    let seconds = f64::from(record.first_byte_us) / 1e6;
    to.float("gen_ai.response.time_to_first_chunk", first.then_some(seconds));
    let tokens = &record.tokens;
    if tokens.input > 0 || tokens.output > 0 {
        to.whole("gen_ai.usage.input_tokens", Some(tokens.input));
        to.whole("gen_ai.usage.output_tokens", Some(tokens.output));
    }
    for (name, count) in [
        ("gen_ai.usage.cache_read.input_tokens", tokens.input_cached),
        ("gen_ai.usage.cache_creation.input_tokens", tokens.input_cache_write),
        ("gen_ai.usage.reasoning.output_tokens", tokens.output_reasoning),
    ] {
        to.whole(name, Some(count).filter(|count| *count > 0));
    }
}
