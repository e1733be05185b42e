//! The cache's place in the order of a call, and the call by which a stale answer is made anew.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use domain::Fault;
use http::Response;
use http_body::Body;
use tokio::time::Instant;

use super::seen::Seen;
use super::{Ahead, embed, send};
use crate::body::reply::ReplyBody;
use crate::cache::{self, Asking, Keeping, Looked, Wish};
use crate::overload;
use crate::permit::Permit;
use crate::reply::request_id;
use crate::shared::Worker;

/// What the cache said to a call.
pub(super) enum Known {
    Answered(Response<ReplyBody>),
    /// It goes on.
    Not(Box<Ahead>),
}

/// What a call asks of the cache, if anything.
pub(super) fn wish(worker: &Worker, permit: &Permit, ahead: &Ahead) -> Option<Box<Wish>> {
    let what = (ahead.operation, &ahead.taken);
    cache::wish(worker, permit, &ahead.head, what, &ahead.plan)
}

/// Looks for an answer.
///
/// # Errors
/// A limit by rate; what the call asked of the cache and cannot be had.
pub(super) async fn look_up(
    worker: &Arc<Worker>,
    permit: &Permit,
    wish: Box<Wish>,
    mut ahead: Ahead,
) -> Result<Known, Fault> {
    let looked = cache::look_up(&wish, asking(worker, permit, &mut ahead)).await?;
    Ok(match looked {
        Looked::Answered(reply) => Known::Answered(reply),
        Looked::Leads(mut keeping) => {
            if wish.may_be_near() {
                let near = near((worker, permit), &wish, &mut ahead, &mut keeping);
                if let Some(reply) = Box::pin(near).await? {
                    return Ok(Known::Answered(reply));
                }
            }
            keeping.missed();
            ahead.keeping = Some(keeping);
            Known::Not(Box::new(ahead))
        }
        Looked::Stale(reply, keeping) => {
            let work = anew(Arc::clone(worker), permit.again(), ahead, keeping);
            worker.shared.tasks.spawn(work);
            Known::Answered(reply)
        }
    })
}

fn asking<'a>(worker: &'a Arc<Worker>, permit: &'a Permit, ahead: &'a mut Ahead) -> Asking<'a> {
    let Ahead { id, times, operation, head, taken, plan, room, .. } = ahead;
    let (at, arrived, ..) = *times;
    let (place, operation) = (&plan.first, *operation);
    Asking { worker, permit, head, operation, taken, place, id, at, arrived, room }
}

/// The answer to a question that is nearly the same, where the route allows it and there is one.
async fn near(
    (worker, permit): (&Arc<Worker>, &Permit),
    wish: &Wish,
    ahead: &mut Ahead,
    keeping: &mut Keeping,
) -> Result<Option<Response<ReplyBody>>, Fault> {
    let mut asking = asking(worker, permit, ahead);
    let Some(question) = wish.question(&asking) else { return Ok(None) };
    let what = (question.model(), question.text());
    match embed::vector(worker, permit, what).await {
        Some(vector) => asking.nearly(wish, (question, vector), keeping).await,
        None => Ok(None),
    }
}

/// The same call once more, in the background: a call of its own, with its own limits and record.
async fn anew(worker: Arc<Worker>, permit: Permit, mut ahead: Ahead, keeping: Box<Keeping>) {
    let shared = &worker.shared;
    let Ok(room) = overload::room(shared, &permit).await else { return };
    let mut seen = Seen::begin();
    let (at, until) = (shared.clock.now(), shared.settings.end(seen.arrived));
    let until = until.min(Instant::now() + shared.settings.max_wait);
    ahead.times = (at, seen.arrived, until, Duration::ZERO);
    ahead.id = request_id(at);
    ahead.room = Some((shared.tasks.open(), room));
    ahead.keeping = Some(keeping.since(at, seen.arrived));
    seen.permit = Some(permit);
    match send(&worker, &mut seen, ahead, None).await {
        Ok(reply) => {
            let mut body = pin!(reply.into_body());
            while poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.is_some_and(|f| f.is_ok())
            {
            }
        }
        Err(fault) => {
            tracing::debug!(code = fault.entry.code, "a stale answer could not be made anew");
        }
    }
}
