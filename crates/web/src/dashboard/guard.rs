//! Which requests are heard at all: forms from our own pages (case 131), at an address that people
//! are meant to see (case 137).

use std::net::IpAddr;

use domain::Fault;
use domain::fault::catalogue;
use http::{HeaderMap, HeaderName, Method, header};

use super::DashboardSettings;
use crate::ApiRequest;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(crate) fn check(settings: &DashboardSettings, request: &ApiRequest<'_>) -> Result<(), Fault> {
    if matches!(*request.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    if *request.method != Method::POST {
        return Err(Fault::new(&catalogue::METHOD_NOT_ALLOWED));
    }
    let rejected = || Fault::new(&catalogue::CSRF_REJECTED);
    let origin = text(request.headers, &header::ORIGIN).ok_or_else(rejected)?;
    let host = host(request).ok_or_else(rejected)?;
    let ours = origin.split_once("://").is_some_and(|(_, of_origin)| {
        let seen = of_origin.eq_ignore_ascii_case(host);
        seen || settings.public_url.as_deref().is_some_and(|url| url.eq_ignore_ascii_case(origin))
    });
    let site = text(request.headers, &FETCH_SITE).unwrap_or("same-origin");
    if !ours || site != "same-origin" {
        return Err(rejected());
    }
    Ok(())
}

/// Whether another site has sent the browser here: a link of its, or a redirect.
pub(crate) fn is_led_here(request: &ApiRequest<'_>) -> bool {
    let site = text(request.headers, &FETCH_SITE);
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// Whether passwords may be typed here: over TLS, at the address that the operator named, or on this
/// very machine under a name that no other site can have.
pub(crate) fn is_safe(settings: &DashboardSettings, request: &ApiRequest<'_>) -> bool {
    let Some(host) = host(request) else { return false };
    let named = settings.public_url.as_deref().and_then(|url| url.split_once("://"));
    if let Some((_, public)) = named
        && public.eq_ignore_ascii_case(host)
    {
        return true;
    }
    (settings.tls && settings.public_url.is_none())
        || (request.address.is_loopback() && is_loopback(host))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The name that the browser knows us by. Forwarded ones are a stranger's words.
fn host<'a>(request: &'a ApiRequest<'_>) -> Option<&'a str> {
    request.authority.or_else(|| text(request.headers, &header::HOST))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn asked(
        method: &Method,
        pairs: &[(&'static str, &'static str)],
    ) -> (Result<(), &'static str>, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let settings =
            DashboardSettings { public_url: Some("https://gate.example".into()), tls: false };
        let request = ApiRequest {
            method,
            path: "/",
            query: None,
            headers: &headers,
            authority: None,
            body: bytes::Bytes::new(),
            address: [127, 0, 0, 1].into(),
            request_id: "req_1".into(),
        };
        let checked = check(&settings, &request).map_err(|fault| fault.entry.code);
        (checked, is_safe(&settings, &request))
    }

    #[test]
    fn case_131_a_form_of_another_site_is_rejected() {
        let refused = Err("csrf_rejected");
        for (pairs, expected) in [
            (vec![("host", "gate.example"), ("origin", "https://gate.example")], Ok(())),
            (vec![("host", "inner:1"), ("origin", "https://gate.example")], Ok(())),
            (vec![("host", "localhost:1"), ("origin", "http://localhost:1")], Ok(())),
            (vec![("host", "gate.example")], refused),
            (vec![("host", "gate.example"), ("origin", "null")], refused),
            (vec![("host", "gate.example"), ("origin", "https://evil.example")], refused),
            (vec![("host", "gate.example"), ("origin", "https://gate.example.evil")], refused),
            (
                vec![
                    ("host", "gate.example"),
                    ("origin", "https://gate.example"),
                    ("sec-fetch-site", "cross-site"),
                ],
                refused,
            ),
        ] {
            assert_eq!(asked(&Method::POST, &pairs).0, expected, "{pairs:?}");
        }
        assert_eq!(asked(&Method::PUT, &[]).0, Err("method_not_allowed"));
        assert_eq!(asked(&Method::GET, &[]).0, Ok(()));
    }

    #[test]
    fn case_137_a_forged_host_is_no_place_for_a_password() {
        for (host, safe) in [
            ("gate.example", true),
            ("localhost:8655", true),
            ("127.0.0.1:8655", true),
            ("[::1]:8655", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("192.168.1.2", false),
        ] {
            assert_eq!(asked(&Method::GET, &[("host", host)]).1, safe, "{host}");
        }
    }
}
