//! Asking the provider how a job is, and what it came to in the end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::price::{Billed, Tier, Units};
use domain::{Cost, Job, JobKind, Nanos, Outcome, Timestamp, Tokens, UsageRecord};
use egress::{Answer, Outgoing, Pool, Tls};
use http::header::USER_AGENT;
use http::{HeaderValue, Request, StatusCode, Uri};
use openai::answer::{Course, JobObject, job_object};
use openai::surface;

use super::output::{Output, SHORT, Sum, in_batch};
use crate::attempt::{is_coded, read_whole};
use crate::headers::X_CLIENT_REQUEST_ID;
use crate::prices::Used;
use crate::shared::{Dataplane, Worker};
use crate::upstreams::LiveUpstream;

/// Bytes of a job's object: a response holds all that it says.
const MOST: usize = 64 << 20;
/// An object that is not found so soon after it was made may only not be found yet (ms).
const FRESH: i64 = 60_000;
/// How long an answer to such a question may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// These are our own questions, no client's.
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// How a job stands.
pub enum Checked {
    Running,
    /// Nobody could be asked, or what was answered says nothing.
    Unknown(String),
    /// What it came to: a record for each model, and what is to be posted.
    Ended {
        records: Vec<UsageRecord>,
        cost: Nanos,
    },
}

/// Asks providers for jobs, over connections of its own.
pub struct Checker {
    shared: Arc<Dataplane>,
    pool: Arc<Pool>,
}

impl Checker {
    #[must_use]
    pub fn new(shared: Arc<Dataplane>, tls: Tls) -> Self {
        let pool = Pool::new(tls, shared.settings.connect);
        Self { shared, pool }
    }

    /// Over the connections of a worker.
    pub(super) fn of(worker: &Worker) -> Self {
        Self { shared: Arc::clone(&worker.shared), pool: Arc::clone(&worker.pool) }
    }

    /// Closes connections that are stale or whose upstream is gone.
    pub fn sweep(&self) {
        let live: Vec<_> = self.shared.upstreams().iter().map(|u| Arc::clone(&u.origin)).collect();
        self.pool.sweep(&live);
    }

    /// Asks for one job. A job that is past all waiting has ended, whatever is said of it.
    pub async fn check(&self, job: &Job, now: Timestamp) -> Checked {
        match self.ask(job, now).await {
            Checked::Running | Checked::Unknown(_) if now >= job.given_up_at => {
                tracing::warn!(job = %job.id, "nobody said how a job ended: it is posted in full");
                End::of(job, now).in_full()
            }
            checked => checked,
        }
    }

    async fn ask(&self, job: &Job, now: Timestamp) -> Checked {
        let upstreams = self.shared.upstreams();
        let Some(upstream) = upstreams.iter().find(|u| u.id == job.upstream) else {
            return Checked::Unknown("its upstream is not configured".to_owned());
        };
        let text = match self.get(upstream, &job.target, job).await {
            Ok(Got::Body(answer)) => read_whole(&self.shared, answer.into_body(), MOST).await,
            Ok(Got::Gone) if now.0 - job.at.0 < FRESH => {
                return Checked::Unknown("it is not found yet".to_owned());
            }
            Ok(Got::Gone) => {
                tracing::warn!(job = %job.id, "a job is gone: it is posted in full");
                return End::of(job, now).in_full();
            }
            Err(why) => return Checked::Unknown(why),
        };
        let text: Bytes = match text {
            Ok(text) => text,
            Err(fault) => return Checked::Unknown(fault.message.into_owned()),
        };
        match job_object(&text) {
            None => Checked::Unknown("its object cannot be read".to_owned()),
            Some(object) if object.course == Course::Running => Checked::Running,
            Some(object) => self.ended(upstream, job, &object, now).await,
        }
    }

