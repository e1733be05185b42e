//! The class of every data-plane path: how it carries its body, its size limit, how it is metered,
//! whether it makes or names an object, and the scope it asks for.

use std::sync::OnceLock;

use domain::{ObjectKind, Scope, UsageFamily};
use http::Method;

mod route;
mod table;

pub use route::{Found, Missed};
pub use table::OPERATIONS;

/// Body size limits, in bytes.
pub mod limit {
    /// Paths without a body, and small control bodies.
    pub const SMALL: u64 = 1 << 20;
    pub const JSON: u64 = 32 << 20;
    pub const AUDIO: u64 = 64 << 20;
    /// A part of an upload: 64 MiB of data and the form around it.
    pub const PART: u64 = 65 << 20;
    /// A file: 512 MiB of data and the form around it.
    pub const FILE: u64 = 513 << 20;
}

/// How a path carries its request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None is needed; an empty or small one is passed on.
    None,
    Json,
    /// multipart/form-data that flows through as it comes.
    Form,
    /// multipart/form-data that is read whole (memory, then an unlinked file), looked at, sent.
    SpooledForm,
    SpooledFormOrJson,
    /// An SDP offer, or a form that holds one.
    SdpOrForm,
}

/// How a call is metered, and so what its answer is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// Costs nothing by itself: look-ups, lists, control calls.
    Free,
    Chat,
    Completion,
    Responses,
    Embeddings,
    Moderations,
    Images,
    Speech,
    Transcription,
    Video,
    /// An assistant's run.
    Run,
    /// Work that goes on after the reply: batches, fine-tuning, evals.
    Job,
    /// Makes something that a client uses at the provider directly, past us.
    Escapes,
}

impl Meter {
    #[must_use]
    pub fn family(self) -> UsageFamily {
        match self {
            Self::Chat | Self::Completion | Self::Responses | Self::Run => UsageFamily::Completions,
            Self::Embeddings => UsageFamily::Embeddings,
            Self::Moderations => UsageFamily::Moderations,
            Self::Images => UsageFamily::Images,
            Self::Speech => UsageFamily::AudioSpeeches,
            Self::Transcription => UsageFamily::AudioTranscriptions,
            Self::Video => UsageFamily::Videos,
            Self::Free | Self::Job | Self::Escapes => UsageFamily::Other,
        }
    }
}

/// One row of the class table.
#[derive(Debug)]
pub struct Operation {
    /// OpenAI's operation id.
    pub id: &'static str,
    pub method: Method,
    /// As behind `/v1`, parameters in braces.
    pub path: &'static str,
    pub scope: Scope,
    pub body: BodyKind,
    /// Bytes.
    pub limit: u64,
    pub meter: Meter,
    /// The first path parameter names an object of this kind.
    pub names: Option<ObjectKind>,
    /// The answer holds a new object's id at this place: `id`, `a.b`, or `Location`.
    pub makes: Option<(ObjectKind, &'static str)>,
    /// The answer lists objects of this kind, account-wide.
    pub lists: Option<ObjectKind>,
    /// Success removes the named object.
    pub deletes: bool,
    /// May answer with an event stream.
    pub streams: bool,
    /// Answered by the gateway from what it knows and what the provider says.
    pub local: bool,
}

impl Operation {
    pub(crate) const fn new(
        id: &'static str,
        method: Method,
        path: &'static str,
        scope: Scope,
    ) -> Self {
        Self {
            id,
            method,
            path,
            scope,
            body: BodyKind::None,
            limit: limit::SMALL,
            meter: Meter::Free,
            names: None,
            makes: None,
            lists: None,
            deletes: false,
            streams: false,
            local: false,
        }
    }

    const fn body(mut self, body: BodyKind, limit: u64) -> Self {
        self.body = body;
        self.limit = limit;
        self
    }

    const fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    const fn names(mut self, kind: ObjectKind) -> Self {
        self.names = Some(kind);
        self
    }

    const fn makes(mut self, kind: ObjectKind, at: &'static str) -> Self {
        self.makes = Some((kind, at));
        self
    }

    const fn lists(mut self, kind: ObjectKind) -> Self {
        self.lists = Some(kind);
        self
    }

    const fn deletes(mut self) -> Self {
        self.deletes = true;
        self
    }

    const fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    const fn local(mut self) -> Self {
        self.local = true;
        self
    }
}

/// Finds the operation of a method and a path behind `/v1`.
///
/// # Errors
/// [`Missed::Path`] for an unclassed path, [`Missed::Method`] for a known path's other method.
pub fn find<'p>(method: &Method, path: &'p str) -> Result<Found<'p>, Missed> {
    static ROUTES: OnceLock<route::Tree> = OnceLock::new();
    ROUTES.get_or_init(|| route::Tree::build(OPERATIONS)).find(method, path)
}

/// The operation of an id, such as `createChatCompletion`.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.id == id)
}
