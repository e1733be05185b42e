//! A copy of an answered call, made at another place for a person to compare (a route's shadow).
//!
//! It begins when the client's answer has ended, so that it cannot delay it. It is a call of its own,
//! with its own hold under the same limits and its own record, marked `shadow`; where it has no room
//! (in flight, at the provider's rate limit, under a spend limit) it is not made.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Comparison, RequestId};
use http::Response;
use http::request::Parts;
use http_body::Body;
use openai::kept;
use openai::surface::{Meter, Operation};
use serde_json::json;
use tokio::time::Instant;

use super::{Asked, Facts, Taken, prepare};
use crate::body::reply::ReplyBody;
use crate::headers::IDEMPOTENCY_KEY;
use crate::permit::Permit;
use crate::plan::{Candidate, Plan};
use crate::rate::RateTicket;
use crate::reply::request_id;
use crate::shared::{Dataplane, Worker};
use crate::{attempt, budget, overload, pace};

/// A call that will be made once more.
pub(crate) struct Copy {
    worker: Arc<Worker>,
    permit: Permit,
    operation: &'static Operation,
    place: Candidate,
    head: Box<Parts>,
    body: Bytes,
    /// As the caller wrote it.
    model: String,
    /// Whose answer it is compared with.
    request: RequestId,
}

/// What came of a copy.
struct Made {
    request: RequestId,
    status: u16,
    text: Vec<u8>,
}

impl Copy {
    /// Bytes that are kept of a request or of an answer.
    pub(crate) const TEXT: usize = 64 * 1024;

    /// Of a call that only writes an answer: of nothing that is stored, or runs tools at the provider.
    pub(super) fn of(
        worker: &Arc<Worker>,
        permit: &Permit,
        operation: &'static Operation,
        asked: &Asked,
        (place, request): (Candidate, &RequestId),
    ) -> Option<Box<Self>> {
        let Taken::Json(body, view) = &asked.taken else { return None };
        if !matches!(operation.meter, Meter::Chat | Meter::Completion | Meter::Responses) {
            return None;
        }
        kept::request::look(operation, view, body)?;
        let mut head = asked.head.clone();
        head.headers.remove(IDEMPOTENCY_KEY);
        Some(Box::new(Self {
            worker: Arc::clone(worker),
            permit: permit.again(),
            operation,
            place,
            head,
            body: body.clone(),
            model: view.model(body)?.into_owned(),
            request: request.clone(),
        }))
    }

    pub(crate) fn shared(&self) -> &Dataplane {
        &self.worker.shared
    }

    /// Whether the texts may be kept.
    pub(crate) fn keeps(&self) -> bool {
        !self.permit.key.keeps_nothing()
    }

    /// The client has its answer: now the copy is made, and both are kept.
    pub(crate) fn answered(self: Box<Self>, first: Option<Vec<u8>>) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let tasks = self.worker.shared.tasks.clone();
        tasks.spawn(async move {
            let shared = Arc::clone(&self.worker.shared);
            match self.make().await {
                Some(made) => self.keep(&shared, first, made).await,
                None => tracing::debug!(request = %self.request, "a shadow call had no room"),
            }
        });
    }

    /// The same call at the other place; `None` where there is no room for it.
    async fn make(&self) -> Option<Made> {
        let shared = &self.worker.shared;
        let (at, arrived) = (shared.clock.now(), Instant::now());
        let room = overload::room(shared, &self.permit).await.ok()?;
        let media = Some("application/json");
        let taken = Taken::json(self.operation, media, self.body.clone()).ok()?;
        let (key, project) = (&self.permit.key, &self.permit.project);
        let (operation, until) = (self.operation, arrived);
        let caller = pace::Caller { key: &key.id, project, operation, taken: &taken, until };
        let placed = pace::at_once(&self.place, &caller)?;
        let spending = match shared.budgets.may_apply() {
            true => {
                let what = (&taken, &self.place);
                let holding = budget::ready(shared, (key, project), at, operation, what);
                Box::pin(holding).await.ok()?
            }
            false => None,
        };
        // Cut short, it could not be compared, and would take the last of a limit from calls.
        if spending.as_ref().is_some_and(|spending| spending.clamped) {
            return None;
        }
        let id = request_id(at);
        let facts = Facts {
            id: id.clone(),
            at,
            arrived,
            body_wait: Duration::ZERO,
            operation,
            object: None,
            rate: RateTicket::none(),
            turn: (placed, until),
            spending,
            keeping: None,
            shadow: true,
            open: (shared.tasks.open(), room),
        };
        let asked = Asked { head: self.head.clone(), taken };
        let plan =
            Plan { first: self.place.clone(), others: Vec::new(), shadow: None, cache: None };
        let (call, ready) = prepare(&asked, facts, self.permit.again(), &plan, shared).ok()?;
        let answer = attempt::only(Arc::clone(&self.worker), call, plan, ready).await;
        let made = |status, text| Made { request: id.clone(), status, text };
        Some(match answer {
            Ok(reply) => {
                let status = reply.status().as_u16();
                made(status, read(reply).await)
            }
            Err(fault) => made(fault.entry.status, fault.message.into_owned().into_bytes()),
        })
    }

    async fn keep(&self, shared: &Dataplane, first: Option<Vec<u8>>, made: Made) {
        let plain = |text: &[u8]| {
            let plain = kept::stream::to_plain(self.operation.meter, text);
            String::from_utf8_lossy(plain.as_deref().unwrap_or(text)).into_owned()
        };
        let context = Comparison::context(&self.permit.project, &self.request);
        let sealed = self.keeps().then(|| {
            let request = &self.body[..self.body.len().min(Self::TEXT)];
            let texts = json!({
                "request": String::from_utf8_lossy(request),
                "answer": first.as_deref().map(plain),
                "shadow_answer": plain(&made.text),
            });
            shared.vault.seal_bytes(&context, texts.to_string().as_bytes())
        });
        let comparison = Comparison {
            place: 0,
            at: shared.clock.now(),
            project: self.permit.project.clone(),
            model: self.model.clone(),
            request: self.request.clone(),
            shadow_request: made.request,
            shadow_status: made.status,
            sealed,
        };
        if let Err(error) = shared.comparisons.keep_comparison(comparison).await {
            tracing::warn!(request = %self.request, %error, "a comparison cannot be kept");
        }
    }
}

/// Reads an answer to its end, so that it is settled as any other; gives its begin.
async fn read(reply: Response<ReplyBody>) -> Vec<u8> {
    let mut body = pin!(reply.into_body());
    let mut text = Vec::new();
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
    {
        let Some(piece) = frame.data_ref() else { continue };
        let room = Copy::TEXT.saturating_sub(text.len()).min(piece.len());
        text.extend_from_slice(&piece[..room]);
    }
    text
}
