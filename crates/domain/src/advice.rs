//! Advice on cost: what the records of some days say, each with its arithmetic. Nothing here is a
//! guess: what would have been is computed from counts and prices, or from the calls in their order;
//! where a line goes on in time, it says how.

use crate::{Nanos, Timestamp};

mod cheaper;
mod limits;
mod prompts;

pub use cheaper::{Equivalent, ModelUse, cheaper, equivalent};
pub use limits::{LimitUse, will_be_hit};
pub use prompts::{Prints, PromptCall, repeated};

/// What kind of thing a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    CheaperModel,
    RepeatedPrompts,
    RepeatedPrefixes,
    LimitWillBeHit,
    KeyWithoutLimit,
    UnusedKey,
}

impl FindingKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheaperModel => "cheaper_model",
            Self::RepeatedPrompts => "repeated_prompts",
            Self::RepeatedPrefixes => "repeated_prefixes",
            Self::LimitWillBeHit => "limit_will_be_hit",
            Self::KeyWithoutLimit => "key_without_limit",
            Self::UnusedKey => "unused_key",
        }
    }
}

/// One line of advice. What a kind has nothing to say of is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    pub project: Option<String>,
    pub key: Option<String>,
    pub model: Option<String>,
    /// The model that it is compared with.
    pub other_model: Option<String>,
    /// Why the two are compared: the operator says so, or it is our own table.
    pub basis: Option<&'static str>,
    /// The calls that it is about, and of how many.
    pub calls: Option<u64>,
    pub of_calls: Option<u64>,
    /// What was paid, what it would have been, and the difference.
    pub cost: Option<Nanos>,
    pub otherwise: Option<Nanos>,
    pub saves: Option<Nanos>,
    /// When it comes to pass, or when it was last.
    pub at: Option<Timestamp>,
    /// One sentence.
    pub what: String,
    /// The numbers that it follows from, so that anybody can do the sum again.
    pub arithmetic: String,
}

impl Finding {
    #[must_use]
    pub fn new(kind: FindingKind, what: String, arithmetic: String) -> Self {
        Self {
            kind,
            project: None,
            key: None,
            model: None,
            other_model: None,
            basis: None,
            calls: None,
            of_calls: None,
            cost: None,
            otherwise: None,
            saves: None,
            at: None,
            what,
            arithmetic,
        }
    }
}

/// `part` of `whole` in percent with one decimal, rounded down.
fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1_000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}
