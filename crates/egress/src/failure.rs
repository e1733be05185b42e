//! Why a request has no answer: how far it came, and what was in the way.

use std::fmt;

/// How far a request came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The guard refused the address; nothing was sent.
    AddressNotAllowed,
    /// No byte of the request left.
    NotSent,
    /// Connecting took too long; no byte of the request left.
    ConnectTimeout,
    /// Bytes may have left, and no status came back.
    Unknown,
}

/// What exactly was in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// What was to be sent cannot be: a bad URL or header.
    Request,
    /// The upstream's name has no address.
    Name,
    /// The guard refused the upstream's address.
    AddressNotAllowed,
    /// The upstream refuses connections, or no way leads to it.
    Connect,
    /// Connecting to the upstream took too long.
    Timeout,
    /// TLS with the upstream.
    Tls(TlsFault),
    /// The upstream closed the connection before the request went out.
    Closed,
    /// The connection broke while the request was under way.
    Interrupted,
    /// A proxy was in the way, not the upstream.
    Proxy(ProxyFault),
    /// The egress has no proxy that may be used now, and may not go directly.
    NoProxy,
}

/// What went wrong in a TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate is for another name.
    Name,
    /// The certificate is no longer valid, or not yet; or a clock is wrong.
    Time,
    /// Nobody whom we know vouches for the certificate.
    Issuer,
    /// What answers does not speak TLS.
    NotTls,
    /// The connection was closed in the middle of it.
    Closed,
    Other,
}

/// What went wrong with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// The proxy's name has no address.
    Name,
    /// The guard refused the proxy's address.
    AddressNotAllowed,
    /// The proxy refuses connections, or no way leads to it.
    Connect,
    /// Connecting to the proxy, or greeting it, took too long.
    Timeout,
    /// TLS with the proxy itself.
    Tls(TlsFault),
    /// The proxy does not accept our credential, or wants one (407, or SOCKS's own refusal).
    Login,
    /// The proxy will not open the tunnel: an HTTP status, or a SOCKS reply.
    Refused(u16),
    /// The proxy says that the upstream cannot be reached (SOCKS replies 3 to 6).
    Upstream(u8),
    /// The proxy took too long to open the tunnel.
    Unanswered,
    /// What answers is no proxy of this kind: a page, or other bytes.
    Answer,
    /// The proxy closed the connection before the tunnel was open.
    Closed,
}

impl ProxyFault {
    pub(crate) const REASONS: [&str; 11] = [
        "name",
        "address_not_allowed",
        "connect",
        "timeout",
        "tls",
        "login",
        "refused",
        "upstream",
        "unanswered",
        "answer",
        "closed",
    ];

    /// Which of [`Self::REASONS`] it is.
    pub(crate) fn number(self) -> usize {
        match self {
            Self::Name => 0,
            Self::AddressNotAllowed => 1,
            Self::Connect => 2,
            Self::Timeout => 3,
            Self::Tls(_) => 4,
            Self::Login => 5,
            Self::Refused(_) => 6,
            Self::Upstream(_) => 7,
            Self::Unanswered => 8,
            Self::Answer => 9,
            Self::Closed => 10,
        }
    }

    /// A word for metrics, from a fixed set.
    #[must_use]
    pub fn reason(self) -> &'static str {
        Self::REASONS[self.number()]
    }

    /// Whether it is the proxy that is broken. Of a tunnel that was refused this is known only when
    /// another proxy reaches the same upstream.
    pub(crate) fn is_its_own(self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Upstream(_) | Self::Unanswered)
    }
}

impl Cause {
    /// A word for programs, from a fixed set.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Name => "upstream_name",
            Self::AddressNotAllowed => "upstream_address_not_allowed",
            Self::Connect => "upstream_connect",
            Self::Timeout => "upstream_timeout",
            Self::Tls(fault) => match fault {
                TlsFault::Name => "upstream_tls_name",
                TlsFault::Time => "upstream_tls_time",
                TlsFault::Issuer => "upstream_tls_issuer",
                TlsFault::NotTls => "upstream_not_tls",
                TlsFault::Closed => "upstream_tls_closed",
                TlsFault::Other => "upstream_tls",
            },
            Self::Closed => "upstream_closed",
            Self::Interrupted => "interrupted",
            Self::Proxy(fault) => match fault {
                ProxyFault::Name => "proxy_name",
                ProxyFault::AddressNotAllowed => "proxy_address_not_allowed",
                ProxyFault::Connect => "proxy_connect",
                ProxyFault::Timeout => "proxy_timeout",
                ProxyFault::Tls(TlsFault::Name) => "proxy_tls_name",
                ProxyFault::Tls(TlsFault::Time) => "proxy_tls_time",
                ProxyFault::Tls(TlsFault::Issuer) => "proxy_tls_issuer",
                ProxyFault::Tls(TlsFault::NotTls) => "proxy_not_tls",
                ProxyFault::Tls(_) => "proxy_tls",
                ProxyFault::Login => "proxy_login",
                ProxyFault::Refused(_) => "proxy_refused",
                ProxyFault::Upstream(_) => "proxy_upstream",
                ProxyFault::Unanswered => "proxy_unanswered",
                ProxyFault::Answer => "proxy_answer",
                ProxyFault::Closed => "proxy_closed",
            },
            Self::NoProxy => "no_proxy",
        }
    }

    /// Whether our way out failed, and not the upstream.
    #[must_use]
    pub fn is_egress(self) -> bool {
        match self {
            Self::NoProxy => true,
            Self::Proxy(fault) => !matches!(fault, ProxyFault::Upstream(_)),
            _ => false,
        }
    }
}

/// Why a request has no answer. `why` is for the log: it never holds a URL's query, a key or a
/// proxy's credential.
#[derive(Debug)]
pub struct SendError {
    pub stage: Stage,
    pub cause: Cause,
    pub why: String,
}

impl SendError {
    /// With the cause that is usual at this stage.
    pub(crate) fn new(stage: Stage, why: String) -> Self {
        let cause = match stage {
            Stage::AddressNotAllowed => Cause::AddressNotAllowed,
            Stage::NotSent => Cause::Closed,
            Stage::ConnectTimeout => Cause::Timeout,
            Stage::Unknown => Cause::Interrupted,
        };
        Self { stage, cause, why }
    }

    /// Before anything was sent.
    pub(crate) fn before(cause: Cause, why: impl fmt::Display) -> Self {
        let stage = match cause {
            Cause::AddressNotAllowed => Stage::AddressNotAllowed,
            Cause::Timeout | Cause::Proxy(ProxyFault::Timeout | ProxyFault::Unanswered) => {
                Stage::ConnectTimeout
            }
            _ => Stage::NotSent,
        };
        Self { stage, cause, why: why.to_string() }
    }

    pub(crate) fn proxy(fault: ProxyFault, why: impl fmt::Display) -> Self {
        Self::before(Cause::Proxy(fault), why)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for SendError {}
