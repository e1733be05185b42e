//! From the name to TLS: what was seen, and what it means.

use std::net::IpAddr;

use super::{Cause, Step, Told, causes};
use crate::Timestamp;

/// More than this is told as slow; less, as it is.
const SOON_DAYS: i64 = 14;
const DAY: i64 = 86_400;
/// Seconds that two clocks may be apart.
pub const SKEW: i64 = 60;

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsFailure {
    NotFound,
    /// No server answers.
    Away,
    TimedOut,
}

/// Why an address cannot be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpFailure {
    /// Private, and nobody who may said that it is meant.
    NotAllowed,
    Refused,
    TimedOut,
    Unreachable,
    Reset,
}

/// One address that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpTry {
    pub address: IpAddr,
    pub failed: Option<TcpFailure>,
}

/// Why a TLS greeting failed, or its certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    /// Another fault of the certificate, in the verifier's words.
    BadCertificate(String),
    /// What came back is no TLS.
    NotTls,
    TimedOut,
    Closed,
    /// An alert, or nothing in common.
    Refused(String),
}

/// The certificate of a server, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    pub subject: String,
    pub issuer: String,
    /// DNS names and addresses.
    pub names: Vec<String>,
    /// Unix seconds.
    pub not_before: Option<i64>,
    /// Unix seconds.
    pub not_after: Option<i64>,
    pub self_signed: bool,
    /// It may sign others.
    pub is_authority: bool,
    /// `TLSv1.3`, and the application protocol (`h2`).
    pub version: Option<String>,
    pub protocol: Option<String>,
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    TimedOut,
    Closed,
    NotHttp,
    /// The bytes of a TLS alert: the server wants TLS.
    WantsTls,
}

/// What a look-up came to.
#[must_use]
pub fn dns(host: &str, found: &Result<Vec<IpAddr>, DnsFailure>) -> Told {
    let failed = |cause: &'static Cause, why: &str| Told::failed(cause, format!("{host}: {why}."));
    match found {
        Ok(addresses) if addresses.is_empty() => failed(&causes::DNS_NOT_FOUND, "no address"),
        Ok(addresses) => {
            let shown: Vec<String> = addresses.iter().take(4).map(IpAddr::to_string).collect();
            let more = addresses.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Told::ok(Step::Dns, format!("{host} is {}{more}.", shown.join(", ")))
        }
        Err(DnsFailure::NotFound) => failed(&causes::DNS_NOT_FOUND, "the name does not exist"),
        Err(DnsFailure::Away) => failed(&causes::DNS_AWAY, "no DNS server answers"),
        Err(DnsFailure::TimedOut) => failed(&causes::DNS_SLOW, "no answer in time"),
    }
}

