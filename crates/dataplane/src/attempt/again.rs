//! After an attempt has failed that nobody has seen anything of: elsewhere, or once more, or the end.
//!
//! The failed attempt is settled by now, so that its hold is posted or free before the next one is
//! asked for; every attempt has a hold, a slot and a record of its own (P19).

use std::fmt::Write;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{Fault, fault::catalogue};
use http::{HeaderValue, Response};
use tokio::time::{Instant, sleep};

use super::tries::{Next, Tries};
use super::{Failed, Ready, once};
use crate::body::reply::ReplyBody;
use crate::budget;
use crate::headers::X_ATTEMPTS;
use crate::pipeline::Asked;
use crate::plan::{Candidate, Plan};
use crate::shared::Worker;
use crate::tab::Call;

/// What a call has behind it.
struct Tried {
    attempts: u32,
    /// In their order, for people.
    told: String,
    best: Failed,
}

/// Makes further attempts for as long as one may do better.
pub(super) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    asked: Asked,
    failures: Vec<(usize, Failed)>,
) -> Result<Response<ReplyBody>, Fault> {
    // Whoever comes back by itself is not helped twice: the two would multiply.
    let repeats = if asked.repeats_itself() { 0 } else { worker.shared.settings.repeats };
    let mut tries = Tries::of(plan, call.effect, repeats);
    let mut at = 0;
    let mut tried: Option<Tried> = None;
    for (place, failed) in failures {
        at = place;
        tries.tried(at, &failed, Instant::now());
        match &mut tried {
            Some(tried) => tried.add(tries.candidate(at), failed),
            None => tried = Some(Tried::first(tries.candidate(at), failed)),
        }
    }
    let Some(mut tried) = tried else { return Err(Fault::new(&catalogue::INTERNAL_ERROR)) };
    while asked.is_whole()
        && !call.gone.get()
        && let Some(next) = next(&worker, &call, &mut tries, at).await
        && let Some((next, ready)) =
            ready(&worker, &call, &asked, &mut tries, (at, next, tried.attempts + 1)).await
    {
        at = next;
        worker.shared.metrics.tried_on(ready.leg.again);
        let hold_back = tries.has_more();
        match once(&worker, &call, tries.candidate(at), ready, hold_back).await {
            Ok(reply) => return Ok(reply),
            Err(failed) => {
                tries.tried(at, &failed, Instant::now());
                tried.add(tries.candidate(at), failed);
            }
        }
    }
    tried.reply()
}

/// Where to next, once it is time for it; and whether the call was there before.
async fn next(worker: &Worker, call: &Call, tries: &mut Tries, at: usize) -> Option<(usize, bool)> {
    let shared = &worker.shared;
    let now = Instant::now();
    let left = call.deadlines.end.saturating_duration_since(now);
    if left == Duration::ZERO {
        return None;
    }
    // For a place at a rate limit the client says how long it waits.
    let turn = left.min(call.waits_until.saturating_duration_since(now));
    let left = (left.min(shared.settings.patience), turn);
    let random = u64::from_ne_bytes(vault::random());
    match tries.next(at, (now, shared.moment()), left, random) {
        Next::Nowhere => None,
        Next::New(next) => Some((next, false)),
        // Its lane knows the provider's wait, and whose turn it is behind that.
        Next::Turn(next) => Some((next, true)),
        Next::Again(next, pause) => {
            call.gone.unless_set(shared.tasks.unless_cut(sleep(pause))).await??;
            Some((next, true))
        }
    }
}

/// The request for a place, with the money for it set aside. Where that does not fit, a place that
/// is there for its price.
async fn ready(
    worker: &Worker,
    call: &Call,
    asked: &Asked,
    tries: &mut Tries,
    (last, (mut at, mut again), number): (usize, (usize, bool), u32),
) -> Option<(usize, Box<Ready>)> {
    loop {
        let place = tries.candidate(at);
        // Its turn before its money: nothing waits for a provider while it holds any.
        let turn = asked.turn(&worker.shared, call, place);
        let placed = match call.gone.unless_set(turn).await? {
            Ok(placed) => placed,
            Err(fault) => {
                tracing::debug!(request = %call.request, code = fault.entry.code,
                                "no further attempt there: its turn would come too late");
                tries.pass_over(at);
                (at, again) = next(worker, call, tries, last).await?;
                continue;
            }
        };
        match asked.hold(&worker.shared, call, place).await {
            Ok(mut spending) => {
                let terms = (spending.as_ref(), number, again);
                let mut ready = asked.ready(call.operation, &call.project, place, terms).ok()?;
                ready.placed = placed;
                let held = spending.as_mut().and_then(|spending| spending.held.take());
                *call.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
                return Some((at, ready));
            }
            Err(fault) => {
                tracing::debug!(request = %call.request, code = fault.entry.code,
                                "no further attempt: its hold was refused");
                tries.pass_over(at);
                (at, again) = (tries.cheaper().filter(|_| budget::is_spent(&fault))?, false);
            }
        }
    }
}

impl Tried {
    fn first(place: &Candidate, failed: Failed) -> Self {
        let mut told = String::new();
        tell(&mut told, place, &failed);
        Self { attempts: 1, told, best: failed }
    }

    fn add(&mut self, place: &Candidate, failed: Failed) {
        self.attempts += 1;
        self.told.push_str(", ");
        tell(&mut self.told, place, &failed);
        // Of two that help as much, the later is the newer.
        if failed.class.rank() >= self.best.class.rank() {
            self.best = failed;
        }
    }

    /// The most helpful of what failed, with all that was tried.
    fn reply(self) -> Result<Response<ReplyBody>, Fault> {
        match self.best.reply {
            Ok(mut reply) => {
                reply.headers_mut().insert(X_ATTEMPTS, HeaderValue::from(self.attempts));
                Ok(reply)
            }
            Err(mut fault) => {
                if self.attempts > 1 {
                    fault.message = format!("{} Tried: {}.", fault.message, self.told).into();
                }
                Err(fault.attempts(self.attempts))
            }
        }
    }
}

fn tell(told: &mut String, place: &Candidate, failed: &Failed) {
    let name = place.upstream.name.to_str().unwrap_or("");
    let _ = match failed.status {
        Some(status) => write!(told, "{name} ({}, {status})", failed.class.word()),
        None => write!(told, "{name} ({})", failed.class.word()),
    };
}
