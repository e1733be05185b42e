//! A batch's lines are calls that the provider makes later, past us: each is looked at before the
//! batch is made, with the eyes of a call of its own: scope, models, objects.

use std::ops::Range;
use std::sync::Arc;

use domain::{Fault, ObjectKind, Outcome, UsageFamily, fault::catalogue};
use egress::Outgoing;
use http::{HeaderMap, Method, Response, StatusCode};
use openai::json::unescape;
use openai::surface;
use openai::view::View;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::attempt::{self, Ready, Target};
use crate::body::lines::Lines;
use crate::body::reply::ReplyBody;
use crate::body::upload::BrokenOff;
use crate::budget::{self, Tally};
use crate::jobs::is_plain;
use crate::pace::Placed;
use crate::places::Places;
use crate::plan::Plan;
use crate::shared::Worker;
use crate::tab::{Call, Count, End, Leg, Tab};
use crate::{owned, permit, refusal};

/// Objects looked up at a time.
const GROUP: usize = 500;

/// Makes a batch, once its lines have been looked at.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
) -> Result<Response<ReplyBody>, Fault> {
    let Outgoing::Whole(body) = &ready.body else {
        return Err(Fault::new(&catalogue::INTERNAL_ERROR));
    };
    // Whatever stands twice, or is read in two ways, is no batch.
    let asked: Asked = serde_json::from_slice(body).map_err(|error| {
        Fault::because(&catalogue::INVALID_VALUE, format!("The batch cannot be read: {error}."))
    })?;
    if let Some(endpoint) = &asked.endpoint {
        may_call(&call, endpoint)?;
    }
    let mut tally = Tally::of(&worker.shared, &call, plan.first.upstream.provider).await?;
    // Without a file the provider refuses the batch, and says so better than we could.
    if let Some(file) = &asked.input_file_id {
        if !is_plain(file) {
            return Err(refusal::no_such(ObjectKind::File, file));
        }
        let eyes = Eyes {
            worker: &worker,
            call: &call,
            plan: &plan,
            places: worker.shared.places(),
            endpoint: asked.endpoint.as_deref(),
            tally: &mut tally,
            objects: Vec::new(),
            items: Vec::new(),
        };
        look_at(eyes, file).await?;
    } else if tally.is_limited() {
        let why = "A spend limit applies, and the batch names no file whose lines could be read.";
        return Err(Fault::because(&catalogue::INVALID_VALUE, why).param("input_file_id"));
    }
    tally.hold(family(asked.endpoint.as_deref())).await?;
    attempt::only(worker, call, plan, ready).await
}

/// What decides in the body of a batch.
#[derive(Deserialize)]
struct Asked {
    input_file_id: Option<String>,
    endpoint: Option<String>,
}

/// What decides in a line of its file.
#[derive(Deserialize)]
struct Line<'l> {
    url: Option<String>,
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

/// Which usage report the lines belong to.
fn family(endpoint: Option<&str>) -> UsageFamily {
    let path = endpoint.map(|e| e.strip_prefix("/v1").unwrap_or(e)).unwrap_or_default();
    let found = surface::find(&Method::POST, path);
    found.map_or(UsageFamily::Other, |found| found.operation.meter.family())
}

/// Whether the key may make the calls that the lines are.
fn may_call(call: &Call, endpoint: &str) -> Result<(), Fault> {
    let path = endpoint.strip_prefix("/v1").unwrap_or(endpoint);
    match surface::find(&Method::POST, path) {
        Ok(found) if !call.key.policy.permission.allows(found.operation.scope) => {
            Err(permit::missing_scope(found.operation, "The batch's endpoint needs it."))
        }
        _ => Ok(()),
    }
}