    async fn get(&self, upstream: &LiveUpstream, target: &str, job: &Job) -> Result<Got, String> {
        let path = upstream.path(target, None);
        let uri = Uri::try_from(path).map_err(|_| "its path cannot be asked for".to_owned())?;
        let mut request = Request::new(Outgoing::Empty);
        *request.uri_mut() = uri;
        let map = request.headers_mut();
        if let Ok(id) = HeaderValue::from_str(job.request.as_str()) {
            map.insert(X_CLIENT_REQUEST_ID, id);
        }
        map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        upstream.sign(0, map);
        let shared = &self.shared;
        let way = shared.way(upstream, &job.project, &job.key);
        let sending = self.pool.send(&upstream.origin, &way, request);
        let sending = tokio::time::timeout(PATIENCE, sending);
        let answer = match shared.tasks.unless_cut(sending).await {
            Some(Ok(Ok(answer))) => answer,
            Some(Ok(Err(error))) => return Err(error.to_string()),
            Some(Err(_)) => return Err("the provider did not answer in time".to_owned()),
            None => return Err("the gateway stops".to_owned()),
        };
        match answer.status() {
            StatusCode::OK if !is_coded(answer.headers()) => Ok(Got::Body(Box::new(answer))),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Got::Gone),
            status => Err(format!("the provider answered {status}")),
        }
    }

    async fn ended(
        &self,
        upstream: &LiveUpstream,
        job: &Job,
        object: &JobObject,
        now: Timestamp,
    ) -> Checked {
        let end = End { object: Some(object), ..End::of(job, now) };
        let share = |tier, tokens: Tokens| {
            let tools = &object.tools;
            let units = Units {
                video_ms: if job.kind == JobKind::Video { object.media_ms } else { 0 },
                web_search_calls: tools.web_searches,
                file_search_calls: tools.file_searches,
                code_interpreter_sessions: tools.containers.len() as u64 * job.container_sessions,
                ..Units::default()
            };
            let billed = Billed { tier, tokens, units };
            let used = Used { billed, largest_input: tokens.input, chats: 0 };
            vec![Sum { model: object.model.clone(), used }]
        };
        match (job.kind, object.course, object.tokens) {
            (JobKind::Batch, ..) => self.batch(upstream, &end, object).await,
            // A video that does not say how long it is may be any length.
            (JobKind::Video, Course::Completed, _) if object.media_ms == 0 => end.in_full(),
            (JobKind::Video, Course::Completed, _) => {
                let tier = Some(Tier::Default);
                self.priced(upstream, &end, share(tier, Tokens::default()))
            }
            (JobKind::FineTuning, ..) => match object.trained_tokens {
                Some(trained_tokens) => {
                    let units = Units { trained_tokens, ..Units::default() };
                    let billed = Billed { tier: None, tokens: Tokens::default(), units };
                    let used = Used { billed, largest_input: 0, chats: 0 };
                    self.priced(upstream, &end, vec![Sum { model: object.model.clone(), used }])
                }
                // What failed or was stopped without a count was not trained.
                None if object.course != Course::Completed => end.nothing(),
                None => end.in_full(),
            },
            (JobKind::EvalRun, ..) => match &object.of_models {
                Some(models) if models.is_empty() => end.nothing(),
                Some(models) => {
                    let sum = |(model, tokens): &(String, Tokens)| {
                        let billed =
                            Billed { tier: Some(Tier::Default), ..Billed::tokens(*tokens) };
                        // Of many small calls: no price of a long context.
                        let used = Used { billed, largest_input: 0, chats: 0 };
                        Sum { model: Some(model.clone()), used }
                    };
                    self.priced(upstream, &end, models.iter().map(sum).collect())
                }
                None => end.in_full(),
            },
            (JobKind::Run, _, Some(tokens)) => {
                self.priced(upstream, &end, share(Some(Tier::Default), tokens))
            }
            (JobKind::Response, _, Some(tokens)) => {
                let tier = Tier::served(object.service_tier.as_deref(), job.tier);
                self.priced(upstream, &end, share(tier, tokens))
            }
            // A video that did not come is free; a response may have run long before it failed.
            (JobKind::Video, ..) => end.nothing(),
            (JobKind::Response | JobKind::Run, ..) => end.in_full(),
        }
    }

    /// A batch of one model says what it came to. Where lines may differ in price, and where an
    /// older batch says nothing, they are read.
    async fn batch(&self, upstream: &LiveUpstream, end: &End<'_>, object: &JobObject) -> Checked {
        let whole = object.tokens.zip(end.job.model.clone()).map(|(tokens, asked)| {
            let used = in_batch(tokens, end.job.largest_input);
            Sum { model: object.model.clone().or(Some(asked)), used }
        });
        match whole {
            Some(whole) if whole.used.largest_input <= SHORT => {
                return self.priced(upstream, end, vec![whole]);
            }
            None if object.answered == Some(0) => return end.nothing(),
            None if object.files.is_empty() && object.course == Course::Failed => {
                return end.nothing();
            }
            _ => {}
        }
        let output = match self.output(upstream, end.job, object).await {
            Ok(output) => output,
            Err(why) => return Checked::Unknown(why),
        };
        match (output.unknown || object.files.is_empty(), whole) {
            (true, Some(whole)) => self.priced(upstream, end, vec![whole]),
            (true, None) => end.in_full(),
            (false, _) if output.sums.is_empty() => end.nothing(),
            (false, _) => self.priced(upstream, end, output.sums),
        }
    }

    /// Reads all lines that were answered.
    async fn output(
        &self,
        upstream: &LiveUpstream,
        job: &Job,
        object: &JobObject,
    ) -> Result<Output, String> {
        let mut output = Output::new(job.container_sessions);
        for file in &object.files {
            match self.get(upstream, &format!("/files/{file}/content"), job).await? {
                Got::Body(body) => {
                    let read = output.read(&self.shared, body.into_body()).await;
                    read.map_err(|fault| fault.message.into_owned())?;
                }
                Got::Gone => output.unknown = true,
            }
        }
        // A file that is not named yet, or no longer.
        output.unknown |= object.answered.is_some_and(|answered| output.answered < answered);
        Ok(output)
    }

    /// One record for each model.
    fn priced(&self, upstream: &LiveUpstream, end: &End<'_>, sums: Vec<Sum>) -> Checked {
        let Dataplane { prices, metrics, .. } = &*self.shared;
        let asked = end.job.model.as_deref();
        let mut records: Vec<UsageRecord> = Vec::new();
        for Sum { model, used } in sums {
            let (named, billed) = ([asked, model.as_deref()], used.billed);
            let cost = prices.of(
                (upstream.provider, named),
                end.job.at,
                used,
                &end.job.operation,
                metrics,
            );
            if cost.is_none() && end.job.hold.0 > 0 {
                // A price that was there when the money was set aside is gone: fails closed.
                return end.in_full();
            }
            match records
                .iter_mut()
                .find(|record| record.model_served.as_deref() == model.as_deref())
            {
                Some(record) => {
                    record.tokens.add(&billed.tokens);
                    record.cost = record.cost.zip(cost).map(|(sum, cost)| sum.plus(&cost));
                }
                None => records.push(UsageRecord {
                    model_served: model.as_deref().map(Into::into),
                    tokens: billed.tokens,
                    media_ms: billed.units.video_ms,
                    cost,
                    ..end.record()
                }),
            }
        }
        let costs = records.iter().filter_map(|record| record.cost);
        let cost = costs.fold(0, |sum: i64, cost| sum.saturating_add(cost.total().0)).max(0);
        Checked::Ended { records, cost: Nanos(cost) }
    }
}

