//! Who a request comes from, where it came through proxies of the operator's (`trusted_proxies`).
//!
//! Each proxy writes down whom it had the request from, behind what was written before. So a list is
//! read from its right end, and only for as long as the one who wrote is trusted: what a stranger
//! wrote is never looked at. What is no address where one must stand refuses the request, for going by
//! the proxy's own address would open what is closed to its clients.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use domain::{Fault, fault::catalogue};
use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word on addresses is taken.
#[derive(Clone, Default)]
pub(super) struct Trusted(Arc<[IpNet]>);

impl Trusted {
    pub(super) fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address that a request comes from: the peer's own, unless the peer is trusted and says
    /// whom it asks for.
    ///
    /// # Errors
    /// `bad_forwarded_address`, for what no trusted proxy can have meant.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Fault> {
        if !self.holds(peer) {
            return Ok(peer);
        }
        let refused = || Fault::new(&catalogue::BAD_FORWARDED_ADDRESS);
        let found = self.forwarded(peer, headers).ok_or_else(refused)?;
        // Nothing comes over a network from the very machine that it goes to.
        let astray = found.is_loopback() && !peer.is_loopback();
        if astray || found.is_unspecified() || found.is_multicast() {
            return Err(refused());
        }
        Ok(found)
    }

    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let texts = lines.map(|line| line.to_str().ok());
        // What is not ASCII is no address either.
        let listed = texts.flat_map(|text| text.unwrap_or("?").rsplit(',').map(address));
        let by_x = self.nearest_stranger(listed)?;
        let lines = headers.get_all(header::FORWARDED).iter().rev();
        let listed = lines.flat_map(|line| elements(line.to_str().ok()));
        let by_standard = self.nearest_stranger(listed)?;
        // A proxy writes one of the two headers and may leave the other as its client sent it. Where
        // both are there they must say the same: then it does not matter which is the proxy's.
        match (by_x, by_standard) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => Some(one.or(other).unwrap_or(peer)),
        }
    }

    /// Of addresses, the one that wrote last first: the first that is none of our proxies', or the
    /// last where all are. `Some(None)` where there is none, `None` where one cannot be read.
    fn nearest_stranger(
        &self,
        addresses: impl Iterator<Item = Option<IpAddr>>,
    ) -> Option<Option<IpAddr>> {
        let mut found = None;
        for address in addresses {
            found = Some(address?);
            if !found.is_some_and(|address| self.holds(address)) {
                break;
            }
        }
        Some(found)
    }
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let with_port = || text.parse::<SocketAddr>().map(|socket| socket.ip()).ok();
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text.parse().ok().or_else(with_port).or_else(|| in_brackets().map(IpAddr::V6));
    address.map(|address| address.to_canonical())
}

/// The `for` of each element of a `Forwarded` line (RFC 7239), the last first; one `None` for a line
/// that cannot be taken apart.
fn elements(line: Option<&str>) -> Vec<Option<IpAddr>> {
    let elements = line.and_then(|line| outside_quotes(line, ','));
    let Some(elements) = elements else { return vec![None] };
    elements.into_iter().rev().map(element).collect()
}

fn element(text: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in outside_quotes(text, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim_matches([' ', '\t']).eq_ignore_ascii_case("for") {
            let value = value.trim_matches([' ', '\t']);
            let bare =
                value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
            // One that stands there twice says nothing.
            if found.replace(address(bare)?).is_some() {
                return None;
            }
        }
    }
    found
}

