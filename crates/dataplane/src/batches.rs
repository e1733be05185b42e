//! A batch's lines are calls that the provider makes later, past us: each is looked at before the
//! batch is made, with the eyes of a call of its own: scope, models, objects.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use domain::{Fault, ObjectKind, Outcome, fault::catalogue};
use egress::{AnswerBody, Outgoing};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::Body;
use openai::json::unescape;
use openai::surface;
use openai::view::View;
use serde_json::Value;

use crate::attempt::{self, Ready};
use crate::body::reply::ReplyBody;
use crate::body::upload::BrokenOff;
use crate::plan::Plan;
use crate::shared::Worker;
use crate::tab::{Call, Count, End, Tab};
use crate::{owned, permit, refusal};

/// Bytes of one line: the largest body that such a call may have on its own.
const LINE: usize = 33 << 20;
/// Objects looked up at a time.
const GROUP: usize = 500;

/// Makes a batch, once its lines have been looked at.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Ready,
) -> Result<Response<ReplyBody>, Fault> {
    let asked = call.kept_body.as_deref().and_then(|b| serde_json::from_slice::<Value>(b).ok());
    let text = |name: &str| asked.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if let Some(endpoint) = text("endpoint") {
        may_call(&call, &endpoint)?;
    }
    // Without a file the provider refuses the batch, and says so better than we could.
    if let Some(file) = text("input_file_id").filter(|id| is_plain(id)) {
        look_at(&worker, &call, &plan, &file).await?;
    }
    attempt::run(worker, call, plan, ready).await
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
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

async fn look_at(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    plan: &Plan,
    file: &str,
) -> Result<(), Fault> {
    let ready = Ready {
        method: Method::GET,
        target: format!("/files/{file}/content"),
        headers: HeaderMap::new(),
        body: Outgoing::Empty,
        broken: BrokenOff::default(),
    };
    let (tab, answer) = attempt::send(worker, call, plan, ready).await?;
    let status = answer.status();
    if status.is_server_error() {
        let fault = Fault::new(&catalogue::UPSTREAM_ERROR);
        tab.settle(End::failed(&fault));
        return Err(fault);
    }
    if status != StatusCode::OK {
        // No such file: the provider will say so of the batch as well.
        settle(tab, status, 0);
        return Ok(());
    }
    let mut lines = Lines { call, plan, worker, objects: Vec::new(), items: Vec::new() };
    let (bytes, looked) = lines.read(answer.into_body()).await;
    settle(tab, status, bytes);
    looked
}

/// A look is an attempt of its own: the provider was asked for a file.
fn settle(tab: Tab, status: StatusCode, bytes: u64) {
    let outcome = if status.is_success() { Outcome::Completed } else { Outcome::Refused };
    let count = Count { bytes_out: bytes, ..Count::default() };
    tab.settle(End { outcome, status: status.as_u16(), error: None, count });
}

struct Lines<'a> {
    call: &'a Call,
    plan: &'a Plan,
    worker: &'a Worker,
    objects: Vec<(ObjectKind, String)>,
    items: Vec<String>,
}

impl Lines<'_> {
    /// Reads the file to its end, or to the first line that may not be.
    async fn read(&mut self, mut body: AnswerBody) -> (u64, Result<(), Fault>) {
        let mut held = BytesMut::new();
        let mut total = 0;
        loop {
            let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx));
            let waited = tokio::time::timeout(self.worker.shared.settings.gap, frame).await;
            let piece = match waited {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(_))) => return (total, Err(Fault::new(&catalogue::UPSTREAM_ERROR))),
                Err(_) => return (total, Err(Fault::new(&catalogue::UPSTREAM_TIMEOUT))),
            };
            total += piece.len() as u64;
            if let Err(fault) = self.take(&mut held, &piece).await {
                return (total, Err(fault));
            }
        }
        let last = self.line(&held);
        (
            total,
            match last {
                Ok(()) => self.check_objects().await,
                Err(fault) => Err(fault),
            },
        )
    }

    async fn take(&mut self, held: &mut BytesMut, piece: &Bytes) -> Result<(), Fault> {
        held.extend_from_slice(piece);
        while let Some(end) = memchr::memchr(b'\n', held) {
            let line = held.split_to(end + 1);
            self.line(&line)?;
            if self.objects.len() + self.items.len() >= GROUP {
                self.check_objects().await?;
            }
        }
        if held.len() > LINE {
            return Err(Fault::because(
                &catalogue::REQUEST_TOO_LARGE,
                "A line of the batch's file is larger than 33 MiB.",
            ));
        }
        Ok(())
    }

    /// Looks at one line. What is no JSON object at all cannot become a call.
    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let line = line.trim_ascii();
        let view = match View::of(line) {
            Ok(view) => view,
            Err(_) if serde_json::from_slice::<Value>(line).is_ok_and(|v| v.is_object()) => {
                // The provider would read what we did not, or read it otherwise.
                return Err(Fault::because(
                    &catalogue::INVALID_JSON,
                    "A line of the batch's file cannot be read without doubt.",
                ));
            }
            Err(_) => return Ok(()),
        };
        for span in view.model.iter().chain(&view.other_models) {
            let model = unescape(&line[span.clone()]).unwrap_or_default();
            if !self.call.key.policy.allows_model(&model) {
                return Err(refusal::model_not_allowed(&model, self.call.project.as_str()));
            }
        }
        let text = |span: &std::ops::Range<usize>| {
            unescape(&line[span.clone()]).unwrap_or_default().into_owned()
        };
        self.objects.extend(view.references.iter().map(|(kind, span)| (*kind, text(span))));
        self.items.extend(view.replayed.iter().map(text));
        Ok(())
    }

    async fn check_objects(&mut self) -> Result<(), Fault> {
        let shared = &self.worker.shared;
        let (upstream, project) = (&self.plan.upstream, &self.call.project);
        let objects = std::mem::take(&mut self.objects);
        owned::check(shared, upstream, project, &objects).await?;
        let items = std::mem::take(&mut self.items);
        owned::check_replayed(shared, upstream, project, &items).await
    }
}
