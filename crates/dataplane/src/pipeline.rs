//! The order of a call, and why each step stands where it does.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use domain::bound::{Media, Metered};
use domain::{Fault, ObjectKind, RequestId, Stage, Timestamp, fault::catalogue, pinned};
use http::header::{CONTENT_TYPE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Response};
use hyper::body::Incoming;
use openai::surface::{BodyKind, Operation};
use tokio::time::Instant;

use crate::arrival::{self, Peer};
use crate::attempt::{self, Ready};
use crate::body::read::{self, Pieces};
use crate::body::reply::ReplyBody;
use crate::body::spool;
use crate::body::upload::Tap;
use crate::budget::Spending;
use crate::cache::Keeping;
use crate::caller;
use crate::detach::{Detach, Gone};
use crate::headers::Marks;
use crate::idempotency::{Entered, Ticket};
use crate::overload::{self, Slot};
use crate::pace::{self, Placed};
use crate::permit::{self, Permit};
use crate::plan::{self, Plan, Wish};
use crate::rate::{self, RateTicket};
use crate::recorder::{self, Sink};
use crate::reply::fault_reply;
use crate::shared::{Dataplane, Worker};
use crate::tab::Call;
use crate::tasks::Open;
use crate::trace::Trace;
use crate::{batches, headers, idempotency, jobs, lists, models, owned};

mod asked;
mod copy;
mod embed;
mod known;
mod prints;
mod seen;
mod taken;

pub(crate) use asked::Asked;
pub(crate) use copy::Copy;
pub(crate) use taken::Taken;

use known::Known;
use seen::{Seen, waited};

/// Serves one request under `/v1` that is not the Administration API's, which came at `at`.
pub async fn serve(
    worker: &Arc<Worker>,
    request: (Box<Parts>, Incoming),
    peer: Peer,
    (id, at): (RequestId, Timestamp),
) -> Response<ReplyBody> {
    let mut seen = Seen::begin();
    match call(worker, request, peer, (id.clone(), at), &mut seen).await {
        Ok(response) => {
            worker.answered(seen.place(), response.status().as_u16());
            response
        }
        Err(fault) => {
            worker.shared.metrics.refusal(fault.entry.code);
            worker.answered(seen.place(), fault.entry.status);
            if !seen.sent {
                worker.refused(|| seen.refused(&id, worker.shared.clock.now(), &fault));
            }
            fault_reply(&fault, &id)
        }
    }
}

async fn call(
    worker: &Arc<Worker>,
    (head, body): (Box<Parts>, Incoming),
    peer: Peer,
    (id, at): (RequestId, Timestamp),
    seen: &mut Seen,
) -> Result<Response<ReplyBody>, Fault> {
    let shared = &worker.shared;
    // Open from here on: a stop waits for a call whose body is still on its way.
    let open = shared.tasks.open();
    // The target first: what two readers could understand differently is nobody's path.
    arrival::check_target(&head)?;
    // Who: a stranger learns nothing about paths, models or ids.
    seen.stage = Stage::Key;
    seen.caller = Some(caller::identify(shared, &head, peer).await?);
    // A WebSocket begins with GET on paths that are only posted to: told before the method is.
    let marks = Marks::of(&head.headers);
    if marks.has(Marks::UPGRADE) && is_websocket(&head.headers) {
        return Err(Fault::new(&catalogue::UPGRADE_NOT_SUPPORTED));
    }
    seen.stage = Stage::Permission;
    let found = arrival::classify(&head)?;
    let operation = found.operation;
    seen.operation = Some(operation);
    // May: alive, from here, this operation. All of it before a byte of the body is read.
    let permit = permit::grant(&mut seen.caller, operation, at, &mut seen.stage)?;
    let permit = seen.permit.insert(permit);
    seen.stage = Stage::Room;
    shared.frozen.admits(permit, operation)?;
    // Room: what cannot be served soon is refused before it costs anything.
    let slot = overload::room(shared, permit).await?;
    let patience = match marks.has(Marks::MAX_WAIT) {
        true => pace::patience(&head.headers, shared.settings.max_wait)?,
        false => shared.settings.max_wait,
    };
    let object = arrival::named_object(&found).map(Cow::into_owned);
    // The body: whole, spooled or flowing, as the class says; then what it names.
    seen.stage = Stage::Body;
    let (taken, body_wait) = waited(pin!(take(worker, (&head, marks), body, operation))).await?;
    let taken = seen.taken.insert(taken);
    seen.stage = Stage::Model;
    permit.check_models(operation, taken.model(), &taken.models())?;
    permit::check_tools(&permit.key, || taken.hosted(operation))?;
    taken.check_denied(&shared.places(), &permit.project)?;
    // The same call once more gets its answer once more, and takes and costs nothing.
    let keyed = marks.has(Marks::IDEMPOTENCY_KEY);
    let ticket = match keyed && idempotency::is_asked(&head, operation) {
        true => {
            match pinned(|| idempotency::enter(shared, &head, permit, (operation, &*taken), &id))
                .await?
            {
                Entered::Again(reply) => return Ok(*reply),
                Entered::First(ticket) => Some(ticket),
                Entered::Free => None,
            }
        }
        false => None,
    };
    seen.stage = Stage::Route;
    let plan = place(shared, permit, taken, (operation, object.as_deref(), at)).await?;
    let taken = seen.taken.take().ok_or_else(|| Fault::new(&catalogue::INTERNAL_ERROR))?;
    let (arrived, until) = (seen.arrived, shared.settings.end(seen.arrived));
    let until = until.min(arrived + body_wait + patience);
    let (keeping, room) = (None, Some((open, slot)));
    let times = (at, arrived, until, body_wait);
    let ahead = Ahead { id, times, operation, object, head, taken, plan, keeping, room };
    given_or_sent(worker, seen, ahead, ticket).await
}

