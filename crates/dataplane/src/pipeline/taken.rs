//! A request body as it was taken in, and what it says.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use domain::bound::Demand;
use domain::{Fault, HostedAsk, ObjectKind, ProjectId, fault::catalogue};
use egress::Outgoing;
use openai::demand::Bad;
use openai::json::unescape;
use openai::kept;
use openai::multipart::Form;
use openai::pin::{Pin, pinned, pins};
use openai::surface::{BodyKind, Meter, Operation};
use openai::view::{Field, Hints, View};

use crate::body::spool::Spooled;
use crate::body::upload::{BrokenOff, Tap, Upload};
use crate::budget::Spending;
use crate::places::Places;
use crate::plan::Candidate;
use crate::rate::{self, Ask};
use crate::refusal;

/// Bodies up to this many bytes are kept for counting.
const KEPT: usize = 64 * 1024;
/// Bytes of a user label.
const LABEL: usize = 256;

/// Fields of a chat completion with which all that a model writes is in its stream. Others may make it
/// write what is not (tools, another decoding), and some servers have fields of their own.
const SHOWN: [&str; 15] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "user",
    "safety_identifier",
    "response_format",
];

pub(crate) enum Taken {
    Nothing,
    Json(Bytes, Box<View>),
    Form(Spooled, Box<FormFields>),
    /// Passed on as it is; it names nothing.
    Opaque(Bytes),
    /// Not read yet.
    Flowing(Tap),
}

/// The deciding fields of a form, and what it can consume.
pub(crate) struct FormFields {
    model: Option<String>,
    /// Where its value stands in the body.
    model_span: Option<Range<u64>>,
    stream: bool,
    user: Option<String>,
    images: Option<u64>,
    named: Vec<(ObjectKind, String)>,
    demand: Result<Demand, Bad>,
}

/// What a record and the relay need to know of a body.
pub(crate) struct Summary {
    pub(crate) model: Option<Box<str>>,
    pub(crate) user_label: Option<Box<str>>,
    pub(crate) stream: bool,
    pub(super) claims: bool,
    pub(super) characters: u64,
}

impl Taken {
    pub(super) fn json(
        operation: &Operation,
        media: Option<&str>,
        bytes: Bytes,
    ) -> Result<Self, Fault> {
        if bytes.is_empty() && operation.body == BodyKind::None {
            return Ok(Self::Nothing);
        }
        if !matches!(media, None | Some("application/json")) {
            return Err(Fault::new(&catalogue::UNSUPPORTED_MEDIA_TYPE));
        }
        let view = View::of(&bytes).map_err(|bad| refusal::body(&bad))?;
        if let Some(wide) = &view.account_wide
            && operation.path.starts_with("/evals")
        {
            return Err(refusal::account_wide(wide));
        }
        Ok(Self::Json(bytes, Box::new(view)))
    }

    pub(super) fn form(operation: &Operation, form: &Form, body: Spooled) -> Result<Self, Fault> {
        let bad = |_| Fault::because(&catalogue::INVALID_MULTIPART, "A form field stands twice.");
        let text = |name| form.one(name).map(|v| v.map(str::to_owned)).map_err(bad);
        let mut fields = FormFields {
            model: text("model")?,
            model_span: form.span("model"),
            stream: text("stream")?.as_deref() == Some("true"),
            user: text("user")?,
            images: form.one("n").ok().flatten().and_then(|n| n.parse().ok()),
            named: Vec::new(),
            demand: openai::demand::of_form(operation, form),
        };
        if let Some(tuned) = fields.model.clone().filter(|model| model.starts_with("ft:")) {
            fields.named.push((ObjectKind::FineTunedModel, tuned));
        }
        for (name, kind) in [
            ("consent", ObjectKind::VoiceConsent),
            ("video[id]", ObjectKind::Video),
            ("video_id", ObjectKind::Video),
            ("file_id", ObjectKind::File),
            ("input_reference[file_id]", ObjectKind::File),
        ] {
            fields.named.extend(text(name)?.map(|id| (kind, id)));
        }
        for (_, id) in
            form.fields.iter().filter(|(n, _)| n.starts_with("characters[") && n.ends_with("[id]"))
        {
            fields
                .named
                .push((ObjectKind::VideoCharacter, String::from_utf8_lossy(id).into_owned()));
        }
        Ok(Self::Form(body, Box::new(fields)))
    }

    /// The model that decides, as written.
    pub(super) fn model(&self) -> Option<&str> {
        match self {
            Self::Json(body, view) => {
                view.model.clone().and_then(|span| std::str::from_utf8(&body[span]).ok())
            }
            Self::Form(_, fields) => fields.model.as_deref(),
            _ => None,
        }
    }

    /// Whether it asks for a stream, and for nothing that could be written without being shown.
    pub(crate) fn shows_what_is_written(&self) -> bool {
        let Self::Json(body, view) = self else { return false };
        let fields = || serde_json::from_slice::<serde_json::Map<_, _>>(body).ok();
        let known = |fields: serde_json::Map<String, serde_json::Value>| {
            fields.keys().all(|name| SHOWN.contains(&name.as_str()))
        };
        view.stream && fields().is_some_and(known)
    }

