//! The hold of an attempt, as it grows with its stream.

use std::sync::PoisonError;

use domain::Nanos;
use domain::bound::Growth;

use super::{Tab, Taken};
use crate::budget::{Held, More};

impl Tab {
    /// The hold's growth, where it grows with the stream.
    pub(crate) fn with_growth<T>(&self, with: impl FnOnce(&mut Growth) -> T) -> Option<T> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_mut()?.held.as_mut()?.growth().map(with)
    }

    /// Where the hold can grow.
    pub(crate) fn more(&self) -> Option<More> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref()?.held.as_ref().map(Held::more)
    }

    /// The hold has grown to cover `covered` tokens of output. It counts once it is in the slot: a
    /// start posts what it finds there. Whether it counts.
    pub(crate) fn extend(&self, more: Held, covered: u64) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Taken { slot, held: Some(held) }) = &mut *taken else { return false };
        let grown = Nanos(held.amount().0 + more.amount().0 - held.sent().0);
        if !self.worker.extended(slot, grown) {
            return false;
        }
        held.join(more);
        if let Some(growth) = held.growth() {
            growth.granted(covered);
        }
        true
    }
}
