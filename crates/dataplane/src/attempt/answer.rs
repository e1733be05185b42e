//! Taking an answer in: what is small is read whole and settled before its head leaves; what
//! streams is handed to the relay.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use domain::attempt::Class;
use domain::{Fault, ObjectRecord, Outcome, fault::catalogue, pinned};
use egress::{Answer, AnswerBody};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body;
use openai::answer::{Noted, Scan, Seen, output_text};
use openai::surface::Meter;

use super::{Failed, Failure, class_of, refused};
use crate::body::reply::ReplyBody;
use crate::cache::Keeping;
use crate::headers;
use crate::jobs::{self, Handed};
use crate::owned;
use crate::relay::{Counter, Events, Mode, Pumped, Relay};
use crate::reply::{answer_headers, assemble, with_cost};
use crate::shared::Dataplane;
use crate::tab::{End, Tab};
use crate::tasks::{by, within};

/// JSON answers up to this many bytes are complete before their head leaves.
const WHOLE: usize = 256 * 1024;
/// An answer that makes an object is held until its id is known, up to this many bytes.
const HELD: usize = 64 << 20;
/// An answer about an object is searched for further ids, up to this many bytes.
const NAMED: usize = 8 << 20;

type Reply = Response<ReplyBody>;

/// Brings any answer to a reply, for a call that has but one attempt.
pub(crate) async fn receive(tab: Box<Tab>, answer: Answer) -> Result<Reply, Fault> {
    take_in(tab, answer, false).await.or_else(|failed| failed.reply)
}

/// Brings any answer to a reply; settles it, or gives the tab to the relay that will. With
/// `hold_back`, no head leaves before the first byte behind it can.
pub(super) async fn take_in(
    tab: Box<Tab>,
    answer: Answer,
    hold_back: bool,
) -> Result<Reply, Failed> {
    let status = answer.status();
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        return Err(fail(tab, Class::Unusable, Fault::new(&catalogue::UPSTREAM_REDIRECT)));
    }
    if status.is_informational() {
        let why = "The provider switched protocols although nobody asked for it.";
        return Err(fail(tab, Class::Unusable, Fault::because(&catalogue::UPSTREAM_ERROR, why)));
    }
    if status.is_client_error() || status.is_server_error() {
        return Err(pinned(|| refused::receive(tab, answer)).await);
    }
    if is_coded(answer.headers()) {
        // We asked for none, and what cannot be read cannot be counted (case 80).
        let why = "The provider compressed its answer although nobody asked for it.";
        return Err(fail(tab, Class::Unusable, Fault::because(&catalogue::UPSTREAM_ERROR, why)));
    }
    let map = answer_headers(&tab, answer.headers());
    match headers::media_type(answer.headers()).as_deref() {
        Some("text/event-stream") => stream(tab, answer, map, hold_back).await,
        Some("application/json") => json(tab, answer, map).await,
        // However it is labelled, an answer that holds a new object's id must be looked into.
        _ if makes_in_body(&tab) => json(tab, answer, map).await,
        _ => pinned(|| raw(tab, answer, map, hold_back)).await,
    }
}

/// Whether a body is compressed: it can be neither read nor looked through for our credential.
pub(crate) fn is_coded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding.as_bytes() != b"identity")
}

fn makes_in_body(tab: &Tab) -> bool {
    tab.call.claims && tab.call.operation.makes.is_some_and(|(_, place)| place != "Location")
}

fn fail(tab: Box<Tab>, class: Class, fault: Fault) -> Failed {
    tab.settle(End::failed_as(class, &fault));
    Failure::of(class, fault)
}

/// The same, by what the fault is.
fn fail_by(tab: Box<Tab>, fault: Fault) -> Failed {
    fail(tab, class_of(fault.entry), fault)
}

async fn stream(
    tab: Box<Tab>,
    answer: Answer,
    mut map: HeaderMap,
    hold_back: bool,
) -> Result<Reply, Failed> {
    map.insert(headers::X_ACCEL, HeaderValue::from_static("no"));
    let status = answer.status();
    let sharing = Keeping::share(&tab, None);
    let mode = Mode::Events(Box::new(Events::new(&tab, sharing.is_some())));
    let told = tells_usage(&tab);
    let shared = Arc::clone(&tab.worker.shared);
    let relay = Relay::new(answer.into_body(), mode, VecDeque::new(), tab, status.as_u16());
    let relay = relay.shared(sharing.is_some());
    let relay = match hold_back {
        true => pinned(|| begun(relay)).await?,
        false => relay,
    };
    if let Some(sharing) = sharing {
        let body = sharing.stream(relay, &shared, told);
        return Ok(assemble(status, map, body));
    }
    if relay.is_growing() {
        let pumped = Pumped::start(Box::new(relay), &shared.tasks);
        return Ok(assemble(status, map, ReplyBody::pumped(pumped)));
    }
    Ok(assemble(status, map, ReplyBody::relay(relay)))
}

