//! Calls with an `Idempotency-Key` (cases 61, 62): the same call made again gets the answer that it
//! had, with one hold and one bill.
//!
//! While a call runs, its key is in memory; once it is answered, in the store. A call that came to
//! nothing, or to a failure, frees its key: made again, it runs again. So does one that a process has
//! died over: its money is an orphan's, and nobody knows its answer. Calls without the header pay
//! nothing for all this.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ports::KeptAnswers;
use domain::{Fault, Fingerprint, IdempotencyKey, KeptAnswer, RequestId, fault::catalogue};
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use openai::surface::{Meter, Operation};

use crate::body::reply::ReplyBody;
use crate::headers::{self, IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, X_FIRST_REQUEST};
use crate::permit::Permit;
use crate::pipeline::Taken;
use crate::refusal;
use crate::reply;
use crate::shared::Dataplane;

mod answer;
mod bounds;
mod ticket;

pub use bounds::IdempotencySettings;
pub(crate) use ticket::Ticket;

/// Keys in memory: of calls that run, and of answers that the store has not taken yet.
const KEYS: usize = 65_536;
/// After this the same call may be asked for once more (ms).
const COME_BACK: u64 = 1_000;

/// What stands under a key in memory.
enum Standing {
    Runs(Fingerprint),
    /// Answered, and not in the store: being written, or the store would not have it.
    Answered(Arc<KeptAnswer>),
}

/// The keys of calls that run.
pub(crate) struct Idempotency {
    port: Arc<dyn KeptAnswers>,
    keys: Mutex<HashMap<IdempotencyKey, Standing>>,
    /// Bytes of answers in memory: of those that are being recorded, and of those that the store has
    /// not taken yet.
    held: AtomicUsize,
}

/// How a call goes on.
pub(crate) enum Entered {
    /// It carries no key.
    Free,
    /// It is the first under its key.
    First(Box<Ticket>),
    /// It was made before, and this was its answer.
    Again(Box<Response<ReplyBody>>),
}

