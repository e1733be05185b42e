//! Looking at whole server-sent events: their usage, their end, the ids they bring.

use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};
use domain::{ObjectKind, ObjectRecord, fault::catalogue};
use memchr::memmem::Finder;
use openai::answer::{Course, JobObject, Scan, derived, job_object};
use openai::json::unescape;
use openai::sse::{self, Splitter, TooLong};
use openai::surface::Meter;

use super::{Counter, Gate, error_event, has_terminal_event};
use crate::names::{self, Shown};
use crate::owned;
use crate::tab::Tab;
use crate::upstreams::LiveUpstream;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static RESPONSE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"response\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));
static RUN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"thread.run\""));
static ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"id\""));

/// The longest event. Chat events are short; images come whole inside one (case 93).
fn limit(meter: Meter) -> usize {
    match meter {
        Meter::Chat | Meter::Completion | Meter::Run => 8 << 20,
        _ => 64 << 20,
    }
}

/// At most this many bytes are kept of a first event; one that is longer gives no fields.
const HEAD: usize = 16 * 1024;

/// What becomes of an event.
enum Kept {
    AsItIs,
    Not,
    Instead(Bytes),
}

pub(crate) struct Events {
    upstream: Arc<LiveUpstream>,
    splitter: Splitter,
    meter: Meter,
    hide_usage: bool,
    /// Whether events may bring ids of objects, and whether the answer's own are among them.
    brings: bool,
    claims: bool,
    /// The kind of object whose id is the first event's, if the operation makes one.
    makes: Option<ObjectKind>,
    /// Nothing but the first event is looked at for the model's name.
    seen_first: bool,
    /// Whether the stream's start is behind us: only there may a byte order mark stand.
    begun: bool,
    complete: bool,
    /// Whether an event told of an error, and whether the first one did.
    error: bool,
    first_is_error: bool,
    made: Vec<(ObjectKind, String)>,
    items: Vec<String>,
    sequence: u64,
    /// The first event's data, where an end of ours may need its fields.
    head: Option<Vec<u8>>,
    /// An assistant's run, as it was told of last.
    run: Option<Box<JobObject>>,
}

impl Events {
    /// `shared`: all of it goes on, and each reader leaves out what it did not ask for.
    pub(crate) fn new(tab: &Tab, shared: bool) -> Self {
        let meter = tab.call.operation.meter;
        Self {
            upstream: Arc::clone(&tab.upstream),
            splitter: Splitter::new(limit(meter)),
            meter,
            hide_usage: tab.call.hide_usage && !shared,
            brings: owned::brings_objects(&tab.call),
            claims: tab.call.claims,
            makes: tab.call.operation.makes.and_then(|(kind, at)| (at == "id").then_some(kind)),
            seen_first: false,
            begun: false,
            complete: false,
            error: false,
            first_is_error: false,
            made: Vec::new(),
            items: Vec::new(),
            sequence: 0,
            head: tab.with_growth(|_| Vec::new()),
            run: None,
        }
    }

    pub(crate) fn head(&self) -> &[u8] {
        self.head.as_deref().unwrap_or_default()
    }

    pub(crate) fn push(&mut self, piece: Bytes) -> Result<Bytes, TooLong> {
        self.splitter.push(piece)
    }

    pub(crate) fn rest(&mut self) -> Bytes {
        self.splitter.rest()
    }

    /// Whether the stream's own last event was seen.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether an event was seen that holds something.
    pub(crate) fn has_begun(&self) -> bool {
        self.sequence > 0
    }

    pub(crate) fn has_error(&self) -> bool {
        self.error
    }

    /// Whether the first event tells that no others will come.
    pub(crate) fn begins_with_error(&self) -> bool {
        self.first_is_error
    }

    /// Whether the stream may end here.
    pub(crate) fn may_end(&self) -> bool {
        self.complete || !has_terminal_event(self.meter)
    }

    /// The number that an event of ours would carry.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Looks at each event of a piece. Gives the piece, less the events that are ours alone.
    pub(crate) fn inspect(&mut self, piece: Bytes, counter: &mut Counter) -> Bytes {
        let mut spliced: Option<BytesMut> = None;
        for event in sse::events(&piece) {
            let start = event.start;
            let before = || BytesMut::from(&piece[..start]);
            match self.keep(&piece[event.clone()], counter) {
                Kept::AsItIs => {
                    if let Some(out) = &mut spliced {
                        out.extend_from_slice(&piece[event]);
                    }
                }
                Kept::Not => drop(spliced.get_or_insert_with(before)),
                Kept::Instead(other) => {
                    spliced.get_or_insert_with(before).extend_from_slice(&other);
                }
            }
        }
        spliced.map_or(piece, BytesMut::freeze)
    }

    /// Whether an event goes on to the client.
    fn keep(&mut self, event: &[u8], counter: &mut Counter) -> Kept {
        let begun = std::mem::replace(&mut self.begun, true);
        let data = sse::data(if begun { event } else { sse::without_mark(event) });
        let data = data.as_ref();
        if data.is_empty() {
            return Kept::AsItIs;
        }
        self.sequence += 1;
        if self.meter == Meter::Run && RUN.find(data).is_some() {
            self.look_at_run(data);
        }
        if data.starts_with(b"[DONE]") {
            self.complete = true;
            return Kept::AsItIs;
        }
        counter.written(data);
        counter.tools(data);
        let first = !std::mem::replace(&mut self.seen_first, true);
        if let Some(head) = self.head.as_mut().filter(|_| first) {
            head.extend_from_slice(&data[..data.len().min(HEAD)]);
        }
        if self.brings && ID.find(data).is_some() {
            self.find_ids(data, first);
        }
        let error = ERROR.find(data).is_some_and(|at| !is_null(&data[at + 7..]));
        let tells = first
            || error
            || RESPONSE.find(data).is_some()
            || USAGE.find(data).is_some_and(|at| !is_null(&data[at + 7..]));
        if tells && self.look_into(data, counter) {
            return Kept::Not;
        }
        if error { self.without_names(event) } else { Kept::AsItIs }
    }

