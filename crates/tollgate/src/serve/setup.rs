//! The setup link that is printed at the start, until somebody has followed it.

use std::io::Write;

use std::net::SocketAddr;

use control::MailServer;
use egress::smtp::Security;

use super::Running;
use crate::app::App;
use crate::config::Config;
use crate::reveal;

impl Running {
    /// Prints how to become the owner, if there is none yet.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn print_setup(&self, config: &Config) -> Result<(), String> {
        if let Some(said) = self.setup_words(config).await? {
            // Nobody may read it any more: that is no reason not to serve.
            let _ = writeln!(std::io::stdout(), "{said}");
        }
        Ok(())
    }

    /// How to become the owner: the link itself where only this machine is served, else how to get
    /// one. Nothing once there is an owner.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn setup_words(&self, config: &Config) -> Result<Option<String>, String> {
        let control = &self.app.control;
        let said = |fault: domain::Fault| fault.message.into_owned();
        if !control.needs_setup().await.map_err(said)? {
            return Ok(None);
        }
        if !self.address.ip().is_loopback() {
            let how = "tollgate: no owner yet; `tollgate setup-link` prints the link to become it";
            return Ok(Some(how.to_owned()));
        }
        let Some(secret) = control.make_setup_link(None).await.map_err(said)? else {
            return Ok(None);
        };
        let own = format!("{}://{}", self.scheme, self.address);
        let base = config.dashboard.public_url.as_deref().unwrap_or(&own);
        let text = format!("tollgate: set up the dashboard at {base}/setup?token={{key}}");
        let about = "(works once, for 30 minutes; `tollgate setup-link` prints a new one)";
        Ok(Some(format!("{}\n          {about}", reveal::fill(&text, &secret))))
    }
}

/// Says who takes mail.
pub(super) fn mails(config: &Config, app: &App) {
    if let Some(smtp) = &config.smtp {
        app.control.mails_by(MailServer {
            address: format!("{}:{}", smtp.host, smtp.port),
            from: smtp.from.clone(),
            encrypted: !matches!(smtp.security, Security::None),
        });
    }
}

/// Says by which address people reach us: the one that the operator named, or this machine's own
/// where nobody else is served.
pub(super) fn reach(config: &Config, app: &App, scheme: &str, address: SocketAddr) {
    let own = address.ip().is_loopback().then(|| format!("{scheme}://{address}"));
    if let Some(base) = config.dashboard.public_url.clone().or(own) {
        app.control.reached_at(base);
    }
}
