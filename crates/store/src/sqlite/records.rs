//! Reads of the control plane.

use domain::ports::{Records, StoreResult};
use domain::price::{PriceImport, PriceRow};
use domain::rate::RateLimits;
use domain::route::Route;
use domain::{
    AlertId, AuditEntry, AuditHash, AuditLine, AuditQuery, AuditVerdict, CacheRules, Change, Key,
    KeyId, KeyKind, KeySecret, LadderQuery, Organization, PageQuery, Paged, Project, ProjectId,
    ProjectRules, Role, ScopeId, SealedEgressBook, SecretHash, ServiceAccount, ServiceAccountId,
    SpendAlert, SpendLimit, Suspended, Timestamp, Upstream, User, UserId, Waiting,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::directory::{key_view, suspension};
use super::failure::Failure;
use super::log::Settlements;
use super::query::{all, id, one, optional_text, optional_time, text, time};
use super::{
    Store, apply, audit, cache_rules, connect, egresses, limits, people, places, prices,
    project_rules, rates, refused, schema, snapshot,
};
use crate::columns::unreadable;
use crate::sql;

impl Records for Store {
    fn apply(&self, changes: Vec<Change>, audit: Vec<AuditEntry>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| apply::apply(db, &changes, &audit))
    }

    fn organization(&self) -> StoreResult<'_, Option<Organization>> {
        self.reports.ask(|db| {
            one(db, sql::ORGANIZATION, [], |row| {
                Ok(Organization { id: id(row, 0)?, name: row.get(1)?, created_at: time(row, 2)? })
            })
        })
    }

    fn owner(&self) -> StoreResult<'_, Option<User>> {
        self.reports.ask(|db| one(db, sql::OLDEST_OWNER, [], read_user))
    }

    fn user(&self, id: UserId) -> StoreResult<'_, Option<User>> {
        self.reports.ask(move |db| one(db, sql::USER, params![id.as_str()], read_user))
    }

    fn project(&self, id: ProjectId) -> StoreResult<'_, Option<Project>> {
        self.reports.ask(move |db| one(db, sql::PROJECT, params![id.as_str()], read_project))
    }

    fn projects(&self, page: PageQuery, archived: bool) -> StoreResult<'_, Paged<Project>> {
        self.reports.ask(move |db| {
            let list = if archived { sql::PROJECTS_AND_ARCHIVED } else { sql::PROJECTS };
            read_page(db, list, "projects", vec![], &page, read_project)
        })
    }

    fn service_account(&self, id: ServiceAccountId) -> StoreResult<'_, Option<ServiceAccount>> {
        self.reports
            .ask(move |db| one(db, sql::SERVICE_ACCOUNT, params![id.as_str()], read_account))
    }

    fn service_accounts(
        &self,
        project: ProjectId,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<ServiceAccount>> {
        self.reports.ask(move |db| {
            let of = vec![Value::from(project.as_str().to_owned())];
            read_page(db, sql::SERVICE_ACCOUNTS, "service_accounts", of, &page, read_account)
        })
    }

    fn key(&self, id: KeyId) -> StoreResult<'_, Option<Key>> {
        self.reports.ask(move |db| {
            snapshot(db, |db| one(db, sql::KEY, params![id.as_str()], |row| read_key(db, row)))
        })
    }

    fn keys(
        &self,
        project: Option<ProjectId>,
        kinds: Vec<KeyKind>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<Key>> {
        self.reports.ask(move |db| {
            if kinds.is_empty() {
                return Ok(Paged { rows: vec![], has_more: false });
            }
            let list = sql::keys(kinds.len(), project.is_some());
            let kinds = kinds.iter().map(|kind| Value::from(kind.as_str().to_owned()));
            let of = kinds.chain(project.map(|id| Value::from(id.as_str().to_owned()))).collect();
            snapshot(db, |db| read_page(db, &list, "api_keys", of, &page, |row| read_key(db, row)))
        })
    }

    fn upstreams(&self) -> StoreResult<'_, Vec<Upstream>> {
        self.reports.ask(|db| snapshot(db, places::upstreams))
    }

    fn routes(&self) -> StoreResult<'_, Vec<Route>> {
        self.reports.ask(places::routes)
    }

    fn rate_limits(&self, scope: ScopeId) -> StoreResult<'_, Vec<(Option<String>, RateLimits)>> {
        self.reports.ask(move |db| rates::read(db, scope.kind, &scope.id))
    }

    fn spend_limits(&self, scope: Option<ScopeId>) -> StoreResult<'_, Vec<SpendLimit>> {
        self.reports.ask(move |db| limits::spend_limits(db, scope.as_ref()))
    }

    fn ladder(&self, query: LadderQuery) -> StoreResult<'_, Vec<SpendLimit>> {
        self.reports.ask(move |db| limits::ladder(db, &query))
    }

    fn spend_alert(&self, id: AlertId) -> StoreResult<'_, Option<SpendAlert>> {
        self.reports.ask(move |db| limits::spend_alert(db, &id))
    }

    fn spend_alerts(&self, scope: ScopeId, page: PageQuery) -> StoreResult<'_, Paged<SpendAlert>> {
        self.reports.ask(move |db| {
            let of = [scope.kind.as_str().to_owned(), scope.id].map(Value::from).into();
            let list = sql::SPEND_ALERTS;
            read_page(db, list, "spend_alerts", of, &page, limits::read_alert)
        })
    }

    fn all_spend_alerts(&self) -> StoreResult<'_, Vec<SpendAlert>> {
        self.reports.ask(|db| all(db, sql::ALL_SPEND_ALERTS, [], limits::read_alert))
    }

    fn waiting_deliveries(&self, now: Timestamp, limit: u32) -> StoreResult<'_, Vec<Waiting>> {
        self.reports.ask(move |db| limits::waiting(db, now, limit))
    }

    fn egresses(&self) -> StoreResult<'_, SealedEgressBook> {
        self.reports.ask(egresses::egresses)
    }

    fn price_rows(&self) -> StoreResult<'_, Vec<PriceRow>> {
        self.reports.ask(prices::rows)
    }

    fn price_imports(&self) -> StoreResult<'_, Vec<PriceImport>> {
        self.reports.ask(prices::imports)
    }

    fn project_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, ProjectRules> {
        self.reports.ask(move |db| project_rules::read(db, project.as_ref()))
    }

    fn cache_rules(&self, project: ProjectId) -> StoreResult<'_, Option<CacheRules>> {
        self.reports.ask(move |db| cache_rules::read(db, &project))
    }

    fn audit_lines(&self, query: AuditQuery) -> StoreResult<'_, Paged<AuditLine>> {
        self.reports.ask(move |db| audit::page(db, &query))
    }

    fn verify_audit(&self, known: Option<AuditHash>) -> StoreResult<'_, AuditVerdict> {
        self.aside(move |directory| {
            let db = connect::read_only(directory, &schema::RECORDS).map_err(refused)?;
            snapshot(&db, |db| audit::verify(db, known))
        })
    }

    fn meta(&self, name: &'static str) -> StoreResult<'_, Option<Vec<u8>>> {
        self.reports.ask(move |db| one(db, sql::META, params![name], |row| Ok(row.get(0)?)))
    }

    fn ping(&self) -> StoreResult<'_, Timestamp> {
        Box::pin(async move {
            // What was queued before this instant stands before an empty batch.
            let at = self.clock.now();
            self.log.write(Settlements::default()).await?;
            Ok(at)
        })
    }
}

