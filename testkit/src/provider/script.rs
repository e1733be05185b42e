//! Scripts: behaviours pushed by a test for the requests that match.

use bytes::Bytes;

use super::bill::{Charge, Tokens};
use super::reply::{self, Body, Piece, Reply};
use super::wire::Head;

/// Which requests a script is for.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    method: Option<String>,
    prefix: String,
    containing: Option<Vec<u8>>,
}

impl Matcher {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// A method and the beginning of a path, with or without `/v1`.
    pub fn new(method: &str, path: &str) -> Self {
        let prefix = path.strip_prefix("/v1").unwrap_or(path).to_owned();
        Self { method: Some(method.to_owned()), prefix, containing: None }
    }

    /// Only requests whose body contains `text`.
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.as_bytes().to_vec());
        self
    }

    pub(crate) fn matches(&self, head: &Head, body: &[u8]) -> bool {
        let path = head.target.strip_prefix("/v1").unwrap_or(&head.target);
        self.method.as_ref().is_none_or(|m| *m == head.method)
            && path.starts_with(&self.prefix)
            && self.containing.as_ref().is_none_or(|c| memchr::memmem::find(body, c).is_some())
    }
}

/// How a raw answer ends after its last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Properly.
    End,
    /// The connection is closed without the end that HTTP asks for.
    Cut,
    /// The connection is reset.
    Reset,
    /// Nothing more comes.
    Hang,
}

/// What a script does.
#[derive(Clone, Debug)]
pub enum Act {
    /// The usual behaviour (for use with a gate, a barrier or a bill of its own).
    Usual,
    /// An answer with these chunks, written byte for byte.
    Raw { status: u16, headers: Vec<(String, String)>, chunks: Vec<Piece>, then: Then },
    /// Takes the request and never answers.
    HangBeforeHead,
    /// Takes the request and resets the connection.
    ResetBeforeHead,
    /// The usual head, then a reset.
    ResetAfterHead,
    /// The usual answer, which stops after so many chunks.
    HangAfterChunks(usize),
    /// The usual answer, reset after so many chunks.
    ResetAfterChunks(usize),
    /// Closes the next new connection before reading anything (the matcher is ignored).
    AcceptThenClose,
    /// An error in OpenAI's envelope.
    Error {
        status: u16,
        kind: String,
        code: Option<String>,
        message: String,
        retry_after: Option<String>,
    },
    /// 307 to another place.
    Redirect { location: String },
    /// Bytes that are not HTTP.
    Garbage,
    /// The usual answer with a `Content-Encoding` that is not true.
    EncodedBody(String),
}

/// A behaviour with its options. One-shot unless `.always()` or `.times(n)`.
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) act: Act,
    pub(crate) left: Option<usize>,
    pub(crate) gated: bool,
    /// Waits for the gate before this chunk.
    pub(crate) waits_at: Option<usize>,
    pub(crate) barrier: usize,
    pub(crate) early: bool,
    bill: Option<Tokens>,
    misreported: bool,
    fees: u64,
    sized: bool,
    bare: bool,
}

/// Where an answer is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Nowhere,
    HangBeforeHead,
    ResetBeforeHead,
    Garbage,
    HangAfter(usize),
    ResetAfter(usize),
    CloseAfter(usize),
}