    fn look_at_run(&mut self, data: &[u8]) {
        if Scan::whole(data).object.as_deref() == Some(b"thread.run") {
            self.run = job_object(data).map(Box::new).or(self.run.take());
        }
    }

    /// The run, if the stream did not tell of its end.
    pub(crate) fn unfinished_run(&mut self) -> Option<JobObject> {
        self.run.take().filter(|run| run.course == Course::Running).map(|run| *run)
    }

    /// An error event may name our account, as an error's body may.
    fn without_names(&self, event: &[u8]) -> Kept {
        match names::look(&self.upstream, event) {
            Shown::Nothing => Kept::AsItIs,
            Shown::Names(blanked) => Kept::Instead(blanked.into()),
            Shown::Credential => {
                let entry = &catalogue::UPSTREAM_ERROR;
                Kept::Instead(error_event::render(self.meter, entry, self.sequence))
            }
        }
    }

    /// Reads an event that tells something. Whether it is the usage chunk that only we asked for.
    fn look_into(&mut self, data: &[u8], counter: &mut Counter) -> bool {
        let mut noted = Scan::whole(data);
        if self.meter == Meter::Run {
            // A step's usage is in its run's.
            noted.usage = noted.usage.filter(|_| noted.object.as_deref() == Some(b"thread.run"));
        }
        counter.note(&noted);
        let kind = noted.kind.as_deref().unwrap_or(b"");
        let failed = match self.meter {
            Meter::Responses => is_end_in_error(kind),
            _ => noted.error,
        };
        if failed {
            self.error = true;
            self.first_is_error |= self.sequence == 1;
        }
        match self.meter {
            Meter::Responses => {
                let terminal: [&[u8]; 4] =
                    [b"response.completed", b"response.failed", b"response.incomplete", b"error"];
                self.complete |= terminal.contains(&kind);
            }
            Meter::Chat | Meter::Completion | Meter::Run if noted.error => {
                self.complete = true;
                counter.broke_off();
            }
            Meter::Images if kind.ends_with(b".completed") => counter.image(),
            _ => {}
        }
        let usage_alone = noted.list && noted.elements == 0 && noted.usage.is_some();
        if usage_alone {
            counter.whole();
        }
        self.hide_usage && usage_alone
    }

    /// Notes the ids that an event brings, to be claimed for the call's project.
    fn find_ids(&mut self, data: &[u8], first: bool) {
        if first && self.claims {
            let noted = Scan::whole(data);
            // A run's stream begins with its new thread, or with the run, which names its thread.
            let thread = noted.object.as_deref() == Some(b"thread");
            let kind = self.makes.or(thread.then_some(ObjectKind::Thread));
            self.made.extend(kind.zip(noted.noted_id()));
        }
        for (kind, id) in derived(data, self.claims && self.meter == Meter::Responses) {
            match kind {
                ObjectKind::Item => self.items.push(id),
                kind => self.made.push((kind, id)),
            }
        }
    }

    /// The claim that the piece must wait for, if it brings an object's id.
    pub(crate) fn claim(&mut self, tab: &Tab) -> Option<Gate> {
        if self.made.is_empty() && self.items.is_empty() {
            return None;
        }
        let record = |(kind, object): (ObjectKind, String)| ObjectRecord {
            upstream: tab.upstream.id.clone(),
            object,
            kind,
            project: tab.call.project.clone(),
            created_at: tab.call.at,
        };
        let items = std::mem::take(&mut self.items).into_iter().map(|id| (ObjectKind::Item, id));
        let made = std::mem::take(&mut self.made);
        let wait = !made.is_empty();
        let records: Vec<ObjectRecord> = made.into_iter().chain(items).map(record).collect();
        let shared = tab.worker.shared.clone();
        let claim = async move { shared.claims.claim(records).await };
        if wait {
            return Some(Box::pin(claim));
        }
        // An item's id is only good for a later reference; its record may follow by a moment.
        tab.worker.shared.tasks.spawn(async move {
            if let Err(error) = claim.await {
                tracing::warn!(%error, "an item's owner could not be recorded");
            }
        });
        None
    }
}

/// Whether a Responses event says that the answer has failed.
fn is_end_in_error(kind: &[u8]) -> bool {
    kind == b"error" || kind == b"response.failed"
}

/// Whether what stands behind a key is `null`.
fn is_null(behind: &[u8]) -> bool {
    let value = behind.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.is_some_and(|v| v.starts_with(b"null"))
}

/// The id of a scanned answer, as text.
pub(crate) trait NotedId {
    fn noted_id(&self) -> Option<String>;
}

impl NotedId for openai::answer::Noted {
    fn noted_id(&self) -> Option<String> {
        let id = unescape(self.id.as_ref()?)?;
        (!id.is_empty() && id.len() <= 256).then(|| id.into_owned())
    }
}
