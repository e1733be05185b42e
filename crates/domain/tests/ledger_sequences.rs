//! Random sequences over the ledger's whole interface, against an auditor that keeps a plain list
//! of attempts and adds it up anew each time. `PROPTEST_CASES=100000` asks for more than a look.

#![allow(clippy::unwrap_used, reason = "tests may")]

use domain::ledger::{AccountId, Attempt, Book, Declined, Phase, Row, Seat, Settlement};
use domain::{Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use proptest::prelude::*;

const ACCOUNTS: usize = 2;
const ALL: Nanos = Nanos(i64::MAX);

#[derive(Clone, Debug)]
enum Step {
    Hold(i64),
    Grant {
        account: usize,
        least: i64,
        more: i64,
    },
    Send(usize),
    Extend {
        attempt: usize,
        more: i64,
    },
    /// Of ten tenths of the hold; above ten the bound was too low.
    Settle {
        attempt: usize,
        tenths: i64,
    },
    Void(usize),
    Post,
    GiveBack(usize),
    Limit {
        account: usize,
        amount: i64,
    },
    Unlimit(usize),
}

fn steps() -> impl Strategy<Value = Step> {
    let account = 0..ACCOUNTS;
    prop_oneof![
        6 => (0..50_i64).prop_map(Step::Hold),
        4 => (account.clone(), 0..60_i64, 0..30_i64)
            .prop_map(|(account, least, more)| Step::Grant { account, least, more }),
        4 => any::<usize>().prop_map(Step::Send),
        3 => (any::<usize>(), 0..30_i64)
            .prop_map(|(attempt, more)| Step::Extend { attempt, more }),
        4 => (any::<usize>(), 0..=12_i64)
            .prop_map(|(attempt, tenths)| Step::Settle { attempt, tenths }),
        2 => any::<usize>().prop_map(Step::Void),
        3 => Just(Step::Post),
        1 => account.clone().prop_map(Step::GiveBack),
        1 => (account.clone(), 0..400_i64)
            .prop_map(|(account, amount)| Step::Limit { account, amount }),
        1 => account.prop_map(Step::Unlimit),
    ]
}

/// What the auditor writes down of an attempt.
struct Line {
    attempt: Attempt,
    posted: bool,
}

struct World {
    seats: Vec<Seat>,
    book: Book,
    rows: Vec<Row>,
    lines: Vec<Line>,
    /// Since the last change of the limit only what fits was let through.
    kept: [bool; ACCOUNTS],
}

impl World {
    fn new() -> Self {
        let mut book = Book::default();
        let account = |at: usize| AccountId {
            scope: ScopeId { kind: ScopeKind::ALL[at], id: "x".into() },
            period: PeriodKind::Month.around(Timestamp(0)),
        };
        let seats = (0..ACCOUNTS).map(|at| book.seat(&account(at))).collect();
        let (rows, lines) = (vec![Row::default(); ACCOUNTS], Vec::new());
        Self { seats, book, rows, lines, kept: [true; ACCOUNTS] }
    }

    // ---- the auditor's sums

    fn held(&self) -> i64 {
        let open = self.lines.iter().filter(|line| line.attempt.phase != Phase::Settled);
        open.map(|line| line.attempt.hold.0).sum()
    }

    fn settled(&self) -> i64 {
        let waiting = |line: &&Line| line.attempt.phase == Phase::Settled && !line.posted;
        let covered = |line: &Line| line.attempt.cost.min(line.attempt.hold).0;
        self.lines.iter().filter(waiting).map(covered).sum()
    }

    fn posted(&self) -> i64 {
        self.lines.iter().filter(|line| line.posted).map(|line| line.attempt.cost.0).sum()
    }

    fn free(&self, at: usize) -> i64 {
        match self.rows[at].limit {
            Some(_) => self.rows[at].leased.0 - self.held() - self.settled(),
            None => i64::MAX,
        }
    }

    // ---- the ledger, step by step

    fn act(&mut self, step: &Step) {
        match *step {
            Step::Hold(amount) => {
                let fits = (0..ACCOUNTS).all(|at| self.free(at) >= amount);
                let held = self.book.hold(&self.seats, Nanos(amount));
                assert_eq!(held.is_ok(), fits, "it is held where it fits, and only there");
                if fits {
                    let attempt = Attempt::hold(Nanos(amount)).unwrap();
                    self.lines.push(Line { attempt, posted: false });
                }
            }
            Step::Grant { account, least, more } => self.grant(account, least, more),
            Step::Send(attempt) => {
                if let Some(line) = pick(&mut self.lines, attempt) {
                    let done = line.attempt.phase == Phase::Settled;
                    assert_eq!(line.attempt.send().is_err(), done);
                }
            }
            Step::Extend { attempt, more } => self.extend(attempt, Nanos(more)),
            Step::Settle { attempt, tenths } => {
                let Some(line) = pick(&mut self.lines, attempt) else { return };
                let hold = line.attempt.hold;
                self.end(attempt, Nanos(hold.0 * tenths / 10), Attempt::settle);
            }
            Step::Void(attempt) => self.end(attempt, Nanos(0), |attempt, _| attempt.void()),
            Step::Post => self.post(),
            Step::GiveBack(at) => {
                let free = self.free(at);
                let share = self.book.withdraw(self.seats[at], ALL);
                let limited = self.rows[at].limit.is_some();
                assert_eq!(share.0, if limited { free } else { 0 }, "what is free, and all of it");
                self.rows[at].give_back(share);
            }
            Step::Limit { account, amount } => {
                self.rows[account].limit = Some(Nanos(amount));
                let open = self.book.limit(self.seats[account]);
                self.rows[account].adopt(open);
                self.kept[account] = self.spoken_for(account) <= amount;
            }
            Step::Unlimit(account) => {
                self.rows[account].limit = None;
                let share = self.book.unlimit(self.seats[account]);
                self.rows[account].give_back(share);
            }
        }
    }

    fn grant(&mut self, at: usize, least: i64, more: i64) {
        let row = &mut self.rows[at];
        let Some(limit) = row.limit else { return };
        let left = limit.0 - row.posted.0 - row.leased.0;
        match row.grant(Nanos(least), Nanos(least + more)) {
            Ok(granted) => {
                assert!(least <= left.max(0) && granted.0 >= least);
                assert_eq!(granted.0, (least + more).min(left.max(0)));
                self.book.granted(self.seats[at], granted);
            }
            Err(Declined { posted, leased, .. }) => {
                assert!(least > left.max(0));
                assert_eq!((posted, leased), (row.posted, row.leased), "it is unchanged");
            }
        }
    }

    /// As in the running process: first in the book, then where a kill leaves it; what cannot be
    /// written goes back.
    fn extend(&mut self, attempt: usize, more: Nanos) {
        let fits = (0..ACCOUNTS).all(|at| self.free(at) >= more.0);
        let Some(line) = pick(&mut self.lines, attempt) else { return };
        let held = self.book.hold(&self.seats, more);
        assert_eq!(held.is_ok(), fits, "an extension is granted where it fits, and only there");
        if fits && line.attempt.extend(more).is_err() {
            assert_eq!(line.attempt.phase, Phase::Settled);
            let void = self.book.settle(&self.seats, more, Nanos(0));
            self.book.imported(&self.seats, &void);
        }
    }

    fn end(
        &mut self,
        attempt: usize,
        cost: Nanos,
        end: impl FnOnce(&mut Attempt, Nanos) -> Result<(), domain::ledger::Breach>,
    ) {
        let Some(line) = pick(&mut self.lines, attempt) else { return };
        let before = line.attempt;
        match end(&mut line.attempt, cost) {
            Ok(()) => {
                self.book.settle(&self.seats, before.hold, cost);
            }
            Err(_) => assert_eq!(line.attempt, before, "a step that is refused changes nothing"),
        }
    }

    /// All that is settled, in one batch.
    fn post(&mut self) {
        let mut sum = Settlement::default();
        for line in self.lines.iter_mut().filter(|line| !line.posted) {
            if line.attempt.phase == Phase::Settled {
                sum.add(&Settlement::of(line.attempt.hold, line.attempt.cost));
                line.posted = true;
            }
        }
        for (row, kept) in self.rows.iter_mut().zip(&mut self.kept) {
            let share = if row.limit.is_some() { sum.share } else { Nanos(0) };
            row.post(sum.cost, share, sum.over);
            *kept &= sum.over.0 == 0;
        }
        self.book.imported(&self.seats, &sum);
    }

    fn spoken_for(&self, at: usize) -> i64 {
        self.rows[at].posted.0 + self.rows[at].leased.0
    }

    fn check(&self) {
        assert!(self.book.is_sound());
        for (at, row) in self.rows.iter().enumerate() {
            assert_eq!(row.posted.0, self.posted());
            assert_eq!(self.book.held(self.seats[at]).0, self.held());
            assert_eq!(self.book.free(self.seats[at]).0, self.free(at));
            // By what was let in before the limit, or by what no bound had said, and nothing else.
            let limit = row.limit.map_or(i64::MAX, |limit| limit.0);
            assert!(!self.kept[at] || self.spoken_for(at) <= limit);
        }
    }
}

fn pick(lines: &mut [Line], at: usize) -> Option<&mut Line> {
    let count = lines.len();
    (count > 0).then(|| &mut lines[at % count])
}

proptest! {
    #[test]
    fn p1_no_sequence_of_steps_disagrees_with_the_auditor(
        steps in prop::collection::vec(steps(), 1..80),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.act(step);
            world.check();
        }
        // At rest: everything ends, and nothing stays held.
        for at in 0..world.lines.len() {
            world.act(&Step::Settle { attempt: at, tenths: 10 });
        }
        world.act(&Step::Post);
        (0..ACCOUNTS).for_each(|at| world.act(&Step::GiveBack(at)));
        world.check();
        prop_assert!(world.rows.iter().all(|row| row.leased.0 == 0));
    }
}
