//! The ledger as operators look at it.

use domain::ledger::{AccountQuery, EntryKind, EntryQuery};
use domain::{PeriodKind, ScopeKind};

const ACCOUNTS: &str = "SELECT a.scope_kind, a.scope_id, a.period, a.start_at, a.end_at,
        a.posted, a.leased, a.overage, l.amount_nanos
    FROM accounts a LEFT JOIN spend_limits l
    ON l.scope_kind = a.scope_kind AND l.scope_id = a.scope_id AND l.period = a.period
    WHERE 1 = 1";
pub(crate) const HOLDS: &str = "SELECT scope_kind, scope_id, period, start_at, holder, amount
    FROM leases WHERE amount > 0 ORDER BY holder";
/// Ordinary lines are left out: the rest are few, and have an index.
pub(crate) const UNUSUAL_ENTRIES: &str = "SELECT kind, attempts, cost, api_key, user, project,
        organization, day, month
    FROM ledger_entries WHERE kind <> 'settled'";
const ENTRIES: &str = "SELECT e.seq, e.at, e.kind, e.attempts, e.cost, e.overage, e.api_key,
        e.user, e.project, e.organization, e.day, e.month, e.request,
        c.corrects, c.why, c.author,
        (SELECT b.entry FROM ledger_corrections b WHERE b.corrects = e.seq)
    FROM ledger_entries e LEFT JOIN ledger_corrections c ON c.entry = e.seq";
pub(crate) const LAST_ENTRY: &str = "SELECT MAX(seq) FROM ledger_entries";
pub(crate) const PUT_NOTE: &str = "INSERT INTO ledger_corrections (entry, corrects, why, author)
    VALUES ($1, $2, $3, $4)";

pub(crate) const ENTRIES_SINCE: &str = "SELECT seq, cost, api_key, user, project, organization,
        day, month
    FROM ledger_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(crate) const ALL_ACCOUNTS: &str =
    "SELECT scope_kind, scope_id, period, start_at, posted, leased
    FROM accounts";
pub(crate) const ALL_LEASES: &str = "SELECT scope_kind, scope_id, period, start_at, SUM(amount)
    FROM leases GROUP BY scope_kind, scope_id, period, start_at";

/// The place of each parameter: scope (kind, id), period, the instant twice, the account after
/// which to go on (four columns), the limit.
pub(crate) fn accounts(query: &AccountQuery) -> String {
    let mut text = Text::new(ACCOUNTS);
    if query.filter.scope.is_some() {
        text.and("a.scope_kind = $ AND a.scope_id = $");
    }
    if query.filter.period.is_some() {
        text.and("a.period = $");
    }
    if query.filter.at.is_some() {
        text.and("a.start_at <= $ AND (a.end_at IS NULL OR a.end_at > $)");
    }
    if query.after.is_some() {
        text.and("(a.scope_kind, a.scope_id, a.period, a.start_at) > ($, $, $, $)");
    }
    text.end("ORDER BY a.scope_kind, a.scope_id, a.period, a.start_at LIMIT $")
}

/// The place of each parameter: before, floor, the scope's id, the period's start, the kind, the
/// limit.
pub(crate) fn entries(query: &EntryQuery) -> String {
    let mut text = Text::new(ENTRIES);
    text.0.push_str(" WHERE 1 = 1");
    text.and("e.seq < $ AND e.seq >= $");
    if let Some(scope) = &query.scope {
        text.and(&format!("e.{} = $", column(scope.kind)));
    }
    match query.period.map(|period| period.kind) {
        Some(PeriodKind::Day) => text.and("e.day = $"),
        Some(PeriodKind::Month) => text.and("e.month = $"),
        // All of calls, and what is of such an account alone.
        Some(PeriodKind::Total) => text.and("(e.day < 0) = (e.month < 0)"),
        None => {}
    }
    match query.kind {
        // The index holds no ordinary line, and says so only where the query does.
        Some(EntryKind::Reason(_)) if unusual(query.kind) => {
            text.and("e.kind = $ AND e.kind <> 'settled'");
        }
        Some(EntryKind::Reason(_)) => text.and("e.kind = $"),
        Some(EntryKind::Overage) => text.and("e.overage > 0"),
        None => {}
    }
    text.end("ORDER BY e.seq DESC LIMIT $")
}

/// One entry, by its place.
pub(crate) fn entry() -> String {
    let mut text = Text::new(ENTRIES);
    text.0.push_str(" WHERE 1 = 1");
    text.and("e.seq = $");
    text.end("")
}

/// Whether an index finds what is asked for.
pub(crate) fn unusual(kind: Option<EntryKind>) -> bool {
    let ordinary = EntryKind::Reason(domain::ledger::Reason::Settled);
    kind.is_some_and(|kind| kind != ordinary && kind != EntryKind::Overage)
}

fn column(kind: ScopeKind) -> &'static str {
    kind.as_str()
}

/// A query that grows; a lone `$` becomes the next placeholder.
struct Text(String, usize);

impl Text {
    fn new(start: &str) -> Self {
        Self(start.to_owned(), 0)
    }

    fn and(&mut self, condition: &str) {
        self.0.push_str(" AND ");
        self.push(condition);
    }

    fn end(mut self, rest: &str) -> String {
        self.0.push(' ');
        self.push(rest);
        self.0
    }

    fn push(&mut self, part: &str) {
        for letter in part.chars() {
            self.0.push(letter);
            if letter == '$' {
                self.1 += 1;
                self.0.push_str(&self.1.to_string());
            }
        }
    }
}