    /// A refusal in OpenAI's own words, where it has some: an earlier response that a body names
    /// and that is not there is a 400 with a code of its own.
    pub(super) fn told(&self, operation: &Operation, fault: Fault) -> Fault {
        let Self::Json(body, view) = self else { return fault };
        let named = view.references.iter().find(|(kind, _)| *kind == ObjectKind::Response);
        match named {
            Some((_, span))
                if operation.path.starts_with("/responses")
                    && fault.message.starts_with("No such response") =>
            {
                let id = unescape(&body[span.clone()]).unwrap_or_default();
                let id: String = id.chars().take(128).collect();
                let why = format!("Previous response with id '{id}' not found.");
                Fault::because(&catalogue::PREVIOUS_RESPONSE_NOT_FOUND, why)
                    .param("previous_response_id")
            }
            _ => fault,
        }
    }

    /// The provider's own tools that the body asks for.
    pub(super) fn hosted(&self, operation: &Operation) -> HostedAsk {
        match self {
            Self::Json(body, view) => {
                view.hosted_tools(body, operation.path.starts_with("/responses"))
            }
            _ => HostedAsk::default(),
        }
    }

    /// All models that the body names, the deciding one first.
    pub(super) fn models(&self) -> Vec<&str> {
        match self {
            Self::Json(body, view) => view
                .model
                .iter()
                .chain(&view.other_models)
                // An escaped name cannot be borrowed; as written it is in no key's list.
                .map(|span| std::str::from_utf8(&body[span.clone()]).unwrap_or("\u{0}"))
                .collect(),
            Self::Form(_, fields) => fields.model.as_deref().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Refuses models that are denied to the project, however their names are written.
    pub(super) fn check_denied(&self, places: &Places, project: &ProjectId) -> Result<(), Fault> {
        if places.routes.is_empty() {
            return Ok(());
        }
        match self {
            Self::Json(body, view) => {
                let all = view.model.iter().chain(&view.other_models);
                let decoded = all.filter_map(|span| unescape(&body[span.clone()]));
                places.check_models(project, decoded)
            }
            Self::Form(_, fields) => places.check_models(project, fields.model.as_deref()),
            _ => Ok(()),
        }
    }

    /// The objects that path and body name.
    pub(super) fn named(
        &self,
        operation: &Operation,
        path: Option<&str>,
    ) -> Vec<(ObjectKind, String)> {
        let mut named = Vec::new();
        if let (Some(kind), Some(id)) = (operation.names, path) {
            named.push((kind, id.to_owned()));
        }
        match self {
            Self::Json(body, view) => named.extend(view.references.iter().map(|(kind, span)| {
                let id = unescape(&body[span.clone()]).unwrap_or_default();
                (*kind, id.into_owned())
            })),
            Self::Form(_, fields) => named.extend(fields.named.iter().cloned()),
            _ => {}
        }
        named
    }

    /// Ids of items that the body gives again in full.
    pub(super) fn replayed(&self) -> Vec<String> {
        let Self::Json(body, view) = self else { return Vec::new() };
        let text = |span: &std::ops::Range<usize>| unescape(&body[span.clone()]);
        view.replayed.iter().filter_map(text).map(std::borrow::Cow::into_owned).collect()
    }

    pub(crate) fn summary(&self, operation: &Operation) -> Summary {
        let cut = |text: &str| match text.len() {
            0..=LABEL => Box::from(text),
            _ => text.chars().take(LABEL).collect::<String>().into_boxed_str(),
        };
        let makes = operation.makes.is_some() || operation.names.is_some();
        match self {
            Self::Json(body, view) => {
                let label = view.user_label.clone().and_then(|span| unescape(&body[span]));
                Summary {
                    model: view.model(body).map(|m| cut(&m)),
                    user_label: label.map(|l| cut(&l)),
                    stream: view.stream,
                    claims: makes && stores(operation, view),
                    characters: speech_characters(operation, body),
                }
            }
            Self::Form(_, fields) => Summary {
                model: fields.model.as_deref().map(cut),
                user_label: fields.user.as_deref().map(cut),
                stream: fields.stream,
                claims: makes,
                characters: 0,
            },
            _ => Summary {
                model: None,
                user_label: None,
                stream: false,
                claims: makes,
                characters: 0,
            },
        }
    }

    /// What the request is but for spelling, where its answer may be kept.
    pub(crate) fn may_be_kept(
        &self,
        operation: &Operation,
    ) -> Option<(kept::Asked, kept::Canonical)> {
        match self {
            Self::Json(body, view) => kept::request::look(operation, view, body),
            _ => None,
        }
    }

    /// All of the body, where it is JSON, to be looked at.
    pub(crate) fn json_body(&self) -> Option<&[u8]> {
        match self {
            Self::Json(body, _) => Some(body),
            _ => None,
        }
    }

    /// What limits by rate go by.
    pub(crate) fn ask(&self) -> Ask<'_> {
        let (model, length) = (self.decoded_model(), self.length());
        match self {
            Self::Json(body, _) => Ask { model, json: Some(body), length, images: None },
            Self::Form(_, fields) => Ask { model, images: fields.images, length, json: None },
            _ => Ask { length, ..Ask::default() },
        }
    }

    /// The model that decides, decoded: an escaped name means the same one.
    pub(crate) fn decoded_model(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(body, view) => view.model(body),
            Self::Form(_, fields) => fields.model.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// What the conditions of routes go by: estimated tokens of input, whether it brings tools, and
    /// whether it brings images.
    pub(crate) fn traits(&self, operation: &Operation) -> (u64, bool, bool) {
        match self {
            Self::Json(body, view) => {
                let spend = &view.spend;
                let functions = spend.value(Field::Functions).is_some();
                let tools = spend.tools > 0 || spend.hints.has(Hints::TOOL) || functions;
                (rate::input_tokens(body), tools, spend.images > 0)
            }
            Self::Form(..) => (0, false, operation.meter == Meter::Images),
            _ => (0, false, false),
        }
    }

    /// All of the body, where it is JSON.
    pub(crate) fn text(&self) -> Option<Bytes> {
        match self {
            Self::Json(body, _) => Some(body.clone()),
            _ => None,
        }
    }

    /// What the call can consume.
    pub(crate) fn demand(&self, operation: &Operation) -> Result<Demand, Bad> {
        match self {
            Self::Json(body, view) => openai::demand::of_json(operation, view, body),
            Self::Form(_, fields) => fields.demand,
            _ => Ok(openai::demand::of_unread(operation)),
        }
    }

    /// What is told to the provider beside what the client said: what makes the bound true, the
    /// model's name there, and that usage is wanted.
    fn pins<'p>(
        &self,
        operation: &Operation,
        place: &'p Candidate,
        spending: Option<&Spending>,
    ) -> Vec<Pin<'p>> {
        let Self::Json(body, view) = self else { return Vec::new() };
        let metered = spending.and_then(|s| Some((s.metered.as_ref()?, s.output)));
        let pins = metered.map(|(metered, output)| pins(operation, view, body, metered, output));
        let mut pins: Vec<Pin<'p>> = pins.unwrap_or_default();
        pins.extend(place.model.as_deref().map(Pin::Model));
        let asks = place.upstream.provider.stream_usage && self.hides_usage(operation);
        pins.extend(asks.then_some(Pin::AskUsage));
        pins
    }

