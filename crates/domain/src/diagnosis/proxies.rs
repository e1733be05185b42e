//! The proxies between here and an upstream: what became of a connection through each of them.

use super::{Cause, Step, TlsFailure, Told, Verdict, causes};

/// Why a proxy opened no way to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyTrouble {
    /// Its name, its address or the connection to it; why.
    Unreachable(String),
    Login,
    /// The rules of the proxy: the status or reply that it gave.
    Refused(u16),
    Silent,
    /// It cannot reach the upstream, or answers what is no proxy's answer; why.
    Failed(String),
    /// The upstream's own TLS, inside the tunnel.
    UpstreamTls(TlsFailure),
    /// The upstream's name has no address.
    UpstreamName,
    /// The upstream's address is a private one.
    UpstreamAddress,
}

/// One proxy that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyTry {
    /// Its address as a URL, without credentials.
    pub proxy: String,
    pub failed: Option<ProxyTrouble>,
}

/// What the proxies of an egress came to. One that works is enough.
#[must_use]
pub fn told(egress: &str, tries: &[ProxyTry]) -> Told {
    let works = tries.iter().filter(|one| one.failed.is_none()).count();
    let failed = tries.iter().filter_map(|one| Some((one, one.failed.as_ref()?)));
    let list = failed.map(|(one, why)| format!("{} {}", one.proxy, why.word()));
    let list = list.collect::<Vec<_>>().join(", ");
    let first = tries.iter().find_map(|one| one.failed.as_ref());
    match (works, first) {
        (0, None) => Told::failed(
            &causes::PROXY_UNREACHABLE,
            format!("The egress {egress} is not there, or has no proxy."),
        ),
        (0, Some(first)) => {
            let cause = first.cause();
            // The fault may be the upstream's, and is told at its own step.
            let sentence = format!("Through the egress {egress}: {list}.");
            Told::failed(cause, sentence)
        }
        (_, None) if works == 1 => {
            let proxy = tries.first().map_or("", |one| &one.proxy);
            Told::ok(Step::Proxy, format!("Through {proxy} of the egress {egress}."))
        }
        (works, None) => {
            Told::ok(Step::Proxy, format!("All {works} proxies of the egress {egress} work."))
        }
        (works, Some(first)) => {
            let all = tries.len();
            let sentence = format!("{works} of {all} proxies of the egress {egress} work: {list}.");
            let told = Told::warning(first.cause(), sentence);
            Told { step: Step::Proxy, verdict: Verdict::Warning, ..told }
        }
    }
}

impl ProxyTrouble {
    fn cause(&self) -> &'static Cause {
        match self {
            Self::Unreachable(_) => &causes::PROXY_UNREACHABLE,
            Self::Login => &causes::PROXY_LOGIN,
            Self::Refused(_) => &causes::PROXY_REFUSED,
            Self::Silent => &causes::PROXY_SILENT,
            Self::Failed(_) => &causes::PROXY_FAILED,
            Self::UpstreamName => &causes::DNS_NOT_FOUND,
            Self::UpstreamAddress => &causes::ADDRESS_REFUSED,
            Self::UpstreamTls(failure) => match failure {
                TlsFailure::Expired => &causes::TLS_EXPIRED,
                TlsFailure::NotYetValid => &causes::TLS_TOO_YOUNG,
                TlsFailure::WrongName => &causes::TLS_NAME,
                TlsFailure::UnknownIssuer => &causes::TLS_ISSUER,
                TlsFailure::BadCertificate(_) => &causes::TLS_BAD,
                TlsFailure::NotTls => &causes::TLS_NOT_TLS,
                TlsFailure::TimedOut => &causes::TLS_SILENT,
                TlsFailure::Closed => &causes::TLS_CLOSED,
                TlsFailure::Refused(_) => &causes::TLS_REFUSED,
            },
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Unreachable(why) => format!("cannot be reached ({why})"),
            Self::Login => "does not accept the login".to_owned(),
            Self::Refused(status) => format!("refuses ({status})"),
            Self::Silent => "does not answer in time".to_owned(),
            Self::Failed(why) => format!("failed ({why})"),
            Self::UpstreamTls(_) => "works, and TLS with the upstream fails inside".to_owned(),
            Self::UpstreamName => "was not asked: the upstream's name has no address".to_owned(),
            Self::UpstreamAddress => "was not asked: the upstream's address is private".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(failed: Option<ProxyTrouble>) -> ProxyTry {
        ProxyTry { proxy: "http://p:1".into(), failed }
    }

    fn code(tries: &[ProxyTry]) -> (&'static str, &'static str) {
        let told = told("out", tries);
        (told.cause.map_or("", |cause| cause.code), told.verdict.as_str())
    }

    #[test]
    fn each_trouble_has_its_cause() {
        for (trouble, expected) in [
            (ProxyTrouble::Unreachable("refused".into()), "proxy_unreachable"),
            (ProxyTrouble::Login, "proxy_auth_failed"),
            (ProxyTrouble::Refused(403), "proxy_refused"),
            (ProxyTrouble::Silent, "proxy_timeout"),
            (ProxyTrouble::Failed("502".into()), "proxy_failed"),
            (ProxyTrouble::UpstreamName, "dns_not_found"),
            (ProxyTrouble::UpstreamAddress, "address_not_public"),
            (ProxyTrouble::UpstreamTls(TlsFailure::Expired), "tls_expired"),
            (ProxyTrouble::UpstreamTls(TlsFailure::WrongName), "tls_wrong_name"),
        ] {
            assert_eq!(code(&[one(Some(trouble.clone()))]), (expected, "failed"));
            assert_eq!(code(&[one(Some(trouble)), one(None)]), (expected, "warning"));
        }
        assert_eq!(code(&[one(None)]), ("", "ok"));
        assert_eq!(code(&[one(None), one(None)]), ("", "ok"));
        assert_eq!(code(&[]), ("proxy_unreachable", "failed"));
    }
}
