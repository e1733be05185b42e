//! Shapes under `/tollgate/v1`, for what OpenAI has no word.

use domain::{Key, KeySecret, Project, Timestamp};
use serde::Serialize;

use super::project_key::PolicyShape;
use super::{Limit, Owner, ProjectApiKey};

/// A project's key with each of its secrets.
#[derive(Serialize)]
pub struct KeyDetail<'a> {
    #[serde(flatten)]
    key: ProjectApiKey<'a>,
    project_id: Option<&'a str>,
    /// `null` while the key may be used.
    suspended: Option<SuspendedShape<'a>>,
    /// Newest first.
    secrets: Vec<SecretShape<'a>>,
}

#[derive(Serialize)]
struct SecretShape<'a> {
    redacted_value: &'a str,
    created_at: i64,
    /// When a rotation's grace ends; `null` for the secret in use.
    ends_at: Option<i64>,
    last_used_at: Option<i64>,
    /// When it was ended because others had seen it.
    leaked_at: Option<i64>,
}

#[derive(Serialize)]
struct SuspendedShape<'a> {
    reason: &'static str,
    at: i64,
    note: &'a str,
}

impl<'a> KeyDetail<'a> {
    #[must_use]
    pub fn new(key: &'a Key, owner: Owner<'a>) -> Self {
        Self {
            key: ProjectApiKey::new(key, owner),
            project_id: key.project.as_ref().map(domain::ProjectId::as_str),
            suspended: key.suspended.as_ref().map(|it| SuspendedShape {
                reason: it.why.as_str(),
                at: it.at.seconds(),
                note: &it.note,
            }),
            secrets: key.secrets.iter().map(SecretShape::from).collect(),
        }
    }
}

impl<'a> From<&'a KeySecret> for SecretShape<'a> {
    fn from(secret: &'a KeySecret) -> Self {
        Self {
            redacted_value: &secret.display,
            created_at: secret.created_at.seconds(),
            ends_at: secret.ends_at.map(Timestamp::seconds),
            last_used_at: secret.last_used_at.map(Timestamp::seconds),
            leaked_at: secret.leaked_at.map(Timestamp::seconds),
        }
    }
}

/// What a key may do and has used: the answer of `GET /tollgate/v1/me`.
#[derive(Serialize)]
pub struct Me<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    project: Named<'a>,
    owner: MeOwner<'a>,
    created_at: i64,
    expires_at: Option<i64>,
    #[serde(flatten)]
    policy: PolicyShape<'a>,
    usage: MonthUsage,
    /// The spend limits that the key's calls count against.
    limits: Vec<Limit<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct MeOwner<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    who: Named<'a>,
}

/// A key's usage in the calendar month (UTC) that holds now.
#[derive(Serialize)]
pub struct MonthUsage {
    pub start_time: i64,
    pub end_time: i64,
    pub requests: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost_nanos: i64,
    /// US dollars as decimal text.
    pub cost: String,
}

impl MonthUsage {
    #[must_use]
    pub fn new((start_time, end_time): (i64, i64), row: &domain::UsageRow) -> Self {
        let cost = row.cost.total();
        Self {
            start_time,
            end_time,
            requests: row.requests,
            input_tokens: row.tokens.input,
            output_tokens: row.tokens.output,
            cost_nanos: cost.0,
            cost: cost.to_string(),
        }
    }
}

impl<'a> Me<'a> {
    #[must_use]
    pub fn new(
        key: &'a Key,
        owner: &Owner<'a>,
        project: &'a Project,
        usage: MonthUsage,
        limits: Vec<Limit<'a>>,
    ) -> Self {
        let (kind, id, name) = match owner {
            Owner::User(user) => ("user", user.id.as_str(), &user.name),
            Owner::ServiceAccount(account) => {
                ("service_account", account.id.as_str(), &account.name)
            }
        };
        Self {
            object: "tollgate.me",
            id: key.id.as_str(),
            name: &key.name,
            project: Named { id: project.id.as_str(), name: &project.name },
            owner: MeOwner { kind, who: Named { id, name } },
            created_at: key.created_at.seconds(),
            expires_at: key.expires_at.map(Timestamp::seconds),
            policy: (&key.policy).into(),
            usage,
            limits,
        }
    }
}
