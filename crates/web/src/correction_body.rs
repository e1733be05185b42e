//! What is to be put right in the ledger, as a body carries it. Never through a float (case 55).

use control::CorrectionDraft;
use domain::ledger::{AccountId, Entry, Trust};
use domain::{Fault, Nanos};

use crate::body::{Fields, invalid, missing};

/// `entry_id`, with an amount below zero or none (all of it); or `account_id`, with an amount or
/// the side to `trust`.
pub(crate) fn read(fields: &mut Fields) -> Result<CorrectionDraft, Fault> {
    let entry = fields.text("entry_id")?;
    let account = fields.text("account_id")?;
    let trust = fields.word("trust", &Trust::ALL.map(Trust::as_str))?.and_then(Trust::parse);
    let amount = amount(fields)?;
    match (entry, account) {
        (Some(_), Some(_)) => {
            Err(invalid("account_id", "expected either entry_id or account_id, not both"))
        }
        (None, None) => Err(missing("entry_id")),
        (Some(_), None) if trust.is_some() => {
            Err(invalid("trust", "expected it with account_id, not with entry_id"))
        }
        (Some(name), None) => {
            let place = Entry::place_of(&name);
            let place = place.ok_or_else(|| invalid("entry_id", "expected the id of an entry"))?;
            Ok(CorrectionDraft::Entry { place, amount })
        }
        (None, Some(name)) => {
            let account = AccountId::parse(&name);
            let account =
                account.ok_or_else(|| invalid("account_id", "expected the id of an account"))?;
            match (amount, trust) {
                (Some(amount), None) => Ok(CorrectionDraft::Account { account, amount }),
                (None, Some(trust)) => Ok(CorrectionDraft::Balance { account, trust }),
                (None, None) => Err(missing("amount_usd")),
                (Some(_), Some(_)) => {
                    Err(invalid("trust", "expected either an amount or trust, not both"))
                }
            }
        }
    }
}

/// Either of `amount_usd` and `amount_nanos`; with a sign, unlike a limit's.
fn amount(fields: &mut Fields) -> Result<Option<Nanos>, Fault> {
    let dollars = fields.text("amount_usd")?;
    let nanos = fields.integer("amount_nanos", -i64::MAX..=i64::MAX)?;
    match (dollars, nanos) {
        (None, nanos) => Ok(nanos.map(Nanos)),
        (Some(_), Some(_)) => {
            Err(invalid("amount_nanos", "expected either amount_usd or amount_nanos, not both"))
        }
        (Some(text), None) => {
            let (sign, text) = match text.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, text.as_str()),
            };
            let why = "expected US dollars as a decimal string such as \"-12.50\", with at most \
                       nine decimals";
            let amount = Nanos::from_dollars(text).ok_or_else(|| invalid("amount_usd", why))?;
            Ok(Some(Nanos(sign * amount.0)))
        }
    }
}
