//! What bodies ask, of those that came a moment ago: who asks again mostly sends the same bytes.
//!
//! A body is told by all of its bytes, so that what is found here is what reading it again would
//! find. Its place may be another's too: the last that came stays.

use std::sync::{Mutex, PoisonError};

use openai::kept::Asked;
use openai::surface::Operation;
use sha2::{Digest, Sha256};

use crate::pipeline::Taken;

/// Bodies that are remembered, each in the one place that is its own.
const PLACES: usize = 256;
/// Bytes of a body that is remembered.
const LONGEST: usize = 16 << 10;

/// SHA-256 over a request's canonical text.
pub(super) type Request = [u8; 32];

/// One worker's. At most [`PLACES`] times [`LONGEST`] bytes.
pub(crate) struct Spellings(Mutex<Vec<Option<Known>>>);

struct Known {
    operation: &'static str,
    body: Box<[u8]>,
    found: (Asked, Request),
}

impl Default for Spellings {
    fn default() -> Self {
        Self(Mutex::new((0..PLACES).map(|_| None).collect()))
    }
}

impl Spellings {
    /// What a request asks, where its answer may be kept.
    pub(super) fn read(&self, operation: &Operation, taken: &Taken) -> Option<(Asked, Request)> {
        let body = taken.json_body()?;
        if body.len() > LONGEST {
            return read(operation, taken);
        }
        let place = place(body);
        let is_it = |known: &&Known| known.operation == operation.id && *known.body == *body;
        let known = |all: &[Option<Known>]| all[place].as_ref().filter(is_it).map(|it| it.found);
        if let Some(found) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Some(found);
        }
        let found = read(operation, taken)?;
        let known = Known { operation: operation.id, body: body.into(), found };
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner)[place].replace(known);
        drop(before);
        Some(found)
    }
}

fn read(operation: &Operation, taken: &Taken) -> Option<(Asked, Request)> {
    let (asked, canonical) = taken.may_be_kept(operation)?;
    Some((asked, Sha256::digest(&canonical.0).into()))
}

/// Where a body lies: a mix of all of it, in four lanes that need not wait for one another.
fn place(body: &[u8]) -> usize {
    let mix =
        |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (blocks, rest) = body.as_chunks::<32>();
    let mut lanes = [body.len() as u64, 1, 2, 3];
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let rest = rest.iter().fold(0, |sum, byte| mix(sum, u64::from(*byte)));
    // The last word of all needs two more turns to move every bit.
    let mixed = lanes.into_iter().chain([0, 0]).fold(rest, mix);
    usize::try_from(mixed >> 40).unwrap_or(0) % PLACES
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use openai::surface::by_id;
    use openai::view::View;

    use super::*;

    fn taken(body: &str) -> Taken {
        let view = View::of(body.as_bytes()).unwrap();
        Taken::Json(Bytes::copy_from_slice(body.as_bytes()), Box::new(view))
    }

    #[test]
    fn what_is_remembered_is_what_reading_finds() {
        let spellings = Spellings::default();
        let operations =
            [by_id("createChatCompletion").unwrap(), by_id("createEmbedding").unwrap()];
        let bodies = (0..PLACES * 3).map(|number| {
            let stream = number % 2 == 0;
            format!(r#"{{"model":"m","input":"x","stream":{stream},"messages":[{number}]}}"#)
        });
        let bodies: Vec<String> = bodies.collect();
        for body in bodies.iter().chain(&bodies) {
            for operation in operations {
                let taken = taken(body);
                let found = spellings.read(operation, &taken);
                assert!(found.is_some());
                assert_eq!(found, read(operation, &taken), "{body}");
                assert_eq!(found, spellings.read(operation, &taken), "{body}");
            }
        }
        let unkept = taken(r#"{"model":"m","messages":[],"store":true}"#);
        assert_eq!(spellings.read(operations[0], &unkept), None);
    }

    #[test]
    fn bodies_that_differ_anywhere_lie_apart() {
        for at in 0..=200 {
            let body = |number: usize| {
                let (before, behind) = ("x".repeat(at), "x".repeat(200 - at));
                place(format!("{before}{number:03}{behind}").as_bytes())
            };
            let places: std::collections::HashSet<usize> = (0..PLACES).map(body).collect();
            // As many as by chance: of n in n places, 63 %.
            assert!(places.len() > PLACES / 2, "{at}: {}", places.len());
        }
        assert!(place(b"") < PLACES);
    }
}
