//! Attempts that go on as jobs, which outlive their nodes.

use super::{Guard, Slot, World};
use crate::Nanos;
use crate::ledger::{AccountId, Phase};

/// Work that goes on, and the shares that are its own.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) slot: Slot,
    shares: Vec<(AccountId, i64)>,
}

impl World {
    /// An attempt goes on as a job: the store moves its share from the node's lease. The node may
    /// die before it hears of it; its slot is void then, since its attempt is a job.
    pub(super) fn hand_over(&mut self, node: usize) {
        // What streams is no job.
        let sent = |slot: &Slot| slot.attempt.phase == Phase::Sent && slot.growing.is_none();
        let Some(at) = self.nodes[node].slots.iter().position(sent) else { return };
        if self.is_fenced(node) {
            return;
        }
        let lost = self.exchange(node, 6);
        let slot = self.nodes[node].slots[at].clone();
        let seats = self.held_seats(node, &slot.accounts);
        let hold = slot.attempt.hold;
        let mut shares = Vec::new();
        for account in &slot.accounts {
            let lease = self.store.leases.entry((node, account.clone())).or_default();
            let share = hold.0.min(*lease);
            *lease -= share;
            if self.without == Some(Guard::JobLease) {
                let row = self.store.rows.entry(account.clone()).or_default();
                row.give_back(Nanos(share));
            } else {
                shares.push((account.clone(), share));
            }
        }
        self.store.jobs.push(Job { slot, shares });
        if lost {
            return self.kill(node);
        }
        self.nodes[node].slots.remove(at);
        self.nodes[node].book.moved_away(&seats, hold);
    }

    /// Whether the attempt in a slot that is found is a job by now.
    pub(super) fn is_job(&self, slot: &Slot) -> bool {
        let is = slot.attempt.phase == Phase::Sent;
        is && self.store.jobs.iter().any(|job| job.slot.call == slot.call)
    }

    pub(super) fn end_jobs(&mut self) {
        while !self.store.jobs.is_empty() {
            self.end_job();
        }
    }

    /// A job ends with what it cost, or in full.
    pub(super) fn end_job(&mut self) {
        let count = self.store.jobs.len() as u64;
        if count == 0 {
            return;
        }
        let at = usize::try_from(self.dice.below(count)).unwrap();
        self.answered();
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
