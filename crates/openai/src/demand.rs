//! What a request can consume at most, read from its path and body: the side of the bound that
//! knows OpenAI's fields. Prices and models are `domain::bound`'s.
//!
//! * A body's bytes bound its tokens (byte-level BPE: a token is at least a byte, and JSON's
//!   escapes only add bytes), with an allowance for what the provider's template puts around them.
//! * What a body only points at (earlier turns, files, addresses) and what comes back from tools
//!   that run at the provider is bounded by the model's context window.
//! * A top-level field that we do not know costs nothing: the provider refuses unknown ones. A tool
//!   that we do not know has no bound.
//! * Sound has at least [`SOUND_BYTES_A_SECOND`] bytes a second, in a chat one byte a token.

use domain::bound::{Demand, Unbounded};
use http::Method;

use crate::multipart::Form;
use crate::surface::{self, Meter, Operation};
use crate::view::{Field, Hints, View};

mod form;
mod media;
mod number;
mod responses;
mod text;

pub use text::around;

/// The least bytes that a second of sound takes in a file (4 kbit/s): half of what the lowest MP3
/// has, and below what speech codecs are used with.
pub const SOUND_BYTES_A_SECOND: u64 = 500;
/// Calls of the provider's tools that a Responses call gets where it names no maximum.
pub const TOOL_CALLS: u64 = 8;

/// A field that a bound needs and that says nothing sensible (case 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad {
    pub field: &'static str,
    /// What it has to be, as the end of a sentence that begins with the field.
    pub why: &'static str,
    /// The field says how much may be written: the refusal has a code of its own.
    pub maximum: bool,
}

impl Bad {
    fn value(field: &'static str, why: &'static str) -> Self {
        Self { field, why, maximum: false }
    }
}

/// What a call with a JSON body can consume.
///
/// # Errors
/// [`Bad`] where a field that the bound needs makes no sense.
pub fn of_json(operation: &Operation, view: &View, body: &[u8]) -> Result<Demand, Bad> {
    if let Some(demand) = by_operation(operation) {
        let keeps = view.spend.hints.has(Hints::STORAGE);
        return Ok(if keeps && demand == Demand::Free { STORAGE.into() } else { demand });
    }
    if let Some(field) = view.spend.ambiguous {
        return Err(Bad::value(field.name(), "may stand only once, in lower case"));
    }
    // The model's name decides on the price, and the provider's own choice is not known.
    if view.model.is_none() {
        return Ok(NO_MODEL.into());
    }
    match operation.meter {
        Meter::Chat => text::chat(view, body),
        Meter::Completion => text::completion(view, body),
        Meter::Responses => responses::demand(operation, view, body),
        Meter::Embeddings => Ok(text::embeddings(view, body)),
        Meter::Images => media::images(view, body),
        Meter::Speech => media::speech(view, body),
        Meter::Video => media::video(view, body),
        _ => Ok(UNREAD.into()),
    }
}

/// What a call with a form can consume.
///
/// # Errors
/// [`Bad`] where a field that the bound needs makes no sense.
pub fn of_form(operation: &Operation, form: &Form) -> Result<Demand, Bad> {
    match by_operation(operation) {
        Some(demand) => Ok(demand),
        None => form::demand(operation, form),
    }
}

/// What a call can consume whose body was not looked at, or that has none.
#[must_use]
pub fn of_unread(operation: &Operation) -> Demand {
    by_operation(operation).unwrap_or(UNREAD.into())
}

/// What a line of a batch can consume: `url` and `body` are the line's.
///
/// # Errors
/// [`Bad`] where a field that the bound needs makes no sense.
pub fn of_batch_line(url: &str, view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let Some(operation) = of_line(url) else {
        let why = "a line of the batch calls a path that is not known";
        return Ok(Unbounded::field("url", why).into());
    };
    Ok(match of_json(operation, view, body)? {
        Demand::Metered(metered) => {
            metered.in_batch().map_or_else(Demand::Unbounded, Demand::Metered)
        }
        other => other,
    })
}

/// The field by which a line of a batch says the most that may be written, if it can.
#[must_use]
pub fn maximum_of_line(url: &str) -> Option<&'static str> {
    of_line(url).and_then(crate::pin::maximum)
}

fn of_line(url: &str) -> Option<&'static Operation> {
    let path = url.strip_prefix("/v1").unwrap_or(url);
    surface::find(&Method::POST, path).ok().map(|found| found.operation)
}

const NO_MODEL: Unbounded =
    Unbounded { field: Some("model"), why: "without a name of the model its price is not known" };
const UNREAD: Unbounded =
    Unbounded { field: None, why: "the request's body does not say what the call can cost" };
const STORAGE: Unbounded =
    Unbounded { field: None, why: "what a vector store keeps is billed by the day" };

/// What an operation costs whatever its body says, if that can be said.
fn by_operation(operation: &Operation) -> Option<Demand> {
    let unbounded = |why| Some(Unbounded::operation(why).into());
    match operation.meter {
        Meter::Free => match operation.id {
            "createVectorStore" | "createVectorStoreFile" | "createVectorStoreFileBatch" => {
                Some(STORAGE.into())
            }
            "CreateContainer" | "CreateContainerFile" => {
                unbounded("a container is billed by the session")
            }
            "resumeFineTuningJob" => unbounded("it sets off work that is billed"),
            "createVoice" | "CreateVideoCharacter" | "Createcontentprovenancecheck" => {
                unbounded("what the provider bills for it is not known")
            }
            _ => Some(Demand::Free),
        },
        // OpenAI bills nothing for moderations.
        Meter::Moderations => Some(Demand::Free),
        Meter::Run => unbounded("an assistant's run takes as many turns as it likes"),
        Meter::Escapes => unbounded("what it makes is used at the provider directly"),
        Meter::Job if operation.id == "createBatch" => Some(Demand::Lines),
        Meter::Job => unbounded("how much work the provider does for it is not known before"),
        Meter::Video if operation.id != "createVideo" => {
            unbounded("the length and the model of the video that it starts from are not known")
        }
        _ => None,
    }
}

/// Whether a field is given, and not null.
fn is_given(view: &View, body: &[u8], field: Field) -> bool {
    crate::pin::said(view, body, field).is_some()
}

#[cfg(test)]
mod tests;
