//! What can happen next, and what it does.

use super::world::{Mode, Slot, World, account, book};
use crate::Nanos;
use crate::ledger::{Attempt, Phase, Recovered, Settlement};

/// One thing that happens, to the node of that place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Asks for what a hold lacks, and for so much more.
    Ask {
        node: usize,
        hold: i64,
        more: i64,
    },
    Granted(usize),
    GrantLost(usize),
    Hold {
        node: usize,
        hold: i64,
    },
    Send {
        node: usize,
        slot: usize,
        bill: i64,
    },
    /// The book sets one more aside for a hold that grows.
    Extend {
        node: usize,
        slot: usize,
    },
    /// The file has the larger hold: from now on what it covers is let through.
    Write {
        node: usize,
        slot: usize,
    },
    /// The file could not be written.
    Unextend {
        node: usize,
        slot: usize,
    },
    /// The provider writes on and bills one more, which the hold covers. Where nothing is left of
    /// the hold the call is cancelled before, and its meter stops.
    Bill {
        node: usize,
        slot: usize,
    },
    /// With what the provider says, or in full where it says nothing.
    Settle {
        node: usize,
        slot: usize,
        told: bool,
    },
    Void {
        node: usize,
        slot: usize,
    },
    /// The store takes the batch in flight; again, if its acknowledgement was lost.
    Post(usize),
    Acknowledge(usize),
    GiveBack {
        node: usize,
        lost: bool,
    },
    Sleep(usize),
    Wake(usize),
    Forfeit(usize),
    Kill(usize),
    /// A start: what was in flight gets its end, and a number.
    Mark(usize),
    /// A start: what has a number and is not posted is posted.
    PostFound(usize),
    /// A start: the file is emptied and the rest of the lease returned.
    Open(usize),
}

