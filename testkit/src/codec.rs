//! Base64, hex and random text: the few encodings that the fake speaks and the leak check undoes.

use std::hash::{BuildHasher, Hasher, RandomState};

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with the standard alphabet and padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let b = [group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let n = u32::from_be_bytes([0, b[0], b[1], b[2]]);
        for i in 0..4 {
            let pad = i > group.len();
            let sextet = (n >> (18 - 6 * i)) & 63;
            out.push(if pad { '=' } else { char::from(STANDARD[sextet as usize]) });
        }
    }
    out
}

/// Undoes base64; ends at the first byte that is none.
pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    let sextets = text.bytes().map_while(|b| STANDARD.iter().position(|s| *s == b));
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for sextet in sextets {
        held = (held << 6) | u32::try_from(sextet).unwrap_or(0);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits).to_le_bytes()[0]);
        }
    }
    out
}

/// The part of a base64 text which does not depend on the neighbours of `secret`, when `lead`
/// bytes (0, 1 or 2) stand before it in its group.
pub(crate) fn base64_core(secret: &[u8], lead: usize) -> String {
    let mut padded = vec![0; lead];
    padded.extend_from_slice(secret);
    let whole = base64(&padded);
    whole[(lead * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Every byte but letters and digits as `%XX`.
pub(crate) fn percent_encode(text: &str) -> String {
    let one = |b: u8| match b {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Undoes percent-encoding; a bad escape is left as it stands.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `len` random hex digits.
pub(crate) fn random_hex(len: usize) -> String {
    let mut out = String::new();
    while out.len() < len {
        out.push_str(&format!("{:016x}", RandomState::new().build_hasher().finish()));
    }
    out.truncate(len);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_cores_are_found_at_every_alignment() {
        let secret = b"sk-fake-CANARY0123";
        for lead in 0..3 {
            let mut text = vec![b'x'; lead + 3];
            text.extend_from_slice(secret);
            text.extend_from_slice(b"tail");
            assert!(base64(&text).contains(&base64_core(secret, lead)));
        }
    }

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b"abc"), "YWJj");
        for text in ["", "a", "ab", "abc", "user:pass"] {
            assert_eq!(unbase64(&base64(text.as_bytes())), text.as_bytes());
        }
    }
}