/// Parts between separators that stand in no quotes. `None` where a quote is not closed, or has
/// something escaped: no address needs that.
fn outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut quoted = false;
    let parts = text.split(|letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    });
    let parts: Vec<&str> = parts.collect();
    (!quoted && !text.contains('\\')).then_some(parts)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Who asks, as a peer with these headers says; `None` where it is refused.
    fn client(peer: &str, pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1/32"];
        let trusted = Trusted::new(&networks.map(|network| network.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let found = trusted.client(peer.parse().unwrap(), &headers);
        found.map(|address| address.to_string()).ok()
    }

    fn by_x(value: &'static str) -> Option<String> {
        client("10.0.0.1", &[("x-forwarded-for", value)])
    }

    fn by_standard(value: &'static str) -> Option<String> {
        client("10.0.0.1", &[("forwarded", value)])
    }

    #[test]
    fn the_nearest_address_that_is_no_proxys_is_the_clients() {
        for (list, found) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, 10.9.9.9", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7,10.9.9.9 , 10.1.1.1", "192.0.2.7"),
            // Every one of them is a proxy of ours: it began with the first.
            ("10.9.9.9, 10.1.1.1", "10.9.9.9"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8:2::1", "2001:db8:2::1"),
            ("[2001:db8:2::1]:443, 2001:db8:1::5", "2001:db8:2::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // What a stranger wrote is not looked at, whatever it is.
            ("<script>, unknown, 192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(by_x(list).as_deref(), Some(found), "{list}");
        }
        for (list, found) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("For=\"192.0.2.7:4711\";proto=https;by=10.0.0.1", "192.0.2.7"),
            ("for=198.51.100.1, for=192.0.2.7, for=10.9.9.9", "192.0.2.7"),
            ("for=192.0.2.7;host=\"a,b\", for=\"[2001:db8:1::5]\"", "192.0.2.7"),
        ] {
            assert_eq!(by_standard(list).as_deref(), Some(found), "{list}");
        }
    }

    #[test]
    fn lines_of_one_header_are_one_list() {
        let x = "x-forwarded-for";
        let list = [(x, "198.51.100.1"), (x, "192.0.2.7"), (x, "10.9.9.9")];
        assert_eq!(client("10.0.0.1", &list).as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_itself_whatever_it_says() {
        for pair in [("x-forwarded-for", "10.1.1.1"), ("forwarded", "for=\"")] {
            assert_eq!(client("192.0.2.1", &[pair]).as_deref(), Some("192.0.2.1"));
        }
        // A trusted one that says nothing asks for itself.
        assert_eq!(client("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn what_is_no_address_where_one_must_stand_is_refused() {
        for list in [
            "",
            "unknown",
            "192.0.2.7,",
            "192.0.2.7, ,10.1.1.1",
            "192.0.2.300",
            "10.1.1.1/8",
            "192.0.2.7 10.1.1.1",
            "192.0.2.7, host.example",
            "[192.0.2.7]",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "127.0.0.1",
            "::1",
        ] {
            assert_eq!(by_x(list), None, "{list}");
        }
        for list in [
            "",
            "for=unknown",
            "for=_hidden",
            "by=192.0.2.7",
            "for=192.0.2.7;for=192.0.2.8",
            // A quote that a client left open, for what the proxy writes behind it to fall into.
            "for=\"192.0.2.7, for=198.51.100.1",
            "for=\"a, for=\"198.51.100.1\"",
            "for=\"192.0.2.\\7\"",
            "for=\"192.0.2.7",
            "192.0.2.7",
        ] {
            assert_eq!(by_standard(list), None, "{list}");
        }
    }

    #[test]
    fn two_headers_must_say_the_same() {
        let both =
            |x, standard| client("10.0.0.1", &[("x-forwarded-for", x), ("forwarded", standard)]);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7, for=10.2.2.2").as_deref(), Some("192.0.2.7"));
        assert_eq!(both("192.0.2.7", "for=10.2.2.2"), None);
        assert_eq!(both("192.0.2.7", "for=unknown"), None);
    }

    #[test]
    fn a_proxy_on_this_machine_may_speak_for_a_client_on_it() {
        let list = [("x-forwarded-for", "127.0.0.1")];
        assert_eq!(client("127.0.0.1", &list).as_deref(), Some("127.0.0.1"));
    }
}
