//! Client networks as people write them.

use ipnet::Ipv4Net;

pub use ipnet::IpNet as Network;

/// `10.0.0.0/8`, `10.1.2.3`, `2001:db8::/32`. Host bits are cleared, and IPv4 inside IPv6 becomes
/// IPv4, as the addresses of calls do; a network that could never match would lock its key out.
#[must_use]
pub fn parse_network(text: &str) -> Option<Network> {
    let single = |text: &str| text.parse().ok().map(|address: std::net::IpAddr| address.into());
    let network = text.parse::<Network>().ok().or_else(|| single(text))?.trunc();
    let Network::V6(six) = network else { return Some(network) };
    match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(96)) {
        (Some(four), Some(length)) => Ipv4Net::new(four, length).ok().map(Network::V4),
        _ => Some(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_in_every_usual_spelling() {
        for (text, read) in [
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("10.1.2.3", Some("10.1.2.3/32")),
            ("2001:db8::1/32", Some("2001:db8::/32")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("::/0", Some("::/0")),
            ("10.1.2.3/33", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(parse_network(text).map(|n| n.to_string()).as_deref(), read, "{text}");
        }
    }
}
