//! A second attempt beside one that is slow to answer, where the operator has chosen so.
//!
//! Both have a hold of their own. The first answer wins; the other attempt goes on without anybody
//! waiting for it, as a call does whose client has left: its provider bills it all the same.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::Fault;
use domain::route::Reasons;
use http::{HeaderValue, Response};
use tokio::time::sleep;

use super::{Failed, Ready, again, once};
use crate::body::reply::ReplyBody;
use crate::detach::Gone;
use crate::headers::X_ATTEMPTS;
use crate::pipeline::Asked;
use crate::plan::{Candidate, Plan};
use crate::shared::Worker;
use crate::tab::Call;

type Ended = Result<Response<ReplyBody>, Failed>;

/// One of two attempts.
struct Runner {
    /// Its place in the plan.
    at: usize,
    /// Set when nobody waits for it any more.
    gone: Gone,
    work: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

/// Makes the first attempt, and one more where it has not answered in time.
pub(super) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
    asked: Asked,
) -> Result<Response<ReplyBody>, Fault> {
    let after = worker.shared.settings.hedge_after.unwrap_or(Duration::MAX);
    let mut first = Runner::start(&worker, &call, (0, &plan.first), ready);
    let second = async {
        sleep(after).await;
        second(&worker, &call, &plan, &asked).await
    };
    let second = tokio::select! {
        biased;
        ended = &mut first.work => {
            return or_again(worker, call, plan, asked, ended.map_err(|failed| vec![(0, failed)])).await;
        }
        second = second => second,
    };
    let Some(second) = second else {
        let ended = first.work.await.map_err(|failed| vec![(0, failed)]);
        return or_again(worker, call, plan, asked, ended).await;
    };
    let ended = race(&worker, first, second).await;
    or_again(worker, call, plan, asked, ended).await
}

/// The first of two answers; both failures where there is none.
async fn race(
    worker: &Worker,
    mut one: Runner,
    mut two: Runner,
) -> Result<Response<ReplyBody>, Vec<(usize, Failed)>> {
    let (ended, done, left) = tokio::select! {
        biased;
        ended = &mut one.work => (ended, one.at, two),
        ended = &mut two.work => (ended, two.at, one),
    };
    let reply = match ended {
        Ok(reply) => {
            left.gone.set();
            let work = left.work;
            worker.shared.tasks.spawn(async move { drop(work.await) });
            Ok(reply)
        }
        Err(failed) => left.work.await.map_err(|other| vec![(done, failed), (left.at, other)]),
    };
    reply.map(|mut reply| {
        reply.headers_mut().insert(X_ATTEMPTS, HeaderValue::from(2));
        reply
    })
}

async fn or_again(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    asked: Asked,
    ended: Result<Response<ReplyBody>, Vec<(usize, Failed)>>,
) -> Result<Response<ReplyBody>, Fault> {
    match ended {
        Ok(reply) => Ok(reply),
        Err(failures) => Box::pin(again::run(worker, call, plan, asked, failures)).await,
    }
}

/// The second attempt, where a place that does well is there for it, the budget of its upstream has
/// room, and the limits pay for it.
async fn second(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    plan: &Plan,
    asked: &Asked,
) -> Option<Runner> {
    let shared = &worker.shared;
    let fits = |place: &Candidate| {
        !Arc::ptr_eq(&place.upstream, &plan.first.upstream)
            && place.on.contains(Reasons::FAILING)
            && !place.is_open(|| shared.moment())
    };
    let at = plan.others.iter().position(fits)?;
    let place = &plan.others[at];
    if call.gone.get() || !asked.is_whole() {
        return None;
    }
    // Where the rate leaves room: to wait there is not what it is for.
    let placed = asked.turn_at_once(call, place)?;
    if !place.upstream.standing.repeat() {
        return None;
    }
    let mut spending = asked.hold(shared, call, place).await.ok()?;
    let terms = (spending.as_ref(), 2, false);
    let mut ready = asked.ready(call.operation, &call.project, place, terms).ok()?;
    ready.placed = placed;
    let held = spending.as_mut().and_then(|spending| spending.held.take());
    *call.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    shared.metrics.tried_on(false);
    Some(Runner::start(worker, call, (at + 1, place), ready))
}

impl Runner {
    fn start(
        worker: &Arc<Worker>,
        call: &Arc<Call>,
        (at, place): (usize, &Candidate),
        mut ready: Box<Ready>,
    ) -> Self {
        let gone = Gone::default();
        ready.gone = Some(gone.clone());
        let (worker, call, place) = (Arc::clone(worker), Arc::clone(call), place.clone());
        let work = Box::pin(async move { once(&worker, &call, &place, ready, true).await });
        Self { at, gone, work }
    }
}