enum Got {
    Body(Box<Answer>),
    Gone,
}

/// A job's end, before it is known what it came to.
struct End<'j> {
    job: &'j Job,
    object: Option<&'j JobObject>,
    now: Timestamp,
}

impl<'j> End<'j> {
    fn of(job: &'j Job, now: Timestamp) -> Self {
        Self { job, object: None, now }
    }

    fn nothing(&self) -> Checked {
        let records = vec![UsageRecord { cost: Some(Cost::default()), ..self.record() }];
        Checked::Ended { records, cost: Nanos(0) }
    }

    /// Nobody will tell what it cost.
    fn in_full(&self) -> Checked {
        let hold = self.job.hold;
        let cost = (hold.0 > 0).then(|| Cost::of(hold));
        let records = vec![UsageRecord { cost, estimated: cost.is_some(), ..self.record() }];
        Checked::Ended { records, cost: hold }
    }

    fn record(&self) -> UsageRecord {
        let Self { job, object, now } = self;
        let completed = object.is_some_and(|object| object.course == Course::Completed);
        let is_batch = job.kind == JobKind::Batch;
        let tier = object.and_then(|o| o.service_tier.as_deref());
        let tier = if is_batch { Some("batch") } else { tier };
        UsageRecord {
            request: job.request.clone(),
            attempt: job.attempt,
            at: job.at,
            operation: surface::by_id(&job.operation).map_or("unknown", |operation| operation.id),
            family: job.family,
            project: job.project.clone(),
            key: job.key.clone(),
            user: job.user.as_str().into(),
            user_label: job.user_label.as_deref().map(Into::into),
            model_asked: job.model.as_deref().map(Into::into),
            model_served: object.and_then(|o| o.model.as_deref()).map(Into::into),
            service_tier: tier.map(Into::into),
            upstream: job.upstream.clone(),
            upstream_request: job.upstream_request.as_deref().map(Into::into),
            status: job.status,
            outcome: if completed { Outcome::Completed } else { Outcome::UpstreamFailed },
            stream: false,
            batch: is_batch,
            estimated: false,
            tokens: Tokens::default(),
            images: 0,
            media_ms: 0,
            characters: 0,
            cost: None,
            error: None,
            queue_us: 0,
            first_byte_us: 0,
            total_us: (now.0 - job.at.0).max(0).cast_unsigned().saturating_mul(1_000),
            bytes_in: 0,
            bytes_out: 0,
            cache: None,
            saved: None,
            shadow: false,
            prints: None,
        }
    }
}
