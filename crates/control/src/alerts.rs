//! Spend alerts: whom to tell when a scope's spending reaches an amount.

use domain::{
    AlertId, Change, Fault, Nanos, Order, PageQuery, Paged, PeriodKind, ScopeId, ScopeKind, Secret,
    SpendAlert, Webhook,
};
use serde_json::{Value, json};

use crate::cursor_page::CursorPage;
use crate::limits::named;
use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

/// Alerts of one scope: each is looked at every second.
const MOST: u32 = 1_000;
/// Recipients of one alert.
const MOST_RECIPIENTS: usize = 100;
/// Characters of an address (RFC 5321) and of a URL.
const LONGEST_ADDRESS: usize = 254;
const LONGEST_URL: usize = 2_048;

/// Whether a webhook may go to a URL, as far as the URL itself says.
pub(crate) type MayGo = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// An alert as it is asked for.
#[derive(Clone, Debug)]
pub struct AlertDraft {
    pub threshold: Nanos,
    pub recipients: Vec<String>,
    pub subject_prefix: Option<String>,
    /// `None` leaves it as it is; `Some(None)` takes it away.
    pub webhook_url: Option<Option<String>>,
}

/// An alert, and its webhook's signing secret if that was made just now.
pub struct MadeAlert {
    pub alert: SpendAlert,
    pub secret: Option<Secret>,
}

impl Control {
    /// With these webhooks refused at once that would be refused at every try.
    #[must_use]
    pub fn with_webhooks(mut self, may_go: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.webhooks = Box::new(may_go);
        self
    }

    /// # Errors
    /// 404 for an unknown scope.
    pub async fn list_alerts(
        &self,
        scope: ScopeId,
        order: Order,
        page: CursorPage<'_>,
    ) -> Result<Paged<SpendAlert>, Fault> {
        self.scopes_project(&scope).await?;
        let rows = self.alerts_of(scope, order).await?;
        Ok(page.of(rows, |alert, id| alert.id.as_str() == id))
    }

    async fn alerts_of(&self, scope: ScopeId, order: Order) -> Result<Vec<SpendAlert>, Fault> {
        let all = PageQuery { limit: MOST, after: None, order };
        let listed = self.records.spend_alerts(scope, all).await;
        Ok(listed.map_err(|error| store_fault(error, "the alerts"))?.rows)
    }

