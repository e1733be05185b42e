//! How an attempt ended.

use bytes::Bytes;
use domain::attempt::Class;
use domain::{Fault, Outcome, fault::catalogue};

use super::Count;
use crate::attempt::class_of;

/// How an attempt ended.
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) error: Option<&'static str>,
    /// What kind of failure it was, if it was one.
    pub(crate) class: Option<Class>,
    pub(crate) count: Count,
}

/// The code of a failure in the request log. What clients are told is too wide to tell there whether
/// an attempt can have cost something.
fn logged(class: Class, told: &'static str) -> &'static str {
    match class {
        Class::NotSent => catalogue::UPSTREAM_NOT_SENT.code,
        Class::Interrupted if told == catalogue::UPSTREAM_ERROR.code => {
            catalogue::UPSTREAM_INCOMPLETE.code
        }
        _ => told,
    }
}

impl End {
    /// An attempt whose answer was read whole, or could not be.
    pub(crate) fn read(body: &Result<Bytes, Fault>, status: u16) -> Self {
        match body {
            Ok(body) => {
                let count = Count { bytes_out: body.len() as u64, ..Count::default() };
                Self { outcome: Outcome::Completed, status, error: None, class: None, count }
            }
            Err(fault) => Self::failed(fault),
        }
    }

    /// An attempt that brought no answer to pass on.
    pub(crate) fn failed(fault: &Fault) -> Self {
        Self::failed_as(class_of(fault.entry), fault)
    }

    /// The same, where it is known what kind of failure it was.
    pub(crate) fn failed_as(class: Class, fault: &Fault) -> Self {
        Self {
            class: Some(class),
            outcome: Outcome::UpstreamFailed,
            status: fault.entry.status,
            error: Some(logged(class, fault.entry.code)),
            count: Count::default(),
        }
    }
}