/// Known already, or being asked: behind everything that may refuse but the limits, of which an
/// answer that costs nothing meets one: it is a request.
async fn given_or_sent(
    worker: &Arc<Worker>,
    seen: &mut Seen,
    mut ahead: Ahead,
    ticket: Option<Box<Ticket>>,
) -> Result<Response<ReplyBody>, Fault> {
    let permit = seen.permit.as_ref().ok_or_else(|| Fault::new(&catalogue::INTERNAL_ERROR))?;
    if let Some(wish) = known::wish(worker, permit, &ahead) {
        match pinned(|| known::look_up(worker, permit, wish, ahead)).await? {
            Known::Answered(mut reply) => {
                recorder::listen(ticket.map(Sink::Ticket).into_iter().collect(), &mut reply);
                return Ok(reply);
            }
            Known::Not(goes_on) => ahead = *goes_on,
        }
    }
    send(worker, seen, ahead, ticket).await
}

/// A call that may be made, before any limit was asked.
struct Ahead {
    id: RequestId,
    /// By the clock, when it arrived, until when it waits for its turn, and what its body took.
    times: (Timestamp, Instant, Instant, Duration),
    operation: &'static Operation,
    object: Option<String>,
    head: Box<Parts>,
    taken: Taken,
    plan: Plan,
    /// What others get of its answer.
    keeping: Option<Box<Keeping>>,
    /// Until it is put together, or the cache answers it.
    room: Option<(Open, Slot)>,
}

/// Makes a call, under its limits.
async fn send(
    worker: &Arc<Worker>,
    seen: &mut Seen,
    ahead: Ahead,
    ticket: Option<Box<Ticket>>,
) -> Result<Response<ReplyBody>, Fault> {
    let shared = &worker.shared;
    let Ahead { id, times, operation, object, head, taken, mut plan, keeping, room } = ahead;
    let (at, arrived, until, body_wait) = times;
    let internal = || Fault::new(&catalogue::INTERNAL_ERROR);
    let permit = seen.permit.as_ref().ok_or_else(internal)?;
    // How fast: behind everything that may refuse, so that a refused call has taken nothing.
    seen.stage = Stage::Rate;
    let rate = rate::take(shared, permit, operation, || taken.ask());
    let rate = rate.inspect_err(|_| seen.model = seen::model_of(&taken))?;
    let rates = rate.gauges();
    // Its turn, and how much: nothing waits for a provider while it holds money.
    seen.stage = Stage::Money;
    let what = (operation, &taken);
    let begun = asked::begin(shared, permit, (at, until), what, &mut plan).await;
    let (placed, spending) = begun.map_err(|fault| {
        seen.model = seen::model_of(&taken);
        fault.rates(rates)
    })?;
    let (turn, open) = ((placed, until), room.ok_or_else(internal)?);
    let facts = Facts {
        id,
        at,
        arrived,
        body_wait,
        operation,
        object,
        rate,
        turn,
        spending,
        keeping,
        shadow: false,
        open,
    };
    let permit = seen.permit.take().ok_or_else(internal)?;
    let asked = Asked { head, taken };
    let mut sinks: Vec<Sink> = ticket.map(Sink::Ticket).into_iter().collect();
    if let Some(place) = plan.shadow.take() {
        let copy = Copy::of(worker, &permit, operation, &asked, (*place, &facts.id));
        sinks.extend(copy.map(Sink::Copy));
    }
    let (call, ready) = prepare(&asked, facts, permit, &plan, shared)?;
    seen.sent = true;
    // From here on the call goes to its end even if nobody waits for it.
    let gone = call.gone.clone();
    let work = || dispatch(Arc::clone(worker), call, plan, ready, asked);
    let done = Detach::new((shared.tasks.clone(), gone), sinks, work).await;
    done.map_err(|fault| fault.rates(rates))
}

