//! A connection through each proxy of an egress.

use domain::diagnosis::{ProxyTrouble, ProxyTry, TlsFailure};

use super::{Link, Probe};
use crate::balance::Balance;
use crate::failure::{Cause, ProxyFault, SendError, TlsFault};
use crate::names::Names;
use crate::proxy::{Opening, Target, open};
use crate::{Origin, Way};

/// Proxies that are tried.
const PROXIES: usize = 8;

impl Probe {
    /// Opens a way to an upstream through each proxy of an egress, whatever is known of their
    /// health; the first that works is kept. Nothing of it counts against a proxy. Nothing is
    /// tried for a way without an egress.
    pub async fn through(&self, origin: &Origin, way: &Way) -> (Vec<ProxyTry>, Option<Link>) {
        let (mut tries, mut kept) = (Vec::new(), None);
        let Some(egress) = way.egress() else { return (tries, kept) };
        for at in 0..egress.proxies.len().min(PROXIES) {
            let failed = match self.one_proxy(origin, egress, at, way.subject()).await {
                Ok(link) => {
                    kept.get_or_insert(link);
                    None
                }
                Err(error) => Some(trouble(&error)),
            };
            let proxy = egress.proxies[at].address.to_string();
            tries.push(ProxyTry { proxy, failed });
        }
        (tries, kept)
    }

    async fn one_proxy(
        &self,
        origin: &Origin,
        egress: &Balance,
        at: usize,
        subject: u64,
    ) -> Result<Link, SendError> {
        let names = Names::default();
        let finding = Target::of(origin, &names, &egress.proxy_resolves);
        let targets = match tokio::time::timeout(self.connect, finding).await {
            Ok(found) => found?,
            Err(_) => return Err(SendError::before(Cause::Name, "resolving timed out")),
        };
        let how = Opening {
            origin,
            targets: &targets,
            session: &egress.session_text(subject),
            names: &names,
            tls: &self.tls,
            proxy_tls: &self.tls.without_alpn(),
            limit: self.connect,
        };
        open(&egress.proxies[at], &how).await.map(Link)
    }
}

fn trouble(error: &SendError) -> ProxyTrouble {
    match error.cause {
        Cause::Proxy(fault) => match fault {
            ProxyFault::Login => ProxyTrouble::Login,
            ProxyFault::Refused(status) => ProxyTrouble::Refused(status),
            ProxyFault::Timeout | ProxyFault::Unanswered => ProxyTrouble::Silent,
            ProxyFault::Name | ProxyFault::AddressNotAllowed | ProxyFault::Connect => {
                ProxyTrouble::Unreachable(fault.reason().to_owned())
            }
            ProxyFault::Tls(_)
            | ProxyFault::Upstream(_)
            | ProxyFault::Answer
            | ProxyFault::Closed => ProxyTrouble::Failed(fault.reason().to_owned()),
        },
        Cause::Tls(fault) => ProxyTrouble::UpstreamTls(match fault {
            TlsFault::Name => TlsFailure::WrongName,
            TlsFault::Time => TlsFailure::Expired,
            TlsFault::Issuer => TlsFailure::UnknownIssuer,
            TlsFault::NotTls => TlsFailure::NotTls,
            TlsFault::Closed => TlsFailure::Closed,
            TlsFault::Other => TlsFailure::Refused("its TLS failed".to_owned()),
        }),
        Cause::Timeout => ProxyTrouble::UpstreamTls(TlsFailure::TimedOut),
        Cause::Name => ProxyTrouble::UpstreamName,
        Cause::AddressNotAllowed => ProxyTrouble::UpstreamAddress,
        Cause::Request | Cause::Connect | Cause::Closed | Cause::Interrupted | Cause::NoProxy => {
            ProxyTrouble::Failed(error.cause.reason().to_owned())
        }
    }
}
