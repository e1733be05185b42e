//! Who is told of what concerns a key: its owner, and whom its project and the organization name.

use std::collections::BTreeSet;

use domain::{Delivery, DeliveryId, Fault, Key, Message, ProjectId, Webhook};
use serde_json::{Value, json};

use super::rules::sealed_for;
use crate::alert_check::one_line;
use crate::alerts::is_address;
use crate::transact::store_fault;
use crate::{Control, OwnerRecord};

/// What is told.
pub(super) struct Notice<'a> {
    /// The webhook's type, such as `api_key.leaked`.
    pub(super) kind: &'static str,
    /// Of a mail.
    pub(super) subject: String,
    /// Of a mail, whole sentences.
    pub(super) text: String,
    /// The webhook's `data`.
    pub(super) data: Value,
    pub(super) project: Option<&'a ProjectId>,
    /// Whose owner is told as well.
    pub(super) key: Option<&'a Key>,
}

impl Control {
    /// The messages of a notice, to be written with what they tell of.
    pub(super) async fn messages(&self, notice: Notice<'_>) -> Result<Vec<Delivery>, Fault> {
        let organization = self.stored_key_rules(None).await?;
        let mut to: BTreeSet<String> = organization.recipients.into_iter().collect();
        let mut hooks = vec![(None, organization.webhook)];
        if let Some(project) = notice.project {
            let rules = self.stored_key_rules(Some(project)).await?;
            to.extend(rules.recipients);
            hooks.push((Some(project), rules.webhook));
        }
        if let Some(address) = self.address_of_owner(notice.key).await? {
            to.insert(address);
        }
        let hooks: Vec<_> = hooks.into_iter().filter_map(|(of, hook)| Some((of, hook?))).collect();
        if to.is_empty() && hooks.is_empty() {
            // Somebody must be able to find it: a mail that does not leave is shown by `tollgate mail`.
            let owner = self.records.owner().await;
            let owner = owner.map_err(|error| store_fault(error, "the owner"))?;
            to.extend(owner.map(|it| it.email));
        }
        let by_hook = hooks.iter().filter_map(|(of, hook)| self.to_webhook(*of, hook, &notice));
        let mut all: Vec<Delivery> = by_hook.collect();
        all.extend(to.into_iter().map(|to| self.to_mailbox(to, &notice)));
        Ok(all)
    }

    /// Where mail goes out, only to what can be an address out there.
    async fn address_of_owner(&self, key: Option<&Key>) -> Result<Option<String>, Fault> {
        let Some(key) = key else { return Ok(None) };
        let owner = self.with_owner(key.clone()).await?.owner;
        Ok(match owner {
            OwnerRecord::User(user) => {
                let is_local = user.email.ends_with("@localhost");
                (is_address(&user.email) && !is_local).then_some(user.email)
            }
            OwnerRecord::ServiceAccount(_) => None,
        })
    }

    fn to_webhook(
        &self,
        of: Option<&ProjectId>,
        hook: &Webhook,
        notice: &Notice<'_>,
    ) -> Option<Delivery> {
        let (id, created_at) = (DeliveryId::mint(vault::random()), self.clock.now());
        let secret = self.vault.open(&sealed_for(of), &hook.sealed_secret).ok()?;
        let sealed_secret = self.vault.seal(id.as_str(), &secret);
        let body = json!({
            "id": id.as_str(),
            "object": "event",
            "type": notice.kind,
            "created_at": created_at.seconds(),
            "data": notice.data,
        });
        let (url, body) = (hook.url.clone(), body.to_string());
        let message = Message::Webhook { url, sealed_secret, body };
        Some(Delivery { id, message, created_at })
    }

    fn to_mailbox(&self, to: String, notice: &Notice<'_>) -> Delivery {
        let subject = one_line(&notice.subject);
        let message = Message::Email { to, subject, text: notice.text.clone(), sealed_link: None };
        Delivery { id: DeliveryId::mint(vault::random()), message, created_at: self.clock.now() }
    }
}
