//! What a certificate says of itself: names, issuer, times, and whether it may sign others. Whether
//! that holds is the verifier's to say.

use std::net::IpAddr;

use crate::calendar;
use crate::diagnosis::CertificateFacts;

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const BOOLEAN: u8 = 0x01;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const LONG_TIME: u8 = 0x18;
/// `[0]` and `[3]` of a certificate: its version, its extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `[2]` and `[7]` of a general name.
const DNS_NAME: u8 = 0x82;
const ADDRESS: u8 = 0x87;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const OTHER_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// As far as it can be read: what cannot is left empty. `None` for what is no certificate.
#[must_use]
pub fn read(der: &[u8]) -> Option<CertificateFacts> {
    let mut outer = Reader(Reader(der).expect(SEQUENCE)?);
    let mut body = Reader(outer.expect(SEQUENCE)?);
    if body.peek() == Some(VERSION) {
        body.next()?;
    }
    // Serial number and algorithm.
    body.next()?;
    body.next()?;
    let issuer = body.expect(SEQUENCE)?;
    let mut times = Reader(body.expect(SEQUENCE)?);
    let subject = body.expect(SEQUENCE)?;
    let mut facts = CertificateFacts {
        subject: name(subject),
        issuer: name(issuer),
        self_signed: subject == issuer,
        not_before: times.next().and_then(|(tag, text)| time(tag, text)),
        not_after: times.next().and_then(|(tag, text)| time(tag, text)),
        ..CertificateFacts::default()
    };
    while let Some((tag, value)) = body.next() {
        if tag == EXTENSIONS {
            facts.names = extension(value, OTHER_NAMES).and_then(other_names).unwrap_or_default();
            facts.is_authority = extension(value, BASIC_CONSTRAINTS).is_some_and(signs_others);
        }
    }
    Some(facts)
}

/// The common name of a distinguished name, else its organization.
fn name(sets: &[u8]) -> String {
    let part = |wanted: &[u8]| {
        let mut sets = Reader(sets);
        while let Some((_, set)) = sets.next() {
            let mut pair = Reader(Reader(set).expect(SEQUENCE)?);
            if pair.expect(OBJECT_ID)? == wanted {
                return pair.next().map(|(_, text)| shown(text));
            }
        }
        None
    };
    part(COMMON_NAME).or_else(|| part(ORGANIZATION)).unwrap_or_default()
}

/// The content of one extension.
fn extension<'a>(all: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let mut all = Reader(Reader(all).expect(SEQUENCE)?);
    while let Some((_, extension)) = all.next() {
        let mut parts = Reader(extension);
        if parts.expect(OBJECT_ID)? != wanted {
            continue;
        }
        // Whether it is critical.
        if parts.peek() == Some(BOOLEAN) {
            parts.next()?;
        }
        return parts.expect(OCTETS);
    }
    None
}

fn other_names(content: &[u8]) -> Option<Vec<String>> {
    let mut names = Reader(Reader(content).expect(SEQUENCE)?);
    let mut found = Vec::new();
    while let Some((tag, value)) = names.next() {
        match tag {
            DNS_NAME => found.push(shown(value)),
            ADDRESS => found.extend(address(value)),
            _ => {}
        }
    }
    Some(found)
}

/// The first of its basic constraints, which is false where it is left out.
fn signs_others(content: &[u8]) -> bool {
    let parts = Reader(content).expect(SEQUENCE);
    parts.and_then(|parts| Reader(parts).expect(BOOLEAN)) == Some(&[0xff])
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()?;
    Some(address.to_string())
}

/// Somebody else's text, short and without anything that steers a terminal.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, in Unix seconds.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            // RFC 5280, section 4.1.2.5.1.
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        LONG_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let days = calendar::days_of(year, two(0)?, two(2)?);
    Some(days * 86_400 + two(4)? * 3_600 + two(6)? * 60 + two(8)?)
}

/// Values of DER, one after another.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value's tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Up to four bytes of length: no certificate is longer.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut der = vec![tag];
        match u8::try_from(content.len()) {
            Ok(length @ 0..0x80) => der.push(length),
            _ => {
                der.push(0x82);
                der.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        der.extend(content);
        der
    }

    fn named(name: &[u8]) -> Vec<u8> {
        let pair = value(SEQUENCE, &[&value(OBJECT_ID, &[COMMON_NAME]), &value(0x0c, &[name])]);
        value(SEQUENCE, &[&value(0x31, &[&pair])])
    }

    fn certificate() -> Vec<u8> {
        let names = value(
            SEQUENCE,
            &[&value(DNS_NAME, &[b"a.example"]), &value(ADDRESS, &[&[127, 0, 0, 1]])],
        );
        let extension =
            value(SEQUENCE, &[&value(OBJECT_ID, &[OTHER_NAMES]), &value(OCTETS, &[&names])]);
        let body = value(
            SEQUENCE,
            &[
                &value(VERSION, &[&value(2, &[&[2]])]),
                &value(2, &[&[1; 200]]),
                &value(SEQUENCE, &[]),
                &named(b"An \x1b[2JAuthority"),
                &value(
                    SEQUENCE,
                    &[
                        &value(UTC_TIME, &[b"250102030405Z"]),
                        &value(LONG_TIME, &[b"20520102030405Z"]),
                    ],
                ),
                &named(b"a.example"),
                &value(SEQUENCE, &[]),
                &value(EXTENSIONS, &[&value(SEQUENCE, &[&extension])]),
            ],
        );
        value(SEQUENCE, &[&body])
    }

    #[test]
    fn names_issuer_and_times_are_read() {
        let facts = read(&certificate()).unwrap();
        assert_eq!(
            (facts.subject.as_str(), facts.issuer.as_str()),
            ("a.example", "An [2JAuthority")
        );
        assert_eq!(facts.names, ["a.example", "127.0.0.1"]);
        assert_eq!(facts.not_before, Some(1_735_787_045));
        assert_eq!(facts.not_after, Some(2_587_777_445));
        assert!(!facts.self_signed && !facts.is_authority);
    }

    #[test]
    fn an_authority_says_so() {
        let constraints = |inside: &[u8]| value(SEQUENCE, &[inside]);
        assert!(signs_others(&constraints(&value(BOOLEAN, &[&[0xff]]))));
        for none in [vec![], value(BOOLEAN, &[&[0]]), value(2, &[&[1]])] {
            assert!(!signs_others(&constraints(&none)), "{none:?}");
        }
    }

    #[test]
    fn what_is_cut_or_broken_is_read_as_far_as_it_goes() {
        let whole = certificate();
        for end in 0..whole.len() {
            drop(read(&whole[..end]));
        }
        for at in 0..whole.len() {
            for byte in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut broken = whole.clone();
                broken[at] = byte;
                drop(read(&broken));
            }
        }
    }
}