/// What the connections to a port came to. One that worked is enough.
#[must_use]
pub fn tcp(port: u16, tries: &[TcpTry]) -> Told {
    let worked = tries.iter().find(|one| one.failed.is_none());
    let failed: Vec<&TcpTry> = tries.iter().filter(|one| one.failed.is_some()).collect();
    let list = |tries: &[&TcpTry]| {
        let shown = tries.iter().map(|one| {
            let word = one.failed.map_or("connected", TcpFailure::word);
            format!("{} {word}", one.address)
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    match (worked, failed.first().and_then(|one| one.failed)) {
        (Some(one), None) => {
            Told::ok(Step::Tcp, format!("Connected to {} port {port}.", one.address))
        }
        (Some(one), Some(_)) => Told::warning(
            &causes::TCP_PARTLY,
            format!("Connected to {} port {port}, but: {}.", one.address, list(&failed)),
        ),
        (None, Some(first)) => {
            Told::failed(first.cause(), format!("Port {port}: {}.", list(&failed)))
        }
        (None, None) => Told::failed(&causes::DNS_NOT_FOUND, "There is no address to connect to."),
    }
}

impl TcpFailure {
    fn word(self) -> &'static str {
        match self {
            Self::NotAllowed => "is a private address",
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
        }
    }

    fn cause(self) -> &'static Cause {
        match self {
            Self::NotAllowed => &causes::ADDRESS_REFUSED,
            Self::Refused => &causes::TCP_REFUSED,
            Self::TimedOut => &causes::TCP_TIMEOUT,
            Self::Unreachable => &causes::TCP_UNREACHABLE,
            Self::Reset => &causes::TCP_RESET,
        }
    }
}

/// What a TLS greeting came to. `theirs` is the other side's clock, where it told it.
#[must_use]
pub fn tls(
    host: &str,
    failed: Option<&TlsFailure>,
    seen: &CertificateFacts,
    now: Timestamp,
    theirs: Option<Timestamp>,
) -> Told {
    let Some(failure) = failed else { return trusted(seen, now) };
    let at = now.seconds();
    let by_clock = matches!(failure, TlsFailure::Expired | TlsFailure::NotYetValid);
    let holds = |when: i64| {
        seen.not_before.is_none_or(|from| from <= when)
            && seen.not_after.is_none_or(|until| when <= until)
    };
    if by_clock && let Some(theirs) = theirs.filter(|theirs| holds(theirs.seconds())) {
        let apart = age((theirs.seconds() - at).abs());
        let told = format!("By the upstream's own clock, {apart} from ours, it is valid.");
        return Told::failed(&causes::TLS_CLOCK, told);
    }
    match failure {
        TlsFailure::Expired => {
            let ago = seen
                .not_after
                .map_or_else(String::new, |end| format!(" {} ago", age((at - end).max(0))));
            Told::failed(&causes::TLS_EXPIRED, format!("{} expired{ago}.", named(seen)))
        }
        TlsFailure::NotYetValid => {
            let until = seen
                .not_before
                .map_or_else(String::new, |from| format!(" in {}", age((from - at).max(0))));
            Told::failed(&causes::TLS_TOO_YOUNG, format!("{} begins{until}.", named(seen)))
        }
        TlsFailure::WrongName => {
            let names = if seen.names.is_empty() { "no name".into() } else { shown(&seen.names) };
            Told::failed(&causes::TLS_NAME, format!("It is for {names}, not for {host}."))
        }
        TlsFailure::UnknownIssuer if seen.self_signed => {
            Told::failed(&causes::TLS_SELF_SIGNED, format!("{} is its own issuer.", named(seen)))
        }
        TlsFailure::UnknownIssuer => Told::failed(
            &causes::TLS_ISSUER,
            format!("{} is issued by \"{}\".", named(seen), seen.issuer),
        ),
        TlsFailure::BadCertificate(why) => {
            Told::failed(&causes::TLS_BAD, format!("{}: {why}.", named(seen)))
        }
        TlsFailure::NotTls => Told::failed(&causes::TLS_NOT_TLS, "The answer is no TLS."),
        TlsFailure::TimedOut => Told::failed(&causes::TLS_SILENT, "No TLS answer in time."),
        TlsFailure::Closed => {
            Told::failed(&causes::TLS_CLOSED, "The connection closed in the greeting.")
        }
        TlsFailure::Refused(why) => {
            Told::failed(&causes::TLS_REFUSED, format!("The greeting was refused: {why}."))
        }
    }
}

fn trusted(seen: &CertificateFacts, now: Timestamp) -> Told {
    let version = seen.version.as_deref().unwrap_or("TLS");
    let left = seen.not_after.map(|end| end - now.seconds());
    let valid = left.map_or_else(String::new, |left| format!(", valid for {} more", age(left)));
    let told = format!("{version}, {} by \"{}\"{valid}.", named(seen), seen.issuer);
    match left {
        Some(left) if left < SOON_DAYS * DAY => Told::warning(&causes::TLS_ENDS_SOON, told),
        _ => Told::ok(Step::Tls, told),
    }
}

fn named(seen: &CertificateFacts) -> String {
    let name = if seen.subject.is_empty() { "without a name" } else { &seen.subject };
    format!("The certificate \"{name}\"")
}

fn shown(names: &[String]) -> String {
    let some: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = names.len().saturating_sub(some.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", some.join(", "))
}

/// Why there is no answer to a request.
#[must_use]
pub fn http(failure: &HttpFailure) -> Told {
    match failure {
        HttpFailure::TimedOut => {
            Told::failed(&causes::HTTP_SILENT, "No answer to GET /models in time.")
        }
        HttpFailure::Closed => {
            Told::failed(&causes::HTTP_CLOSED, "The connection closed without an answer.")
        }
        HttpFailure::NotHttp => Told::failed(&causes::HTTP_GARBAGE, "The answer is no HTTP."),
        HttpFailure::WantsTls => {
            Told::failed(&causes::HTTP_TLS_WANTED, "The answer is a TLS alert.")
        }
    }
}

/// Our clock beside that of a provider's `Date`.
#[must_use]
pub fn clock(ours: Timestamp, theirs: Timestamp) -> Told {
    let apart = theirs.seconds() - ours.seconds();
    if apart.abs() <= SKEW {
        return Told::ok(Step::Clock, "This machine's clock agrees with the provider's.");
    }
    let which = if apart > 0 { "behind" } else { "ahead" };
    let told = format!("This machine's clock is {} {which}.", age(apart.abs()));
    Told::failed(&causes::CLOCK_WRONG, told)
}

/// A span of seconds in its largest unit.
fn age(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 2 * DAY => (s / DAY, "days"),
        s if s >= 2 * 3_600 => (s / 3_600, "hours"),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn code(told: &Told) -> &'static str {
        told.cause.map_or("", |cause| cause.code)
    }

    fn certificate() -> CertificateFacts {
        CertificateFacts {
            subject: "api.example.com".into(),
            issuer: "An Authority".into(),
            names: vec!["api.example.com".into()],
            not_before: Some(NOW.seconds() - 30 * DAY),
            not_after: Some(NOW.seconds() + 60 * DAY),
            ..CertificateFacts::default()
        }
    }

    #[test]
    fn names_without_addresses_are_told_apart() {
        for (found, expected) in [
            (Ok(vec!["192.0.2.1".parse().unwrap()]), ""),
            (Ok(vec![]), "dns_not_found"),
            (Err(DnsFailure::NotFound), "dns_not_found"),
            (Err(DnsFailure::Away), "dns_unavailable"),
            (Err(DnsFailure::TimedOut), "dns_timeout"),
        ] {
            assert_eq!(code(&dns("h", &found)), expected);
        }
    }

    #[test]
    fn one_address_that_works_is_enough_and_the_others_are_told() {
        let at = |failed| TcpTry { address: "192.0.2.1".parse().unwrap(), failed };
        for (failed, expected) in [
            (TcpFailure::NotAllowed, "address_not_public"),
            (TcpFailure::Refused, "tcp_refused"),
            (TcpFailure::TimedOut, "tcp_timeout"),
            (TcpFailure::Unreachable, "tcp_unreachable"),
            (TcpFailure::Reset, "tcp_reset"),
        ] {
            assert_eq!(code(&tcp(443, &[at(Some(failed))])), expected);
            let partly = tcp(443, &[at(Some(failed)), at(None)]);
            assert_eq!((code(&partly), partly.has_failed()), ("tcp_partly", false));
        }
        assert_eq!(code(&tcp(443, &[at(None)])), "");
    }

    #[test]
    fn each_fault_of_tls_has_its_cause() {
        for (failure, expected) in [
            (TlsFailure::Expired, "tls_expired"),
            (TlsFailure::NotYetValid, "tls_not_yet_valid"),
            (TlsFailure::WrongName, "tls_wrong_name"),
            (TlsFailure::UnknownIssuer, "tls_unknown_issuer"),
            (TlsFailure::BadCertificate("x".into()), "tls_bad_certificate"),
            (TlsFailure::NotTls, "tls_not_tls"),
            (TlsFailure::TimedOut, "tls_timeout"),
            (TlsFailure::Closed, "tls_closed"),
            (TlsFailure::Refused("x".into()), "tls_refused"),
        ] {
            let told = tls("h", Some(&failure), &certificate(), NOW, None);
            assert_eq!(code(&told), expected);
        }
        let own = CertificateFacts { self_signed: true, ..certificate() };
        let told = tls("h", Some(&TlsFailure::UnknownIssuer), &own, NOW, None);
        assert_eq!(code(&told), "tls_self_signed");
    }

    #[test]
    fn a_wrong_clock_is_not_the_certificates_fault() {
        let late = NOW.plus_seconds(100 * DAY);
        let told = tls("h", Some(&TlsFailure::Expired), &certificate(), late, Some(NOW));
        assert_eq!(code(&told), "tls_clock_wrong");
        assert!(told.sentence.contains("100 days"), "{}", told.sentence);
        // The other side's clock says expired as well.
        let told = tls("h", Some(&TlsFailure::Expired), &certificate(), late, Some(late));
        assert_eq!(code(&told), "tls_expired");
        assert!(told.sentence.contains("40 days ago"), "{}", told.sentence);
    }

    #[test]
    fn a_certificate_that_ends_soon_is_a_warning() {
        let told = tls("h", None, &certificate(), NOW, None);
        assert_eq!(code(&told), "");
        assert!(told.sentence.contains("valid for 60 days more"), "{}", told.sentence);
        let soon = NOW.plus_seconds(50 * DAY);
        let told = tls("h", None, &certificate(), soon, None);
        assert_eq!((code(&told), told.has_failed()), ("tls_expires_soon", false));
    }

    #[test]
    fn clocks_may_be_a_minute_apart() {
        assert_eq!(code(&clock(NOW, NOW.plus_seconds(60))), "");
        let behind = clock(NOW, NOW.plus_seconds(61));
        assert_eq!(code(&behind), "clock_wrong");
        assert!(behind.sentence.contains("61 seconds behind"));
        assert!(clock(NOW, NOW.plus_seconds(-7_300)).sentence.contains("2 hours ahead"));
    }

    #[test]
    fn silence_garbage_and_ends_are_told_apart() {
        for (failure, expected) in [
            (HttpFailure::TimedOut, "http_timeout"),
            (HttpFailure::Closed, "http_closed"),
            (HttpFailure::NotHttp, "http_not_http"),
            (HttpFailure::WantsTls, "http_tls_expected"),
        ] {
            assert_eq!(code(&http(&failure)), expected);
        }
    }
}