impl Script {
    /// A script that does `act`.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            left: Some(1),
            gated: false,
            waits_at: None,
            barrier: 0,
            early: false,
            bill: None,
            misreported: false,
            fees: 0,
            sized: false,
            bare: false,
        }
    }

    /// A raw answer: headers and chunks as given, each chunk after its pause.
    pub fn raw(status: u16, headers: &[(&str, &str)], chunks: Vec<Piece>, then: Then) -> Self {
        let own = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        let headers = headers.iter().map(own).collect();
        Self::new(Act::Raw { status, headers, chunks, then })
    }

    /// A whole JSON answer with exactly these bytes, and a content length.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        let chunks = vec![Piece::new(0, body)];
        Self::raw(status, &[("Content-Type", "application/json")], chunks, Then::End).sized()
    }

    /// An event stream with exactly these chunks.
    pub fn stream(chunks: Vec<Piece>, then: Then) -> Self {
        Self::raw(200, &[("Content-Type", "text/event-stream")], chunks, then)
    }

    /// An error in OpenAI's envelope.
    pub fn error(status: u16, kind: &str, code: Option<&str>, message: &str) -> Self {
        let (kind, message) = (kind.to_owned(), message.to_owned());
        let code = code.map(str::to_owned);
        Self::new(Act::Error { status, kind, code, message, retry_after: None })
    }

    /// Adds a `Retry-After` to an error.
    pub fn retry_after(mut self, value: &str) -> Self {
        if let Act::Error { retry_after, .. } = &mut self.act {
            *retry_after = Some(value.to_owned());
        }
        self
    }

    /// 307 to `location`.
    pub fn redirect(location: &str) -> Self {
        Self::new(Act::Redirect { location: location.to_owned() })
    }

    /// The usual answer, held until `FakeProvider::release`.
    pub fn gate_open() -> Self {
        Self::new(Act::Usual).gated()
    }

    /// The usual answer for `n` requests, held until all of them are in.
    pub fn barrier(n: usize) -> Self {
        let mut script = Self::new(Act::Usual).times(n);
        script.barrier = n;
        script
    }

    /// Holds the answer, whatever it is, until `FakeProvider::release`.
    pub fn gated(mut self) -> Self {
        self.gated = true;
        self
    }

    /// Sends so many chunks, and the rest after `FakeProvider::release`.
    pub fn waits_after(mut self, chunks: usize) -> Self {
        self.waits_at = Some(chunks);
        self
    }

    /// Stays for good.
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Serves `n` requests.
    pub fn times(mut self, n: usize) -> Self {
        self.left = Some(n);
        self
    }

    /// What it charges.
    pub fn bill(mut self, tokens: Tokens) -> Self {
        self.bill = Some(tokens);
        self
    }

    /// What tools cost beside the tokens that it charges, in nano-dollars.
    pub fn fees(mut self, nanos: u64) -> Self {
        self.fees = nanos;
        self
    }

    /// The usage that it states is not what it charges.
    pub fn misreported(mut self) -> Self {
        self.misreported = true;
        self
    }

    /// Sends the body with a content length instead of chunked coding.
    pub fn sized(mut self) -> Self {
        self.sized = true;
        self
    }

    /// Sends no headers but those given, not even `x-request-id`.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Acts as soon as the request's head is in, without reading the body.
    pub fn early(mut self) -> Self {
        self.early = true;
        self
    }

    /// The answer and its break, made from what the fake would say by itself.
    pub(crate) fn perform(&self, usual: impl FnOnce() -> Reply) -> (Reply, Cut) {
        let (mut reply, cut) = self.act(usual);
        if let Some(tokens) = self.bill {
            let text = reply.collected();
            let model = field_text(&text, "model").unwrap_or_default();
            let old = reply.charge.take().map(|charge| *charge);
            let old = old.unwrap_or(Charge { model, ..Charge::default() });
            let reported = states_usage(&text) && !self.misreported;
            reply = reply.charge(Charge { tokens, reported, fees: self.fees, ..old });
        }
        reply.bare = self.bare;
        (reply, cut)
    }

    fn act(&self, usual: impl FnOnce() -> Reply) -> (Reply, Cut) {
        match &self.act {
            Act::Usual | Act::AcceptThenClose => (usual(), Cut::Nowhere),
            Act::Raw { status, headers, chunks, then } => {
                self.raw_reply(*status, headers, chunks, *then)
            }
            Act::HangBeforeHead => (usual(), Cut::HangBeforeHead),
            Act::ResetBeforeHead => (usual(), Cut::ResetBeforeHead),
            Act::ResetAfterHead => (usual(), Cut::ResetAfter(0)),
            Act::HangAfterChunks(k) => (usual(), Cut::HangAfter(*k)),
            Act::ResetAfterChunks(k) => (usual(), Cut::ResetAfter(*k)),
            Act::Error { status, kind, code, message, retry_after } => {
                let error = reply::error(*status, kind, code.as_deref(), None, message);
                let wait = retry_after.iter().map(|v| ("Retry-After".to_owned(), v.clone()));
                (with_headers(error, wait), Cut::Nowhere)
            }
            Act::Redirect { location } => {
                (Reply::empty().status(307).header("Location", location), Cut::Nowhere)
            }
            Act::Garbage => (Reply::empty(), Cut::Garbage),
            Act::EncodedBody(coding) => (usual().header("Content-Encoding", coding), Cut::Nowhere),
        }
    }

    fn raw_reply(
        &self,
        status: u16,
        headers: &[(String, String)],
        chunks: &[Piece],
        then: Then,
    ) -> (Reply, Cut) {
        let mut reply = Reply::empty().status(status);
        reply.headers = headers.to_vec();
        reply.body = match self.sized {
            true => Body::Sized(chunks.to_vec()),
            false => Body::Chunked(chunks.to_vec()),
        };
        let cut = match then {
            Then::End => Cut::Nowhere,
            Then::Cut => Cut::CloseAfter(chunks.len()),
            Then::Reset => Cut::ResetAfter(chunks.len()),
            Then::Hang => Cut::HangAfter(chunks.len()),
        };
        (reply, cut)
    }
}

fn with_headers(mut reply: Reply, more: impl Iterator<Item = (String, String)>) -> Reply {
    reply.headers.extend(more);
    reply
}

/// Whether the text holds a `"usage"` that is an object.
pub(crate) fn states_usage(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"\"usage\"").any(|at| {
        let rest = text[at + 7..].iter().filter(|b| !b.is_ascii_whitespace());
        rest.take(2).copied().eq(*b":{")
    })
}

pub(crate) fn field_text(text: &[u8], name: &str) -> Option<String> {
    let quoted = format!("\"{name}\"");
    let at = memchr::memmem::find(text, quoted.as_bytes())?;
    let after = String::from_utf8_lossy(&text[at + quoted.len()..]);
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split('"').next().map(str::to_owned)
}