impl World {
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut all = Vec::new();
        for node in 0..self.nodes.len() {
            match self.nodes[node].mode {
                Mode::Down => self.starting(node, &mut all),
                Mode::Up | Mode::Asleep => self.serving(node, &mut all),
            }
        }
        all
    }

    fn starting(&self, node: usize, all: &mut Vec<Action>) {
        let of = &self.nodes[node];
        if !of.fenced {
            all.push(Action::Forfeit(node));
        }
        if of.slots.iter().any(|slot| slot.number == 0) && !of.fenced {
            all.push(Action::Mark(node));
        } else if of.last_number > self.posted_batch[node] && !of.fenced {
            all.push(Action::PostFound(node));
        } else {
            all.push(Action::Open(node));
        }
    }

    fn serving(&self, node: usize, all: &mut Vec<Action>) {
        let of = &self.nodes[node];
        all.push(Action::Kill(node));
        for (slot, Slot { attempt, .. }) in of.slots.iter().enumerate() {
            match attempt.phase {
                Phase::Held => {
                    let most = if self.shape.growth > 0 { 0 } else { attempt.hold.0 };
                    all.extend((0..=most).map(|bill| Action::Send { node, slot, bill }));
                    all.push(Action::Void { node, slot });
                }
                Phase::Sent => self.streaming(node, slot, all),
                Phase::Settled => {}
            }
        }
        if of.fenced {
            return;
        }
        if of.pending.is_some() || of.last_number > self.posted_batch[node] {
            all.push(Action::Post(node));
        }
        if of.pending.is_some_and(|number| number <= self.posted_batch[node]) {
            all.push(Action::Acknowledge(node));
        }
        if of.mode == Mode::Asleep {
            all.extend([Action::Wake(node), Action::Forfeit(node)]);
            return;
        }
        all.push(Action::Sleep(node));
        all.extend([false, true].map(|lost| Action::GiveBack { node, lost }));
        if of.grant.is_some() {
            all.extend([Action::Granted(node), Action::GrantLost(node)]);
        } else if of.begun < self.shape.attempts {
            for hold in self.shape.holds.iter().copied() {
                all.push(Action::Hold { node, hold });
                all.extend([0, 1].map(|more| Action::Ask { node, hold, more }));
            }
        }
    }

    fn streaming(&self, node: usize, at: usize, all: &mut Vec<Action>) {
        let (of, slot) = (&self.nodes[node], &self.nodes[node].slots[at]);
        if slot.taken > 0 {
            all.push(Action::Write { node, slot: at });
            all.push(Action::Unextend { node, slot: at });
        } else {
            all.extend([false, true].map(|told| Action::Settle { node, slot: at, told }));
            if slot.grown < self.shape.growth && of.mode == Mode::Up {
                all.push(Action::Extend { node, slot: at });
                if of.grant.is_none() && !of.fenced {
                    all.push(Action::Ask { node, hold: 1, more: 0 });
                }
            }
        }
        if self.shape.growth > 0 && slot.bill < slot.attempt.hold.0 {
            all.push(Action::Bill { node, slot: at });
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Ask { node, hold, more } => self.ask(node, hold, more),
            Action::Granted(node) => self.granted(node),
            Action::GrantLost(node) => self.nodes[node].grant = None,
            Action::Hold { node, hold } => self.hold(node, Nanos(hold)),
            Action::Send { node, slot, bill } => {
                let slot = &mut self.nodes[node].slots[slot];
                slot.attempt.send().unwrap();
                slot.bill = bill;
                self.billed += bill;
            }
            Action::Extend { node, slot } => self.extend(node, slot),
            Action::Write { node, slot } => {
                let slot = &mut self.nodes[node].slots[slot];
                slot.attempt.extend(Nanos(std::mem::take(&mut slot.taken))).unwrap();
            }
            Action::Unextend { node, slot } => self.unextend(node, slot),
            Action::Bill { node, slot } => {
                self.nodes[node].slots[slot].bill += 1;
                self.billed += 1;
            }
            Action::Settle { node, slot, told } => {
                let Slot { attempt, bill, .. } = &self.nodes[node].slots[slot];
                let cost = if told { *bill } else { attempt.hold.0 };
                self.settle(node, slot, cost);
            }
            Action::Void { node, slot } => self.void(node, slot),
            Action::Post(node) => {
                let last = self.nodes[node].last_number;
                let number = *self.nodes[node].pending.get_or_insert(last);
                self.post(node, number);
            }
            Action::Acknowledge(node) => self.acknowledge(node),
            Action::GiveBack { node, lost } => self.give_back(node, lost),
            Action::Sleep(node) => self.nodes[node].mode = Mode::Asleep,
            Action::Wake(node) => self.nodes[node].mode = Mode::Up,
            Action::Forfeit(node) => self.forfeit(node),
            Action::Kill(node) => self.kill(node),
            Action::Mark(node) => self.mark(node),
            Action::PostFound(node) => self.post(node, self.nodes[node].last_number),
            Action::Open(node) => self.open(node),
        }
    }

    fn ask(&mut self, node: usize, hold: i64, more: i64) {
        let seats = self.seats(node);
        let mut book = self.nodes[node].book.clone();
        let Err(missing) = book.hold(&seats, Nanos(hold)) else { return };
        let mut grant = vec![0; seats.len()];
        for lack in missing {
            let at = seats.iter().position(|seat| *seat == lack.seat).unwrap();
            let wish = Nanos(lack.amount.0 + more);
            if let Ok(granted) = self.rows[at].grant(lack.amount, wish) {
                self.leases[node][at] += granted.0;
                grant[at] = granted.0;
            }
        }
        self.nodes[node].grant = Some(grant);
    }

    fn granted(&mut self, node: usize) {
        let seats = self.seats(node);
        let Some(grant) = self.nodes[node].grant.take() else { return };
        for (seat, amount) in seats.into_iter().zip(grant) {
            self.nodes[node].book.granted(seat, Nanos(amount));
        }
    }

    fn hold(&mut self, node: usize, amount: Nanos) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        if of.book.hold(&seats, amount).is_ok() {
            let attempt = Attempt::hold(amount).unwrap();
            of.slots.push(Slot { attempt, bill: 0, taken: 0, grown: 0, number: 0 });
            of.begun += 1;
        }
    }

    fn extend(&mut self, node: usize, slot: usize) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        if of.book.hold(&seats, Nanos(1)).is_ok() {
            of.slots[slot].taken = 1;
            of.slots[slot].grown += 1;
        }
    }

    fn unextend(&mut self, node: usize, slot: usize) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        let back = Nanos(std::mem::take(&mut of.slots[slot].taken));
        let void = of.book.settle(&seats, back, Nanos(0));
        of.book.imported(&seats, &void);
    }

    fn settle(&mut self, node: usize, slot: usize, cost: i64) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        let Slot { attempt, bill, number, .. } = &mut of.slots[slot];
        attempt.settle(Nanos(cost)).unwrap();
        of.last_number += 1;
        *number = of.last_number;
        of.book.settle(&seats, attempt.hold, attempt.cost);
        let spare = cost - *bill;
        self.spare.iter_mut().for_each(|all| *all += spare);
    }

    /// Nothing was sent, so nothing is written: the slot is free at once.
    fn void(&mut self, node: usize, slot: usize) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        let mut slot = of.slots.remove(slot);
        slot.attempt.void().unwrap();
        let void = of.book.settle(&seats, slot.attempt.hold, Nanos(0));
        of.book.imported(&seats, &void);
    }

    fn acknowledge(&mut self, node: usize) {
        let seats = self.seats(node);
        let of = &mut self.nodes[node];
        let Some(number) = of.pending.take() else { return };
        let in_batch = |slot: &Slot| slot.number > 0 && slot.number <= number;
        for slot in of.slots.iter().filter(|slot| in_batch(slot)) {
            let settlement = Settlement::of(slot.attempt.hold, slot.attempt.cost);
            of.book.imported(&seats, &settlement);
        }
        of.slots.retain(|slot| !in_batch(slot));
    }

    /// First here, then there; the message may be lost, but does not come twice.
    fn give_back(&mut self, node: usize, lost: bool) {
        for at in 0..self.rows.len() {
            let book = &mut self.nodes[node].book;
            let seat = book.seat(&account(at));
            let share = book.withdraw(seat, Nanos(i64::MAX));
            if !lost {
                self.rows[at].give_back(share);
                self.leases[node][at] -= share.0;
            }
        }
    }

    fn forfeit(&mut self, node: usize) {
        for (at, row) in self.rows.iter_mut().enumerate() {
            let share = std::mem::take(&mut self.leases[node][at]);
            row.forfeit(Nanos(share));
            self.entries[at] += share;
            self.spare[at] += share;
        }
        self.nodes[node].fenced = true;
    }

    fn kill(&mut self, node: usize) {
        let of = &mut self.nodes[node];
        (of.mode, of.grant, of.pending) = (Mode::Down, None, None);
        of.book = book(self.rows.len());
        // The file has what was sent; what was only held left no trace.
        of.slots.retain(|slot| slot.attempt.phase != Phase::Held);
        of.slots.iter_mut().for_each(|slot| slot.taken = 0);
    }

    fn mark(&mut self, node: usize) {
        let of = &mut self.nodes[node];
        for slot in of.slots.iter_mut().filter(|slot| slot.number == 0) {
            let cost = match slot.attempt.recovered() {
                Recovered::Void => Nanos(0),
                Recovered::Orphan(cost) | Recovered::Settled(cost) => cost,
            };
            slot.attempt.settle(cost).unwrap();
            of.last_number += 1;
            slot.number = of.last_number;
            let spare = slot.attempt.hold.0 - slot.bill;
            self.spare.iter_mut().for_each(|all| *all += spare);
        }
    }

    pub(super) fn open(&mut self, node: usize) {
        for (at, row) in self.rows.iter_mut().enumerate() {
            row.give_back(Nanos(std::mem::take(&mut self.leases[node][at])));
        }
        let of = &mut self.nodes[node];
        of.slots.clear();
        (of.mode, of.fenced) = (Mode::Up, false);
        of.last_number = of.last_number.max(self.posted_batch[node]);
        if of.last_number > self.posted_batch[node] {
            // Only after a forfeit: what it had not posted is in the forfeited share.
            self.posted_batch[node] = of.last_number;
        }
    }
}
