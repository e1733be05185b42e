//! What we act on in a JSON request body, as spans over bytes that stay untouched.

use std::borrow::Cow;
use std::ops::Range;

use domain::ObjectKind;

use crate::json::{self, Invalid, unescape};

mod hosted;
mod spend;
mod tag;
mod visit;

pub use spend::{Field, Hints, Spend};

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
    /// What decides on the call's cost.
    pub spend: Spend,
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

/// Bytes of a body: its spans are kept short.
const LONGEST: usize = u32::MAX as usize;

/// At most this many object references in one body.
pub const MAX_REFERENCES: usize = 2_000;

impl View {
    /// Walks a body.
    ///
    /// # Errors
    /// [`BadBody`]; nothing of such a body is sent on.
    pub fn of(body: &[u8]) -> Result<Self, BadBody> {
        if body.len() > LONGEST {
            return Err(BadBody::Invalid(Invalid { at: LONGEST, why: "the text is too long" }));
        }
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

    /// What asks for usage: a span and its new text. `None` where the client asks already; a span
    /// of nothing at 0 where a whole field is to be added.
    pub(crate) fn usage_edit(&self, body: &[u8]) -> Option<(Range<usize>, &'static str)> {
        Some(match (&self.include_usage, &self.stream_options) {
            (Some((_, true)), _) => return None,
            (Some((span, false)), _) => (span.clone(), "true"),
            (None, Some(span)) if body[span.start] != b'{' => {
                (span.clone(), r#"{"include_usage":true}"#)
            }
            (None, Some(span)) => {
                let inside = span.start + 1..span.start + 1;
                if self.stream_options_empty {
                    (inside, r#""include_usage":true"#)
                } else {
                    (inside, r#""include_usage":true,"#)
                }
            }
            (None, None) => (0..0, r#""stream_options":{"include_usage":true}"#),
        })
    }
}

#[cfg(test)]
mod tests;