    /// Whether a usage chunk is only there because we ask for it.
    pub(super) fn hides_usage(&self, operation: &Operation) -> bool {
        let Self::Json(_, view) = self else { return false };
        matches!(operation.meter, Meter::Chat | Meter::Completion)
            && view.stream
            && !view.asks_usage()
    }

    /// The body, where it is small enough to be kept for counting.
    pub(super) fn keep(&self) -> Option<Bytes> {
        match self {
            // A stream is open for long: a copy holds its own bytes, a share the whole buffer
            // that the connection read them into.
            Self::Json(body, view) if body.len() <= KEPT && view.stream => {
                Some(Bytes::copy_from_slice(body))
            }
            Self::Json(body, _) if body.len() <= KEPT => Some(body.clone()),
            _ => None,
        }
    }

    /// Bytes; 0 where they have not been read yet.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Json(body, _) | Self::Opaque(body) => body.len() as u64,
            Self::Form(body, _) => body.len(),
            Self::Flowing(tap) => tap.size_hint().exact().unwrap_or(0),
            Self::Nothing => 0,
        }
    }

    /// The body for one attempt at a place. What does not change there is shared, not copied.
    /// `None` when it has begun to flow to an earlier attempt: it cannot be had again.
    pub(crate) fn body_for(
        &self,
        operation: &Operation,
        place: &Candidate,
        spending: Option<&Spending>,
        broken: &BrokenOff,
    ) -> Option<Outgoing> {
        let pins = self.pins(operation, place, spending);
        Some(match self {
            Self::Nothing => Outgoing::Empty,
            Self::Json(body, view) => Outgoing::Whole(pinned(body, view, &pins)),
            Self::Opaque(body) => Outgoing::Whole(body.clone()),
            Self::Form(body, fields) => {
                body.outgoing(fields.model_span.clone().zip(place.model.as_deref()))
            }
            Self::Flowing(tap) if !tap.is_full() => return None,
            Self::Flowing(tap) => {
                Outgoing::Stream(Box::pin(Upload::new(tap.clone(), broken.clone())))
            }
        })
    }
}

/// Whether the provider will keep what the call makes, so that its id is worth remembering.
fn stores(operation: &Operation, view: &View) -> bool {
    match operation.meter {
        Meter::Chat => view.store == Some(true),
        Meter::Responses => view.store != Some(false),
        _ => true,
    }
}

/// The characters of a speech call's input: what it is billed by where no tokens are told.
fn speech_characters(operation: &Operation, body: &[u8]) -> u64 {
    if operation.meter != Meter::Speech {
        return 0;
    }
    let value = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let input = value.get("input").and_then(serde_json::Value::as_str).unwrap_or("");
    input.chars().count() as u64
}
