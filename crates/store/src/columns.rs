//! How domain values lie in columns: the same text in every database.

use domain::ports::StoreError;
use domain::{Actor, KeyPolicy, ModelPattern, Owner, Permission};
use serde_json::Value;

/// A row that this version cannot read must not pass as something else: the caller is refused.
pub(crate) fn unreadable(what: &str) -> StoreError {
    StoreError::Unavailable(format!("a stored {what} cannot be read"))
}

/// The policy columns of `api_keys`.
pub(crate) struct PolicyColumns {
    pub(crate) permission: &'static str,
    pub(crate) scopes: Option<String>,
    pub(crate) models: Option<String>,
    pub(crate) networks: Option<String>,
}

pub(crate) fn policy_columns(policy: &KeyPolicy) -> PolicyColumns {
    let (permission, scopes) = match &policy.permission {
        Permission::All => ("all", None),
        Permission::ReadOnly => ("read_only", None),
        Permission::Restricted(scopes) => ("restricted", Some(list(scopes.iter().cloned()))),
    };
    PolicyColumns {
        permission,
        scopes,
        models: policy.models.as_ref().map(|all| list(all.iter().map(|m| m.0.clone()))),
        networks: policy.networks.as_ref().map(|all| list(all.iter().map(ToString::to_string))),
    }
}

pub(crate) fn policy(
    permission: &str,
    scopes: Option<&str>,
    models: Option<&str>,
    networks: Option<&str>,
) -> Result<KeyPolicy, StoreError> {
    let permission = match (permission, scopes) {
        ("all", _) => Permission::All,
        ("read_only", _) => Permission::ReadOnly,
        ("restricted", Some(scopes)) => Permission::Restricted(parse_list(scopes)?),
        _ => return Err(unreadable("permission")),
    };
    let models = models.map(parse_list).transpose()?;
    let networks = networks.map(parse_list).transpose()?;
    let networks = networks.map(|all| {
        all.iter().map(|n| n.parse().map_err(|_| unreadable("network"))).collect::<Result<_, _>>()
    });
    Ok(KeyPolicy {
        permission,
        models: models.map(|all| all.into_iter().map(ModelPattern).collect()),
        networks: networks.transpose()?,
    })
}

pub(crate) fn list(items: impl Iterator<Item = String>) -> String {
    Value::Array(items.map(Value::String).collect()).to_string()
}

pub(crate) fn parse_list(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("list"))
}

pub(crate) const SERVICE_ACCOUNT: &str = "service_account";

pub(crate) fn owner_type(owner: &Owner) -> &'static str {
    match owner {
        Owner::User(_) => "user",
        Owner::ServiceAccount(_) => SERVICE_ACCOUNT,
    }
}

pub(crate) fn owner(owner_type: &str, id: &str) -> Result<Owner, StoreError> {
    match owner_type {
        "user" => Ok(Owner::User(id.into())),
        SERVICE_ACCOUNT => Ok(Owner::ServiceAccount(id.into())),
        _ => Err(unreadable("key owner")),
    }
}

/// The type and, where there is one, the id of who acted.
pub(crate) fn actor(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::AdminKey(id) => ("api_key", Some(id.as_str())),
        Actor::User(id) => ("user", Some(id.as_str())),
        Actor::System => ("system", None),
    }
}
