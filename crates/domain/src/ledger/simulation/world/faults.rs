//! Kills, power cuts and silences, and what a start makes of what they leave.

use super::{FORFEITED_AFTER, Guard, NODES, Node, World};
use crate::Nanos;
use crate::ledger::{Book, Recovered};

impl World {
    /// Killed, and started again with the slots that it left.
    pub(super) fn kill(&mut self, node: usize) {
        self.nodes[node].asleep = 0;
        self.nodes[node].clocks.heard = self.own(node);
        self.heard[node] = self.now;
        self.answered();
        let done = self.store.batches.get(&node).copied().unwrap_or(0);
        let slots = std::mem::take(&mut self.nodes[node].slots);
        self.nodes[node].book = Book::default();
        if self.is_fenced(node) {
            // Its share was forfeited whole: nothing is left to import.
            self.nodes[node].epoch = self.epoch(node);
            return;
        }
        for slot in slots {
            if slot.batch.is_some_and(|batch| batch <= done) || self.is_job(&slot) {
                continue;
            }
            match slot.attempt.recovered() {
                Recovered::Void => {}
                Recovered::Orphan(_) if self.lacks(Guard::OrphanRule) => {}
                Recovered::Orphan(cost) | Recovered::Settled(cost) => self.post(node, &slot, cost),
            }
        }
        self.return_lease(node);
    }

    fn return_lease(&mut self, node: usize) {
        for ((_, account), lease) in self.store.leases.iter_mut().filter(|((n, _), _)| *n == node) {
            let row = self.store.rows.get_mut(account).unwrap();
            row.give_back(Nanos(std::mem::take(lease)));
        }
    }

    /// Forfeits the nodes that were silent for too long.
    pub(super) fn sweep(&mut self) {
        for node in 0..NODES {
            if self.now - self.heard[node] >= FORFEITED_AFTER && !self.is_fenced(node) {
                self.forfeit(node);
            }
        }
    }

    /// The node is gone, or asleep past its lease: the store forfeits its whole share.
    pub(super) fn forfeit(&mut self, node: usize) {
        self.changes_unheard();
        let give_back = self.lacks(Guard::ForfeitWhole);
        for ((_, account), lease) in self.store.leases.iter_mut().filter(|((n, _), _)| *n == node) {
            let share = Nanos(std::mem::take(lease));
            let row = self.store.rows.get_mut(account).unwrap();
            if give_back { row.give_back(share) } else { row.forfeit(share) }
        }
        *self.store.epochs.entry(node).or_default() += 1;
    }

    /// Power is lost: book and slots are gone.
    pub(super) fn power_cut(&mut self, node: usize) {
        self.forfeit(node);
        self.answered();
        let (epoch, clocks) = (self.epoch(node), self.nodes[node].clocks);
        self.nodes[node] = Node { epoch, clocks, ..Node::default() };
        self.nodes[node].clocks.heard = self.own(node);
        self.heard[node] = self.now;
    }
}
