//! What a call tells to metrics, traces and logs beside its usage record.
//!
//! It travels with the settlement to whoever posts it, so that nothing is counted twice and nothing
//! is looked up on the way of a call.

use std::net::IpAddr;
use std::sync::Arc;

use domain::attempt::Class;
use domain::{Fault, KeyId, ProjectId, RequestId, Stage, Timestamp};

use crate::trace::Trace;

/// Beside one attempt's usage record.
#[derive(Clone, Default)]
pub struct Observed {
    /// Microseconds of the call that were ours; see `tollgate_overhead_seconds`. Known of a call's
    /// first attempt only.
    pub overhead_us: Option<u32>,
    /// What kind of failure it was, if it was one.
    pub class: Option<Class>,
    /// How the call is traced, if it is.
    pub trace: Option<Arc<Trace>>,
    /// Where the call came from.
    pub address: Option<IpAddr>,
}

/// A call that was refused before anything was sent: it has no usage record.
pub struct Refused {
    pub request: RequestId,
    pub at: Timestamp,
    pub total_us: u64,
    /// The operation's id, where the path was recognized.
    pub operation: Option<&'static str>,
    /// Where the key was.
    pub caller: Option<(ProjectId, KeyId)>,
    /// The look that it did not pass.
    pub stage: Stage,
    /// The model that it asked for, where its body was read.
    pub model: Option<String>,
    pub fault: Fault,
}

/// Refusals kept for the log, per worker, until somebody takes them; more are only counted.
pub(crate) const REFUSED: usize = 256;