/// Whether a stream has the chunk that tells its usage, whoever asked for it.
fn tells_usage(tab: &Tab) -> bool {
    let asked = !tab.call.hide_usage || tab.upstream.provider.stream_usage;
    asked || tab.call.operation.meter == Meter::Responses
}

/// Waits until something of the answer can leave; one that ends before that has failed.
async fn begun(mut relay: Relay) -> Result<Relay, Failed> {
    match relay.begin().await {
        Ok(()) => Ok(relay),
        Err(entry) => Err(Failure::of_answer(Fault::new(entry))),
    }
}

/// Audio, files, text, and answers without a body.
async fn raw(
    tab: Box<Tab>,
    answer: Answer,
    mut map: HeaderMap,
    hold_back: bool,
) -> Result<Reply, Failed> {
    let status = answer.status();
    if let Some((kind, "Location")) = tab.call.operation.makes
        && let Some(place) = answer.headers().get(LOCATION).and_then(|v| v.to_str().ok())
    {
        let object = place.rsplit('/').next().unwrap_or("").to_owned();
        let record = ObjectRecord {
            upstream: tab.upstream.id.clone(),
            object: object.clone(),
            kind,
            project: tab.call.project.clone(),
            created_at: tab.call.at,
        };
        if let Err(fault) = remember(&tab, vec![record]).await {
            return Err(fail_by(tab, fault));
        }
        let ours = HeaderValue::from_str(&format!("/v1/realtime/calls/{object}"));
        map.extend(ours.ok().map(|place| (LOCATION, place)));
    }
    if let Err(fault) = forget_if_deleted(&tab, status).await {
        return Err(fail_by(tab, fault));
    }
    if let Some(length) = answer.headers().get(CONTENT_LENGTH) {
        map.insert(CONTENT_LENGTH, length.clone());
    }
    let relay = Relay::new(answer.into_body(), Mode::Raw, VecDeque::new(), tab, status.as_u16());
    let relay = match hold_back {
        true => begun(relay).await?,
        false => relay,
    };
    Ok(assemble(status, map, ReplyBody::relay(relay)))
}

async fn json(mut tab: Box<Tab>, answer: Answer, mut map: HeaderMap) -> Result<Reply, Failed> {
    let status = answer.status();
    let mut body = answer.into_body();
    let holds = tab.call.claims && tab.call.operation.makes.is_some();
    // Fees of tools are counted in whole answers.
    let has_fees = tab.call.operation.meter == Meter::Responses;
    let most = match owned::brings_objects(&tab.call) {
        _ if holds || has_fees => HELD,
        _ if tab.call.keeping.is_some() => Keeping::WHOLE,
        true => NAMED,
        false => WHOLE,
    };
    // Nothing of it can leave before all of it is here.
    let late = tab.first_byte_due();
    let (reading, with_head) = by(late, pin!(read(&tab.worker.shared, &mut body, most))).await;
    let timeout = || Err(Fault::new(&catalogue::UPSTREAM_TIMEOUT));
    let (pieces, whole) = match reading.unwrap_or_else(timeout) {
        Ok(read) => read,
        Err(fault) => return Err(fail_by(tab, fault)),
    };
    tab.read_whole(with_head);
    if holds && !whole {
        return Err(fail_by(tab, Fault::new(&catalogue::UPSTREAM_RESPONSE_TOO_LARGE)));
    }
    if !whole {
        let mut scan = Scan::default();
        pieces.iter().for_each(|piece| scan.feed(piece));
        let mode = Mode::Json(Box::new(scan));
        let relay = Relay::new(body, mode, pieces.into(), tab, status.as_u16());
        return Ok(assemble(status, map, ReplyBody::relay(relay)));
    }
    let text = join(&pieces);
    let mut noted = Noted::default();
    let seen = Seen::of(&text).unwrap_or_else(|| {
        noted = Scan::whole(&text);
        noted.seen()
    });
    if (owned::brings_objects(&tab.call) || tab.call.deletes.is_some())
        && let Err(fault) = pinned(|| settle_ownership(&tab, &text, seen.id, status)).await
    {
        return Err(fail_by(tab, fault));
    }
    let mut counter = Counter::new(tab.call.operation.meter);
    counter.bytes(text.len());
    counter.note(&seen);
    counter.tools(&text);
    counter.whole_text(|| output_text(&text));
    counter.whole();
    let outcome = if tab.is_let_go() { Outcome::ClientGone } else { Outcome::Completed };
    let end =
        End { outcome, status: status.as_u16(), error: None, class: None, count: counter.take() };
    let end = match jobs::begun(&tab.call, &end, &text) {
        None => end,
        Some(job) => match pinned(|| jobs::hand_over(&tab, end, job)).await {
            Handed::Over(end) => {
                tab.handed_over(end);
                return Ok(assemble(status, map, ReplyBody::whole(text)));
            }
            Handed::Not(end) => end,
        },
    };
    let sharing = Keeping::share(&tab, end.count.model.as_deref());
    tab.divided = sharing.as_ref().is_some_and(|sharing| sharing.is_divided(&text));
    let cost = tab.settle(end);
    let cost = sharing.map_or(cost, |sharing| sharing.plain(&text, cost));
    with_cost(&mut map, cost);
    Ok(assemble(status, map, ReplyBody::whole(text)))
}

