//! `tollgate.ledger.*`: the ledger for operators. Amounts come twice: integer nano-dollars
//! (`_nanos`) and US dollars as decimal text (`_usd`).

use domain::ledger::{
    AccountId, AccountState, Correction, Entry, EntryPage, Imbalance, Posted, Remedy,
};
use domain::{Nanos, ScopeId, ScopeKind};
use serde::Serialize;

use super::Listed;
use super::spending::Scope;

/// `tollgate.ledger.account`: a scope in one period.
#[derive(Serialize)]
pub struct LedgerAccount<'a> {
    object: &'static str,
    #[serde(flatten)]
    account: Account<'a>,
    limit_usd: Option<String>,
    limit_nanos: Option<i64>,
    posted_usd: String,
    posted_nanos: i64,
    held_usd: String,
    held_nanos: i64,
    /// Whose holds those are.
    holds: Vec<Hold<'a>>,
    overage_usd: String,
    overage_nanos: i64,
    num_orphans: u64,
    orphaned_usd: String,
    orphaned_nanos: i64,
    forfeited_usd: String,
    forfeited_nanos: i64,
    corrected_usd: String,
    corrected_nanos: i64,
    /// Nothing is let through under the scope: sums of it do not agree.
    frozen: bool,
    breaches: Vec<Breach<'a>>,
}

/// An account's id, and what it says.
#[derive(Serialize)]
struct Account<'a> {
    id: String,
    scope: Scope<'a>,
    period: &'static str,
    period_start: i64,
    /// `null` for a total.
    period_end: Option<i64>,
}

impl<'a> From<&'a AccountId> for Account<'a> {
    fn from(account: &'a AccountId) -> Self {
        Self {
            id: account.name(),
            scope: (&account.scope).into(),
            period: account.period.kind.as_str(),
            period_start: account.period.start,
            period_end: account.period.end,
        }
    }
}

#[derive(Serialize)]
struct Hold<'a> {
    holder: &'a str,
    held_usd: String,
    held_nanos: i64,
}

/// A sum that does not agree with its account.
#[derive(Serialize)]
struct Breach<'a> {
    account: Account<'a>,
    /// `entries` or `leases`.
    sum: &'static str,
    kept_usd: String,
    kept_nanos: i64,
    summed_usd: String,
    summed_nanos: i64,
}

impl<'a> From<&'a Imbalance> for Breach<'a> {
    fn from(breach: &'a Imbalance) -> Self {
        Self {
            account: (&breach.account).into(),
            sum: breach.sum.as_str(),
            kept_usd: breach.kept.to_string(),
            kept_nanos: breach.kept.0,
            summed_usd: breach.summed.to_string(),
            summed_nanos: breach.summed.0,
        }
    }
}

impl<'a> LedgerAccount<'a> {
    #[must_use]
    pub fn new(state: &'a AccountState, frozen: bool, breaches: &'a [Imbalance]) -> Self {
        let row = &state.row;
        let hold = |(holder, amount): &'a (domain::ledger::Holder, Nanos)| Hold {
            holder: &holder.0,
            held_usd: amount.to_string(),
            held_nanos: amount.0,
        };
        Self {
            object: "tollgate.ledger.account",
            account: (&state.id).into(),
            limit_usd: row.limit.map(|limit| limit.to_string()),
            limit_nanos: row.limit.map(|limit| limit.0),
            posted_usd: row.posted.to_string(),
            posted_nanos: row.posted.0,
            held_usd: row.leased.to_string(),
            held_nanos: row.leased.0,
            holds: state.holds.iter().map(hold).collect(),
            overage_usd: row.overage.to_string(),
            overage_nanos: row.overage.0,
            num_orphans: state.orphans,
            orphaned_usd: state.orphaned.to_string(),
            orphaned_nanos: state.orphaned.0,
            forfeited_usd: state.forfeited.to_string(),
            forfeited_nanos: state.forfeited.0,
            corrected_usd: state.corrected.to_string(),
            corrected_nanos: state.corrected.0,
            frozen,
            breaches: breaches.iter().map(Breach::from).collect(),
        }
    }
}

impl Listed for LedgerAccount<'_> {
    fn id(&self) -> &str {
        &self.account.id
    }
}

/// `tollgate.ledger.entry`: one line.
#[derive(Serialize)]
struct LedgerEntry<'a> {
    object: &'static str,
    id: String,
    created_at: i64,
    reason: &'static str,
    num_attempts: u64,
    cost_usd: String,
    cost_nanos: i64,
    overage_usd: String,
    overage_nanos: i64,
    api_key_id: Option<&'a str>,
    user_id: Option<&'a str>,
    project_id: Option<&'a str>,
    /// The day that the calls were admitted on; `null` for what counts in one account alone.
    day_start: Option<i64>,
    /// The one account that it counts in; `null` for what counts in all of a call.
    account_id: Option<String>,
    request_id: Option<&'a str>,
    corrects: Option<String>,
    corrected_by: Option<String>,
    correction_reason: Option<&'a str>,
    corrected_with: Option<&'a str>,
}

