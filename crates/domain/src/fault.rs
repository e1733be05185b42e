//! Faults as data: what happened, whose fault it is, whether to retry, what to do now.
//!
//! Every refusal of ours is a row of [`catalogue`]. The row makes the HTTP answer, the metric
//! label, the log level, `docs/errors.md` and `tollgate explain CODE`.

use std::borrow::Cow;

use crate::Figure;
use crate::rate::Gauges;

pub mod catalogue;

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The program that called.
    Caller,
    /// Whoever runs this Tollgate.
    Operator,
    /// The provider behind it.
    Provider,
    /// Tollgate itself.
    Tollgate,
}

/// Whether the same call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would be refused again: `x-should-retry: false`.
    Never,
    /// It may pass later.
    Later,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// Our code: the value of `x-tollgate-error`.
    pub code: &'static str,
    pub status: u16,
    /// OpenAI's `error.type`.
    pub kind: &'static str,
    /// OpenAI's `error.code`, where it has one for this; `None` is JSON `null`.
    pub public_code: Option<&'static str>,
    pub blame: Blame,
    pub retry: Retry,
    /// What happened, one sentence.
    pub what: &'static str,
    /// What to do now, one or two sentences.
    pub remedy: &'static str,
}

/// A refusal on its way to the client.
#[derive(Clone, Debug)]
pub struct Fault {
    pub entry: &'static Entry,
    pub message: Cow<'static, str>,
    /// The field or parameter at fault.
    pub param: Option<Cow<'static, str>>,
    pub retry_after_ms: Option<u64>,
    /// The row's, but where one code stands for things of several kinds.
    pub kind: &'static str,
    /// The row's, but where this very call can never pass.
    pub retry: Retry,
    /// How the caller's rate limits stand, where there are any.
    pub rates: Option<Box<Gauges>>,
    /// How many attempts at providers were made; 0 for a call that was not sent.
    pub attempts: u32,
    /// The limits that were looked at, for whoever asks later; the client is not told.
    pub figures: Option<Box<[Figure]>>,
}

impl Fault {
    /// The row's own words.
    #[must_use]
    pub fn new(entry: &'static Entry) -> Self {
        Self::because(entry, entry.what)
    }

    /// With a message for this very call.
    #[must_use]
    pub fn because(entry: &'static Entry, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            entry,
            message: message.into(),
            param: None,
            retry_after_ms: None,
            kind: entry.kind,
            retry: entry.retry,
            rates: None,
            attempts: 0,
            figures: None,
        }
    }

    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// With another `error.type` than the row's.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// For a call that would be refused again, whatever its row says of others.
    #[must_use]
    pub fn never_passes(mut self) -> Self {
        self.retry = Retry::Never;
        self
    }

    /// For a call that may pass soon, whatever its row says of others.
    #[must_use]
    pub fn may_pass_later(mut self) -> Self {
        self.retry = Retry::Later;
        self
    }

    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    #[must_use]
    pub fn figures(mut self, figures: Vec<Figure>) -> Self {
        self.figures = Some(figures.into());
        self
    }

    #[must_use]
    pub fn rates(mut self, rates: Option<Gauges>) -> Self {
        self.rates = rates.map(Box::new);
        self
    }
}

impl From<&'static Entry> for Fault {
    fn from(entry: &'static Entry) -> Self {
        Self::new(entry)
    }
}
