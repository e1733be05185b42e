//! Several nodes over one store, in seeded schedules: crashes that keep the slots and crashes that
//! lose them, lost and repeated messages, nodes that sleep past their lease, jobs that outlive
//! their nodes, month ends. An auditor that knows nothing of the ledger adds up what the provider
//! billed.
//!
//! Each guard can be taken away ([`Guard`]); a schedule must then be found that passes the limit,
//! which shows that the simulation could have seen it.

mod jobs;

use std::collections::HashMap;

use super::{AccountId, Attempt, Book, Recovered, Row, Seat, Settlement};
use crate::{Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use jobs::Job;

const NODES: usize = 3;
const STEPS: u32 = 120;

/// What keeps the promise; each is left out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    ConditionalGrant,
    OrphanRule,
    DurableLease,
    HoldOfEveryScope,
    ForfeitWhole,
    ImportOnce,
    HoldBeforeSend,
    JobLease,
}

/// A generator of its own, so that a seed means the same for ever (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Clone)]
struct Slot {
    accounts: Vec<AccountId>,
    attempt: Attempt,
    /// What the provider will charge, whoever listens. At most the bound.
    bill: Nanos,
    /// The batch that it is being imported in.
    batch: Option<u64>,
}

#[derive(Default)]
struct Node {
    book: Book,
    slots: Vec<Slot>,
    epoch: u64,
}

/// The store: rows, who leases what, and which batch of each node is in.
#[derive(Default)]
struct Store {
    rows: HashMap<AccountId, Row>,
    leases: HashMap<(usize, AccountId), i64>,
    jobs: Vec<Job>,
    batches: HashMap<usize, u64>,
    epochs: HashMap<usize, u64>,
}

struct World {
    dice: Dice,
    now: i64,
    store: Store,
    nodes: Vec<Node>,
    limits: HashMap<ScopeId, i64>,
    /// The auditor's book: what was really billed.
    billed: HashMap<AccountId, i64>,
    without: Option<Guard>,
    calls: u64,
}

fn scope(kind: ScopeKind, id: u64) -> ScopeId {
    ScopeId { kind, id: id.to_string() }
}

