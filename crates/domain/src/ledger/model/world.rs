//! The state of the small world.

use crate::ledger::{AccountId, Attempt, Book, Phase, Row, Seat, Settlement};
use crate::{Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};

/// How small it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) nodes: usize,
    /// That each node may begin.
    pub(super) attempts: usize,
    /// One account for each; every attempt holds in all of them.
    pub(super) limits: &'static [i64],
    pub(super) holds: &'static [i64],
    /// By how much a hold may grow while its call is sent. 0: what is held is the whole bound, and
    /// the provider's bill is made when it is sent.
    pub(super) growth: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) attempt: Attempt,
    /// What the provider charges, known to it alone until it says so. Under a hold that grows it
    /// grows as well, and stops with the process that reads it.
    pub(super) bill: i64,
    /// An extension that the book has and the file has not.
    pub(super) taken: i64,
    /// All extensions so far.
    pub(super) grown: i64,
    /// The settlement's; 0 before.
    pub(super) number: u64,
}

/// What a node is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mode {
    Up,
    /// It has stopped to use its lease, as it must before the store may forfeit it.
    Asleep,
    Down,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) mode: Mode,
    /// The store has forfeited its lease and no longer listens to it.
    pub(super) fenced: bool,
    pub(super) book: Book,
    pub(super) begun: usize,
    /// A grant on its way, for each account.
    pub(super) grant: Option<Vec<i64>>,
    /// The file that outlives a kill.
    pub(super) slots: Vec<Slot>,
    pub(super) last_number: u64,
    /// The batch in flight, by its number.
    pub(super) pending: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) shape: Shape,
    pub(super) rows: Vec<Row>,
    /// By node and account.
    pub(super) leases: Vec<Vec<i64>>,
    pub(super) posted_batch: Vec<u64>,
    pub(super) nodes: Vec<Node>,
    /// The auditor's: what the provider has billed.
    pub(super) billed: i64,
    /// The auditor's: lines that were written for each account.
    pub(super) entries: Vec<i64>,
    /// The auditor's: by how much an account may be posted above what is billed.
    pub(super) spare: Vec<i64>,
}

pub(super) fn account(at: usize) -> AccountId {
    let scope = ScopeId { kind: ScopeKind::ALL[at], id: String::new() };
    AccountId { scope, period: PeriodKind::Total.around(Timestamp(0)) }
}

impl World {
    pub(super) fn new(shape: Shape) -> Self {
        let limits = shape.limits.iter();
        let none = vec![0; shape.limits.len()];
        let node = Node {
            mode: Mode::Up,
            fenced: false,
            book: book(shape.limits.len()),
            begun: 0,
            grant: None,
            slots: Vec::new(),
            last_number: 0,
            pending: None,
        };
        Self {
            shape,
            rows: limits.map(|l| Row { limit: Some(Nanos(*l)), ..Row::default() }).collect(),
            leases: vec![none.clone(); shape.nodes],
            posted_batch: vec![0; shape.nodes],
            nodes: vec![node; shape.nodes],
            billed: 0,
            entries: none.clone(),
            spare: none,
        }
    }

    pub(super) fn seats(&mut self, node: usize) -> Vec<Seat> {
        let book = &mut self.nodes[node].book;
        (0..self.rows.len()).map(|at| book.seat(&account(at))).collect()
    }

    /// The store's side of a batch: whole or, when it is not new, nothing.
    pub(super) fn post(&mut self, node: usize, number: u64) {
        let last = self.posted_batch[node];
        if self.nodes[node].fenced || number <= last {
            return;
        }
        let of_batch = |slot: &&Slot| slot.number > last && slot.number <= number;
        let slots: Vec<Slot> = self.nodes[node].slots.iter().filter(of_batch).cloned().collect();
        for slot in slots {
            let sum = Settlement::of(slot.attempt.hold, slot.attempt.cost);
            for (at, row) in self.rows.iter_mut().enumerate() {
                let lease = &mut self.leases[node][at];
                let share = sum.share.0.min(*lease);
                *lease -= share;
                row.post(sum.cost, Nanos(share), sum.over);
                self.entries[at] += sum.cost.0;
            }
        }
        self.posted_batch[node] = number;
    }

    /// Everything that tells two states apart.
    pub(super) fn key(&self) -> Vec<i64> {
        let mut nodes: Vec<Vec<i64>> = (0..self.nodes.len()).map(|at| self.node_key(at)).collect();
        nodes.sort_unstable();
        let mut key = nodes.concat();
        key.extend(self.rows.iter().flat_map(|row| [row.posted.0, row.leased.0, row.overage.0]));
        key.push(self.billed);
        key.extend(self.entries.iter().chain(&self.spare));
        key
    }

    fn node_key(&self, at: usize) -> Vec<i64> {
        let node = &self.nodes[at];
        // Numbers matter by their order only: those that are posted are all alike.
        let last = self.posted_batch[at];
        let after = |number: u64| number.saturating_sub(last).cast_signed();
        let mut key = vec![
            node.mode as i64,
            i64::from(node.fenced),
            node.begun as i64,
            after(node.last_number),
            node.pending.map_or(-1, after),
        ];
        key.extend(&self.leases[at]);
        key.extend(node.grant.as_ref().map_or(vec![-1], Clone::clone));
        let mut book = node.book.clone();
        for account in (0..self.rows.len()).map(account) {
            let seat = book.seat(&account);
            key.extend([book.held(seat).0, book.free(seat).0]);
        }
        let mut slots: Vec<[i64; 7]> = node
            .slots
            .iter()
            .map(|slot| {
                let Slot { attempt, bill, number, taken, grown } = slot;
                let known = i64::from(*number > 0);
                let phase = match attempt.phase {
                    Phase::Held => 0,
                    Phase::Sent => 1,
                    Phase::Settled => 2,
                };
                let order = known + after(*number);
                [phase, attempt.hold.0, attempt.cost.0, *bill, order, *taken, *grown]
            })
            .collect();
        slots.sort_unstable();
        key.extend(slots.concat());
        key.push(-2);
        key
    }
}

/// A new node's book: it knows the limits and has nothing.
pub(super) fn book(accounts: usize) -> Book {
    let mut book = Book::default();
    for id in (0..accounts).map(account) {
        let seat = book.seat(&id);
        book.limit(seat);
    }
    book
}
