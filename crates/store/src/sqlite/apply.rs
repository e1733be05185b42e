//! Changes of the control plane. Each must find what it names, else the whole list is undone.

use domain::ports::StoreError;
use domain::{
    AuditEntry, Change, Organization, Project, ProjectId, Role, ServiceAccount, ServiceAccountId,
    Timestamp,
};
use rusqlite::{Connection, Params, params};

use super::failure::Failure;
use super::query::{id, one, optional_time};
use super::{
    apply_care, apply_keys, apply_limits, apply_people, audit, cache_rules, certificates, egresses,
    ledger, places, prices, project_rules, rates, schema, sign_in,
};
use crate::sql;

type Done = Result<(), Failure>;

pub(crate) fn apply(db: &Connection, changes: &[Change], lines: &[AuditEntry]) -> Done {
    for change in changes {
        apply_one(db, change)?;
    }
    for entry in lines {
        audit::write(db, entry)?;
    }
    Ok(())
}

fn apply_one(db: &Connection, change: &Change) -> Done {
    match change {
        Change::CreateOrganization(organization) => create_organization(db, organization),
        Change::RenameOrganization { name } => touch(db, sql::RENAME_ORGANIZATION, params![name]),
        Change::CreateUser(user) => apply_people::create_user(db, user),
        Change::People(change) => apply_people::apply(db, change),
        Change::SignIn(change) => sign_in::apply(db, change),
        Change::CreateProject(project) => create_project(db, project),
        Change::UpdateProject { id, name, external_key_id } => {
            update_project(db, id, name.as_deref(), external_key_id.as_ref())
        }
        Change::ArchiveProject { id, at } => archive_project(db, id, *at),
        Change::CreateServiceAccount(account) => create_account(db, account),
        Change::UpdateServiceAccount { id, name, role } => {
            update_account(db, id, name.as_deref(), *role)
        }
        Change::DeleteServiceAccount { id, at } => {
            touch(db, sql::DELETE_SERVICE_ACCOUNT, params![at.0, id.as_str()])?;
            run(db, sql::REVOKE_KEYS_OF_SERVICE_ACCOUNT, params![at.0, id.as_str()])
        }
        Change::CreateKey(key) => apply_keys::create(db, key),
        Change::UpdateKey { id, name, policy, expires_at } => {
            apply_keys::update(db, id, name.as_deref(), policy.as_ref(), *expires_at)
        }
        Change::RevokeKey { id, at } => touch(db, sql::REVOKE_KEY, params![at.0, id.as_str()]),
        Change::RotateKey { id, secret, old_end_at } => {
            apply_keys::rotate(db, id, secret, *old_end_at)
        }
        Change::EndOldSecrets { id, at } => apply_keys::end_old_secrets(db, id, *at),
        Change::RegisterAdminKey(key) => apply_keys::register_admin(db, key),
        Change::PutUpstream(upstream) => places::put_upstream(db, upstream),
        Change::RemoveUpstream(id) => places::remove_upstream(db, id),
        Change::PutRoute(route) => places::put_route(db, route),
        Change::RemoveRoute(id) => touch(db, sql::REMOVE_ROUTE, params![id.as_str()]),
        Change::PutPrice(row) => prices::put(db, row),
        Change::RemovePrice { model } => touch(db, sql::REMOVE_PRICE, params![model]),
        Change::PutPriceImport(import) => prices::put_import(db, import),
        Change::RemovePriceImport(state) => {
            run(db, sql::REMOVE_PRICE_IMPORT, params![state.as_str()])
        }
        Change::PutEgress(egress) => egresses::put(db, egress),
        Change::RemoveEgress { name } => egresses::remove(db, name),
        Change::SetEgressUse { user, egress } => egresses::set_use(db, user, egress.as_deref()),
        Change::SetRateLimits { scope, limits, at } => rates::set(db, scope, limits, *at),
        Change::ClearRateLimits(scope) => rates::clear(db, scope),
        Change::SetProjectRule { project, rule } => project_rules::set(db, project.as_ref(), rule),
        Change::Certificate(change) => certificates::apply(db, change),
        Change::SetCache { project, patch } => cache_rules::set(db, project, patch),
        Change::CorrectLedger(correction) => ledger::corrections::apply(db, correction),
        Change::Care(change) => apply_care::apply(db, change),
        Change::PutMeta { name, value } => put_meta(db, name, value),
        of_limits => apply_limits::apply(db, of_limits),
    }
}

