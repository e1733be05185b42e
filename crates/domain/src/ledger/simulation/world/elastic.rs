//! Streams that begin with a part of their bound held, and extend it as they go on.

use super::{Guard, World};
use crate::Nanos;

/// How far a hold may still grow.
#[derive(Clone, Copy)]
pub(super) struct Growing {
    /// All that is held and may be held: the bound.
    whole: Nanos,
    /// Set aside in the book, and not written yet.
    taken: Nanos,
}

impl World {
    /// What a call begins with: its bound, or the first slice of one that grows.
    pub(super) fn first_slice(&mut self, bound: Nanos) -> (Nanos, Option<Growing>) {
        if !self.grows || self.lacks(Guard::HoldBeforeSend) || self.dice.one_in(3) {
            return (bound, None);
        }
        let first = 1 + self.dice.below(bound.0.cast_unsigned()).cast_signed() / 4;
        (Nanos(first), Some(Growing { whole: bound, taken: Nanos(0) }))
    }

    /// Some of what happens to a stream.
    pub(super) fn stream_on(&mut self, node: usize, at: usize) {
        for _ in 0..self.dice.below(8) {
            self.goes_on(node, at);
        }
    }

    fn goes_on(&mut self, node: usize, at: usize) {
        let slot = &self.nodes[node].slots[at];
        let Some(growing) = slot.growing else { return };
        let room = growing.whole.0 - slot.attempt.hold.0;
        match self.dice.below(3) {
            0 => self.write_on(node, at),
            1 if growing.taken.0 == 0 && room > 0 => {
                let more = 1 + self.dice.below(room.cast_unsigned()).cast_signed();
                self.take(node, at, Nanos(more));
            }
            2 => self.cover(node, at),
            _ => {}
        }
    }

    /// The provider goes on as far as the hold covers it, and bills that.
    fn write_on(&mut self, node: usize, at: usize) {
        let early = self.lacks(Guard::ExtendInFile);
        let slot = &self.nodes[node].slots[at];
        let taken = slot.growing.filter(|_| early).map_or(0, |growing| growing.taken.0);
        let room = slot.attempt.hold.0 + taken - slot.bill.0;
        let more = self.dice.below(room.cast_unsigned() + 1).cast_signed();
        let slot = &mut self.nodes[node].slots[at];
        slot.bill.0 += more;
        for account in slot.accounts.clone() {
            *self.billed.entry(account).or_default() += more;
        }
    }

    /// The book sets more aside, if need be after asking the store.
    fn take(&mut self, node: usize, at: usize, more: Nanos) {
        let accounts = self.nodes[node].slots[at].accounts.clone();
        let seats = self.held_seats(node, &accounts);
        let mut held = self.lacks(Guard::ExtendFromBook);
        if !held {
            let missing = self.nodes[node].book.hold(&seats, more).err().unwrap_or_default();
            held = missing.is_empty();
            if !held && self.may_admit(node) {
                for lack in missing {
                    let place = seats.iter().position(|seat| *seat == lack.seat).unwrap();
                    self.grant(node, &accounts[place].clone(), lack.seat, lack.amount);
                }
                held = self.nodes[node].book.hold(&seats, more).is_ok();
            }
        }
        if let Some(growing) = self.nodes[node].slots[at].growing.as_mut().filter(|_| held) {
            growing.taken = more;
        }
    }

    /// The slot is written with the larger hold: from now on it counts.
    fn cover(&mut self, node: usize, at: usize) {
        let slot = &mut self.nodes[node].slots[at];
        if let Some(growing) = &mut slot.growing {
            slot.attempt.extend(std::mem::take(&mut growing.taken)).unwrap();
        }
    }

    /// A stream ends with an extension under way: that goes back.
    pub(super) fn untake(&mut self, node: usize, at: usize) {
        let slot = &mut self.nodes[node].slots[at];
        let Some(growing) = &mut slot.growing else { return };
        let back = std::mem::take(&mut growing.taken);
        let accounts = slot.accounts.clone();
        let seats = self.held_seats(node, &accounts);
        let void = self.nodes[node].book.settle(&seats, back, Nanos(0));
        self.nodes[node].book.imported(&seats, &void);
    }
}
