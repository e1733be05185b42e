//! Changes of keys and their secrets.

use domain::ports::StoreError;
use domain::{Key, KeyId, KeyKind, KeyPolicy, KeySecret, Owner, ProjectId, Timestamp};
use rusqlite::{Connection, params};

use super::apply::{conflict, live_account, live_project, refuse_archived, run};
use super::apply_people::check_owners;
use super::failure::Failure;
use super::query::{one, optional_time};
use crate::columns::{owner_type, policy_columns};
use crate::sql;

type Done = Result<(), Failure>;

pub(crate) fn create(db: &Connection, key: &Key) -> Done {
    if let Some(project) = &key.project {
        live_project(db, project)?;
    }
    check_owner(db, key)?;
    let [secret] = key.secrets.as_slice() else {
        return conflict("a new key has exactly one secret");
    };
    let policy = policy_columns(&key.policy);
    let row = params![
        key.id.as_str(),
        key.kind.as_str(),
        key.project.as_ref().map(ProjectId::as_str),
        owner_type(&key.owner),
        key.owner.as_str(),
        key.name,
        policy.permission,
        policy.scopes,
        policy.models,
        policy.networks,
        key.created_at.0,
        key.expires_at.map(|at| at.0),
        key.revoked_at.map(|at| at.0),
    ];
    run(db, sql::CREATE_KEY, row)?;
    if key.kind == KeyKind::Admin {
        check_owners(db)?;
    }
    add_secret(db, &key.id, secret)
}

/// A key of a deleted account, or of another project's, would never end with its owner.
fn check_owner(db: &Connection, key: &Key) -> Done {
    match &key.owner {
        Owner::User(user) => {
            one(db, sql::USER, params![user.as_str()], |_| Ok(()))?.ok_or(StoreError::NotFound)?;
        }
        Owner::ServiceAccount(account) => {
            if key.project.as_ref() != Some(&live_account(db, account)?) {
                return conflict("the service account is in another project");
            }
        }
    }
    Ok(())
}

pub(crate) fn add_secret(db: &Connection, key: &KeyId, secret: &KeySecret) -> Done {
    let row = params![
        secret.hash.0,
        key.as_str(),
        secret.display,
        secret.created_at.0,
        secret.ends_at.map(|at| at.0),
        secret.last_used_at.map(|at| at.0),
    ];
    run(db, sql::CREATE_SECRET, row)
}

/// The key must be there and not revoked. Returns when its project was archived.
pub(crate) fn live_key(db: &Connection, id: &KeyId) -> Result<Option<Timestamp>, Failure> {
    let state = one(db, sql::KEY_STATE, params![id.as_str()], |row| {
        Ok((optional_time(row, 0)?, optional_time(row, 1)?))
    })?;
    match state {
        Some((None, archived_at)) => Ok(archived_at),
        Some((Some(_), _)) | None => Err(StoreError::NotFound.into()),
    }
}

pub(crate) fn update(
    db: &Connection,
    id: &KeyId,
    name: Option<&str>,
    policy: Option<&KeyPolicy>,
    expires_at: Option<Option<Timestamp>>,
) -> Done {
    refuse_archived(live_key(db, id)?)?;
    if let Some(name) = name {
        run(db, sql::NAME_KEY, params![name, id.as_str()])?;
    }
    if let Some(policy) = policy {
        let new = policy_columns(policy);
        let row = params![new.permission, new.scopes, new.models, new.networks, id.as_str()];
        run(db, sql::SET_KEY_POLICY, row)?;
    }
    if let Some(expires_at) = expires_at {
        run(db, sql::SET_KEY_EXPIRY, params![expires_at.map(|at| at.0), id.as_str()])?;
    }
    Ok(())
}

pub(crate) fn rotate(
    db: &Connection,
    id: &KeyId,
    secret: &KeySecret,
    old_end_at: Timestamp,
) -> Done {
    refuse_archived(live_key(db, id)?)?;
    run(db, sql::END_SECRETS, params![old_end_at.0, id.as_str()])?;
    add_secret(db, id, secret)
}

/// Allowed in an archived project too: it only takes away.
pub(crate) fn end_old_secrets(db: &Connection, id: &KeyId, at: Timestamp) -> Done {
    live_key(db, id)?;
    run(db, sql::END_OLD_SECRETS, params![at.0, id.as_str()])
}

/// The operator named this secret at this start, so it works, whatever was done to it before.
pub(crate) fn register_admin(db: &Connection, key: &Key) -> Done {
    let [secret] = key.secrets.as_slice() else {
        return conflict("a new key has exactly one secret");
    };
    if key.kind != KeyKind::Admin {
        return conflict("only an admin key can be registered");
    }
    let known = one(db, sql::FIND_SECRET, params![secret.hash.0], super::directory::key_view)?;
    let Some(known) = known else {
        return create(db, key);
    };
    if known.kind != KeyKind::Admin {
        return conflict("the secret belongs to a key of another kind");
    }
    run(db, sql::UNREVOKE_KEY, params![known.id.as_str()])?;
    run(db, sql::UNEND_SECRET, params![secret.hash.0])
}