/// Runs a statement that may find nothing to change.
pub(crate) fn run(db: &Connection, text: &str, params: impl Params) -> Done {
    db.prepare_cached(text)?.execute(params)?;
    Ok(())
}

/// Runs a statement that must change a row.
pub(crate) fn touch(db: &Connection, text: &str, params: impl Params) -> Done {
    match db.prepare_cached(text)?.execute(params)? {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

pub(crate) fn conflict<T>(why: &str) -> Result<T, Failure> {
    Err(StoreError::Conflict(why.to_owned()).into())
}

pub(crate) fn refuse_archived(archived_at: Option<Timestamp>) -> Done {
    match archived_at {
        Some(_) => conflict("the project is archived"),
        None => Ok(()),
    }
}

/// The project must be there and not archived.
pub(crate) fn live_project(db: &Connection, project: &ProjectId) -> Done {
    let archived_at = one(db, sql::PROJECT, params![project.as_str()], |r| optional_time(r, 3))?;
    refuse_archived(archived_at.ok_or(StoreError::NotFound)?)
}

/// The service account must be there, and its project not archived. Its project is returned.
pub(crate) fn live_account(
    db: &Connection,
    account: &ServiceAccountId,
) -> Result<ProjectId, Failure> {
    let state = one(db, sql::SERVICE_ACCOUNT_STATE, params![account.as_str()], |row| {
        Ok((optional_time(row, 0)?, optional_time(row, 1)?, id(row, 2)?))
    })?;
    let (deleted_at, archived_at, project) = state.ok_or(StoreError::NotFound)?;
    refuse_archived(archived_at)?;
    match deleted_at {
        Some(_) => Err(StoreError::NotFound.into()),
        None => Ok(project),
    }
}

fn create_organization(db: &Connection, organization: &Organization) -> Done {
    let row = params![organization.id.as_str(), organization.name, organization.created_at.0];
    match db.prepare_cached(sql::CREATE_ORGANIZATION)?.execute(row)? {
        0 => conflict("there is an organization already"),
        _ => Ok(()),
    }
}

fn create_project(db: &Connection, project: &Project) -> Done {
    let row = params![
        project.id.as_str(),
        project.name,
        project.created_at.0,
        project.archived_at.map(|at| at.0),
        project.external_key_id,
        project.residency,
    ];
    run(db, sql::CREATE_PROJECT, row)
}

fn update_project(
    db: &Connection,
    id: &ProjectId,
    name: Option<&str>,
    external_key_id: Option<&Option<String>>,
) -> Done {
    live_project(db, id)?;
    if let Some(name) = name {
        run(db, sql::NAME_PROJECT, params![name, id.as_str()])?;
    }
    if let Some(external) = external_key_id {
        run(db, sql::SET_PROJECT_EXTERNAL_KEY, params![external, id.as_str()])?;
    }
    Ok(())
}

/// Its keys stay as they are: the directory says of each that its project is archived.
fn archive_project(db: &Connection, id: &ProjectId, at: Timestamp) -> Done {
    live_project(db, id)?;
    if one(db, sql::OTHER_PROJECT, params![id.as_str()], |_| Ok(()))?.is_none() {
        return conflict("it is the last project");
    }
    certificates::deactivate_all(db, id)?;
    run(db, sql::ARCHIVE_PROJECT, params![at.0, id.as_str()])?;
    run(db, sql::DELETE_SERVICE_ACCOUNTS, params![at.0, id.as_str()])
}

fn create_account(db: &Connection, account: &ServiceAccount) -> Done {
    live_project(db, &account.project)?;
    let row = params![
        account.id.as_str(),
        account.project.as_str(),
        account.name,
        account.role.as_str(),
        account.created_at.0,
    ];
    run(db, sql::CREATE_SERVICE_ACCOUNT, row)
}

fn update_account(
    db: &Connection,
    id: &ServiceAccountId,
    name: Option<&str>,
    role: Option<Role>,
) -> Done {
    live_account(db, id)?;
    if let Some(name) = name {
        run(db, sql::NAME_SERVICE_ACCOUNT, params![name, id.as_str()])?;
    }
    if let Some(role) = role {
        run(db, sql::SET_SERVICE_ACCOUNT_ROLE, params![role.as_str(), id.as_str()])?;
    }
    Ok(())
}

fn put_meta(db: &Connection, name: &str, value: &[u8]) -> Done {
    if name == schema::VERSION {
        return conflict("the schema's version is the store's own");
    }
    run(db, sql::PUT_META, params![name, value])
}
