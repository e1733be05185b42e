//! What is wrong with a connection to a provider, or with this Tollgate, and how to mend it.
//!
//! Facts come in, findings go out; nothing is asked here. [`causes`] is the one table of what may
//! be wrong; it makes the doctor's findings, `docs/doctor.md` and `tollgate explain CODE`.
//!
//! * [`connection`]: from the name to TLS.
//! * [`proxies`]: the proxies that stand in between.
//! * [`refusal`]: what a provider says instead of an answer.
//! * [`call`]: one real call, as a stream.
//! * [`house`]: Tollgate itself.

pub mod call;
pub mod causes;
pub mod connection;
pub mod house;
mod order;
pub mod proxies;
pub mod refusal;

use crate::Blame;

pub use call::CallFacts;
pub use connection::{CertificateFacts, DnsFailure, HttpFailure, TcpFailure, TcpTry, TlsFailure};
pub use order::{DoctorOrder, DoctorPage};
pub use proxies::{ProxyTrouble, ProxyTry};
pub use refusal::{BodyForm, CredentialShape, RefusalFacts};

/// What is looked at, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Server,
    Version,
    Config,
    Files,
    Disk,
    Port,
    Store,
    Ledger,
    Limits,
    Keys,
    Prices,
    Alerts,
    Upstreams,
    Dns,
    Tcp,
    Tls,
    Proxy,
    Http,
    Clock,
    Credential,
    Quota,
    Model,
    Stream,
    FirstToken,
}

impl Step {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Version => "version",
            Self::Config => "config",
            Self::Files => "files",
            Self::Disk => "disk",
            Self::Port => "port",
            Self::Store => "store",
            Self::Ledger => "ledger",
            Self::Limits => "limits",
            Self::Keys => "keys",
            Self::Prices => "prices",
            Self::Alerts => "alerts",
            Self::Upstreams => "upstreams",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Http => "http",
            Self::Clock => "clock",
            Self::Credential => "credential",
            Self::Quota => "quota",
            Self::Model => "model",
            Self::Stream => "stream",
            Self::FirstToken => "first_token",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// It works, and should be looked at.
    Warning,
    Failed,
    /// Not looked at; the sentence says why.
    Skipped,
}

impl Verdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that may be wrong.
#[derive(Debug)]
pub struct Cause {
    /// Part of the outside contract, as the codes of refusals are.
    pub code: &'static str,
    pub step: Step,
    pub blame: Blame,
    /// One sentence.
    pub what: &'static str,
    /// What to do now, one to three sentences.
    pub remedy: &'static str,
}

/// What a step came to.
#[derive(Clone, Debug)]
pub struct Told {
    pub step: Step,
    pub verdict: Verdict,
    /// Absent where nothing is wrong.
    pub cause: Option<&'static Cause>,
    /// What was seen in this very case, one sentence. Never holds a secret.
    pub sentence: String,
}

impl Told {
    #[must_use]
    pub fn ok(step: Step, sentence: impl Into<String>) -> Self {
        Self { step, verdict: Verdict::Ok, cause: None, sentence: sentence.into() }
    }

    #[must_use]
    pub fn skipped(step: Step, sentence: impl Into<String>) -> Self {
        Self { step, verdict: Verdict::Skipped, cause: None, sentence: sentence.into() }
    }

    /// At the cause's own step.
    #[must_use]
    pub fn failed(cause: &'static Cause, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { step: cause.step, verdict: Verdict::Failed, cause: Some(cause), sentence }
    }

    /// At the cause's own step.
    #[must_use]
    pub fn warning(cause: &'static Cause, sentence: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, ..Self::failed(cause, sentence) }
    }

    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }
}

/// What a step came to, for whom, and how long it took.
#[derive(Clone, Debug)]
pub struct Finding {
    /// An upstream's name, or [`Finding::HOUSE`].
    pub subject: String,
    pub told: Told,
    pub took_ms: Option<u64>,
}

impl Finding {
    /// The subject of what is about this Tollgate itself. No upstream has such a name.
    pub const HOUSE: &'static str = "(tollgate)";
}
