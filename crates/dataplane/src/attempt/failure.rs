//! An attempt that failed before its client saw anything of it.

use std::time::Duration;

use domain::attempt::Class;
use domain::retry::Told;
use domain::{Entry, Fault, fault::catalogue};
use egress::{SendError, Stage};
use http::{HeaderMap, Response};

use crate::body::reply::ReplyBody;
use crate::headers::{RETRY_AFTER_MS, X_SHOULD_RETRY};

/// What happened, and what the client is told should nothing better come.
pub(crate) struct Failure {
    pub(crate) class: Class,
    /// The provider's status, where there was one.
    pub(crate) status: Option<u16>,
    /// How long the provider wants to be left alone.
    pub(crate) told: Option<Duration>,
    /// The provider says that it would refuse the same call again.
    pub(crate) in_vain: bool,
    pub(crate) reply: Result<Response<ReplyBody>, Fault>,
}

/// Rare, and so behind a pointer.
pub(crate) type Failed = Box<Failure>;

impl Failure {
    pub(super) fn of(class: Class, fault: Fault) -> Failed {
        Box::new(Self { class, status: None, told: None, in_vain: false, reply: Err(fault) })
    }

    /// What went wrong on our side, or is the caller's: no other place would do better.
    pub(super) fn ours(fault: Fault) -> Failed {
        Self::of(Class::Caller, fault)
    }

    /// What is told of an attempt that no answer came of.
    pub(super) fn into_fault(self) -> Fault {
        self.reply.err().unwrap_or_else(|| Fault::new(&catalogue::INTERNAL_ERROR))
    }

    /// An answer that could not be used, by what we say of it.
    pub(super) fn of_answer(fault: Fault) -> Failed {
        Self::of(class_of(fault.entry), fault)
    }
}

/// What a fault of an answer says of its attempt.
pub(crate) fn class_of(entry: &'static Entry) -> Class {
    let is = |one_of: &[&Entry]| one_of.iter().any(|one| one.code == entry.code);
    if is(&[&catalogue::UPSTREAM_TIMEOUT]) {
        Class::Silent
    } else if is(&[&catalogue::UPSTREAM_REDIRECT]) {
        Class::Unusable
    } else if is(&[
        &catalogue::UPSTREAM_ERROR,
        &catalogue::UPSTREAM_INCOMPLETE,
        &catalogue::UPSTREAM_MALFORMED_STREAM,
    ]) {
        Class::Interrupted
    } else {
        Class::Caller
    }
}

/// What a failure to send is.
pub(super) fn class_of_error(error: &SendError) -> Class {
    match error.stage {
        _ if error.cause.is_egress() => Class::NoWay,
        Stage::AddressNotAllowed => Class::Barred,
        Stage::NotSent | Stage::ConnectTimeout => Class::NotSent,
        Stage::Unknown => Class::Ambiguous,
    }
}

/// The wait that a provider's refusal asks for.
pub(super) fn told(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of = |what: &str| {
        (text(&format!("x-ratelimit-remaining-{what}")), text(&format!("x-ratelimit-reset-{what}")))
    };
    let told = Told {
        retry_after_ms: text(RETRY_AFTER_MS.as_str()),
        retry_after: text("retry-after"),
        requests: of("requests"),
        tokens: of("tokens"),
    };
    told.wait()
}

/// Whether the provider says that the same call would be refused again.
pub(super) fn is_in_vain(headers: &HeaderMap) -> bool {
    headers.get(X_SHOULD_RETRY).is_some_and(|value| value.as_bytes() == b"false")
}
