//! In which ways an upstream fails.

use std::path::PathBuf;

use crate::{Act, FakeProvider, Flaw, Matcher, Script, TlsFront, Toxic, Toxin};

/// One way for the first upstream to fail; it goes on for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Refused,
    Reset,
    HangAtConnect,
    HangAfterConnect,
    HangBeforeHead,
    HangAfterHead,
    ResetAtAnswer,
    ResetAfterHead,
    Throttled,
    OutOfCredit,
    ServerError,
    Trickle,
    CutBeforeFirstEvent,
    BadCredential,
    TlsExpired,
    NoSuchName,
}

impl Way {
    pub const ALL: [Self; 16] = [
        Self::Refused,
        Self::Reset,
        Self::HangAtConnect,
        Self::HangAfterConnect,
        Self::HangBeforeHead,
        Self::HangAfterHead,
        Self::ResetAtAnswer,
        Self::ResetAfterHead,
        Self::Throttled,
        Self::OutOfCredit,
        Self::ServerError,
        Self::Trickle,
        Self::CutBeforeFirstEvent,
        Self::BadCredential,
        Self::TlsExpired,
        Self::NoSuchName,
    ];

    fn toxin(self) -> Option<Toxin> {
        Some(match self {
            Self::Refused => Toxin::Refuse,
            Self::Reset => Toxin::Reset,
            Self::HangAtConnect => Toxin::HangAtConnect,
            Self::HangAfterConnect => Toxin::HangAfterConnect,
            Self::HangBeforeHead => Toxin::HangBeforeHead,
            Self::HangAfterHead => Toxin::HangAfterHead,
            Self::ResetAtAnswer => Toxin::ResetAtAnswer,
            Self::ResetAfterHead => Toxin::ResetAfterHead,
            // Slower than any deadline, but never silent.
            Self::Trickle => Toxin::Trickle(50),
            _ => return None,
        })
    }

    /// Whether what the provider answers does not come through, and whether not even its head does.
    pub(super) fn loses_answers(self) -> Option<bool> {
        match self {
            Self::HangBeforeHead | Self::ResetAtAnswer | Self::Trickle => Some(true),
            Self::HangAfterHead | Self::ResetAfterHead => Some(false),
            _ => None,
        }
    }

    /// The credential that is configured for it.
    pub(super) fn credential(self, bad: &FakeProvider) -> &str {
        if self == Self::BadCredential {
            "sk-not-the-one-that-it-knows-0123456789"
        } else {
            bad.credential()
        }
    }

    /// Breaks the provider, or the line to it.
    pub(super) fn break_(self, bad: &FakeProvider) -> Line {
        let post = |script: Script| bad.script(Matcher::new("POST", "/"), script.always());
        match self {
            Self::Throttled => post(
                Script::error(429, "requests", Some("rate_limit_exceeded"), "Rate limit reached.")
                    .retry_after("20"),
            ),
            Self::OutOfCredit => post(Script::error(
                429,
                "insufficient_quota",
                Some("insufficient_quota"),
                "You exceeded your current quota.",
            )),
            Self::ServerError => post(Script::error(500, "server_error", None, "It broke.")),
            Self::CutBeforeFirstEvent => post(Script::new(Act::ResetAfterHead)),
            _ => {}
        }
        if self == Self::NoSuchName {
            return Line::at("http://no-such-host.invalid/v1".into());
        }
        if self == Self::TlsExpired {
            return Line::expired(bad);
        }
        match self.toxin() {
            Some(toxin) => Line::through(Toxic::to(bad.port(), toxin)),
            None => Line::at(bad.base_url()),
        }
    }
}

/// How the bad upstream is reached.
pub(super) struct Line {
    pub(super) base_url: String,
    /// A PEM file that the gateway is to trust.
    pub(super) roots: Option<PathBuf>,
    _kept: (Option<Toxic>, Option<TlsFront>),
}

impl Line {
    fn at(base_url: String) -> Self {
        Self { base_url, roots: None, _kept: (None, None) }
    }

    fn through(toxic: Toxic) -> Self {
        Self { base_url: toxic.base_url(), roots: None, _kept: (Some(toxic), None) }
    }

    fn expired(bad: &FakeProvider) -> Self {
        let front = TlsFront::to(bad.port(), Flaw::Expired);
        let (base_url, roots) = (front.base_url(), Some(front.authority()));
        Self { base_url, roots, _kept: (None, Some(front)) }
    }
}
