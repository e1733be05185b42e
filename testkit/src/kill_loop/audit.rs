//! What must hold whenever the gateway has started again: the provider's true bill against what
//! the ledger's file says.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use super::clients::Seen;
use super::providers::Providers;
use super::{KillLoop, Killed};
use crate::{Key, TestGateway, Watch};

/// `gpt-4o-mini`, nano-dollars a token.
const INPUT: u64 = 150;
const OUTPUT: u64 = 600;
/// For what only takes time; what is promised in seconds has its own measure.
const PATIENCE: Duration = Duration::from_secs(60);

/// The project's account over all time, and its lines. Amounts are nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Books {
    posted: i64,
    held: i64,
    overage: i64,
    orphans: i64,
    orphaned: i64,
    /// Calls in the day's usage.
    calls: i64,
}

pub(super) struct Audit {
    project: String,
    limited: bool,
    /// Attempts fail: what nobody told the cost of is posted in full, and some were never billed.
    failing: bool,
    limit: i64,
    seen: Seen,
    /// How much of each provider's bill has been added up.
    read: Vec<usize>,
    billed: i64,
    books: Books,
    at_the_limit: usize,
}

impl Audit {
    pub(super) fn new(how: KillLoop, key: &Key) -> Self {
        Self {
            project: key.project.clone(),
            limited: how.limited,
            failing: how.failing,
            limit: 0,
            seen: Seen::default(),
            read: Vec::new(),
            billed: 0,
            books: Books::default(),
            at_the_limit: 0,
        }
    }

    /// Sets the limit to what is spent and so much more; never down.
    pub(super) fn raise(&mut self, gateway: &TestGateway, room: i64) {
        if !self.limited {
            return;
        }
        self.limit = self.limit.max(self.books.posted + room);
        let scope = json!({"type": "project", "id": self.project});
        let body = json!({"scope": scope, "period": "total", "amount_nanos": self.limit});
        gateway.admin("PUT", "/tollgate/v1/limits", &body);
    }

    pub(super) fn answered(&mut self, seen: &Seen) {
        self.seen.finished += seen.finished;
        self.seen.refused += seen.refused;
        // Near the limit a second attempt may not fit: then the call ends as its first one did.
        let odd = seen.odd.filter(|status| !(self.failing && (500..505).contains(status)));
        assert_eq!(odd, None, "a status that nobody expects");
    }

    /// Nothing is in flight: what a start found is posted by the time it listens.
    pub(super) fn after_a_start(&mut self, gateway: &TestGateway, providers: &Providers, at: &str) {
        let settled = providers.0.iter().all(|one| one.settle(PATIENCE));
        assert!(settled, "{at}: the provider still sends");
        self.read_bills(providers);
        self.books = self.read_books(gateway);
        self.check(at);
        if self.limited {
            let Books { posted, held, .. } = self.books;
            self.at_the_limit += usize::from((posted + held) * 100 >= self.limit * 99);
            self.must_be_free(gateway, super::QUIET, at);
        }
    }

    /// After everything has ended by itself.
    pub(super) fn at_rest(
        &mut self,
        gateway: &TestGateway,
        providers: &Providers,
        quiet: Duration,
    ) {
        gateway.must_be_idle();
        self.read_bills(providers);
        self.books = self.read_books(gateway);
        self.must_be_free(gateway, quiet, "at the end");
        // All that is settled is posted within a second.
        let watch = Watch::start();
        loop {
            self.books = self.read_books(gateway);
            let posted = !self.limited || self.books.posted >= self.billed;
            let told = self.books.calls.cast_unsigned() >= self.seen.finished;
            if posted && told || watch.elapsed() > quiet {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.check("at the end");
    }

    fn check(&self, at: &str) {
        let Self { books, billed, limit, seen, .. } = self;
        let state = format!("{at}: billed {billed}, limit {limit}, {books:?}, {seen:?}");
        assert!(books.calls.cast_unsigned() >= seen.finished, "an answer is missing; {state}");
        // An orphan may not have reached the provider.
        let sent = self.read.iter().sum::<usize>() as u64 + books.orphans.unsigned_abs();
        let known = self.failing || books.calls.unsigned_abs() <= sent;
        assert!(known, "a call is there twice; {state}");
        if !self.limited {
            return;
        }
        assert!(*billed <= books.posted + books.held, "something billed is missing; {state}");
        assert!(books.posted + books.held <= *limit, "the limit is passed; {state}");
        assert_eq!(books.overage, 0, "a bound was too low; {state}");
        let over = books.posted - billed;
        assert!(
            self.failing || over <= books.orphaned,
            "more was posted than the open holds; {state}"
        );
    }

    fn must_be_free(&mut self, gateway: &TestGateway, quiet: Duration, at: &str) {
        let watch = Watch::start();
        while self.books.held != 0 {
            assert!(watch.elapsed() < quiet, "{at}: still held: {:?}", self.books);
            std::thread::sleep(Duration::from_millis(5));
            self.books = self.read_books(gateway);
        }
    }

    fn read_bills(&mut self, providers: &Providers) {
        self.read.resize(providers.0.len(), 0);
        for (provider, read) in providers.0.iter().zip(&mut self.read) {
            let shared = provider.shared();
            let state = shared.lock();
            for bill in &state.bills[*read..] {
                let tokens = &bill.tokens;
                self.billed += (tokens.input * INPUT + tokens.output * OUTPUT).cast_signed();
            }
            *read = state.bills.len();
            drop(state);
            provider.clear();
        }
    }

    fn read_books(&self, gateway: &TestGateway) -> Books {
        let path = gateway.data_dir().join("tollgate.db");
        self.query(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()))
    }

    /// From the file itself: nothing that the gateway would say of it.
    fn query(&self, path: &std::path::Path) -> rusqlite::Result<Books> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(PATIENCE)?;
        let mut books = Books::default();
        let account = "SELECT COALESCE(SUM(posted), 0), COALESCE(SUM(leased), 0), \
            COALESCE(SUM(overage), 0) FROM accounts \
            WHERE scope_kind = 'project' AND scope_id = ?1 AND period = 'total'";
        (books.posted, books.held, books.overage) =
            db.query_row(account, [&self.project], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let orphans = "SELECT COUNT(*), COALESCE(SUM(cost), 0) FROM ledger_entries \
            WHERE kind = 'orphan'";
        (books.orphans, books.orphaned) =
            db.query_row(orphans, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let calls = "SELECT COALESCE(SUM(requests), 0) FROM usage_rollup WHERE width_s = 86400";
        books.calls = db.query_row(calls, [], |row| row.get(0))?;
        Ok(books)
    }

    pub(super) fn told(&self, killed: Killed) -> Killed {
        let Books { posted, orphans, orphaned, .. } = self.books;
        Killed {
            finished: self.seen.finished,
            refused: self.seen.refused,
            orphans: orphans.unsigned_abs(),
            billed: self.billed,
            posted,
            over: posted - self.billed,
            open_holds: orphaned,
            at_the_limit: self.at_the_limit,
            ..killed
        }
    }
}
