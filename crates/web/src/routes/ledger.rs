//! `/tollgate/v1/ledger`: accounts, entries, whether they add up, and corrections.

use control::AccountQuestion;
use domain::ledger::{AccountId, Entry, EntryKind, EntryQuery};
use domain::{Fault, PeriodKind};
use openai::admin::{
    LedgerAccount, LedgerAcknowledgement, LedgerCorrection, LedgerEntries, LedgerVerification, List,
};

use super::limits::{asked_scope, full_scope, named_scope};
use crate::body::missing;
use crate::call::AdminCall;
use crate::correction_body;
use crate::limit_body::PERIODS;
use crate::query::invalid;
use crate::reply::{Answer, json};

const DEFAULT_ROWS: i64 = 20;
const MOST_ROWS: i64 = 1_000;

/// The accounts of the periods that hold now, or `all=true`.
pub(super) async fn accounts(call: &AdminCall<'_>) -> Answer {
    let page = call.page()?;
    let asked = AccountQuestion {
        scope: asked_scope(call).await?,
        period: call.query.word("period", &PERIODS)?.and_then(PeriodKind::parse),
        all: call.query.flag("all")?.unwrap_or(false),
        after: page.after.as_deref().map(|name| account(name, "after")).transpose()?,
        limit: page.limit,
    };
    let found = call.control.ledger_accounts(asked).await?;
    let rows = found.rows.iter();
    let rows = rows.map(|row| LedgerAccount::new(&row.state, row.frozen, &row.breaches));
    json(&List::of(rows.collect(), found.has_more))
}

pub(super) async fn entries(call: &AdminCall<'_>) -> Answer {
    let query = &call.query;
    let limit = query.integer("limit", 1..=MOST_ROWS)?.unwrap_or(DEFAULT_ROWS);
    let after = query.one("after")?.filter(|after| !after.is_empty());
    let kind = query.word("reason", &EntryKind::ALL.map(EntryKind::as_str))?;
    let named = query.one("account_id")?.map(|name| account(name, "account_id")).transpose()?;
    let scope = asked_scope(call).await?;
    if named.is_some() && scope.is_some() {
        return Err(invalid("account_id", "expected either an account or a scope, not both"));
    }
    let (scope, period) = match named {
        Some(account) => (Some(account.scope), Some(account.period)),
        None => (scope, None),
    };
    let page = EntryQuery {
        scope,
        period,
        kind: kind.and_then(EntryKind::parse),
        before: after.map(place).transpose()?,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    json(&LedgerEntries::new(&call.control.ledger_entries(page).await?))
}

/// Reads every entry anew.
pub(super) async fn verify(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    json(&LedgerVerification::new(&call.control.verify_ledger(true).await?))
}

pub(super) async fn correct(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = correction_body::read(&mut fields)?;
    let why = fields.name("reason")?.ok_or_else(|| missing("reason"))?;
    fields.finish()?;
    let made = call.control.correct_ledger(&call.author, draft, why).await?;
    json(&LedgerCorrection::new(&made.id, &made.correction, &made.breaches))
}

/// Takes note of a scope's overage as it stands.
pub(super) async fn acknowledge(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let (kind, id) = fields.within("scope", named_scope)?.ok_or_else(|| missing("scope"))?;
    fields.finish()?;
    let scope = full_scope(call, kind, id, "scope.id").await?;
    let id = call.control.acknowledge_overage(&call.author, &scope).await?;
    json(&LedgerAcknowledgement::new(&id, &scope))
}

fn account(name: &str, param: &'static str) -> Result<AccountId, Fault> {
    let wrong = || invalid(param, "expected the id of an account");
    AccountId::parse(name).ok_or_else(wrong)
}

fn place(after: &str) -> Result<i64, Fault> {
    let wrong = || invalid("after", "expected the last_id of an earlier page");
    Entry::place_of(after).ok_or_else(wrong)
}
