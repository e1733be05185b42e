//! Whether a base URL may be set by somebody who may not name addresses inside the house. Its text
//! is judged here; the address that a name leads to is judged at each connection (`guard.rs`).

use std::net::{IpAddr, Ipv4Addr};

use crate::{Origin, guard};

/// Why a base URL is not public, as far as its text says. `private_hosts`, in lower case, may be
/// anywhere and over plain HTTP.
///
/// # Errors
/// A sentence's worth of reason.
pub fn check_public(url: &str, private_hosts: &[String]) -> Result<(), &'static str> {
    let origin = Origin::parse(url, false).map_err(|error| error.0)?;
    let host = origin.address().0.to_ascii_lowercase();
    if private_hosts.contains(&host) {
        return Ok(());
    }
    if !origin.tls {
        return Err("a credential is not sent over plain http:// to a host that is not listed");
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        let public = guard::is_public(address);
        return if public { Ok(()) } else { Err("its address is not a public one") };
    }
    // What follows is a name, or an address in a spelling that some reader takes for one.
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_') {
        return Err("its host has characters that no name has");
    }
    let name = host.trim_end_matches('.');
    if let Some(address) = odd_v4(name) {
        let public = address.is_some_and(|address| guard::is_public(address.into()));
        return if public { Ok(()) } else { Err("its address is not a public one") };
    }
    let inside = ["localhost", "local", "internal", "lan", "home.arpa"];
    let ends =
        |end: &&str| name.strip_suffix(*end).is_some_and(|n| n.is_empty() || n.ends_with('.'));
    if !name.contains('.') || inside.iter().any(ends) {
        return Err("its host's name is not a public one");
    }
    Ok(())
}

/// An IPv4 address as C libraries read one: one to four parts, decimal, octal or hexadecimal, the
/// last filling what is left. `None` for a name; `Some(None)` for what ends like a number and is
/// no address.
fn odd_v4(host: &str) -> Option<Option<Ipv4Addr>> {
    let parts: Vec<&str> = host.split('.').collect();
    let last = parts.last()?;
    let digits = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last.starts_with("0x");
    if !digits && !hexadecimal {
        return None;
    }
    let numbers: Option<Vec<u64>> = parts.iter().map(|part| number(part)).collect();
    let Some(numbers) = numbers.filter(|all| all.len() <= 4) else { return Some(None) };
    let (last, first) = numbers.split_last()?;
    let room = 8 * (4 - first.len());
    if first.iter().any(|part| *part > 255) || *last >= 1_u64 << room {
        return Some(None);
    }
    let high = first.iter().fold(0_u64, |all, part| (all << 8) | part);
    let address = (high << room) | last;
    Some(u32::try_from(address).ok().map(Ipv4Addr::from))
}

fn number(part: &str) -> Option<u64> {
    let (digits, base) = match part.strip_prefix("0x") {
        Some("") => ("0", 16),
        Some(rest) => (rest, 16),
        None if part.len() > 1 && part.starts_with('0') => (&part[1..], 8),
        None => (part, 10),
    };
    u64::from_str_radix(digits, base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_105_no_spelling_of_a_private_address_is_public() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "0300.0250.1.1",
            "10.0.0.1.",
            "169.254.169.254",
            "0xa9fe.0xa9fe",
            "0",
            "0x",
            "1.2.3.4.5",
            "256.1.1.1",
            "09.1.1.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata",
            "metadata.google.internal",
            "printer.local",
            "router.home.arpa",
        ] {
            let url = format!("https://{host}/v1");
            assert!(check_public(&url, &[]).is_err(), "{url}");
        }
        for host in
            ["api.openai.com", "8.8.8.8", "134744072", "[2606:4700::1]", "0x08.8.8.8", "locals.com"]
        {
            let url = format!("https://{host}/v1");
            assert_eq!(check_public(&url, &[]), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_listed_host_may_be_anywhere_and_no_other_over_plain_http() {
        let listed = ["10.0.0.7".to_owned(), "vllm".to_owned()];
        for url in ["http://10.0.0.7:8000/v1", "http://VLLM/v1", "https://vllm/v1"] {
            assert_eq!(check_public(url, &listed), Ok(()), "{url}");
        }
        for url in ["http://10.0.0.8/v1", "http://api.openai.com/v1", "ftp://vllm/", "vllm"] {
            assert!(check_public(url, &listed).is_err(), "{url}");
        }
    }
}
