//! Who holds a secret.

use domain::ports::{Directory, StoreResult};
use domain::{KeyKind, KeyView, SecretHash};
use rusqlite::{Row, params};

use super::failure::Failure;
use super::query::{id, one, optional_id, optional_text, optional_time, text};
use super::{Store, cache_rules, project_rules, rates, snapshot};
use crate::columns::{owner, policy, unreadable};
use crate::sql;

impl Directory for Store {
    fn find_secret(&self, hash: SecretHash) -> StoreResult<'_, Option<KeyView>> {
        self.lookups.ask(move |db| {
            snapshot(db, |db| {
                one(db, sql::FIND_SECRET, params![hash.0], |row| {
                    let view = key_view(row)?;
                    Ok(KeyView {
                        secret_ends_at: optional_time(row, 11)?,
                        project_archived: optional_time(row, 12)?.is_some(),
                        rates: rates::rules(db, &view)?,
                        rules: project_rules::rules(db, &view)?,
                        cache: match &view.project {
                            Some(project) => cache_rules::read(db, project)?,
                            None => None,
                        },
                        ..view
                    })
                })
            })
        })
    }
}

/// The first eleven columns of every query for keys.
pub(crate) fn key_view(row: &Row<'_>) -> Result<KeyView, Failure> {
    Ok(KeyView {
        id: id(row, 0)?,
        kind: KeyKind::parse(text(row, 1)?).ok_or_else(|| unreadable("key kind"))?,
        project: optional_id(row, 2)?,
        owner: owner(text(row, 3)?, text(row, 4)?)?,
        policy: policy(
            text(row, 5)?,
            optional_text(row, 6)?,
            optional_text(row, 7)?,
            optional_text(row, 8)?,
        )?,
        expires_at: optional_time(row, 9)?,
        revoked: optional_time(row, 10)?.is_some(),
        secret_ends_at: None,
        project_archived: false,
        rates: None,
        rules: None,
        cache: None,
    })
}
