//! Reads of the care of keys.

use domain::ports::StoreResult;
use domain::{
    Handover, Honeytoken, KeyCare, KeyId, KeyRules, KeyTrait, Leak, LeakAction, LeakReporter,
    LeakResponse, PageQuery, Paged, ProjectId, SecretHash, TraitKind, UnusualResponse, Webhook,
};
use rusqlite::{Row, params, params_from_iter};

use super::Store;
use super::failure::Failure;
use super::query::{all, id, one, optional_id, optional_text, optional_time, text, time};
use super::records::read_page;
use crate::columns::{parse_list, unreadable};
use crate::sql::care as sql;

/// The organization's row of rules.
pub(crate) const ORGANIZATION: &str = "";
/// Keys whose traits are asked for at once.
const AT_ONCE: usize = 500;

impl KeyCare for Store {
    fn key_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, KeyRules> {
        self.reports.ask(move |db| {
            let of = project.as_ref().map_or(ORGANIZATION, ProjectId::as_str);
            let found = one(db, &sql::key_rules(), params![of], read_rules)?;
            Ok(found.map(|(_, rules)| rules).unwrap_or_default())
        })
    }

    fn all_key_rules(&self) -> StoreResult<'_, Vec<(Option<ProjectId>, KeyRules)>> {
        self.reports.ask(|db| all(db, &sql::all_key_rules(), [], read_rules))
    }

    fn leaks(&self, page: PageQuery) -> StoreResult<'_, Paged<Leak>> {
        self.reports.ask(move |db| read_page(db, sql::LEAKS, "leaks", vec![], &page, read_leak))
    }

    fn honeytokens(&self) -> StoreResult<'_, Vec<Honeytoken>> {
        self.reports.ask(|db| {
            all(db, sql::HONEYTOKENS, [], |row| {
                Ok(Honeytoken {
                    id: id(row, 0)?,
                    secret: SecretHash(row.get(1)?),
                    display: row.get(2)?,
                    name: row.get(3)?,
                    project: optional_id(row, 4)?,
                    created_at: time(row, 5)?,
                    last_used_at: optional_time(row, 6)?,
                })
            })
        })
    }

    fn handovers(&self) -> StoreResult<'_, Vec<Handover>> {
        self.reports.ask(|db| {
            all(db, sql::HANDOVERS, [], |row| {
                Ok(Handover {
                    key: id(row, 0)?,
                    sealed: row.get(1)?,
                    begun_at: time(row, 2)?,
                    attempts: row.get(3)?,
                    next_at: time(row, 4)?,
                    last_error: row.get(5)?,
                })
            })
        })
    }

    fn key_traits(&self, keys: Vec<KeyId>) -> StoreResult<'_, Vec<KeyTrait>> {
        self.reports.ask(move |db| {
            let mut found = Vec::new();
            for some in keys.chunks(AT_ONCE) {
                let ids = params_from_iter(some.iter().map(KeyId::as_str));
                found.extend(all(db, &sql::key_traits(some.len()), ids, read_trait)?);
            }
            Ok(found)
        })
    }

    fn is_told(&self, mark: String) -> StoreResult<'_, bool> {
        self.reports.ask(move |db| Ok(one(db, sql::IS_TOLD, params![mark], |_| Ok(()))?.is_some()))
    }
}

fn read_rules(row: &Row<'_>) -> Result<(Option<ProjectId>, KeyRules), Failure> {
    let unusual = |column| {
        let word = optional_text(row, column)?;
        let read = |word| UnusualResponse::parse(word).ok_or_else(|| unreadable("rule of keys"));
        Ok::<_, Failure>(word.map(read).transpose()?)
    };
    let leak = optional_text(row, 1)?;
    let leak = leak.map(|word| LeakResponse::parse(word).ok_or_else(|| unreadable("leak rule")));
    let (url, secret): (Option<String>, Option<Vec<u8>>) = (row.get(10)?, row.get(11)?);
    let rules = KeyRules {
        leak_response: leak.transpose()?,
        max_age_days: row.get(2)?,
        idle_days: row.get(3)?,
        remind_days: row.get(4)?,
        unusual_network: unusual(5)?,
        unusual_model: unusual(6)?,
        unusual_spend: unusual(7)?,
        unusual_requests: unusual(8)?,
        recipients: parse_list(text(row, 9)?)?,
        webhook: url.zip(secret).map(|(url, sealed_secret)| Webhook { url, sealed_secret }),
    };
    let project = text(row, 0)?;
    Ok(((project != ORGANIZATION).then(|| project.into()), rules))
}

fn read_leak(row: &Row<'_>) -> Result<Leak, Failure> {
    Ok(Leak {
        id: id(row, 0)?,
        at: time(row, 1)?,
        secret: SecretHash(row.get(2)?),
        key: id(row, 3)?,
        project: optional_id(row, 4)?,
        display: row.get(5)?,
        reporter: LeakReporter::parse(text(row, 6)?).ok_or_else(|| unreadable("reporter"))?,
        source: row.get(7)?,
        url: row.get(8)?,
        action: LeakAction::parse(text(row, 9)?).ok_or_else(|| unreadable("leak"))?,
    })
}

fn read_trait(row: &Row<'_>) -> Result<KeyTrait, Failure> {
    Ok(KeyTrait {
        key: id(row, 0)?,
        kind: TraitKind::parse(text(row, 1)?).ok_or_else(|| unreadable("trait of a key"))?,
        value: row.get(2)?,
        first_at: time(row, 3)?,
    })
}