async fn look_at(mut eyes: Eyes<'_>, file: &str) -> Result<(), Fault> {
    let ready = Box::new(Ready {
        placed: Placed::free(),
        method: Method::GET,
        target: Target::Made(format!("/files/{file}/content")),
        headers: HeaderMap::new(),
        body: Outgoing::Empty,
        broken: BrokenOff::default(),
        leg: Leg::ONLY,
        gone: None,
    });
    let (tab, answer) = attempt::send(eyes.worker, eyes.call, eyes.plan, ready).await?;
    let status = answer.status();
    let refused = match status {
        StatusCode::OK if attempt::is_coded(answer.headers()) => Some(&catalogue::UPSTREAM_ERROR),
        // No such file: the provider will say so of the batch as well.
        StatusCode::OK | StatusCode::NOT_FOUND => None,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(&catalogue::UPSTREAM_AUTH_FAILED),
        StatusCode::TOO_MANY_REQUESTS => Some(&catalogue::UPSTREAM_RATE_LIMITED),
        _ => Some(&catalogue::UPSTREAM_ERROR),
    };
    if let Some(entry) = refused {
        let fault = Fault::new(entry).retry_after_ms(1_000);
        tab.settle(End::failed(&fault));
        return Err(fault);
    }
    if status != StatusCode::OK {
        settle(tab, status, 0);
        // Nobody knows what such a batch would cost.
        let unread = eyes.tally.is_limited().then(|| refusal::no_such(ObjectKind::File, file));
        return unread.map_or(Ok(()), Err);
    }
    let mut lines = Lines::of(answer.into_body());
    let looked = eyes.look(&mut lines).await;
    settle(tab, status, lines.total);
    looked
}

/// A look is an attempt of its own: the provider was asked for a file.
fn settle(tab: Box<Tab>, status: StatusCode, bytes: u64) {
    let outcome = if status.is_success() { Outcome::Completed } else { Outcome::Refused };
    let count = Count { bytes_out: bytes, ..Count::default() };
    tab.settle(End { outcome, status: status.as_u16(), error: None, class: None, count });
}

/// What the lines of one file name.
struct Eyes<'a> {
    worker: &'a Arc<Worker>,
    call: &'a Arc<Call>,
    plan: &'a Plan,
    places: Arc<Places>,
    endpoint: Option<&'a str>,
    tally: &'a mut Tally,
    objects: Vec<(ObjectKind, String)>,
    items: Vec<String>,
}

impl Eyes<'_> {
    /// Reads the file to its end, or to the first line that may not be.
    async fn look(&mut self, lines: &mut Lines) -> Result<(), Fault> {
        while let Some(line) = lines.next(&self.worker.shared).await? {
            self.line(&line)?;
            if self.objects.len() + self.items.len() >= GROUP {
                self.check_objects().await?;
            }
        }
        self.check_objects().await
    }

    /// Looks at one line. What has no brace in it cannot become a call for any reader.
    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let line = line.trim_ascii();
        if memchr::memchr(b'{', line).is_none() {
            return Ok(());
        }
        let unclear = || {
            let why = "A line of the batch's file cannot be read without doubt.";
            Fault::because(&catalogue::INVALID_JSON, why)
        };
        View::of(line).map_err(|_| unclear())?;
        let call: Line<'_> = serde_json::from_slice(line).map_err(|_| unclear())?;
        if let Some(url) = &call.url {
            may_call(self.call, url)?;
        }
        let Some(body) = call.body.map(|b| b.get().as_bytes()) else { return Ok(()) };
        let view = View::of(body).map_err(|_| unclear())?;
        let text =
            |span: &Range<usize>| unescape(&body[span.clone()]).unwrap_or_default().into_owned();
        let ruled = self.call.key.has_model_list();
        let models: Vec<String> = view.model.iter().chain(&view.other_models).map(text).collect();
        let strange = models.iter().find(|m| !self.call.key.allows_model(m));
        if let Some(model) = strange {
            return Err(refusal::model_not_allowed(model, self.call.project.as_str()));
        }
        self.places.check_models(&self.call.project, &models)?;
        if ruled && view.model.is_none() {
            return Err(refusal::model_not_allowed("", self.call.project.as_str()));
        }
        let stored_prompt = call.url.as_deref().is_some_and(|url| url.contains("/responses"));
        permit::check_tools(&self.call.key, || view.hosted_tools(body, stored_prompt))?;
        let (url, model) = (call.url.as_deref().unwrap_or(""), view.model.as_ref().map(text));
        if self.tally.is_limited() && self.endpoint.is_some_and(|endpoint| endpoint != url) {
            return Err(budget::other_endpoint());
        }
        self.tally.line(url, &view, body, model.as_deref());
        self.objects.extend(view.references.iter().map(|(kind, span)| (*kind, text(span))));
        self.items.extend(view.replayed.iter().map(text));
        Ok(())
    }

    async fn check_objects(&mut self) -> Result<(), Fault> {
        let shared = &self.worker.shared;
        let (upstream, project) = (&self.plan.first.upstream, &self.call.project);
        let objects = std::mem::take(&mut self.objects);
        owned::check(shared, upstream, project, &objects).await?;
        let items = std::mem::take(&mut self.items);
        owned::check_replayed(shared, upstream, project, &items).await
    }
}