    /// # Errors
    /// 404 for an unknown scope, and an alert of another one.
    pub async fn alert(&self, scope: &ScopeId, id: &AlertId) -> Result<SpendAlert, Fault> {
        self.scopes_project(scope).await?;
        let found = self.records.spend_alert(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .filter(|alert| alert.scope == *scope)
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 404 for an unknown scope, 400 for an archived project and what cannot be an address.
    pub async fn create_alert(
        &self,
        author: &Author,
        scope: ScopeId,
        draft: AlertDraft,
    ) -> Result<MadeAlert, Fault> {
        check(&draft, &self.webhooks)?;
        self.refuse_too_many(&scope).await?;
        let alert = SpendAlert {
            id: AlertId::mint(vault::random()),
            scope,
            period: PeriodKind::Month,
            threshold: draft.threshold,
            recipients: Vec::new(),
            subject_prefix: None,
            webhook: None,
            created_at: self.clock.now(),
            fired_start: None,
        };
        self.put_alert(author, ("spend_alert.created", None), alert, draft).await
    }

    /// A new threshold arms the alert again in the running period.
    ///
    /// # Errors
    /// As [`Control::create_alert`], and 404 for an unknown alert.
    pub async fn update_alert(
        &self,
        author: &Author,
        scope: &ScopeId,
        id: &AlertId,
        draft: AlertDraft,
    ) -> Result<MadeAlert, Fault> {
        check(&draft, &self.webhooks)?;
        let mut alert = self.alert(scope, id).await?;
        let before = payload(&alert);
        if alert.threshold != draft.threshold {
            alert.fired_start = None;
        }
        self.put_alert(author, ("spend_alert.updated", Some(before)), alert, draft).await
    }

    /// # Errors
    /// 404 for an unknown alert.
    pub async fn delete_alert(
        &self,
        author: &Author,
        scope: &ScopeId,
        id: &AlertId,
    ) -> Result<(), Fault> {
        let alert = self.alert(scope, id).await?;
        let project = self.scopes_project(scope).await?;
        let before = payload(&alert);
        let payload = json!({ "id": id.as_str(), "scope": named(&alert.scope), "before": before });
        let write = Write {
            audit: vec![self.audit(author, "spend_alert.deleted", project.as_ref(), &payload)],
            changes: vec![Change::RemoveSpendAlert(id.clone())],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await
    }

    async fn put_alert(
        &self,
        author: &Author,
        (event, before): (&'static str, Option<Value>),
        mut alert: SpendAlert,
        draft: AlertDraft,
    ) -> Result<MadeAlert, Fault> {
        if alert.scope.kind == ScopeKind::Project {
            self.active_project(&alert.scope.id.as_str().into()).await?;
        }
        let project = self.scopes_project(&alert.scope).await?;
        let mut secret = None;
        alert.threshold = draft.threshold;
        alert.recipients = draft.recipients;
        alert.subject_prefix = draft.subject_prefix;
        match draft.webhook_url {
            None => {}
            Some(None) => alert.webhook = None,
            Some(Some(url)) if alert.webhook.as_ref().is_some_and(|hook| hook.url == url) => {}
            // Another receiver gets another secret: the old one could sign in its name.
            Some(Some(url)) => {
                let made = vault::webhook::mint();
                let sealed_secret = self.vault.seal(alert.id.as_str(), &made);
                alert.webhook = Some(Webhook { url, sealed_secret });
                secret = Some(made);
            }
        }
        let mut payload = payload(&alert);
        payload["before"] = json!(before);
        let write = Write {
            audit: vec![self.audit(author, event, project.as_ref(), &payload)],
            changes: vec![Change::PutSpendAlert(alert.clone())],
            stale: Stale::Nothing,
        };
        self.commit(alert.id.as_str(), write).await?;
        Ok(MadeAlert { alert, secret })
    }

    async fn refuse_too_many(&self, scope: &ScopeId) -> Result<(), Fault> {
        let there = self.alerts_of(scope.clone(), Order::Ascending).await?.len();
        if u32::try_from(there).is_ok_and(|there| there < MOST) {
            return Ok(());
        }
        let why = format!("'{}' has {MOST} alerts already; delete one first.", scope.id);
        Err(invalid("threshold_amount", why))
    }
}

/// What the audit log keeps of an alert. A webhook's URL may hold a token in its path.
fn payload(alert: &SpendAlert) -> Value {
    json!({
        "id": alert.id.as_str(),
        "scope": named(&alert.scope),
        "data": {
            "threshold_nanos": alert.threshold.0,
            "recipients": alert.recipients,
            "subject_prefix": alert.subject_prefix,
            "webhook": alert.webhook.is_some(),
        },
    })
}

fn check(draft: &AlertDraft, may_go: &MayGo) -> Result<(), Fault> {
    check_recipients("notification_channel.recipients", &draft.recipients)?;
    let Some(Some(url)) = &draft.webhook_url else { return Ok(()) };
    check_webhook(url, may_go)
}

/// Whether mail can go to all of these.
pub(crate) fn check_recipients(field: &'static str, recipients: &[String]) -> Result<(), Fault> {
    if recipients.len() > MOST_RECIPIENTS {
        let why = format!("Invalid '{field}': expected at most {MOST_RECIPIENTS} addresses.");
        return Err(invalid(field, why));
    }
    match recipients.iter().all(|address| is_address(address)) {
        true => Ok(()),
        false => Err(invalid(field, format!("Invalid '{field}': expected e-mail addresses."))),
    }
}

pub(crate) fn check_webhook(url: &str, may_go: &MayGo) -> Result<(), Fault> {
    if !is_web_url(url) {
        let why = "Invalid 'webhook_url': expected an http or https URL with a host and without a \
                   user name or fragment.";
        return Err(invalid("webhook_url", why.to_owned()));
    }
    if !may_go(url) {
        let why = "Invalid 'webhook_url': its host is a private address. Webhooks go to public \
                   addresses, and to the hosts that the config file names: `private_hosts` in \
                   [webhooks].";
        return Err(invalid("webhook_url", why.to_owned()));
    }
    Ok(())
}

/// Good enough to be handed to a mail server, and nothing that could end a header or command.
pub(crate) fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"".contains(c);
    let parts = text.rsplit_once('@');
    text.len() <= LONGEST_ADDRESS
        && text.chars().all(plain)
        && parts.is_some_and(|(name, host)| {
            !name.is_empty() && !name.contains('@') && !host.is_empty() && !host.starts_with('.')
        })
}

/// Which address a name stands for is checked where the connection is made.
fn is_web_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    url.len() <= LONGEST_URL
        && url.bytes().all(|b| b.is_ascii_graphic())
        && !url.contains(['#', '\\', '"', '<', '>', '`', '{', '|', '}', '^'])
        && !authority.is_empty()
        && !authority.starts_with(':')
        && !authority.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_end_a_header_are_refused() {
        for good in ["a@b", "first.last+tag@mail.example.com", "ä@ö.example"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@b", "a".repeat(300));
        for bad in
            ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "a@b,c@d", "<a@b>", &long]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_no_plain_web_url_is_refused() {
        for good in ["https://example.com", "http://h:1/p?q=1", "https://[2606:4700::1]/x"] {
            assert!(is_web_url(good), "{good}");
        }
        let long = format!("https://h/{}", "a".repeat(3000));
        for bad in [
            "",
            "example.com",
            "ftp://h",
            "https://",
            "https:///x",
            "https://:443/",
            "https://u:p@h/",
            "https://h/#x",
            "https://h/ x",
            "https://h/\r\nX: y",
            "file:///etc/passwd",
            &long,
        ] {
            assert!(!is_web_url(bad), "{bad}");
        }
    }
}
