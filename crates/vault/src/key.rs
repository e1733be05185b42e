//! The format of Tollgate's keys: a prefix, 32 random base62 characters (190 bits), and six
//! base62 characters of the CRC-32 over all that stands before them.
//!
//! The checksum lets a scanner tell a real key from a look-alike without asking us, and lets the
//! gateway refuse a mistyped one without a look-up (case 2). It is no secret and no signature.

use domain::{KeyKind, Secret};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM: usize = 32;
const CHECK: usize = 6;

/// Longest prefix first, so that `sk-admin-tg-` is not read as something else.
const PREFIXES: [(&str, KeyKind); 3] = [
    ("sk-svcacct-tg-", KeyKind::ServiceAccount),
    ("sk-admin-tg-", KeyKind::Admin),
    ("sk-tg-", KeyKind::Project),
];

/// Makes a new key of a kind.
#[must_use]
pub fn mint(kind: KeyKind) -> Secret {
    let prefix = prefix_of(kind);
    let mut text = String::with_capacity(prefix.len() + RANDOM + CHECK);
    text.push_str(prefix);
    while text.len() < prefix.len() + RANDOM {
        // Rejection sampling: 248 = 4 × 62, so that every digit is equally likely.
        for byte in crate::random::<48>() {
            if byte < 248 && text.len() < prefix.len() + RANDOM {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
    }
    let check = checksum(text.as_bytes());
    text.extend(check.map(char::from));
    Secret::new(text)
}

/// The kind of a well-formed key, or `None` for anything else. Touches no store.
#[must_use]
pub fn parse(text: &str) -> Option<KeyKind> {
    let (prefix, kind) = PREFIXES.into_iter().find(|(prefix, _)| text.starts_with(prefix))?;
    let body = text.as_bytes().get(prefix.len()..)?;
    if body.len() != RANDOM + CHECK || !body.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (covered, check) = text.as_bytes().split_at(text.len() - CHECK);
    (checksum(covered) == check).then_some(kind)
}

/// What people may see of a key afterwards: its prefix and its last four characters.
#[must_use]
pub fn display(secret: &Secret) -> String {
    let text = secret.expose();
    let prefix = PREFIXES.into_iter().find(|(prefix, _)| text.starts_with(prefix));
    let start = match prefix {
        Some((prefix, _)) => prefix,
        None => text.get(..3).unwrap_or(""),
    };
    let tail = text.char_indices().rev().nth(3).map_or("", |(at, _)| &text[at..]);
    format!("{start}...{tail}")
}

fn prefix_of(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Project => "sk-tg-",
        KeyKind::ServiceAccount => "sk-svcacct-tg-",
        KeyKind::Admin => "sk-admin-tg-",
    }
}

fn checksum(covered: &[u8]) -> [u8; CHECK] {
    let mut number = crc32fast::hash(covered);
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_parses_as_its_kind() {
        for kind in [KeyKind::Project, KeyKind::ServiceAccount, KeyKind::Admin] {
            let key = mint(kind);
            assert_eq!(parse(key.expose()), Some(kind));
        }
    }

    #[test]
    fn case_2_every_single_changed_character_is_noticed() {
        let key = mint(KeyKind::Project);
        for at in 6..key.expose().len() {
            let mut bytes = key.expose().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(parse(&text), None, "position {at}");
        }
    }

    #[test]
    fn case_4_hostile_texts_are_not_keys() {
        for text in ["", "sk-tg-", "' OR 1=1 --", "sk-tg-\0", "sk-tg-😀", "sk-proj-abc"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse(&"x".repeat(1 << 20)), None);
    }

    #[test]
    fn a_display_shows_too_little_to_be_used() {
        let key = mint(KeyKind::ServiceAccount);
        let shown = display(&key);
        assert!(shown.starts_with("sk-svcacct-tg-..."));
        assert_eq!(shown.len(), "sk-svcacct-tg-...".len() + 4);
        assert_eq!(
            display(&Secret::from("operators-own-admin-key-of-40-characters")),
            "ope...ters"
        );
    }
}
