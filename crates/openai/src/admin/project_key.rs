//! `organization.project.api_key`, with our fields behind OpenAI's.

use domain::{Key, KeyPolicy, Permission, Timestamp, User};
use serde::Serialize;

use super::Listed;

/// Whose key it is, with what the shape shows of them.
pub enum Owner<'a> {
    User(&'a User),
    ServiceAccount(&'a domain::ServiceAccount),
}

#[derive(Serialize)]
pub struct ProjectApiKey<'a> {
    object: &'static str,
    redacted_value: &'a str,
    name: &'a str,
    created_at: i64,
    last_used_at: Option<i64>,
    id: &'a str,
    owner_project_access: &'static str,
    owner: OwnerShape<'a>,
    expires_at: Option<i64>,
    /// Since when it has its newest secret: a rotation makes it young again.
    secret_created_at: i64,
    #[serde(flatten)]
    policy: PolicyShape<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OwnerShape<'a> {
    User { user: UserShape<'a> },
    ServiceAccount { service_account: AccountShape<'a> },
}

#[derive(Serialize)]
struct UserShape<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
    created_at: i64,
    role: &'static str,
}

#[derive(Serialize)]
struct AccountShape<'a> {
    id: &'a str,
    name: &'a str,
    created_at: i64,
    role: &'static str,
}

/// What a key may do, in the words of its creation.
#[derive(Serialize)]
pub(super) struct PolicyShape<'a> {
    permission: &'static str,
    /// Empty unless the permission is `restricted`.
    scopes: &'a [String],
    /// `null`: any model.
    models: Option<Vec<&'a str>>,
    /// `null`: from anywhere.
    networks: Option<Vec<String>>,
}

impl<'a> From<&'a KeyPolicy> for PolicyShape<'a> {
    fn from(policy: &'a KeyPolicy) -> Self {
        let (permission, scopes) = permission_words(&policy.permission);
        let models = policy.models.as_ref();
        let networks = policy.networks.as_ref();
        Self {
            permission,
            scopes,
            models: models.map(|list| list.iter().map(|pattern| pattern.0.as_str()).collect()),
            networks: networks.map(|list| list.iter().map(ToString::to_string).collect()),
        }
    }
}

impl<'a> ProjectApiKey<'a> {
    #[must_use]
    pub fn new(key: &'a Key, owner: Owner<'a>) -> Self {
        Self {
            object: "organization.project.api_key",
            redacted_value: redacted_value(key),
            name: &key.name,
            created_at: key.created_at.seconds(),
            last_used_at: last_used_at(key),
            id: key.id.as_str(),
            owner_project_access: "active",
            owner: owner.into(),
            expires_at: key.expires_at.map(Timestamp::seconds),
            secret_created_at: secret_created_at(key),
            policy: (&key.policy).into(),
        }
    }
}

impl<'a> From<Owner<'a>> for OwnerShape<'a> {
    fn from(owner: Owner<'a>) -> Self {
        match owner {
            Owner::User(user) => Self::User {
                user: UserShape {
                    id: user.id.as_str(),
                    email: &user.email,
                    name: &user.name,
                    created_at: user.created_at.seconds(),
                    role: user.role.as_str(),
                },
            },
            Owner::ServiceAccount(account) => Self::ServiceAccount {
                service_account: AccountShape {
                    id: account.id.as_str(),
                    name: &account.name,
                    created_at: account.created_at.seconds(),
                    role: account.role.as_str(),
                },
            },
        }
    }
}

impl Listed for ProjectApiKey<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// A permission in the words of a key's creation, and its scopes.
pub(super) fn permission_words(permission: &Permission) -> (&'static str, &[String]) {
    match permission {
        Permission::All => ("all", &[]),
        Permission::ReadOnly => ("read_only", &[]),
        Permission::Restricted(scopes) => ("restricted", scopes),
    }
}

/// The newest secret's first and last characters.
pub(super) fn redacted_value(key: &Key) -> &str {
    key.secrets.first().map_or("", |secret| &secret.display)
}

/// When any of the key's secrets was last used.
pub(super) fn last_used_at(key: &Key) -> Option<i64> {
    key.secrets.iter().filter_map(|secret| secret.last_used_at).max().map(Timestamp::seconds)
}

/// When the key's newest secret was made.
fn secret_created_at(key: &Key) -> i64 {
    key.secrets.first().map_or(key.created_at, |secret| secret.created_at).seconds()
}
