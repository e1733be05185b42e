//! Attempts that go on as jobs.

use super::{Guard, Slot, World};
use crate::Nanos;
use crate::ledger::{AccountId, Phase};

/// Work that outlives its node, and the shares that are its own.
pub(super) struct Job {
    slot: Slot,
    shares: Vec<(AccountId, i64)>,
}

impl World {
    /// An attempt goes on as a job: the store moves its share from the node's lease. The node may
    /// die before it knows; its slot is void then, since its attempt is a job.
    pub(super) fn hand_over(&mut self, node: usize) {
        let sent = |slot: &Slot| slot.attempt.phase == Phase::Sent;
        let Some(at) = self.nodes[node].slots.iter().position(sent) else { return };
        if self.is_fenced(node) {
            return;
        }
        let slot = self.nodes[node].slots.remove(at);
        let seats = self.held_seats(node, &slot.accounts);
        let mut shares = Vec::new();
        for account in &slot.accounts {
            let lease = self.store.leases.entry((node, account.clone())).or_default();
            let share = slot.attempt.hold.0.min(*lease);
            *lease -= share;
            if self.without == Some(Guard::JobLease) {
                let row = self.store.rows.entry(account.clone()).or_default();
                row.give_back(Nanos(share));
                continue;
            }
            shares.push((account.clone(), share));
        }
        let hold = slot.attempt.hold;
        self.store.jobs.push(Job { slot, shares });
        if self.dice.one_in(6) {
            return self.kill(node);
        }
        self.nodes[node].book.moved_away(&seats, hold);
    }

    /// A job ends with what it cost, or in full.
    pub(super) fn end_job(&mut self) {
        let count = self.store.jobs.len() as u64;
        if count == 0 {
            return;
        }
        let at = usize::try_from(self.dice.below(count)).unwrap();
        let Job { slot, shares } = self.store.jobs.swap_remove(at);
        let cost = if self.dice.one_in(5) { slot.attempt.hold } else { slot.bill };
        for (account, lease) in shares {
            let share = cost.0.min(lease);
            let row = self.store.rows.entry(account).or_default();
            row.post(cost, Nanos(share), Nanos(0));
            row.give_back(Nanos(lease - share));
        }
    }
}
