//! What we act on in a JSON request body, as spans over bytes that stay untouched.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use domain::ObjectKind;

use crate::json::{self, Invalid, unescape};

mod tag;
mod visit;

/// Why a body is refused before anything else is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadBody {
    Invalid(Invalid),
    /// The outermost value is not an object.
    NotAnObject,
    /// A key that decides something stands twice: policy and provider could read different ones.
    Duplicate(&'static str),
    /// A key that is a deciding one for readers that fold case, and another for those that do not.
    Ambiguous(&'static str),
    /// A key by which a caller would choose the host (case 104).
    Forbidden(&'static str),
    /// More references to objects than we check in one call.
    TooManyReferences,
}

/// The fields that decide something, found in one walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The top-level `model`, between its quotes.
    pub model: Option<Range<usize>>,
    /// Models named deeper, such as an image tool's.
    pub other_models: Vec<Range<usize>>,
    pub stream: bool,
    /// `store`, where it is given.
    pub store: Option<bool>,
    pub background: bool,
    /// `safety_identifier`, else `user`.
    pub user_label: Option<Range<usize>>,
    /// Objects that the body names, to be checked for their owner.
    pub references: Vec<(ObjectKind, Range<usize>)>,
    /// Ids of input items that are given again in full. A provider that keeps an item of this id
    /// may take its own text of it, so the item must not be known to be another project's.
    pub replayed: Vec<Range<usize>>,
    /// A source of an eval's data that is not the caller's own input, if one is named.
    pub account_wide: Option<AccountWide>,
    stream_options: Option<Range<usize>>,
    stream_options_empty: bool,
    include_usage: Option<(Range<usize>, bool)>,
}

/// What the provider would read from all that the account has stored, whoever stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountWide {
    /// The field that says so.
    pub field: &'static str,
    /// What it says; empty where it says nothing.
    pub kind: String,
}

/// At most this many object references in one body.
pub const MAX_REFERENCES: usize = 2_000;

impl View {
    /// Walks a body.
    ///
    /// # Errors
    /// [`BadBody`]; nothing of such a body is sent on.
    pub fn of(body: &[u8]) -> Result<Self, BadBody> {
        let mut visitor = visit::Visitor::new(body);
        json::walk(body, &mut visitor).map_err(BadBody::Invalid)?;
        visitor.finish()
    }

    /// The model's name, decoded.
    #[must_use]
    pub fn model<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, str>> {
        unescape(&body[self.model.clone()?])
    }

    /// Whether the client itself asked for the stream's usage chunk.
    #[must_use]
    pub fn asks_usage(&self) -> bool {
        matches!(self.include_usage, Some((_, true)))
    }

    /// The body with `stream_options.include_usage` set, all other bytes as they came.
    #[must_use]
    pub fn with_usage_asked(&self, body: &Bytes) -> Bytes {
        match (&self.include_usage, &self.stream_options) {
            (Some((_, true)), _) => body.clone(),
            (Some((span, false)), _) => splice(body, span.clone(), "true"),
            (None, Some(span)) if body[span.start] != b'{' => {
                splice(body, span.clone(), r#"{"include_usage":true}"#)
            }
            (None, Some(span)) => {
                let inside = span.start + 1..span.start + 1;
                let comma = if self.stream_options_empty { "" } else { "," };
                splice(body, inside, &format!(r#""include_usage":true{comma}"#))
            }
            (None, None) => {
                // A body that streams has at least one field, so the comma is right.
                let open = memchr::memchr(b'{', body).map_or(0, |at| at + 1);
                splice(body, open..open, r#""stream_options":{"include_usage":true},"#)
            }
        }
    }
}

fn splice(body: &[u8], span: Range<usize>, with: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() + with.len());
    out.extend_from_slice(&body[..span.start]);
    out.extend_from_slice(with.as_bytes());
    out.extend_from_slice(&body[span.end..]);
    out.freeze()
}

#[cfg(test)]
mod tests;
