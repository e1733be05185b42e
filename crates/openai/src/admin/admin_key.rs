//! `organization.admin_api_key`.

use domain::{Key, User};
use serde::Serialize;

use super::Listed;
use super::project_key::{last_used_at, permission_words, redacted_value};

#[derive(Serialize)]
pub struct AdminApiKey<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    redacted_value: &'a str,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    owner: AdminOwner<'a>,
    /// Ours: what the key is restricted to.
    permission: &'static str,
    scopes: &'a [String],
}

#[derive(Serialize)]
struct AdminOwner<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    object: &'static str,
    id: &'a str,
    name: &'a str,
    created_at: i64,
    role: &'static str,
}

impl<'a> AdminApiKey<'a> {
    #[must_use]
    pub fn new(key: &'a Key, owner: &'a User) -> Self {
        let (permission, scopes) = permission_words(&key.policy.permission);
        Self {
            permission,
            scopes,
            object: "organization.admin_api_key",
            id: key.id.as_str(),
            name: &key.name,
            redacted_value: redacted_value(key),
            created_at: key.created_at.seconds(),
            expires_at: key.expires_at.map(domain::Timestamp::seconds),
            last_used_at: last_used_at(key),
            owner: AdminOwner {
                kind: "user",
                object: "organization.user",
                id: owner.id.as_str(),
                name: &owner.name,
                created_at: owner.created_at.seconds(),
                role: owner.role.as_str(),
            },
        }
    }
}

impl Listed for AdminApiKey<'_> {
    fn id(&self) -> &str {
        self.id
    }
}
