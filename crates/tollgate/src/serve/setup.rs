//! The setup link that is printed at the start, until somebody has followed it.

use std::io::Write;

use std::net::SocketAddr;

use super::Running;
use crate::app::App;
use crate::config::Config;
use crate::reveal;

impl Running {
    /// Prints how to become the owner: the link itself where only this machine is served, else how
    /// to get one. Nothing once there is an owner.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn print_setup(&self, config: &Config) -> Result<(), String> {
        let control = &self.app.control;
        let said = |fault: domain::Fault| fault.message.into_owned();
        if !control.needs_setup().await.map_err(said)? {
            return Ok(());
        }
        if !self.address.ip().is_loopback() {
            println!("tollgate: no owner yet; `tollgate setup-link` prints the link to become it");
            return Ok(());
        }
        let Some(secret) = control.make_setup_link(None).await.map_err(said)? else {
            return Ok(());
        };
        let own = format!("{}://{}", self.scheme, self.address);
        let base = config.dashboard.public_url.as_deref().unwrap_or(&own);
        let text = format!("tollgate: set up the dashboard at {base}/setup?token={{key}}");
        let about = "(works once, for 30 minutes; `tollgate setup-link` prints a new one)";
        // Nobody may read it any more: that is no reason not to serve.
        let _ = writeln!(std::io::stdout(), "{}\n          {about}", reveal::fill(&text, &secret));
        Ok(())
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
