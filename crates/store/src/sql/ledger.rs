//! The ledger as operators look at it.

use domain::ledger::{AccountQuery, EntryKind, EntryQuery};
use domain::{PeriodKind, ScopeKind};

/// The limit that an account `a` is under: of two that share time, a plain one and one of the
/// limit's own calendar, the latter alone.
macro_rules! its_limit {
    () => {
        "LEFT JOIN spend_limits l ON l.scope_kind = a.scope_kind AND l.scope_id = a.scope_id
        AND l.period = REPLACE(a.period, '_own', '')
        AND (a.period <> l.period OR NOT EXISTS (SELECT 1 FROM limit_periods p
            WHERE p.scope_kind = a.scope_kind AND p.scope_id = a.scope_id
            AND p.period = a.period AND p.opened IS NOT NULL
            AND p.start_at < a.end_at AND p.end_at > a.start_at))"
    };
}
pub(crate) use its_limit;

const ACCOUNTS: &str = concat!(
    "SELECT a.scope_kind, a.scope_id, a.period, a.start_at, a.end_at,
        a.posted, a.leased, a.overage, l.amount_nanos FROM accounts a ",
    its_limit!(),
    " WHERE 1 = 1"
);
pub(crate) const HOLDS: &str = "SELECT l.scope_kind, l.scope_id, l.period, l.start_at, a.end_at,
        l.holder, l.amount
    FROM leases l JOIN accounts a ON a.scope_kind = l.scope_kind AND a.scope_id = l.scope_id
        AND a.period = l.period AND a.start_at = l.start_at
    WHERE l.amount > 0 ORDER BY l.holder";
/// Ordinary lines are left out: the rest are few, and have an index.
pub(crate) const UNUSUAL_ENTRIES: &str = "SELECT kind, attempts, cost, api_key, user, project,
        organization, day, month, quarter, until
    FROM ledger_entries WHERE kind <> 'settled'";
const ENTRIES: &str = "SELECT e.seq, e.at, e.kind, e.attempts, e.cost, e.overage, e.api_key,
        e.user, e.project, e.organization, e.day, e.month, e.quarter, e.until, e.request,
        c.corrects, c.why, c.author,
        (SELECT b.entry FROM ledger_corrections b WHERE b.corrects = e.seq)
    FROM ledger_entries e LEFT JOIN ledger_corrections c ON c.entry = e.seq";
pub(crate) const LAST_ENTRY: &str = "SELECT MAX(seq) FROM ledger_entries";
pub(crate) const PUT_NOTE: &str = "INSERT INTO ledger_corrections (entry, corrects, why, author)
    VALUES ($1, $2, $3, $4)";

pub(crate) const ENTRIES_SINCE: &str = "SELECT seq, cost, api_key, user, project, organization,
        day, month, quarter, until
    FROM ledger_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(crate) const ALL_ACCOUNTS: &str =
    "SELECT scope_kind, scope_id, period, start_at, end_at, posted, leased
    FROM accounts";
pub(crate) const ALL_LEASES: &str = "SELECT l.scope_kind, l.scope_id, l.period, l.start_at,
        MIN(a.end_at), SUM(l.amount)
    FROM leases l LEFT JOIN accounts a ON a.scope_kind = l.scope_kind
        AND a.scope_id = l.scope_id AND a.period = l.period AND a.start_at = l.start_at
    GROUP BY l.scope_kind, l.scope_id, l.period, l.start_at";

pub(crate) const PERIODS_SINCE: &str = "SELECT scope_kind, scope_id, period, start_at, end_at
    FROM limit_periods WHERE end_at > $1";
pub(crate) const ANY_PERIOD: &str = "SELECT 1 FROM limit_periods LIMIT 1";
pub(crate) const LATEST_PERIOD: &str = "SELECT start_at, end_at FROM limit_periods
    WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND start_at <= $4
    ORDER BY start_at DESC LIMIT 1";
pub(crate) const OPENED_BY: &str = "SELECT opened FROM limit_periods
    WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND start_at = $4 AND end_at = $5";
pub(crate) const OPEN_PERIOD: &str = "INSERT INTO limit_periods
    (scope_kind, scope_id, period, start_at, end_at, opened) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const SPENT_ON_DAYS: &str = "SELECT COALESCE(SUM(posted), 0) FROM accounts
    WHERE scope_kind = $1 AND scope_id = $2 AND period = 'day' AND start_at >= $3
    AND start_at < $4";

/// What a scope's calls cost that were admitted in these seconds, quarters of an hour.
pub(crate) fn spent_between(kind: ScopeKind) -> &'static str {
    macro_rules! of {
        ($column:literal) => {
            concat!(
                "SELECT COALESCE(SUM(cost), 0) FROM ledger_entries
                WHERE quarter >= $1 AND quarter < $2 AND quarter >= 0 AND ",
                $column,
                " = $3"
            )
        };
    }
    match kind {
        ScopeKind::ApiKey => of!("api_key"),
        ScopeKind::User => of!("user"),
        ScopeKind::Project => of!("project"),
        ScopeKind::Organization => of!("organization"),
    }
}

/// What was posted to one account of a scope alone, and not when it was opened.
pub(crate) fn alone(kind: ScopeKind) -> &'static str {
    macro_rules! of {
        ($column:literal) => {
            concat!(
                "SELECT cost, day, month, until, at FROM ledger_entries WHERE kind <> 'settled'
                AND kind <> 'carried' AND (day < 0 OR month < 0) AND ",
                $column,
                " = $1"
            )
        };
    }
    match kind {
        ScopeKind::ApiKey => of!("api_key"),
        ScopeKind::User => of!("user"),
        ScopeKind::Project => of!("project"),
        ScopeKind::Organization => of!("organization"),
    }
}

/// The place of each parameter: scope (kind, id), period (its two names), the instant twice, the account after
/// which to go on (four columns), the limit.
pub(crate) fn accounts(query: &AccountQuery) -> String {
    let mut text = Text::new(ACCOUNTS);
    if query.filter.scope.is_some() {
        text.and("a.scope_kind = $ AND a.scope_id = $");
    }
    if query.filter.period.is_some() {
        text.and("a.period IN ($, $)");
    }
    if query.filter.at.is_some() {
        text.and("a.start_at <= $ AND (a.end_at IS NULL OR a.end_at > $)");
    }
    if query.after.is_some() {
        text.and("(a.scope_kind, a.scope_id, a.period, a.start_at) > ($, $, $, $)");
    }
    text.end("ORDER BY a.scope_kind, a.scope_id, a.period, a.start_at LIMIT $")
}

/// The place of each parameter: before, floor, the scope's id, the period's start (one of a limit's
/// own calendar: start and end, start twice and end, the entry that opened it), the kind, the limit.
pub(crate) fn entries(query: &EntryQuery) -> String {
    let mut text = Text::new(ENTRIES);
    text.0.push_str(" WHERE 1 = 1");
    text.and("e.seq < $ AND e.seq >= $");
    if let Some(scope) = &query.scope {
        text.and(&format!("e.{} = $", column(scope.kind)));
    }
    let own = query.period.is_some_and(|period| period.is_own());
    match query.period.map(|period| period.kind) {
        Some(PeriodKind::Day | PeriodKind::Month) if own => text.and(
            "(e.quarter >= $ AND e.quarter < $ OR (e.day = $ OR e.month = $) AND e.until = $)
            AND e.seq >= $",
        ),
        Some(PeriodKind::Day) => text.and("e.day = $ AND e.until IS NULL"),
        Some(PeriodKind::Month) => text.and("e.month = $ AND e.until IS NULL"),
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
