//! Which addresses may be connected to. Checked on the address that is used, after resolution,
//! so that a name cannot resolve to one thing for the check and another for the connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is a public one: not loopback, private, link-local, shared, documentation,
/// benchmarking, multicast, reserved, nor an IPv6 wrapping of such (RFC 6890 and its registries).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(v4) = embedded_v4(&segments)
        && !is_public_v4(v4)
    {
        return false;
    }
    // Mapped, and behind the well-known NAT64 prefix: as public as what is inside. One's own NAT64
    // prefix (RFC 8215) is not.
    if matches!(segments[..6], [0x64, 0xff9b, 0, 0, 0, 0] | [0, 0, 0, 0, 0, 0xffff]) {
        return true;
    }
    // Global unicast is 2000::/3; documentation, ORCHID, benchmarking and discard are inside it.
    segments[0] & 0xe000 == 0x2000
        && !(segments[0] == 0x2001 && (segments[1] == 0xdb8 || segments[1] < 0x200))
        && segments[0] != 0x3fff
}

/// An IPv4 address inside an IPv6 one: mapped, compatible, NAT64, 6to4, ISATAP.
fn embedded_v4(s: &[u16; 8]) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => Some(v4(*high, *low)),
        [0x64, 0xff9b, 0, _, _, _, high, low] => Some(v4(*high, *low)),
        [0x2002, high, low, ..] => Some(v4(*high, *low)),
        [.., 0 | 0x200, 0x5efe, high, low] => Some(v4(*high, *low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_105_private_addresses_in_every_wrapping_are_not_public() {
        for text in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "64:ff9b:1::808:808",
            "::8.8.8.8",
            "2606:4700::5efe:a00:1",
            "2606:4700::200:5efe:7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::10.0.0.1",
            "3fff::1",
            "100::1",
            "4000::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!is_public(address), "{text}");
        }
        for text in
            ["8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "64:ff9b::808:808", "::ffff:8.8.8.8"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