impl World {
    fn new(seed: u64, without: Option<Guard>) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut limits = HashMap::new();
        for scope in [
            scope(ScopeKind::ApiKey, 0),
            scope(ScopeKind::ApiKey, 1),
            scope(ScopeKind::Project, 0),
            scope(ScopeKind::Organization, 0),
        ] {
            if !dice.one_in(4) {
                limits.insert(scope, 200 + dice.below(1500).cast_signed());
            }
        }
        let nodes = (0..NODES).map(|_| Node::default()).collect();
        let store = Store::default();
        let (billed, now) = (HashMap::new(), 0);
        Self { dice, now, store, nodes, limits, billed, without, calls: 0 }
    }

    fn lacks(&self, guard: Guard) -> bool {
        self.without == Some(guard)
    }

    fn accounts(&mut self) -> Vec<AccountId> {
        let key = self.dice.below(2);
        let scopes = [
            scope(ScopeKind::ApiKey, key),
            scope(ScopeKind::Project, 0),
            scope(ScopeKind::Organization, 0),
        ];
        let month = PeriodKind::Month.around(Timestamp::from_seconds(self.now));
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
        if self.dice.one_in(12) {
            return false;
        }
        self.nodes[node].book.granted(seat, granted);
        true
    }

    fn is_fenced(&self, node: usize) -> bool {
        self.store.epochs.get(&node).copied().unwrap_or(0) != self.nodes[node].epoch
    }

    fn call(&mut self, node: usize) {
        self.calls += 1;
        let accounts = self.accounts();
        let seats = self.seats(node, &accounts);
        let bound = Nanos(1 + self.dice.below(60).cast_signed());
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
        self.nodes[node].slots.push(Slot { accounts, attempt, bill, batch: None });
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
            super::Phase::Held if self.dice.one_in(6) => self.finish(node, at, Nanos(0)),
            super::Phase::Held => {
                self.nodes[node].slots[at].attempt.send().unwrap();
                for account in slot.accounts {
                    *self.billed.entry(account).or_default() += slot.bill.0;
                }
            }
            // Nobody said what it cost: in full.
            super::Phase::Sent if self.dice.one_in(5) => {
                self.finish(node, at, slot.attempt.hold.max(slot.bill));
            }
            super::Phase::Sent => self.finish(node, at, slot.bill),
            super::Phase::Settled => {}
        }
    }

    fn finish(&mut self, node: usize, at: usize, cost: Nanos) {
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
        let again = batch <= done && !self.lacks(Guard::ImportOnce);
        let slots: Vec<Slot> =
            self.nodes[node].slots.iter().filter(|s| s.batch == Some(batch)).cloned().collect();
        if !again {
            for slot in &slots {
                self.post(node, slot, slot.attempt.cost);
            }
            self.store.batches.insert(node, batch);
        }
        if self.dice.one_in(8) {
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

    /// Killed, and started again with the slots that it left.
    fn kill(&mut self, node: usize) {
        let done = self.store.batches.get(&node).copied().unwrap_or(0);
        let slots = std::mem::take(&mut self.nodes[node].slots);
        self.nodes[node].book = Book::default();
        if self.is_fenced(node) {
            // Its share was forfeited whole: nothing is left to import.
            self.nodes[node].epoch = self.store.epochs[&node];
            return;
        }
        for slot in slots {
            if slot.batch.is_some_and(|batch| batch <= done) {
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

    /// The node is gone, or asleep past its lease: the store forfeits its whole share.
    fn forfeit(&mut self, node: usize) {
        let give_back = self.lacks(Guard::ForfeitWhole);
        for ((_, account), lease) in self.store.leases.iter_mut().filter(|((n, _), _)| *n == node) {
            let share = Nanos(std::mem::take(lease));
            let row = self.store.rows.get_mut(account).unwrap();
            if give_back { row.give_back(share) } else { row.forfeit(share) }
        }
        *self.store.epochs.entry(node).or_default() += 1;
    }

    /// Power is lost: book and slots are gone.
    fn power_cut(&mut self, node: usize) {
        self.forfeit(node);
        let epoch = self.store.epochs[&node];
        self.nodes[node] = Node { epoch, ..Node::default() };
    }

    fn step(&mut self) {
        let node = usize::try_from(self.dice.below(NODES as u64)).unwrap();
        match self.dice.below(100) {
            // A fenced node admits nothing: it stops using its lease before the store takes it.
            0..40 if !self.is_fenced(node) => self.call(node),
            0..74 => self.advance(node),
            74..78 => self.hand_over(node),
            78..80 => self.end_job(),
            80..90 => self.import(node),
            90..94 => self.kill(node),
            94..95 => self.power_cut(node),
            95..96 => self.forfeit(node),
            96 => self.now += 9 * 86_400,
            _ => {}
        }
        assert!(self.without.is_some() || self.nodes.iter().all(|n| n.book.is_sound()));
    }

    /// The account that the provider has billed past its limit, if there is one.
    fn passed(&self) -> Option<(&AccountId, i64)> {
        let over = |(id, billed): (&'_ AccountId, &i64)| {
            let limit = *self.limits.get(&id.scope)?;
            (*billed > limit).then_some(*billed - limit)
        };
        self.billed.iter().find_map(|entry| Some((entry.0, over(entry)?)))
    }

    /// Whether the store's own rows keep their rule.
    fn rows_hold(&self) -> bool {
        self.store.rows.values().all(|row| {
            row.leased.0 >= 0 && row.limit.is_none_or(|l| row.posted.0 + row.leased.0 <= l.0)
        })
    }

    /// Everything ends: what is in flight is settled and imported, the leases are returned.
    fn close(&mut self) {
        while !self.store.jobs.is_empty() {
            self.end_job();
        }
        for node in 0..NODES {
            self.kill(node);
        }
    }
}

fn run(seed: u64, without: Option<Guard>) -> Result<u64, String> {
    let mut world = World::new(seed, without);
    for step in 0..STEPS {
        world.step();
        if let Some((account, by)) = world.passed() {
            return Err(format!("seed {seed} step {step}: {account:?} passed by {by} n$"));
        }
        if without.is_none() {
            assert!(world.rows_hold(), "seed {seed} step {step}: a row broke its rule");
        }
    }
    world.close();
    for (account, billed) in &world.billed {
        let posted = world.store.rows.get(account).map_or(0, |row| row.posted.0);
        // What was forfeited without a limit is not known; with one, the bill is never less.
        if world.limits.contains_key(&account.scope) && posted < *billed && without.is_none() {
            return Err(format!("seed {seed}: {account:?} posted {posted}, billed {billed}"));
        }
    }
    Ok(world.calls)
}

/// How many seeds are tried; `TOLLGATE_SCHEDULES`, set when this is built, asks for more than a quick look.
fn schedules() -> u64 {
    option_env!("TOLLGATE_SCHEDULES").and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

#[test]
fn p1_no_schedule_passes_a_limit() {
    let mut calls = 0;
    for seed in 0..schedules() {
        calls += run(seed, None).unwrap_or_else(|why| panic!("{why}"));
    }
    assert!(calls > schedules(), "the schedules make calls");
}

#[test]
fn every_guard_is_needed() {
    for guard in [
        Guard::ConditionalGrant,
        Guard::OrphanRule,
        Guard::DurableLease,
        Guard::HoldOfEveryScope,
        Guard::ForfeitWhole,
        Guard::HoldBeforeSend,
        Guard::JobLease,
    ] {
        let found = (0..schedules()).find(|seed| run(*seed, Some(guard)).is_err());
        assert!(found.is_some(), "no schedule noticed that {guard:?} is missing");
    }
}

#[test]
fn a_batch_that_comes_again_is_posted_once() {
    let posted = |seed, without| {
        let mut world = World::new(seed, without);
        (0..STEPS).for_each(|_| world.step());
        world.close();
        world.store.rows.values().map(|row| row.posted.0).sum::<i64>()
    };
    let differs = (0..50).any(|seed| posted(seed, None) < posted(seed, Some(Guard::ImportOnce)));
    assert!(differs, "no batch came twice: the guard was not tried");
}
