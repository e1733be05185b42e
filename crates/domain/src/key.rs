//! API keys: what one is, what it may do, and the decision on each call.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::rate::RateRules;
use crate::{
    CacheRules, HostedTools, KeyId, ModelPermissions, ProjectId, ProjectRules, Retention, Scope,
    ServiceAccountId, Timestamp, UserId, Verb,
};

/// HMAC-SHA-256 of a secret under the installation's key: all that is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A person's key in a project.
    Project,
    /// A service account's key in a project.
    ServiceAccount,
    /// A key of the Administration API; good for nothing else.
    Admin,
}

impl KeyKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::ServiceAccount => "service_account",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "project" => Self::Project,
            "service_account" => Self::ServiceAccount,
            "admin" => Self::Admin,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    User(UserId),
    ServiceAccount(ServiceAccountId),
}

impl Owner {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::ServiceAccount(id) => id.as_str(),
        }
    }

    /// Its id, shared.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        match self {
            Self::User(id) => id.shared(),
            Self::ServiceAccount(id) => id.shared(),
        }
    }
}

/// What a key may do, by endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Permission {
    #[default]
    All,
    /// Every `read` scope and nothing else.
    ReadOnly,
    /// Exactly these scope strings (see [`Scope`]).
    Restricted(Vec<String>),
}

impl Permission {
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        match self {
            Self::All => true,
            Self::ReadOnly => scope.verb == Verb::Read,
            Self::Restricted(granted) => granted.iter().any(|g| scope.is_granted_by(g)),
        }
    }
}

/// A model name, or its beginning with a `*` behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPattern(pub String);

impl ModelPattern {
    #[must_use]
    pub fn matches(&self, model: &str) -> bool {
        Self::fits(&self.0, model)
    }

    /// The same for a pattern that stands elsewhere.
    #[must_use]
    pub fn fits(pattern: &str, model: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => pattern == model,
        }
    }
}

/// The policy of a key. Absent lists mean "any".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPolicy {
    pub permission: Permission,
    pub models: Option<Vec<ModelPattern>>,
    pub networks: Option<Vec<IpNet>>,
}

impl KeyPolicy {
    #[must_use]
    pub fn allows_model(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|list| list.iter().any(|p| p.matches(model)))
    }

    #[must_use]
    pub fn allows_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.as_ref().is_none_or(|list| list.iter().any(|n| n.contains(&address)))
    }
}

/// A key as it is kept.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: KeyId,
    pub kind: KeyKind,
    /// Present for every kind but admin.
    pub project: Option<ProjectId>,
    pub owner: Owner,
    pub name: String,
    pub policy: KeyPolicy,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Newest first.
    pub secrets: Vec<KeySecret>,
}

/// One secret of a key. Two live side by side while a rotation's grace runs.
#[derive(Clone, Debug)]
pub struct KeySecret {
    pub hash: SecretHash,
    /// The first and last characters, for people to recognise it: `sk-tg-…a1B2`.
    pub display: String,
    pub created_at: Timestamp,
    /// When the secret stops working by itself (the end of a rotation's grace).
    pub ends_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// What the directory answers for a secret: all that a call's admission needs.
#[derive(Clone, Debug)]
pub struct KeyView {
    pub id: KeyId,
    pub kind: KeyKind,
    pub project: Option<ProjectId>,
    pub owner: Owner,
    pub policy: KeyPolicy,
    pub expires_at: Option<Timestamp>,
    pub secret_ends_at: Option<Timestamp>,
    pub revoked: bool,
    pub project_archived: bool,
    /// `None` where nothing limits the rate of its calls.
    pub rates: Option<Arc<RateRules>>,
    /// `None` where nothing is set of its project, nor of the organization.
    pub rules: Option<Arc<ProjectRules>>,
    /// `None` where its project never said anything of a cache.
    pub cache: Option<CacheRules>,
}

/// Why a key that exists is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Revoked,
    Expired,
    ProjectArchived,
    AddressNotAllowed,
}

impl KeyView {
    /// Whether the key and its project may both use a model.
    #[must_use]
    pub fn allows_model(&self, model: &str) -> bool {
        let project = self.project_models();
        self.policy.allows_model(model) && project.is_none_or(|list| list.allows(model))
    }

