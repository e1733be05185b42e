//! Names that come again and again (models, tiers), kept once a worker.
//!
//! A usage record is made on a worker and dropped on the store's thread; a name of its own in each
//! would be memory that moves from thread to thread at every call.

use std::sync::{Arc, Mutex, PoisonError};

const SLOTS: usize = 128;

/// A small direct-mapped table: a name that is not in its slot takes it over.
pub(crate) struct Names(Mutex<[Option<Arc<str>>; SLOTS]>);

impl Default for Names {
    fn default() -> Self {
        Self(Mutex::new([const { None }; SLOTS]))
    }
}

impl Names {
    pub(crate) fn intern(&self, name: &str) -> Arc<str> {
        let slot = slot(name.as_bytes());
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut slots[slot];
        match slot {
            Some(kept) if **kept == *name => Arc::clone(kept),
            _ => Arc::clone(slot.insert(name.into())),
        }
    }
}

/// By its length, its beginning and its end: names of one kind differ there. A look at each byte
/// would take longer than all the rest.
fn slot(name: &[u8]) -> usize {
    let first = name.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let last = match name.last_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => name.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    };
    let mixed =
        (first ^ last.rotate_left(29) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 57) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_itself_whatever_was_in_its_slot() {
        let names = Names::default();
        for round in 0..3 {
            for number in 0..1_000 {
                let name = format!("model-{number}");
                assert_eq!(&*names.intern(&name), name, "round {round}");
            }
        }
        assert!(Arc::ptr_eq(&names.intern("gpt-4o"), &names.intern("gpt-4o")));
    }
}
