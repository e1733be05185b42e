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
use super::{Ahead, send};
use crate::body::reply::ReplyBody;
use crate::cache::{self, Asking, Keeping, Looked, Wish};
use crate::overload;
use crate::permit::Permit;
use crate::reply::request_id;
use crate::shared::{Dataplane, Worker};

/// What the cache said to a call.
pub(super) enum Known {
    Answered(Response<ReplyBody>),
    /// It goes on.
    Not(Box<Ahead>),
}

/// What a call asks of the cache, if anything.
pub(super) fn wish(shared: &Dataplane, permit: &Permit, ahead: &Ahead) -> Option<Box<Wish>> {
    let what = (ahead.operation, &ahead.taken);
    cache::wish(shared, permit, &ahead.head, what, &ahead.plan)
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
    let (at, arrived, ..) = ahead.times;
    let looked = {
        let Ahead { id, operation, head, taken, plan, room, .. } = &mut ahead;
        let (place, operation) = (&plan.first, *operation);
        let asking =
            Asking { worker, permit, head, operation, taken, place, id, at, arrived, room };
        cache::look_up(&wish, asking).await?
    };
    Ok(match looked {
        Looked::Answered(reply) => Known::Answered(reply),
        Looked::Leads(keeping) => {
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
