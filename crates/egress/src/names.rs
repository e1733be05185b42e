//! From a host to the addresses that may be connected to.
//!
//! Nothing is kept: connections are, and so a name is asked for seldom. What was checked is what is
//! connected to, so that a name which changes its mind in between gains nothing (case 106).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::failure::{Cause, SendError};
use crate::guard;

/// A lookup blocks a thread for as long as the system's resolver likes, longer than anybody waits
/// for it here. With all of these taken, further ones wait their turn.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

#[cfg(test)]
pub(crate) type Script = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Who is asked for addresses.
#[derive(Clone, Default)]
pub(crate) enum Names {
    #[default]
    System,
    #[cfg(test)]
    Scripted(Script),
}

impl Names {
    /// The host's addresses, IPv6 and IPv4 by turns. The caller sets the deadline.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let found = match self {
            Self::System => look_up(host).await?,
            #[cfg(test)]
            Self::Scripted(script) => script(host),
        };
        if found.is_empty() {
            return Err("the name has no address".to_owned());
        }
        Ok(by_turns(found).into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// The addresses of an upstream that the guard lets pass.
    pub(crate) async fn upstream(
        &self,
        host: &str,
        port: u16,
        allow_private: bool,
    ) -> Result<Vec<SocketAddr>, SendError> {
        let found = self.resolve(host, port).await;
        let mut found =
            found.map_err(|why| SendError::before(Cause::Name, format!("resolve: {why}")))?;
        if !allow_private {
            found.retain(|address| guard::is_public(address.ip()));
        }
        if found.is_empty() {
            return Err(SendError::before(Cause::AddressNotAllowed, "the address is not public"));
        }
        Ok(found)
    }
}

async fn look_up(host: &str) -> Result<Vec<IpAddr>, String> {
    let turn = LOOKUPS.acquire().await.map_err(|error| error.to_string())?;
    let host: Arc<str> = Arc::from(host);
    let looking = tokio::task::spawn_blocking(move || {
        // Held until the system has answered, whether or not somebody still waits.
        let _turn = turn;
        std::net::ToSocketAddrs::to_socket_addrs(&(&*host, 0))
            .map(|found| found.map(|address| address.ip()).collect::<Vec<_>>())
    });
    match looking.await {
        Ok(found) => found.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// The families by turns, the first one that the system named first (RFC 8305, section 4).
fn by_turns(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_v6 = found.first().is_some_and(IpAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|ip| ip.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(one.len() + other.len());
    one.reverse();
    other.reverse();
    while let Some(ip) = one.pop() {
        mixed.push(ip);
        mixed.extend(other.pop());
    }
    other.reverse();
    mixed.extend(other);
    mixed.dedup();
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let ips = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mixed = by_turns(ips(&["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"]));
        assert_eq!(mixed, ips(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]));
        let mixed = by_turns(ips(&["192.0.2.1", "2001:db8::1", "2001:db8::2"]));
        assert_eq!(mixed, ips(&["192.0.2.1", "2001:db8::1", "2001:db8::2"]));
        assert!(by_turns(Vec::new()).is_empty());
    }
}