/// Where the call may go, and that what it names is the project's own.
async fn place(
    shared: &Dataplane,
    permit: &Permit,
    taken: &Taken,
    (operation, object, at): (&'static Operation, Option<&str>, Timestamp),
) -> Result<Plan, Fault> {
    let named = taken.named(operation, object);
    // Where: before ownership, since an object is owned on an upstream.
    let first = named.first().map(|(_, id)| id.as_str());
    let mut plan = match shared.examined.plan(&permit.key.id) {
        Some(plan) => plan,
        None => {
            let (model, project) = (taken.decoded_model(), &permit.project);
            let (model, object, key) = (model.as_deref(), first, &*permit.key);
            let wish = Wish { operation, project, model, object, at, key, taken };
            attempt::healthy_first(shared, plan::choose(shared, &wish).await?)
        }
    };
    let upstream = &plan.first.upstream;
    if !named.is_empty() {
        let checking = owned::check(shared, upstream, &permit.project, &named);
        Box::pin(checking).await.map_err(|fault| taken.told(operation, fault))?;
    }
    let replayed = taken.replayed();
    if !replayed.is_empty() {
        plan =
            pinned(|| owned::without_strangers(shared, plan, &permit.project, &replayed)).await?;
    }
    Ok(plan)
}

/// What is known of a call besides its body.
struct Facts {
    id: RequestId,
    at: Timestamp,
    arrived: Instant,
    body_wait: Duration,
    operation: &'static Operation,
    object: Option<String>,
    rate: RateTicket,
    /// Its place at the upstream, and until when it waits for another.
    turn: (Placed, Instant),
    spending: Option<Spending>,
    keeping: Option<Box<Keeping>>,
    shadow: bool,
    open: (Open, Slot),
}

async fn dispatch(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
    asked: Asked,
) -> Result<Response<ReplyBody>, Fault> {
    let operation = call.operation;
    // What is rare is boxed: a call's future is as large as its largest branch, and is moved.
    if let Some(kind) = operation.lists {
        return pinned(|| lists::run(worker, call, plan, ready, kind)).await;
    }
    if operation.local {
        let name = call.model.as_deref().map(str::to_owned);
        return pinned(|| models::run(worker, call, plan, ready, name)).await;
    }
    if operation.makes.is_some_and(|(kind, _)| kind == ObjectKind::Batch) {
        return pinned(|| batches::run(worker, call, plan, ready)).await;
    }
    if call.deletes.is_some() {
        pinned(|| jobs::before_delete(&worker, &call, &plan.first.upstream.id)).await;
    }
    attempt::run(worker, call, plan, ready, asked).await
}

/// Reads the body as its class says.
async fn take(
    worker: &Worker,
    (head, marks): (&Parts, Marks),
    body: Incoming,
    operation: &Operation,
) -> Result<Taken, Fault> {
    let settings = &worker.shared.settings;
    read::check_head(&head.headers, marks, operation.limit)?;
    let content_type = match marks.has(Marks::CONTENT_TYPE) {
        true => head.headers.get(CONTENT_TYPE),
        false => None,
    };
    let media = content_type.and_then(headers::media_type_in);
    let is_form = media.as_deref() == Some("multipart/form-data");
    if marks.has(Marks::CONTENT_TYPES) {
        // Which of them a provider goes by is its own affair.
        let entry = if is_form {
            &catalogue::INVALID_MULTIPART
        } else {
            &catalogue::UNSUPPORTED_MEDIA_TYPE
        };
        return Err(Fault::because(entry, "The request has more than one Content-Type."));
    }
    if !content_type.is_none_or(headers::is_utf8) {
        let why = "Bodies are read as UTF-8; the Content-Type says otherwise.";
        return Err(Fault::because(&catalogue::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let content_type = || content_type.and_then(|value| value.to_str().ok()).unwrap_or("");
    let pieces = |body| Pieces::new(body, operation.limit, settings);
    match operation.body {
        BodyKind::Form if is_form => {
            openai::multipart::boundary(content_type())
                .ok_or_else(|| Fault::new(&catalogue::INVALID_MULTIPART))?;
            Ok(Taken::Flowing(Tap::new(pieces(body))))
        }
        BodyKind::SpooledForm | BodyKind::SpooledFormOrJson | BodyKind::SdpOrForm if is_form => {
            let reading = spool::form(pieces(body), content_type(), &settings.spool_dir);
            let (form, body) = Box::pin(reading).await?;
            Taken::form(operation, &form, body)
        }
        BodyKind::SdpOrForm if media.as_deref() == Some("application/sdp") => {
            Ok(Taken::Opaque(read::whole(body, operation.limit, settings).await?))
        }
        BodyKind::Form | BodyKind::SpooledForm | BodyKind::SdpOrForm => {
            Err(Fault::new(&catalogue::UNSUPPORTED_MEDIA_TYPE))
        }
        BodyKind::None | BodyKind::Json | BodyKind::SpooledFormOrJson => {
            let bytes = read::whole(body, operation.limit, settings).await?;
            Taken::json(operation, media.as_deref(), bytes)
        }
    }
}

fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Puts together what the attempts need, all of it owned.
fn prepare(
    asked: &Asked,
    facts: Facts,
    permit: Permit,
    plan: &Plan,
    shared: &Dataplane,
) -> Result<(Arc<Call>, Box<Ready>), Fault> {
    let operation = facts.operation;
    let terms = (facts.spending.as_ref(), 1, false);
    let bytes_in = asked.taken.length();
    let mut ready = asked.ready(operation, &permit.project, &plan.first, terms)?;
    let waited = facts.turn.0.waited();
    ready.placed = facts.turn.0;
    let effect = asked.effect(operation);
    let taken = &asked.taken;
    let body = || taken.text();
    let trace = shared.settings.trace.map(|s| Arc::new(Trace::of(&asked.head.headers, s, body)));
    let summary = taken.summary(operation);
    let deadlines = shared.settings.deadlines(is_quick(&summary), facts.arrived);
    let deletes = facts.object.clone().filter(|_| operation.deletes);
    let model = match operation.local {
        true => facts_model(&asked.head),
        false => summary.model,
    };
    let metered = facts.spending.as_ref().and_then(|spending| spending.metered);
    let tools = metered.and_then(|metered| metered.tools);
    let prints = prints::of(shared, &permit, operation, taken);
    let user_label = summary.user_label.filter(|_| !permit.key.keeps_nothing());
    let call = Call {
        request: facts.id,
        at: facts.at,
        arrived: facts.arrived,
        body_wait: facts.body_wait,
        trace,
        operation,
        project: permit.project,
        key: permit.key,
        secret: permit.secret,
        address: permit.address,
        model,
        user_label,
        stream: summary.stream,
        claims: summary.claims,
        deletes,
        hide_usage: taken.hides_usage(operation),
        kept_body: taken.keep(),
        bytes_in,
        characters: summary.characters,
        gone: Gone::default(),
        rate: facts.rate,
        tier: metered.map(|metered| metered.tier),
        counts_apart: summary.stream && metered.is_some_and(|metered| several_pictures(&metered)),
        choices: metered.map_or(1, |metered| metered.output.choices.max(1)),
        container_sessions: tools.map_or(1, |tools| tools.sessions.max(1)),
        effect,
        deadlines,
        waits_until: facts.turn.1,
        waited: AtomicU64::new(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX)),
        held: Mutex::new(facts.spending.and_then(|s| s.held)),
        lines: OnceLock::new(),
        keeping: facts.keeping,
        shadow: facts.shadow,
        prints,
        _open: facts.open,
    };
    Ok((Arc::new(call), ready))
}

/// Whether the answer begins at once and goes on without pauses.
fn is_quick(summary: &taken::Summary) -> bool {
    let model = summary.model.as_deref();
    summary.stream && model.is_some_and(|name| !providers::models::may_think(name))
}

fn several_pictures(metered: &Metered) -> bool {
    matches!(metered.media, Some(Media::Images { count, .. }) if count > 1)
}

/// The model that `GET /v1/models/{model}` names.
fn facts_model(head: &Parts) -> Option<Box<str>> {
    let name = head.uri.path().strip_prefix("/v1/models/")?;
    openai::target::decode(name).map(|name| name.into())
}