pub(crate) fn read_page<T>(
    db: &Connection,
    list: &str,
    table: &str,
    params: Vec<Value>,
    page: &PageQuery,
    read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Paged<T>, Failure> {
    let query = sql::page(list, table, page, params.len() + 1);
    people::read_ordered(db, &query, params, page, read)
}

pub(crate) fn read_role(row: &Row<'_>, column: usize) -> Result<Role, Failure> {
    Ok(Role::parse(text(row, column)?).ok_or_else(|| unreadable("role"))?)
}

pub(crate) fn read_user(row: &Row<'_>) -> Result<User, Failure> {
    Ok(User {
        id: id(row, 0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        role: read_role(row, 3)?,
        created_at: time(row, 4)?,
        technical_level: row.get(5)?,
        developer_persona: row.get(6)?,
    })
}

fn read_project(row: &Row<'_>) -> Result<Project, Failure> {
    Ok(Project {
        id: id(row, 0)?,
        name: row.get(1)?,
        created_at: time(row, 2)?,
        archived_at: optional_time(row, 3)?,
        external_key_id: row.get(4)?,
        residency: row.get(5)?,
    })
}

fn read_account(row: &Row<'_>) -> Result<ServiceAccount, Failure> {
    Ok(ServiceAccount {
        id: id(row, 0)?,
        project: id(row, 1)?,
        name: row.get(2)?,
        role: read_role(row, 3)?,
        created_at: time(row, 4)?,
    })
}

fn read_key(db: &Connection, row: &Row<'_>) -> Result<Key, Failure> {
    let view = key_view(row)?;
    let secrets = all(db, sql::SECRETS, params![view.id.as_str()], |row| {
        Ok(KeySecret {
            hash: SecretHash(row.get(0)?),
            display: row.get(1)?,
            created_at: time(row, 2)?,
            ends_at: optional_time(row, 3)?,
            last_used_at: optional_time(row, 4)?,
            leaked_at: optional_time(row, 5)?,
        })
    })?;
    let suspended = suspension(optional_text(row, 13)?)?;
    let suspended = match (suspended, optional_time(row, 14)?) {
        (Some(why), Some(at)) => Some(Suspended {
            why,
            at,
            note: optional_text(row, 15)?.unwrap_or_default().to_owned(),
        }),
        _ => None,
    };
    Ok(Key {
        id: view.id,
        kind: view.kind,
        project: view.project,
        owner: view.owner,
        policy: view.policy,
        expires_at: view.expires_at,
        revoked_at: optional_time(row, 10)?,
        suspended,
        resumed_at: optional_time(row, 16)?,
        name: row.get(11)?,
        created_at: time(row, 12)?,
        secrets,
    })
}