/// Records what an answer made, and forgets what it deleted, before anybody hears of it.
async fn settle_ownership(
    tab: &Tab,
    text: &[u8],
    id: Option<&[u8]>,
    status: StatusCode,
) -> Result<(), Fault> {
    if owned::brings_objects(&tab.call) {
        let id = id.and_then(openai::json::unescape);
        let id = id.filter(|_| tab.call.claims).map(std::borrow::Cow::into_owned);
        remember(tab, owned::made(&tab.call, &tab.upstream, text, id)).await?;
    }
    forget_if_deleted(tab, status).await
}

async fn remember(tab: &Tab, records: Vec<ObjectRecord>) -> Result<(), Fault> {
    let claimed = tab.worker.shared.claims.claim(records).await;
    claimed.map_err(|error| crate::refusal::store(&error))
}

async fn forget_if_deleted(tab: &Tab, status: StatusCode) -> Result<(), Fault> {
    let Some(object) = tab.call.deletes.clone().filter(|_| status.is_success()) else {
        return Ok(());
    };
    let forgotten = tab.worker.shared.claims.forget(tab.upstream.id.clone(), object).await;
    forgotten.map_err(|error| crate::refusal::store(&error))
}

/// Reads up to `most` bytes; whether that was all. No piece is waited for longer than the gap, and
/// none beyond the stop's cut.
async fn read(
    shared: &Dataplane,
    body: &mut AnswerBody,
    most: usize,
) -> Result<(Vec<Bytes>, bool), Fault> {
    let reading = async {
        let mut pieces = Vec::with_capacity(2);
        let mut total = 0;
        loop {
            let next = within(shared.settings.gap(), pin!(next(body))).await;
            let next = next.ok_or_else(|| Fault::new(&catalogue::UPSTREAM_TIMEOUT))?;
            let Some(frame) = next else { return Ok((pieces, true)) };
            let Ok(piece) = frame.map_err(|_| broken_off())?.into_data() else { continue };
            total += piece.len();
            pieces.push(piece);
            if total > most {
                return Ok((pieces, false));
            }
        }
    };
    let cut = || Err(Fault::new(&catalogue::SHUTTING_DOWN));
    shared.tasks.unless_cut(pin!(reading)).await.unwrap_or_else(cut)
}

fn broken_off() -> Fault {
    let why = "The provider's answer broke off before its end.";
    Fault::because(&catalogue::UPSTREAM_ERROR, why)
}

async fn next(body: &mut AnswerBody) -> Option<Result<http_body::Frame<Bytes>, hyper::Error>> {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

fn join(pieces: &[Bytes]) -> Bytes {
    if let [only] = pieces {
        return only.clone();
    }
    let mut all = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    all.freeze()
}

/// Reads a body whole; a fault when it has more than `most` bytes, breaks off, or hangs.
pub(crate) async fn read_whole(
    shared: &Dataplane,
    mut body: AnswerBody,
    most: usize,
) -> Result<Bytes, Fault> {
    let (pieces, whole) = read(shared, &mut body, most).await?;
    whole.then(|| join(&pieces)).ok_or_else(|| Fault::new(&catalogue::UPSTREAM_ERROR))
}
