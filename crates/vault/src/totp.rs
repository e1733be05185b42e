//! Second factors: codes of six digits that change every half minute (RFC 6238, SHA-1, as every
//! app for them knows it), and recovery codes for whoever has lost theirs.

use domain::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

const STEP_SECONDS: i64 = 30;
/// The half minutes before and after that a code is taken for: clocks differ.
const SKEW: i64 = 1;
const DIGITS: usize = 6;
const RECOVERY_CODES: usize = 10;

/// RFC 4648. Nothing in it looks like something else in it but for case, which does not matter.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret of 160 bits, in base32 as apps take it.
#[must_use]
pub fn mint() -> Secret {
    Secret::new(base32(&crate::random::<20>()))
}

/// The half minute that a code is of, where it is one of the secret's and later than `last`.
#[must_use]
pub fn verify(secret: &Secret, code: &str, now: Timestamp, last: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let key = Zeroizing::new(from_base32(secret.expose())?);
    let here = now.seconds().div_euclid(STEP_SECONDS);
    // All of them are looked at, so that time tells nothing.
    let mut found = None;
    for step in here - SKEW..=here + SKEW {
        if same(&digits(&key, step)?, &code) && step > last {
            found = Some(step);
        }
    }
    found
}

/// What an app takes in as a picture or a link.
#[must_use]
pub fn link(secret: &Secret, account: &str) -> Secret {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    let account: String = account
        .bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    Secret::new(format!(
        "otpauth://totp/Tollgate:{account}?secret={}&issuer=Tollgate",
        secret.expose()
    ))
}

/// Codes that let in once each, without the app.
#[must_use]
pub fn recovery_codes() -> Vec<Secret> {
    let code = |_| {
        let text = base32(&crate::random::<10>()).to_lowercase();
        Secret::new(format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..16]))
    };
    (0..RECOVERY_CODES).map(code).collect()
}

/// A recovery code as it is kept, however it was typed.
#[must_use]
pub fn plain_recovery_code(typed: &str) -> Secret {
    let plain = typed.chars().filter(char::is_ascii_alphanumeric);
    Secret::new(plain.map(|c| c.to_ascii_lowercase()).collect())
}

fn digits(key: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash.last()? & 0xf);
    let four: [u8; 4] = hash.get(at..at + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32);
    Some(format!("{number:0DIGITS$}"))
}

fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.bytes().filter(|b| !b" =".contains(b)) {
        let value = ALPHABET.iter().position(|a| *a == letter.to_ascii_uppercase())?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238's examples, `12345678901234567890`.
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_standard() {
        // Appendix B, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = Timestamp::from_seconds(seconds);
            assert_eq!(verify(&Secret::from(KEY), code, at, 0), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn case_136_a_code_is_taken_once_and_only_near_its_time() {
        let secret = Secret::from(KEY);
        let at = Timestamp::from_seconds(1_234_567_890);
        let step = verify(&secret, "005 924", at, 0).unwrap();
        assert_eq!(verify(&secret, "005924", at, step), None);
        assert!(verify(&secret, "005924", at.plus_seconds(30), 0).is_some());
        assert!(verify(&secret, "005924", at.plus_seconds(60), 0).is_none());
        for wrong in ["", "5924", "005925", "0059240", "００５９２４"] {
            assert_eq!(verify(&secret, wrong, at, 0), None, "{wrong}");
        }
    }

    #[test]
    fn base32_goes_there_and_back() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", b"fooba", b"foobar"] {
            assert_eq!(from_base32(&base32(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(from_base32("1"), None);
    }

    #[test]
    fn recovery_codes_are_many_and_differ() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), 10);
        let one = &codes[0];
        assert_eq!(one.expose().len(), 19);
        assert_ne!(one.expose(), codes[1].expose());
        let typed = one.expose().to_uppercase().replace('-', " ");
        let plain = one.expose().replace('-', "");
        assert_eq!(plain_recovery_code(&typed).expose(), plain);
    }
}
