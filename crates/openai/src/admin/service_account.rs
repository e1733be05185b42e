//! `organization.project.service_account` and the key that comes with one.

use domain::Key;
use serde::Serialize;

use super::{Listed, Revealed};

#[derive(Serialize)]
pub struct ServiceAccount<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    role: &'static str,
    created_at: i64,
}

impl<'a> From<&'a domain::ServiceAccount> for ServiceAccount<'a> {
    fn from(account: &'a domain::ServiceAccount) -> Self {
        Self {
            object: "organization.project.service_account",
            id: account.id.as_str(),
            name: &account.name,
            role: account.role.as_str(),
            created_at: account.created_at.seconds(),
        }
    }
}

impl Listed for ServiceAccount<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// The answer to a creation: `api_key` is `null` when none was wanted.
#[derive(Serialize)]
pub struct ServiceAccountCreated<'a> {
    #[serde(flatten)]
    pub account: ServiceAccount<'a>,
    pub api_key: Option<Revealed<ServiceAccountApiKey<'a>>>,
}

/// A service account's new key, to be shown inside [`Revealed`].
#[derive(Serialize)]
pub struct ServiceAccountApiKey<'a> {
    object: &'static str,
    name: &'a str,
    created_at: i64,
    id: &'a str,
    expires_at: Option<i64>,
}

impl<'a> From<&'a Key> for ServiceAccountApiKey<'a> {
    fn from(key: &'a Key) -> Self {
        Self {
            object: "organization.project.service_account.api_key",
            name: &key.name,
            created_at: key.created_at.seconds(),
            id: key.id.as_str(),
            expires_at: key.expires_at.map(domain::Timestamp::seconds),
        }
    }
}
