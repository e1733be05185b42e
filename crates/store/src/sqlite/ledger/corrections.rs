//! Corrections, within the writer's transaction: the account, the entry, the note and the costs go
//! together or not at all.

use domain::ledger::{
    AccountId, BALANCES_MADE, Correction, Entry, Posted, Reason, Remedy, Trust, Uncorrectable,
};
use domain::ports::StoreError;
use domain::{Nanos, Timestamp};
use rusqlite::{Connection, params};

use super::report::entry_at;
use super::{entries, load, periods, save};
use crate::rollup;
use crate::sql::{self, ledger as ledger_sql};
use crate::sqlite::failure::Failure;
use crate::sqlite::query::one;
use crate::sqlite::usage;

pub(crate) fn apply(db: &Connection, correction: &Correction) -> Result<(), Failure> {
    match &correction.remedy {
        Remedy::Entry { place, amount } => correct_entry(db, correction, *place, *amount),
        Remedy::Account { account, amount } => {
            if amount.0 == 0 {
                return no(Uncorrectable::Amount);
            }
            add(db, account, *amount, Nanos(0))?;
            write(db, correction, &Posted::Account(account.clone()), (*amount, Nanos(0)), None)
        }
        Remedy::Balance { account, difference, trust, after } => {
            once(db, *after)?;
            balance(db, correction, account, *difference, *trust)
        }
    }
}

/// Of two who saw the same difference only one puts it right.
fn once(db: &Connection, after: u64) -> Result<(), Failure> {
    let made = one(db, sql::META, params![BALANCES_MADE], |row| Ok(row.get::<_, Vec<u8>>(0)?))?;
    let made = made.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    if made != after {
        let why = "another correction came between; look at the ledger again";
        return Err(StoreError::Conflict(why.to_owned()).into());
    }
    let made = made.saturating_add(1).to_le_bytes();
    db.execute(sql::PUT_META, params![BALANCES_MADE, made])?;
    Ok(())
}

fn correct_entry(
    db: &Connection,
    correction: &Correction,
    place: i64,
    amount: Nanos,
) -> Result<(), Failure> {
    let entry = entry_at(db, place)?.ok_or(StoreError::NotFound)?;
    if entry.reason == Reason::Correction {
        return no(Uncorrectable::Correction);
    }
    if entry.corrected_by.is_some() {
        return no(Uncorrectable::Twice);
    }
    if amount.0 >= 0 || amount.0 < entry.cost.0.saturating_neg() {
        return no(Uncorrectable::Amount);
    }
    // What no hold had covered is taken back first.
    let over = Nanos(amount.0.max(entry.overage.0.saturating_neg()));
    for account in accounts(db, &entry.of)? {
        add(db, &account, amount, over)?;
    }
    write(db, correction, &entry.of, (amount, over), Some(place))?;
    correct_costs(db, &entry, amount)
}

fn accounts(db: &Connection, of: &Posted) -> Result<Vec<AccountId>, Failure> {
    let mut accounts = of.accounts();
    if let Posted::Call { scopes, quarter, .. } = of {
        let at = Timestamp::from_seconds(*quarter);
        let own = periods::own(db, scopes.each_ref().map(String::as_str), at)?;
        accounts.extend(own.into_iter().map(|(_, account)| account));
    }
    Ok(accounts)
}

/// The same in the cost reports, where the entry is in them: see [`domain::ledger::Correction`].
fn correct_costs(db: &Connection, entry: &Entry, amount: Nanos) -> Result<(), Failure> {
    let Posted::Call { scopes: [key, user, project, _], day, .. } = &entry.of else {
        return Ok(());
    };
    // A guess that is taken back was no more than that.
    let estimated = if entry.reason == Reason::Orphan { amount } else { Nanos(0) };
    usage::add(db, &rollup::correction([project, user, key], *day, amount, estimated))
}

/// The difference stays the same whatever is posted meanwhile: that adds to both sides.
fn balance(
    db: &Connection,
    correction: &Correction,
    account: &AccountId,
    difference: Nanos,
    trust: Trust,
) -> Result<(), Failure> {
    match trust {
        Trust::Posted => {
            let of = Posted::Account(account.clone());
            write(db, correction, &of, (difference, Nanos(0)), None)
        }
        Trust::Entries => add(db, account, Nanos(difference.0.saturating_neg()), Nanos(0)),
        Trust::Leases => {
            let mut row = load(db, account)?;
            row.leased.0 = row.leased.0.saturating_sub(difference.0);
            if row.leased.0 < 0 {
                return no(Uncorrectable::BelowZero);
            }
            save(db, account, &row)
        }
    }
}

fn add(db: &Connection, account: &AccountId, amount: Nanos, over: Nanos) -> Result<(), Failure> {
    let (kind, period) = (account.scope.kind.as_str(), periods::name(&account.period));
    let of = params![kind, account.scope.id, period, account.period.start];
    one(db, sql::ACCOUNT, of, |_| Ok(()))?.ok_or(StoreError::NotFound)?;
    let mut row = load(db, account)?;
    match row.correct(amount, over) {
        Ok(()) => save(db, account, &row),
        Err(why) => no(why),
    }
}

fn write(
    db: &Connection,
    correction: &Correction,
    of: &Posted,
    amounts: (Nanos, Nanos),
    corrects: Option<i64>,
) -> Result<(), Failure> {
    let entry = entries::correct(db, of, amounts, correction.at)?;
    let note = params![entry, corrects, correction.why, correction.author];
    db.prepare_cached(ledger_sql::PUT_NOTE)?.execute(note)?;
    Ok(())
}

fn no<T>(why: Uncorrectable) -> Result<T, Failure> {
    Err(StoreError::Conflict(why.as_str().to_owned()).into())
}
