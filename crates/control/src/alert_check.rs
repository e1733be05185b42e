//! Firing alerts: what is due is marked, and its messages written, in one transaction.

use std::collections::BTreeMap;

use domain::{
    Balance, Change, Delivery, DeliveryId, Fault, Message, ScopeId, ScopeKind, Secret, SpendAlert,
    Timestamp, Waiting, due, pause_after,
};
use serde_json::json;

use crate::limits::named;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

/// Messages that are tried side by side.
const AT_ONCE: u32 = 16;

impl Control {
    /// Fires every alert that is due: once a period, over restarts as well. How many fired.
    ///
    /// # Errors
    /// 503 when the store or the ledger is away; what is due then, is due at the next look.
    pub async fn fire_due_alerts(&self) -> Result<usize, Fault> {
        let away = |error| store_fault(error, "the spend alerts");
        let mut of_scope: BTreeMap<ScopeId, Vec<SpendAlert>> = BTreeMap::new();
        for alert in self.records.all_spend_alerts().await.map_err(away)? {
            of_scope.entry(alert.scope.clone()).or_default().push(alert);
        }
        let mut fired = 0;
        for (scope, alerts) in of_scope {
            let balances = self.balances.balances(scope).await.map_err(away)?;
            for (alert, balance) in due(&alerts, &balances) {
                self.fire(alert, balance).await?;
                fired += 1;
            }
        }
        Ok(fired)
    }

    async fn fire(&self, alert: &SpendAlert, balance: &Balance) -> Result<(), Fault> {
        let name = self.scope_label(&alert.scope).await?;
        let project = self.scopes_project(&alert.scope).await.ok().flatten();
        let payload = json!({
            "id": alert.id.as_str(),
            "scope": named(&alert.scope),
            "data": { "threshold_nanos": alert.threshold.0, "spent_nanos": balance.spent().0 },
        });
        let fire = Change::FireAlert {
            id: alert.id.clone(),
            period_start: balance.period.start,
            deliveries: self.deliveries(alert, balance, &name),
        };
        let author = Author::system();
        let write = Write {
            audit: vec![self.audit(&author, "spend_alert.fired", project.as_ref(), &payload)],
            changes: vec![fire],
            stale: Stale::Nothing,
        };
        self.commit(alert.id.as_str(), write).await
    }

    fn deliveries(&self, alert: &SpendAlert, balance: &Balance, name: &str) -> Vec<Delivery> {
        let created_at = self.clock.now();
        let webhook = alert.webhook.as_ref().and_then(|hook| {
            let id = DeliveryId::mint(vault::random());
            let secret = self.vault.open(alert.id.as_str(), &hook.sealed_secret).ok()?;
            let sealed_secret = self.vault.seal(id.as_str(), &secret);
            let body = event(&id, created_at, alert, balance);
            let message = Message::Webhook { url: hook.url.clone(), sealed_secret, body };
            Some(Delivery { id, message, created_at })
        });
        let mails = alert.recipients.iter().map(|to| Delivery {
            id: DeliveryId::mint(vault::random()),
            message: mail(to, alert, balance, name),
            created_at,
        });
        webhook.into_iter().chain(mails).collect()
    }

    /// The messages to try now, oldest first.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn waiting_deliveries(&self) -> Result<Vec<Waiting>, Fault> {
        let found = self.records.waiting_deliveries(self.clock.now(), AT_ONCE).await;
        found.map_err(|error| store_fault(error, "the outbox"))
    }

    /// The secret that signs a webhook's message; `None` when it does not open.
    #[must_use]
    pub fn signing_secret(&self, id: &DeliveryId, sealed: &[u8]) -> Option<Secret> {
        self.vault.open(id.as_str(), sealed).ok()
    }

    /// The message has arrived, or cannot ever.
    ///
    /// # Errors
    /// 503 when the store is away: the message will go out once more.
    pub async fn end_delivery(&self, id: &DeliveryId) -> Result<(), Fault> {
        let write = Write {
            audit: Vec::new(),
            changes: vec![Change::EndDelivery(id.clone())],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await
    }

    /// The message failed. When it is tried again; `None`: it was given up.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn put_off_delivery(&self, waiting: &Waiting) -> Result<Option<Timestamp>, Fault> {
        let id = &waiting.delivery.id;
        let attempts = waiting.attempts.saturating_add(1);
        let Some(pause) = pause_after(attempts) else {
            return self.end_delivery(id).await.map(|()| None);
        };
        let next_at = self.clock.now().plus_seconds(pause);
        let retry = Change::RetryDelivery { id: id.clone(), attempts, next_at };
        let write = Write { audit: Vec::new(), changes: vec![retry], stale: Stale::Nothing };
        self.commit(id.as_str(), write).await.map(|()| Some(next_at))
    }

    /// What people call a scope.
    async fn scope_label(&self, scope: &ScopeId) -> Result<String, Fault> {
        let id = scope.id.as_str();
        let away = |error| store_fault(error, id);
        Ok(match scope.kind {
            ScopeKind::Organization => "The organization".to_owned(),
            ScopeKind::Project => {
                let project = self.records.project(id.into()).await.map_err(away)?;
                project.map_or_else(|| id.to_owned(), |p| format!("Project {}", one_line(&p.name)))
            }
            ScopeKind::ApiKey | ScopeKind::User => id.to_owned(),
        })
    }
}

/// The body of a webhook, in the shape of OpenAI's events.
fn event(id: &DeliveryId, at: Timestamp, alert: &SpendAlert, balance: &Balance) -> String {
    json!({
        "id": id.as_str(),
        "object": "event",
        "type": "spend_alert.reached",
        "created_at": at.seconds(),
        "data": {
            "id": alert.id.as_str(),
            "scope": named(&alert.scope),
            "threshold_amount": alert.threshold.cents(),
            "currency": "USD",
            "interval": alert.period.as_str(),
            "period_start": balance.period.start,
            "period_end": balance.period.end,
            "spent_usd": balance.spent().to_string(),
            "spent_nanos": balance.spent().0,
        },
    })
    .to_string()
}

fn mail(to: &str, alert: &SpendAlert, balance: &Balance, name: &str) -> Message {
    let prefix = alert.subject_prefix.as_deref().unwrap_or("Tollgate spend alert");
    let (threshold, spent) = (alert.threshold, balance.spent());
    Message::Email {
        to: to.to_owned(),
        subject: one_line(&format!("{prefix}: {name} has reached ${threshold}")),
        text: format!(
            "{name} has spent ${spent} this {}, and the alert {} is set at ${threshold}.\n\n\
             Calls go on: an alert refuses nothing. A spend limit does.\n",
            alert.period.as_str(),
            alert.id,
        ),
        sealed_link: None,
    }
}

/// Without what could begin another header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