impl Idempotency {
    pub(crate) fn new(port: Arc<dyn KeptAnswers>) -> Self {
        Self { port, keys: Mutex::default(), held: AtomicUsize::new(0) }
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<IdempotencyKey, Standing>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes of an answer, where there is room for them.
    pub(crate) fn grow(&self, bytes: usize, most: usize) -> bool {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= most;
        if !fits {
            self.shrink(bytes);
        }
        fits
    }

    pub(crate) fn shrink(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Whether a call carries a key that is looked at: the ordinary one does not, and goes on at once.
pub(crate) fn is_asked(head: &Parts, operation: &Operation) -> bool {
    operation.method == Method::POST && head.headers.contains_key(IDEMPOTENCY_KEY)
}

/// Looks a call's key up, and takes it where it is free.
///
/// # Errors
/// The same call runs; another one has the key; its answer is not there any more; nobody can tell,
/// since the store does not answer.
pub(crate) async fn enter(
    shared: &Arc<Dataplane>,
    head: &Parts,
    permit: &Permit,
    (operation, taken): (&Operation, &Taken),
    request: &RequestId,
) -> Result<Entered, Fault> {
    let Some(name) = name(head)? else { return Ok(Entered::Free) };
    let Some(call) = call(shared, head, taken).await? else { return Ok(Entered::Free) };
    let mut making = shared.vault.fingerprint("idempotency key");
    making.part(permit.project.as_str().as_bytes());
    making.part(name.as_bytes());
    let key = IdempotencyKey { project: permit.project.clone(), name: making.finish() };
    let keeps_nothing = permit.key.keeps_nothing();
    let again = |kept: &KeptAnswer| {
        answered(shared, kept, call, keeps_nothing, request).map(|r| Entered::Again(Box::new(r)))
    };
    if let Some(kept) = take(shared, &key, call)? {
        return again(&kept);
    }
    // From here on the key is ours, and free again when the ticket is dropped.
    let ticket = Ticket {
        shared: Arc::clone(shared),
        key: key.clone(),
        call,
        request: request.clone(),
        // What such an answer holds is a secret, and is kept nowhere.
        keeps: !keeps_nothing && operation.meter != Meter::Escapes,
        is_over: false,
    };
    let found = shared.idempotency.port.answer(key, shared.clock.now()).await;
    match found.map_err(|error| refusal::store(&error))? {
        Some(kept) => again(&kept),
        None => Ok(Entered::First(Box::new(ticket))),
    }
}

/// The name that the client chose.
fn name(head: &Parts) -> Result<Option<&HeaderValue>, Fault> {
    let mut all = head.headers.get_all(IDEMPOTENCY_KEY).iter();
    let first = all.next().filter(|name| !name.is_empty());
    if all.next().is_some() {
        let why = "The request has more than one Idempotency-Key.";
        return Err(Fault::because(&catalogue::INVALID_VALUE, why).param("Idempotency-Key"));
    }
    Ok(first)
}

/// What the call is: its target and its body. `None` where the body has not been read yet.
async fn call(
    shared: &Dataplane,
    head: &Parts,
    taken: &Taken,
) -> Result<Option<Fingerprint>, Fault> {
    let mut making = shared.vault.fingerprint("idempotent call");
    making.part(head.uri.path_and_query().map_or("", |target| target.as_str()).as_bytes());
    match taken {
        Taken::Nothing => {}
        Taken::Json(body, _) | Taken::Opaque(body) => making.update(body),
        Taken::Form(body, _) => {
            let boundary = headers::boundary(&head.headers).unwrap_or_default();
            return body.fingerprint(making, boundary).await.map(Some);
        }
        Taken::Flowing(_) => return Ok(None),
    }
    Ok(Some(making.finish()))
}

/// Bytes that an answer takes up in memory, beside its key.
fn weight(kept: &KeptAnswer) -> usize {
    kept.sealed.as_ref().map_or(0, |sealed| sealed.len())
}

/// Takes a key that is free; what stands under one that is not, where that is an answer.
fn take(
    shared: &Dataplane,
    key: &IdempotencyKey,
    call: Fingerprint,
) -> Result<Option<Arc<KeptAnswer>>, Fault> {
    let mut keys = shared.idempotency.keys();
    if keys.len() >= KEYS {
        let now = shared.clock.now();
        keys.retain(|_, standing| match standing {
            Standing::Runs(_) => true,
            Standing::Answered(kept) if kept.ends_at > now => true,
            Standing::Answered(kept) => {
                shared.idempotency.shrink(weight(kept));
                false
            }
        });
        if keys.len() >= KEYS {
            return Err(Fault::new(&catalogue::OVERLOADED).retry_after_ms(COME_BACK));
        }
    }
    match keys.entry(key.clone()) {
        Entry::Vacant(free) => {
            free.insert(Standing::Runs(call));
            Ok(None)
        }
        Entry::Occupied(mut taken) => match taken.get() {
            // The store would not have it, and its time is over.
            Standing::Answered(kept) if kept.ends_at <= shared.clock.now() => {
                shared.idempotency.shrink(weight(kept));
                taken.insert(Standing::Runs(call));
                Ok(None)
            }
            Standing::Answered(kept) => Ok(Some(Arc::clone(kept))),
            Standing::Runs(other) if *other == call => {
                Err(Fault::new(&catalogue::REQUEST_IN_PROGRESS).retry_after_ms(COME_BACK))
            }
            Standing::Runs(_) => Err(Fault::new(&catalogue::IDEMPOTENCY_MISMATCH)),
        },
    }
}

/// The answer that a call had, under the id of the call that asks for it now.
fn answered(
    shared: &Dataplane,
    kept: &KeptAnswer,
    call: Fingerprint,
    keeps_nothing: bool,
    request: &RequestId,
) -> Result<Response<ReplyBody>, Fault> {
    if kept.call != call {
        return Err(Fault::new(&catalogue::IDEMPOTENCY_MISMATCH));
    }
    let sealed = kept.sealed.as_ref().filter(|_| !keeps_nothing);
    let plain = sealed.and_then(|sealed| {
        let context = ticket::context(&kept.key, &kept.request);
        shared.vault.open_bytes(&context, sealed).ok()
    });
    let Some((status, mut map, body)) = plain.and_then(|plain| answer::decode(&plain.into()))
    else {
        return Err(Fault::new(&catalogue::IDEMPOTENT_ANSWER_NOT_KEPT));
    };
    map.insert(headers::X_REQUEST_ID, reply::id_value(request));
    map.insert(X_FIRST_REQUEST, reply::id_value(&kept.request));
    map.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    // This one cost nothing.
    map.insert(headers::X_COST, HeaderValue::from_static("0"));
    Ok(reply::assemble(status, map, ReplyBody::whole(body)))
}
