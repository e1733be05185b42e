//! Spend alerts: looking whether one is due, and bringing what the outbox holds to its places.
//!
//! An alert fires exactly once a period: its mark and its messages are one transaction. A message
//! arrives at least once: one that was sent when the process ended is sent again, under the same
//! `webhook-id`.

use std::sync::Arc;
use std::time::Duration;

use control::{Control, KeptMail};
use domain::{Clock, Delivery, Message, Waiting};
use egress::smtp::{Mail, Relay};
use egress::{Poster, Tls};
use http::{HeaderName, StatusCode};
use tokio::task::JoinSet;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::server::Stop;

const PAUSE: Duration = Duration::from_secs(1);

/// Fires alerts and delivers messages, for ever.
pub struct Alerts(Arc<Inner>);

struct Inner {
    control: Arc<Control>,
    clock: Arc<dyn Clock>,
    poster: Poster,
    /// Without a mail server, e-mails are said in the log.
    relay: Option<Relay>,
}

/// How a try ended.
enum Tried {
    Arrived,
    Later(String),
    Never(String),
}

impl Alerts {
    /// # Errors
    /// When the extra roots cannot be read.
    pub fn new(config: &Config, control: Arc<Control>) -> Result<Self, String> {
        let tls = Tls::new(config.extra_roots.as_deref())?;
        let relay = config.smtp.clone().map(|smtp| Relay {
            host: smtp.host,
            port: smtp.port,
            security: smtp.security,
            login: smtp.login,
            from: smtp.from,
            tls: tls.clone(),
        });
        let poster = Poster::new(tls, config.private_webhooks.clone());
        Ok(Self(Arc::new(Inner { control, clock: Arc::new(SystemClock), poster, relay })))
    }

    /// Runs until `quit` is called. What is on its way then goes out again at the next start.
    pub async fn run(&self, quit: &Stop) {
        let firing = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                self.fire().await;
            }
        };
        // Apart: a receiver that hangs must not keep an alert from being seen.
        let delivering = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                self.deliver().await;
            }
        };
        tokio::select! {
            () = firing => {}
            () = delivering => {}
            () = quit.called() => {}
        }
    }

    async fn fire(&self) {
        match self.0.control.fire_due_alerts().await {
            Ok(0) => {}
            Ok(fired) => tracing::info!(fired, "spend alerts fired"),
            Err(fault) => tracing::warn!(why = %fault.message, "spend alerts cannot be looked at"),
        }
    }

    /// Tries what is to be tried now.
    async fn deliver(&self) {
        let waiting = match self.0.control.waiting_deliveries().await {
            Ok(waiting) => waiting,
            Err(fault) => return tracing::warn!(why = %fault.message, "the outbox is away"),
        };
        let mut tries = JoinSet::new();
        for message in waiting {
            let inner = Arc::clone(&self.0);
            tries.spawn(async move { inner.deliver(&message).await });
        }
        while tries.join_next().await.is_some() {}
    }
}

impl Inner {
    async fn deliver(&self, waiting: &Waiting) {
        let id = &waiting.delivery.id;
        let ended = match self.attempt(&waiting.delivery).await {
            Tried::Arrived => self.control.end_delivery(id).await,
            Tried::Never(why) => {
                tracing::error!(%id, why, "a message cannot be delivered and was given up");
                self.control.end_delivery(id).await
            }
            Tried::Later(why) => match self.control.put_off_delivery(waiting).await {
                Ok(Some(_)) => {
                    tracing::warn!(%id, why, "a message was not delivered; it is tried again");
                    Ok(())
                }
                Ok(None) => {
                    tracing::error!(%id, why, "a message was tried for days and given up");
                    Ok(())
                }
                Err(fault) => Err(fault),
            },
        };
        if let Err(fault) = ended {
            tracing::warn!(%id, why = %fault.message, "the outbox is away; a message may repeat");
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Tried {
        match &delivery.message {
            Message::Webhook { url, sealed_secret, body } => {
                self.post(delivery, url, sealed_secret, body).await
            }
            Message::Email { to, subject, text, sealed_link } => {
                let Some(text) = self.whole(delivery, text, sealed_link.as_deref()) else {
                    return Tried::Never("its link does not open".to_owned());
                };
                self.mail(delivery, to, subject, &text).await
            }
        }
    }

    async fn post(&self, delivery: &Delivery, url: &str, sealed: &[u8], body: &str) -> Tried {
        let (id, now) = (&delivery.id, self.clock.now());
        let Some(secret) = self.control.signing_secret(id, sealed) else {
            return Tried::Never("its signing secret does not open".to_owned());
        };
        let Ok(signature) = vault::webhook::sign(&secret, id.as_str(), now, body) else {
            return Tried::Never("its signing secret is none".to_owned());
        };
        let headers = vec![
            (HeaderName::from_static("webhook-id"), id.as_str().to_owned()),
            (HeaderName::from_static("webhook-timestamp"), now.seconds().to_string()),
            (HeaderName::from_static("webhook-signature"), signature),
        ];
        match self.poster.post(url, headers, body.to_owned()).await {
            Ok(status) if status.is_success() => Tried::Arrived,
            // The receiver's way to say: no more of these.
            Ok(StatusCode::GONE) => Tried::Never("the receiver is gone (410)".to_owned()),
            Ok(status) => Tried::Later(format!("the receiver answered {status}")),
            Err(error) => Tried::Later(error.to_string()),
        }
    }

    /// A mail's text with its link.
    fn whole(&self, delivery: &Delivery, text: &str, sealed: Option<&[u8]>) -> Option<String> {
        let Some(sealed) = sealed else { return Some(text.to_owned()) };
        let link = self.control.signing_secret(&delivery.id, sealed)?;
        Some(crate::reveal::with_link(text, &link))
    }

    async fn mail(&self, delivery: &Delivery, to: &str, subject: &str, text: &str) -> Tried {
        // The first owner has such an address before they have come.
        let nowhere = to.ends_with("@localhost");
        let Some(relay) = self.relay.as_ref().filter(|_| !nowhere) else {
            // Its text may have a link that opens an account: the log does not get it.
            let why = match nowhere {
                true => "nobody has set this address yet",
                false => "no [smtp] is configured",
            };
            tracing::warn!(to, subject, why, "a mail stays here; `tollgate mail` shows it");
            let (to, subject, text) = (to.to_owned(), subject.to_owned(), text.to_owned());
            self.control.keep_mail(KeptMail { to, subject, text, at: delivery.created_at });
            return Tried::Arrived;
        };
        let at = delivery.created_at;
        match relay.send(&Mail { id: delivery.id.as_str(), to, subject, text, at }).await {
            Ok(()) => Tried::Arrived,
            Err(refused) if refused.for_good => Tried::Never(refused.why),
            Err(refused) => Tried::Later(refused.why),
        }
    }
}

#[cfg(test)]
mod tests;
