//! Calls that were refused before anything was sent, as far as somebody wants to know of them later.

use crate::{Entry, RequestId, Timestamp};

/// The looks that a call has to pass, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Its target and head.
    Request,
    /// The key: known, alive, from an allowed address.
    Key,
    /// Whether Tollgate has such an operation, and the key may use it.
    Permission,
    /// Room for one more call.
    Room,
    /// The body.
    Body,
    /// The models and the provider's own tools that it names.
    Model,
    /// The route: where it can go, and whose the objects are that it names.
    Route,
    /// The limits by rate.
    Rate,
    /// The limits in money, and its turn at the provider.
    Money,
}

impl Stage {
    pub const ALL: [Self; 9] = [
        Self::Request,
        Self::Key,
        Self::Permission,
        Self::Room,
        Self::Body,
        Self::Model,
        Self::Route,
        Self::Rate,
        Self::Money,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Key => "key",
            Self::Permission => "permission",
            Self::Room => "room",
            Self::Body => "body",
            Self::Model => "model",
            Self::Route => "route",
            Self::Rate => "rate",
            Self::Money => "money",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureUnit {
    Nanos,
    Count,
}

/// A limit as it stood when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Whose it is, in words: "project proj_1".
    pub scope: String,
    /// Which it is, in words: "month spend limit", "requests per min (RPM)".
    pub what: String,
    pub unit: FigureUnit,
    pub limit: i64,
    pub used: i64,
    /// What this call would have taken.
    pub asked: i64,
    /// Unix seconds, where it begins anew at an instant.
    pub resets_at: Option<i64>,
    pub passed: bool,
}

/// One such call, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// Later ones are larger; 0 before it is kept.
    pub place: i64,
    pub request: RequestId,
    /// When it arrived.
    pub at: Timestamp,
    /// The look that it did not pass.
    pub stage: Stage,
    /// The operation's id, where the path was recognized.
    pub operation: Option<String>,
    /// Where the key was.
    pub project: Option<String>,
    pub key: Option<String>,
    /// As it was asked for.
    pub model: Option<String>,
    pub code: String,
    pub status: u16,
    /// What its client was told.
    pub message: String,
    pub param: Option<String>,
    pub figures: Vec<Figure>,
    /// Microseconds from its arrival to the refusal.
    pub total_us: u64,
}

impl RefusedCall {
    /// The row of the catalogue, unless a later version has dropped it.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        crate::fault::catalogue::find(&self.code)
    }
}

/// Only what matches everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedFilter {
    pub project: Option<String>,
    pub key: Option<String>,
    pub code: Option<String>,
    pub request: Option<RequestId>,
}

/// One page, newest first.
#[derive(Clone, Debug)]
pub struct RefusedQuery {
    pub filter: RefusedFilter,
    /// Only what is older than this place.
    pub before: Option<i64>,
    pub limit: u32,
}

#[derive(Clone, Debug)]
pub struct RefusedPage {
    pub rows: Vec<RefusedCall>,
    pub has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_name_and_they_are_in_order() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
        assert!(Stage::ALL.is_sorted());
        assert_eq!(Stage::parse("later"), None);
    }
}
