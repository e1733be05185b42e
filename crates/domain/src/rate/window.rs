//! One counted stretch of time: what was taken in it, and when it comes back.
//!
//! Takes are remembered as slices, oldest first. While there are few, each is a slice of its own
//! and comes back exactly one window after it was taken. When there are many, takes that are close
//! together (a 128th of the window) share a slice, which comes back when its last one does: later
//! than it might, never sooner. So a window is bounded in memory whatever the limit is.

use std::collections::VecDeque;

/// Slices up to which each take has its own.
const EXACT: usize = 32;
/// Beyond those, slices a window has at most.
const SHARED: u64 = 128;

/// What one call holds of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    slice: u64,
    pub(super) amount: u64,
    /// Held in earlier slices, which come back by themselves.
    before: u64,
}

impl Part {
    /// All that the call took.
    pub(super) fn held(&self) -> u64 {
        self.before.saturating_add(self.amount)
    }

    /// The part of a call that held some already.
    pub(super) fn after(self, before: u64) -> Self {
        Self { before, ..self }
    }
}

#[derive(Clone, Debug)]
struct Slice {
    began: u64,
    back_at: u64,
    amount: u64,
}

/// All times in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Window {
    length: u64,
    slices: VecDeque<Slice>,
    /// The number of the front slice; the others follow it.
    first: u64,
    used: u64,
}

impl Window {
    pub(super) fn new(length: u64) -> Self {
        Self { length, slices: VecDeque::new(), first: 0, used: 0 }
    }

    /// Lets come back what is due.
    pub(super) fn pass(&mut self, now: u64) {
        while let Some(slice) = self.slices.front().filter(|slice| slice.back_at <= now) {
            self.used = self.used.saturating_sub(slice.amount);
            self.slices.pop_front();
            self.first += 1;
        }
    }

    pub(super) fn used(&self) -> u64 {
        self.used
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    #[cfg(test)]
    pub(super) fn slices(&self) -> usize {
        self.slices.len()
    }

    /// When all of it will have come back.
    pub(super) fn full_at(&self) -> Option<u64> {
        self.slices.back().map(|slice| slice.back_at)
    }

    /// When `amount` fits below the limit; `None` when it never will.
    pub(super) fn fits_at(&self, now: u64, limit: u64, amount: u64) -> Option<u64> {
        // What may still be out when the amount is taken.
        let room = limit.checked_sub(amount)?;
        let mut out = self.used;
        let mut at = now;
        for slice in &self.slices {
            if out <= room {
                break;
            }
            out = out.saturating_sub(slice.amount);
            at = slice.back_at;
        }
        Some(at)
    }

    /// Takes, whatever the limit is.
    pub(super) fn take(&mut self, now: u64, amount: u64) -> Part {
        self.used = self.used.saturating_add(amount);
        let back_at = now.saturating_add(self.length);
        let crowded = self.slices.len() >= EXACT;
        match self.slices.back_mut() {
            Some(last) if crowded && now - last.began < self.length / SHARED => {
                last.back_at = back_at;
                last.amount = last.amount.saturating_add(amount);
            }
            _ => self.slices.push_back(Slice { began: now, back_at, amount }),
        }
        Part { slice: self.first + self.slices.len() as u64 - 1, amount, before: 0 }
    }

    /// Gives back some of what a call holds; nothing when it has come back by itself.
    pub(super) fn give_back(&mut self, part: &mut Part, amount: u64) {
        let amount = amount.min(part.amount);
        part.amount -= amount;
        let at = part.slice.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let Some(slice) = at.and_then(|at| self.slices.get_mut(at)) else { return };
        slice.amount = slice.amount.saturating_sub(amount);
        self.used = self.used.saturating_sub(amount);
        // An empty slice at the end is as if it had never been.
        while self.slices.back().is_some_and(|slice| slice.amount == 0) {
            self.slices.pop_back();
        }
    }
}