    /// Whether there is a model that it may not use.
    #[must_use]
    pub fn has_model_list(&self) -> bool {
        self.policy.models.is_some() || self.project_models().is_some()
    }

    fn project_models(&self) -> Option<&ModelPermissions> {
        self.rules.as_ref()?.models.as_ref()
    }

    /// The provider's tools that its project may not use.
    #[must_use]
    pub fn denied_tools(&self) -> HostedTools {
        self.rules.as_ref().map_or(HostedTools::default(), |rules| rules.denied_tools)
    }

    /// Whether nothing may be kept that came out of a body of its calls.
    #[must_use]
    pub fn keeps_nothing(&self) -> bool {
        self.rules.as_ref().and_then(|rules| rules.retention).is_some_and(Retention::is_zero)
    }

    /// Whether the key is alive at `now` and used from an allowed address.
    ///
    /// # Errors
    /// The first [`Refusal`] in the order above.
    pub fn check(&self, now: Timestamp, address: IpAddr) -> Result<(), Refusal> {
        let ended = |end: Option<Timestamp>| end.is_some_and(|at| at <= now);
        if self.revoked || ended(self.secret_ends_at) {
            return Err(Refusal::Revoked);
        }
        if ended(self.expires_at) {
            return Err(Refusal::Expired);
        }
        if self.project_archived {
            return Err(Refusal::ProjectArchived);
        }
        if !self.policy.allows_address(address) {
            return Err(Refusal::AddressNotAllowed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> KeyView {
        KeyView {
            id: "key_1".into(),
            kind: KeyKind::Project,
            project: Some("proj_1".into()),
            owner: Owner::User("user-1".into()),
            policy: KeyPolicy::default(),
            expires_at: None,
            secret_ends_at: None,
            revoked: false,
            project_archived: false,
            rates: None,
            rules: None,
            cache: None,
        }
    }

    fn here() -> IpAddr {
        IpAddr::from([10, 1, 2, 3])
    }

    #[test]
    fn a_key_expires_at_its_instant_not_after_it() {
        let key = KeyView { expires_at: Some(Timestamp(1000)), ..view() };
        assert_eq!(key.check(Timestamp(999), here()), Ok(()));
        assert_eq!(key.check(Timestamp(1000), here()), Err(Refusal::Expired));
    }

    #[test]
    fn a_rotated_secret_ends_with_its_grace() {
        let key = KeyView { secret_ends_at: Some(Timestamp(5)), ..view() };
        assert_eq!(key.check(Timestamp(5), here()), Err(Refusal::Revoked));
    }

    #[test]
    fn networks_are_exact_and_see_through_mapped_addresses() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let policy = KeyPolicy { networks: Some(vec![net("10.1.0.0/16")]), ..KeyPolicy::default() };
        let key = KeyView { policy, ..view() };
        assert_eq!(key.check(Timestamp(0), here()), Ok(()));
        assert_eq!(key.check(Timestamp(0), "::ffff:10.1.2.3".parse().unwrap()), Ok(()));
        let outside = IpAddr::from([10, 2, 0, 1]);
        assert_eq!(key.check(Timestamp(0), outside), Err(Refusal::AddressNotAllowed));
    }

    #[test]
    fn read_only_reads_and_restricted_does_what_it_says() {
        assert!(Permission::ReadOnly.allows(Scope::read("files")));
        assert!(!Permission::ReadOnly.allows(Scope::request("chat")));
        let restricted = Permission::Restricted(vec!["api.chat.request".into()]);
        assert!(restricted.allows(Scope::request("chat")));
        assert!(!restricted.allows(Scope::request("images")));
        assert!(!Permission::Restricted(vec![]).allows(Scope::read("files")));
    }

    #[test]
    fn model_patterns_are_exact_unless_starred() {
        assert!(ModelPattern("gpt-4o".into()).matches("gpt-4o"));
        assert!(!ModelPattern("gpt-4o".into()).matches("gpt-4o-mini"));
        assert!(ModelPattern("gpt-4o*".into()).matches("gpt-4o-mini"));
    }
}
