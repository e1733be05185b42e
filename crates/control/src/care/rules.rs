//! How keys are looked after: read and set, for a project or the organization.

use domain::{
    CareChange, Change, Fault, KeyRules, LeakResponse, ProjectId, Secret, UnusualResponse, Webhook,
};
use serde_json::{Value, json};

use crate::alerts::{check_recipients, check_webhook};
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

/// What is to change; `None` leaves a thing as it is, `Some(None)` takes the word back.
#[derive(Clone, Debug, Default)]
pub struct RulesPatch {
    pub leak_response: Option<Option<LeakResponse>>,
    pub max_age_days: Option<Option<u32>>,
    pub idle_days: Option<Option<u32>>,
    pub remind_days: Option<Option<u32>>,
    pub unusual_network: Option<Option<UnusualResponse>>,
    pub unusual_model: Option<Option<UnusualResponse>>,
    pub unusual_spend: Option<Option<UnusualResponse>>,
    pub unusual_requests: Option<Option<UnusualResponse>>,
    pub recipients: Option<Vec<String>>,
    pub webhook_url: Option<Option<String>>,
}

/// Rules, with the webhook's secret if it was made just now.
pub struct MadeKeyRules {
    pub rules: KeyRules,
    pub secret: Option<Secret>,
}

impl Control {
    /// What is set of a project, or with `None` of the organization.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn key_rules(&self, project: Option<&ProjectId>) -> Result<KeyRules, Fault> {
        if let Some(project) = project {
            self.project(project).await?;
        }
        self.stored_key_rules(project).await
    }

    pub(crate) async fn stored_key_rules(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<KeyRules, Fault> {
        let found = self.care.store.key_rules(project.cloned()).await;
        found.map_err(|error| store_fault(error, "the rules of keys"))
    }

    /// # Errors
    /// 404 for an unknown project, 400 for an archived one and what cannot be an address.
    pub async fn set_key_rules(
        &self,
        author: &Author,
        project: Option<&ProjectId>,
        patch: RulesPatch,
    ) -> Result<MadeKeyRules, Fault> {
        if let Some(project) = project {
            self.active_project(project).await?;
        }
        check_recipients("recipients", patch.recipients.as_deref().unwrap_or_default())?;
        if let Some(Some(url)) = &patch.webhook_url {
            check_webhook(url, &self.webhooks)?;
        }
        let before = self.stored_key_rules(project).await?;
        let (rules, secret) = self.patched_rules(project, before.clone(), patch);
        if rules == before {
            return Ok(MadeKeyRules { rules, secret });
        }
        let id = match project {
            Some(project) => project.as_str().to_owned(),
            None => self.organization_scope().await?.id,
        };
        let payload = json!({
            "id": id,
            "changes_requested": { "key_rules": payload(&rules) },
            "before": { "key_rules": payload(&before) },
        });
        let event = if project.is_some() { "project.updated" } else { "organization.updated" };
        let change = CareChange::PutRules { project: project.cloned(), rules: rules.clone() };
        let write = Write {
            audit: vec![self.audit(author, event, project, &payload)],
            changes: vec![Change::Care(change)],
            stale: Stale::Nothing,
        };
        self.commit(&id, write).await?;
        Ok(MadeKeyRules { rules, secret })
    }

    fn patched_rules(
        &self,
        project: Option<&ProjectId>,
        before: KeyRules,
        patch: RulesPatch,
    ) -> (KeyRules, Option<Secret>) {
        let mut secret = None;
        let webhook = match patch.webhook_url {
            None => before.webhook,
            Some(None) => None,
            Some(Some(url)) if before.webhook.as_ref().is_some_and(|hook| hook.url == url) => {
                before.webhook
            }
            // Another receiver gets another secret: the old one could sign in its name.
            Some(Some(url)) => {
                let made = vault::webhook::mint();
                let sealed_secret = self.vault.seal(&sealed_for(project), &made);
                secret = Some(made);
                Some(Webhook { url, sealed_secret })
            }
        };
        let rules = KeyRules {
            leak_response: patch.leak_response.unwrap_or(before.leak_response),
            max_age_days: patch.max_age_days.unwrap_or(before.max_age_days),
            idle_days: patch.idle_days.unwrap_or(before.idle_days),
            remind_days: patch.remind_days.unwrap_or(before.remind_days),
            unusual_network: patch.unusual_network.unwrap_or(before.unusual_network),
            unusual_model: patch.unusual_model.unwrap_or(before.unusual_model),
            unusual_spend: patch.unusual_spend.unwrap_or(before.unusual_spend),
            unusual_requests: patch.unusual_requests.unwrap_or(before.unusual_requests),
            recipients: patch.recipients.unwrap_or(before.recipients),
            webhook,
        };
        (rules, secret)
    }
}

/// What the signing secret of a webhook is sealed for.
pub(super) fn sealed_for(project: Option<&ProjectId>) -> String {
    format!("key rules of {}", project.map_or("the organization", ProjectId::as_str))
}

/// What the audit log keeps. A webhook's URL may hold a token in its path.
fn payload(rules: &KeyRules) -> Value {
    json!({
        "leak_response": rules.leak_response.map(LeakResponse::as_str),
        "max_age_days": rules.max_age_days,
        "idle_days": rules.idle_days,
        "remind_days": rules.remind_days,
        "unusual_network": rules.unusual_network.map(UnusualResponse::as_str),
        "unusual_model": rules.unusual_model.map(UnusualResponse::as_str),
        "unusual_spend": rules.unusual_spend.map(UnusualResponse::as_str),
        "unusual_requests": rules.unusual_requests.map(UnusualResponse::as_str),
        "recipients": rules.recipients,
        "webhook": rules.webhook.is_some(),
    })
}
