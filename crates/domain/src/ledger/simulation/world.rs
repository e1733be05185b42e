//! The world of the simulation: nodes, the store, and what can happen to them.

mod elastic;
mod faults;
mod jobs;

use std::collections::HashMap;

use super::{Dice, Guard, NODES};
use crate::ledger::{AccountId, Attempt, Book, Phase, Recovered, Row, Seat, Settlement};
use crate::{Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use elastic::Growing;
use jobs::Job;

/// Milliseconds.
const DAY: i64 = 86_400_000;
/// A node uses its lease for so long after it was last heard.
const USED_FOR: i64 = 20_000;
/// The store forfeits the lease of a node that was silent for so long.
const FORFEITED_AFTER: i64 = 30_000;

#[derive(Clone)]
struct Slot {
    call: u64,
    accounts: Vec<AccountId>,
    attempt: Attempt,
    /// What the provider will charge, whoever listens. At most the bound.
    bill: Nanos,
    /// A stream whose hold grows: what it is billed grows with it, and stops when it is cancelled.
    growing: Option<Growing>,
    /// The batch that it is being imported in.
    batch: Option<u64>,
}

#[derive(Default)]
pub(super) struct Node {
    pub(super) book: Book,
    slots: Vec<Slot>,
    epoch: u64,
    clocks: Clocks,
    /// Until when it does nothing at all.
    asleep: i64,
}

/// A node's clocks, which are not the store's. All in milliseconds.
#[derive(Clone, Copy, Default)]
struct Clocks {
    /// By how much its calendar is wrong.
    skew: i64,
    /// How fast its other clock runs, in thousandths. 0 for one that stands still: such a node
    /// never notices that its lease has run out.
    rate: i64,
    /// What that clock said when it last sent a message that was answered.
    heard: i64,
}

/// The store: rows, who leases what, and which batch of each node is in.
#[derive(Clone, Default)]
pub(super) struct Store {
    pub(super) rows: HashMap<AccountId, Row>,
    leases: HashMap<(usize, AccountId), i64>,
    jobs: Vec<Job>,
    batches: HashMap<usize, u64>,
    epochs: HashMap<usize, u64>,
}

pub(super) struct World {
    dice: Dice,
    /// The store's clock: milliseconds.
    now: i64,
    pub(super) store: Store,
    /// As it was before the first change that nobody has had an answer to: a stand-by that takes
    /// over has this, or anything after it.
    acknowledged: Option<Store>,
    /// When the store last had a message of each node.
    heard: [i64; NODES],
    pub(super) nodes: Vec<Node>,
    pub(super) limits: HashMap<ScopeId, i64>,
    /// The auditor's book: what was really billed.
    pub(super) billed: HashMap<AccountId, i64>,
    /// Whether some of its calls are streams whose holds grow.
    grows: bool,
    without: Option<Guard>,
    pub(super) calls: u64,
}

fn scope(kind: ScopeKind, id: u64) -> ScopeId {
    ScopeId { kind, id: id.to_string() }
}

impl Node {
    fn new(dice: &mut Dice, now: i64) -> Self {
        let skew = dice.below(600_000).cast_signed() - 300_000;
        let rate = if dice.one_in(4) { 0 } else { 900 + dice.below(201).cast_signed() };
        let clocks = Clocks { skew, rate, heard: now * rate / 1000 };
        Self { clocks, ..Self::default() }
    }
}

impl World {
    pub(super) fn new(seed: u64, without: Option<Guard>) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let grows = seed % 2 == 1;
        let tight = if grows { 4 } else { 1 };
        let mut limits = HashMap::new();
        for scope in [
            scope(ScopeKind::ApiKey, 0),
            scope(ScopeKind::ApiKey, 1),
            scope(ScopeKind::Project, 0),
            scope(ScopeKind::Organization, 0),
        ] {
            if !dice.one_in(4) {
                limits.insert(scope, (100 + dice.below(900).cast_signed()) / tight);
            }
        }
        // Some schedules see the end of January.
        let now = 31 * DAY - dice.below(300_000).cast_signed();
        let nodes = (0..NODES).map(|_| Node::new(&mut dice, now)).collect();
        Self {
            grows,
            dice,
            now,
            store: Store::default(),
            acknowledged: None,
            heard: [now; NODES],
            nodes,
            limits,
            billed: HashMap::new(),
            without,
            calls: 0,
        }
    }

    fn lacks(&self, guard: Guard) -> bool {
        self.without == Some(guard)
    }

    /// The accounts of a call, in the month that the node takes it to be.
    fn accounts(&mut self, node: usize) -> Vec<AccountId> {
        let key = self.dice.below(2);
        let scopes = [
            scope(ScopeKind::ApiKey, key),
            scope(ScopeKind::Project, 0),
            scope(ScopeKind::Organization, 0),
        ];
        let at = self.now + self.nodes[node].clocks.skew;
        let month = PeriodKind::Month.around(Timestamp(at));
        scopes.map(|scope| AccountId { scope, period: month }).to_vec()
    }

    /// Sits a node down at its accounts, with the limits that stand.
    fn seats(&mut self, node: usize, accounts: &[AccountId]) -> Vec<Seat> {
        let book = &mut self.nodes[node].book;
        let mut seats = Vec::new();
        for id in accounts {
            let seat = book.seat(id);
            let limit = self.limits.get(&id.scope).copied();
            let row = self.store.rows.entry(id.clone()).or_default();
            row.limit = limit.map(Nanos);
            if limit.is_some() {
                book.limit(seat);
            }
            seats.push(seat);
        }
        seats
    }

    /// Asks the store for what is missing. The answer may be lost on the way: the node then knows
    /// nothing of a share that the store counts as leased.
    fn grant(&mut self, node: usize, id: &AccountId, seat: Seat, need: Nanos) -> bool {
        if self.is_fenced(node) {
            return false;
        }
        let lost = self.exchange(node, 12);
        let Some(row) = self.store.rows.get_mut(id) else { return false };
        let wish = row.wish(need, self.nodes[node].book.held(seat));
        let granted = if self.without == Some(Guard::ConditionalGrant) {
            row.adopt(wish);
            wish
        } else {
            match row.grant(need, wish) {
                Ok(granted) => granted,
                Err(_) => return false,
            }
        };
        if self.without == Some(Guard::DurableLease) {
            row.give_back(granted);
        } else {
            *self.store.leases.entry((node, id.clone())).or_default() += granted.0;
        }
        if lost {
            return false;
        }
        self.nodes[node].book.granted(seat, granted);
        true
    }

    /// A message to the store is about to arrive; whether its answer, one in `odds`, is lost. An
    /// answer says that all before it is kept.
    fn exchange(&mut self, node: usize, odds: u64) -> bool {
        let lost = self.dice.one_in(odds);
        self.heard[node] = self.now;
        if lost {
            self.changes_unheard();
        } else {
            self.answered();
            self.nodes[node].clocks.heard = self.own(node);
        }
        lost
    }

    fn changes_unheard(&mut self) {
        if self.acknowledged.is_none() {
            self.acknowledged = Some(self.store.clone());
        }
    }

    fn answered(&mut self) {
        if !self.lacks(Guard::KeepsAcknowledged) {
            self.acknowledged = None;
        }
    }

    /// What the node's clock for its lease says.
    fn own(&self, node: usize) -> i64 {
        self.now * self.nodes[node].clocks.rate / 1000
    }

    /// Whether the node takes its lease to be alive. One whose clock runs is right about that.
    fn may_admit(&self, node: usize) -> bool {
        let may = self.own(node) - self.nodes[node].clocks.heard < USED_FOR;
        let right = self.nodes[node].clocks.rate > 0 && self.without.is_none();
        assert!(!(may && right && self.is_fenced(node)), "a forfeited lease is in use");
        may
    }

    /// Asks whether the lease is still the node's; a node that was forfeited begins anew.
    fn renew(&mut self, node: usize) {
        if self.is_fenced(node) {
            self.kill(node);
        } else {
            self.exchange(node, 12);
        }
    }

    /// The stand-by takes over, and gives every node its time again.
    fn fail_over(&mut self) {
        if let Some(store) = self.acknowledged.take() {
            self.store = store;
        }
        self.heard = [self.now; NODES];
    }

    fn is_fenced(&self, node: usize) -> bool {
        self.epoch(node) != self.nodes[node].epoch
    }

    /// As the store has it: one more for each lease that it forfeited.
    fn epoch(&self, node: usize) -> u64 {
        self.store.epochs.get(&node).copied().unwrap_or(0)
    }

    fn call(&mut self, node: usize) {
        if !self.may_admit(node) {
            return self.renew(node);
        }
        self.calls += 1;
        let accounts = self.accounts(node);
        let seats = self.seats(node, &accounts);
        let bound = Nanos(1 + self.dice.below(60).cast_signed());
        let (bound, growing) = self.first_slice(bound);
        let held: Vec<Seat> = match self.lacks(Guard::HoldOfEveryScope) {
            true => seats[..1].to_vec(),
            false => seats.clone(),
        };
        if !self.lacks(Guard::HoldBeforeSend) {
            if let Err(missing) = self.nodes[node].book.hold(&held, bound) {
                for lack in missing {
                    let place = seats.iter().position(|s| *s == lack.seat).unwrap();
                    self.grant(node, &accounts[place].clone(), lack.seat, lack.amount);
                }
                if self.nodes[node].book.hold(&held, bound).is_err() {
                    return;
                }
            }
        } else if self.nodes[node].book.hold(&held, Nanos(0)).is_err() {
            return;
        }
        let attempt = Attempt::hold(match self.lacks(Guard::HoldBeforeSend) {
            true => Nanos(0),
            false => bound,
        });
        let bill = Nanos(self.dice.below(bound.0.cast_unsigned() + 1).cast_signed());
        let attempt = attempt.unwrap();
        self.nodes[node].slots.push(Slot {
            call: self.calls,
            accounts,
            attempt,
            bill,
            growing,
            batch: None,
        });
    }

    /// One attempt moves on: sent, settled, or voided before it was sent.
    fn advance(&mut self, node: usize) {
        let count = self.nodes[node].slots.len() as u64;
        if count == 0 {
            return;
        }
        let at = usize::try_from(self.dice.below(count)).unwrap();
        let slot = self.nodes[node].slots[at].clone();
        match slot.attempt.phase {
            Phase::Held if self.dice.one_in(6) => self.finish(node, at, Nanos(0)),
            Phase::Held => {
                self.nodes[node].slots[at].attempt.send().unwrap();
                for account in slot.accounts {
                    *self.billed.entry(account).or_default() += slot.bill.0;
                }
            }
            Phase::Sent if slot.growing.is_some() && !self.dice.one_in(4) => {
                self.stream_on(node, at);
            }
            // Nobody said what it cost: in full.
            Phase::Sent if self.dice.one_in(5) => {
                self.finish(node, at, slot.attempt.hold.max(slot.bill));
            }
            Phase::Sent => self.finish(node, at, slot.bill),
            Phase::Settled => {}
        }
    }

    fn finish(&mut self, node: usize, at: usize, cost: Nanos) {
        self.untake(node, at);
        let accounts = self.nodes[node].slots[at].accounts.clone();
        let seats = self.held_seats(node, &accounts);
        let Node { book, slots, .. } = &mut self.nodes[node];
        let attempt = &mut slots[at].attempt;
        attempt.settle(cost).unwrap();
        book.settle(&seats, attempt.hold, cost);
        assert!(attempt.settle(cost).is_err(), "a second settlement is refused");
    }

    fn held_seats(&mut self, node: usize, accounts: &[AccountId]) -> Vec<Seat> {
        let all = self.seats(node, accounts);
        let most = if self.lacks(Guard::HoldOfEveryScope) { 1 } else { all.len() };
        all[..most].to_vec()
    }

    /// Settled slots go to the store as one numbered batch; its acknowledgement may be lost, and
    /// the same batch then comes again.
    fn import(&mut self, node: usize) {
        if self.is_fenced(node) {
            return;
        }
        let done = self.store.batches.get(&node).copied().unwrap_or(0);
        let pending = self.nodes[node].slots.iter().filter_map(|slot| slot.batch).max();
        let batch = pending.unwrap_or(done + 1);
        if pending.is_none() {
            for slot in &mut self.nodes[node].slots {
                if matches!(slot.attempt.recovered(), Recovered::Settled(_)) {
                    slot.batch = Some(batch);
                }
            }
        }
        let lost = self.exchange(node, 8);
        let again = batch <= done && !self.lacks(Guard::ImportOnce);
        let slots: Vec<Slot> =
            self.nodes[node].slots.iter().filter(|s| s.batch == Some(batch)).cloned().collect();
        if !again {
            for slot in &slots {
                self.post(node, slot, slot.attempt.cost);
            }
            self.store.batches.insert(node, batch);
        }
        if lost {
            return;
        }
        for slot in &slots {
            let seats = self.held_seats(node, &slot.accounts);
            let settlement = Settlement::of(slot.attempt.hold, slot.attempt.cost);
            self.nodes[node].book.imported(&seats, &settlement);
        }
        self.nodes[node].slots.retain(|slot| slot.batch != Some(batch));
    }

    fn post(&mut self, node: usize, slot: &Slot, cost: Nanos) {
        let settlement = Settlement::of(slot.attempt.hold, cost);
        for account in &slot.accounts {
            let row = self.store.rows.entry(account.clone()).or_default();
            let limited = row.limit.is_some();
            let lease = self.store.leases.entry((node, account.clone())).or_default();
            let share = if limited { settlement.share.0.min(*lease) } else { 0 };
            *lease -= share;
            row.post(cost, Nanos(share), settlement.over);
        }
    }

    pub(super) fn step(&mut self) {
        self.now += self.dice.below(1_500).cast_signed();
        let node = usize::try_from(self.dice.below(NODES as u64)).unwrap();
        let awake = self.nodes[node].asleep <= self.now;
        match self.dice.below(100) {
            0..40 if awake => self.call(node),
            40..72 if awake => self.advance(node),
            72..76 if awake => self.hand_over(node),
            76..78 => self.end_job(),
            78..88 if awake => self.import(node),
            88..91 => self.kill(node),
            91..93 => self.power_cut(node),
            93..96 => self.sweep(),
            96 => self.nodes[node].asleep = self.now + self.dice.below(60_000).cast_signed(),
            97 => self.fail_over(),
            98 => self.rest(),
            _ => {}
        }
        assert!(self.without.is_some() || self.nodes.iter().all(|n| n.book.is_sound()));
    }

    /// Days in which nothing happens but that every node says that it is there.
    fn rest(&mut self) {
        self.now += 9 * DAY;
        for node in 0..NODES {
            self.renew(node);
        }
    }

    /// The account that the provider has billed past its limit, if there is one.
    pub(super) fn passed(&self) -> Option<(&AccountId, i64)> {
        let over = |(id, billed): (&'_ AccountId, &i64)| {
            let limit = *self.limits.get(&id.scope)?;
            (*billed > limit).then_some(*billed - limit)
        };
        self.billed.iter().find_map(|entry| Some((entry.0, over(entry)?)))
    }

    /// Whether the store's own rows keep their rule.
    pub(super) fn rows_hold(&self) -> bool {
        self.store.rows.values().all(|row| {
            row.leased.0 >= 0 && row.limit.is_none_or(|l| row.posted.0 + row.leased.0 <= l.0)
        })
    }

    /// Everything ends: what is in flight is settled and imported, the leases are returned.
    pub(super) fn close(&mut self) {
        self.end_jobs();
        for node in 0..NODES {
            self.kill(node);
        }
    }
}