impl<'a> From<&'a Entry> for LedgerEntry<'a> {
    fn from(entry: &'a Entry) -> Self {
        let (account_id, day) = match &entry.of {
            Posted::Account(account) => (Some(account.name()), None),
            Posted::Call { day, .. } => (None, Some(*day)),
        };
        let note = entry.correction.as_ref();
        Self {
            object: "tollgate.ledger.entry",
            id: Entry::name_of(entry.place),
            created_at: entry.at.seconds(),
            reason: entry.reason.as_str(),
            num_attempts: entry.attempts,
            cost_usd: entry.cost.to_string(),
            cost_nanos: entry.cost.0,
            overage_usd: entry.overage.to_string(),
            overage_nanos: entry.overage.0,
            api_key_id: scope(entry, ScopeKind::ApiKey),
            user_id: scope(entry, ScopeKind::User),
            project_id: scope(entry, ScopeKind::Project),
            day_start: day,
            account_id,
            request_id: entry.request.as_deref(),
            corrects: note.and_then(|note| note.corrects).map(Entry::name_of),
            corrected_by: entry.corrected_by.map(Entry::name_of),
            correction_reason: note.map(|note| note.why.as_str()),
            corrected_with: note.map(|note| note.author.as_str()),
        }
    }
}

fn scope(entry: &Entry, kind: ScopeKind) -> Option<&str> {
    match &entry.of {
        Posted::Call { scopes, .. } => {
            let at = ScopeKind::ALL.iter().position(|known| *known == kind)?;
            scopes.get(at).map(String::as_str)
        }
        Posted::Account(AccountId { scope: ScopeId { kind: own, id }, .. }) => {
            (*own == kind).then_some(id.as_str())
        }
    }
}

/// A page of entries. Its `last_id` is where the next page goes on, which is before the last row
/// when only a part of the ledger was looked through.
#[derive(Serialize)]
pub struct LedgerEntries<'a> {
    object: &'static str,
    data: Vec<LedgerEntry<'a>>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl<'a> LedgerEntries<'a> {
    #[must_use]
    pub fn new(page: &'a EntryPage) -> Self {
        let last = page.next.or_else(|| page.rows.last().map(|row| row.place));
        Self {
            object: "list",
            data: page.rows.iter().map(LedgerEntry::from).collect(),
            first_id: page.rows.first().map(|row| Entry::name_of(row.place)),
            last_id: last.map(Entry::name_of),
            has_more: page.next.is_some(),
        }
    }
}

/// `tollgate.ledger.verification`: whether every account agrees with its sums.
#[derive(Serialize)]
pub struct LedgerVerification<'a> {
    object: &'static str,
    balanced: bool,
    breaches: Vec<Breach<'a>>,
}

impl<'a> LedgerVerification<'a> {
    #[must_use]
    pub fn new(breaches: &'a [Imbalance]) -> Self {
        Self {
            object: "tollgate.ledger.verification",
            balanced: breaches.is_empty(),
            breaches: breaches.iter().map(Breach::from).collect(),
        }
    }
}

/// `tollgate.ledger.correction`: what was put right.
#[derive(Serialize)]
pub struct LedgerCorrection<'a> {
    object: &'static str,
    /// Of its line in the audit log.
    id: &'a str,
    created_at: i64,
    entry_id: Option<String>,
    account_id: Option<String>,
    /// What the account said less the sum, where one of them was believed.
    amount_usd: String,
    amount_nanos: i64,
    trust: Option<&'static str>,
    reason: &'a str,
    /// What does not agree still.
    breaches: Vec<Breach<'a>>,
}

impl<'a> LedgerCorrection<'a> {
    #[must_use]
    pub fn new(id: &'a str, correction: &'a Correction, breaches: &'a [Imbalance]) -> Self {
        let (entry, account, amount, trust) = match &correction.remedy {
            Remedy::Entry { place, amount } => (Some(*place), None, amount, None),
            Remedy::Account { account, amount } => (None, Some(account), amount, None),
            Remedy::Balance { account, difference, trust } => {
                (None, Some(account), difference, Some(trust.as_str()))
            }
        };
        Self {
            object: "tollgate.ledger.correction",
            id,
            created_at: correction.at.seconds(),
            entry_id: entry.map(Entry::name_of),
            account_id: account.map(AccountId::name),
            amount_usd: amount.to_string(),
            amount_nanos: amount.0,
            trust,
            reason: &correction.why,
            breaches: breaches.iter().map(Breach::from).collect(),
        }
    }
}

/// `tollgate.ledger.acknowledgement`: a scope's overage was taken note of.
#[derive(Serialize)]
pub struct LedgerAcknowledgement<'a> {
    object: &'static str,
    /// Of its line in the audit log.
    id: &'a str,
    scope: Scope<'a>,
}

impl<'a> LedgerAcknowledgement<'a> {
    #[must_use]
    pub fn new(id: &'a str, scope: &'a ScopeId) -> Self {
        Self { object: "tollgate.ledger.acknowledgement", id, scope: scope.into() }
    }
}
