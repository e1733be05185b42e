//! Leaks, honeytokens, and the rules by which keys are looked after.

use domain::{LeakResponse, ProjectId, Timestamp, UnusualResponse};
use serde::Serialize;

use super::Listed;

/// A leak that was reported.
#[derive(Serialize)]
pub struct Leak<'a> {
    object: &'static str,
    id: &'a str,
    created_at: i64,
    api_key_id: &'a str,
    project_id: Option<&'a str>,
    redacted_value: &'a str,
    reporter: &'static str,
    source: &'a str,
    url: &'a str,
    action: &'static str,
}

impl<'a> From<&'a domain::Leak> for Leak<'a> {
    fn from(leak: &'a domain::Leak) -> Self {
        Self {
            object: "tollgate.leak",
            id: leak.id.as_str(),
            created_at: leak.at.seconds(),
            api_key_id: leak.key.as_str(),
            project_id: leak.project.as_ref().map(ProjectId::as_str),
            redacted_value: &leak.display,
            reporter: leak.reporter.as_str(),
            source: &leak.source,
            url: &leak.url,
            action: leak.action.as_str(),
        }
    }
}

impl Listed for Leak<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// What is known of a secret that somebody holds up. Never the secret.
#[derive(Serialize)]
pub struct LeakChecked<'a> {
    object: &'static str,
    /// It is, or was, a key of this Tollgate.
    ours: bool,
    /// A call with it may be let in.
    live: bool,
    status: &'static str,
    api_key_id: Option<&'a str>,
    name: Option<&'a str>,
    project_id: Option<&'a str>,
    redacted_value: Option<&'a str>,
}

impl<'a> LeakChecked<'a> {
    /// `about`: id, name and project of whose secret it is.
    #[must_use]
    pub fn new(
        status: &'static str,
        live: bool,
        about: Option<(&'a str, &'a str, Option<&'a ProjectId>)>,
        display: &'a str,
    ) -> Self {
        Self {
            object: "tollgate.leak_check",
            ours: about.is_some(),
            live,
            status,
            api_key_id: about.map(|(id, _, _)| id),
            name: about.map(|(_, name, _)| name),
            project_id: about.and_then(|(_, _, project)| project).map(ProjectId::as_str),
            redacted_value: about.map(|_| display),
        }
    }
}

/// What a reporter hears of one match, in the words of code hosts.
#[derive(Serialize)]
pub struct LeakLabel {
    token_hash: String,
    token_type: String,
    label: &'static str,
}

impl LeakLabel {
    #[must_use]
    pub fn new(token_hash: String, token_type: String, is_ours: bool) -> Self {
        let label = if is_ours { "true_positive" } else { "false_positive" };
        Self { token_hash, token_type, label }
    }
}

#[derive(Serialize)]
pub struct Honeytoken<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    project_id: Option<&'a str>,
    redacted_value: &'a str,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl<'a> From<&'a domain::Honeytoken> for Honeytoken<'a> {
    fn from(it: &'a domain::Honeytoken) -> Self {
        Self {
            object: "tollgate.honeytoken",
            id: it.id.as_str(),
            name: &it.name,
            project_id: it.project.as_ref().map(ProjectId::as_str),
            redacted_value: &it.display,
            created_at: it.created_at.seconds(),
            last_used_at: it.last_used_at.map(Timestamp::seconds),
        }
    }
}

impl Listed for Honeytoken<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// How the keys of a project, or of the organization, are looked after. `null` is the
/// organization's word, or nothing.
#[derive(Serialize)]
pub struct KeyRules<'a> {
    object: &'static str,
    project_id: Option<&'a str>,
    leak_response: Option<&'static str>,
    max_age_days: Option<u32>,
    idle_days: Option<u32>,
    remind_days: Option<u32>,
    unusual_network: Option<&'static str>,
    unusual_model: Option<&'static str>,
    unusual_spend: Option<&'static str>,
    unusual_requests: Option<&'static str>,
    recipients: &'a [String],
    webhook_url: Option<&'a str>,
}

impl<'a> KeyRules<'a> {
    #[must_use]
    pub fn new(project: Option<&'a ProjectId>, rules: &'a domain::KeyRules) -> Self {
        let word = |response: Option<UnusualResponse>| response.map(UnusualResponse::as_str);
        Self {
            object: "tollgate.key_rules",
            project_id: project.map(ProjectId::as_str),
            leak_response: rules.leak_response.map(LeakResponse::as_str),
            max_age_days: rules.max_age_days,
            idle_days: rules.idle_days,
            remind_days: rules.remind_days,
            unusual_network: word(rules.unusual_network),
            unusual_model: word(rules.unusual_model),
            unusual_spend: word(rules.unusual_spend),
            unusual_requests: word(rules.unusual_requests),
            recipients: &rules.recipients,
            webhook_url: rules.webhook.as_ref().map(|webhook| webhook.url.as_str()),
        }
    }
}

/// Rules with the webhook's new signing secret, the one time it is shown.
#[derive(Serialize)]
pub struct KeyRulesMade<'a> {
    #[serde(flatten)]
    pub rules: KeyRules<'a>,
    pub webhook_secret: String,
}
