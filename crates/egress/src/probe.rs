//! Looks at the way to an upstream step by step, each on its own and to be told: addresses, the
//! connection, the TLS greeting, one request. Calls go by the pool; only the doctor goes here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::diagnosis::{DnsFailure, TcpFailure, TcpTry};
use tokio::net::TcpStream;

use crate::connect::Dialled;
use crate::{Origin, Tls, guard};

mod exchange;
mod greeting;
mod through;

pub use exchange::Told;
pub use greeting::Greeting;

/// Addresses of a name that are tried.
const ADDRESSES: usize = 6;

/// Walks to upstreams.
pub struct Probe {
    tls: Tls,
    /// For each of: a name's addresses, one connection, the TLS greeting.
    connect: Duration,
    /// For an answer, whole.
    answer: Duration,
}

/// A connection that a request may be sent on.
pub struct Link(Dialled);

impl Probe {
    #[must_use]
    pub fn new(tls: Tls, connect: Duration, answer: Duration) -> Self {
        Self { tls, connect, answer }
    }

    /// The addresses of an upstream's host.
    ///
    /// # Errors
    /// [`DnsFailure`].
    pub async fn resolve(&self, origin: &Origin) -> Result<Vec<IpAddr>, DnsFailure> {
        if let Ok(address) = origin.host.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        let looking = tokio::net::lookup_host((origin.host.as_str(), origin.port));
        match tokio::time::timeout(self.connect, looking).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                addresses.dedup();
                Ok(addresses)
            }
            Ok(Err(error)) => Err(name_failure(&error)),
            Err(_) => Err(DnsFailure::TimedOut),
        }
    }

    /// Tries the addresses in their order, all of them: one that fails costs calls time although
    /// another works. The first connection is kept.
    pub async fn connect(
        &self,
        origin: &Origin,
        addresses: &[IpAddr],
    ) -> (Vec<TcpTry>, Option<TcpStream>) {
        let (mut tries, mut kept) = (Vec::new(), None);
        for &address in addresses.iter().take(ADDRESSES) {
            let failed = match self.one(origin, address).await {
                Ok(stream) => {
                    kept.get_or_insert(stream);
                    None
                }
                Err(failure) => Some(failure),
            };
            tries.push(TcpTry { address, failed });
        }
        (tries, kept)
    }

    async fn one(&self, origin: &Origin, address: IpAddr) -> Result<TcpStream, TcpFailure> {
        if !origin.allow_private && !guard::is_public(address) {
            return Err(TcpFailure::NotAllowed);
        }
        let connecting = TcpStream::connect(SocketAddr::new(address, origin.port));
        match tokio::time::timeout(self.connect, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(connect_failure(&error)),
            Err(_) => Err(TcpFailure::TimedOut),
        }
    }

    /// The connection to an upstream without TLS.
    #[must_use]
    pub fn plain(stream: TcpStream) -> Link {
        Link(Dialled::Plain(stream))
    }

    /// The connection to a provider that is part of this process.
    #[must_use]
    pub fn in_process(origin: &Origin) -> Option<Link> {
        origin.in_process.as_ref().map(|dial| Link(Dialled::InProcess(dial())))
    }
}

/// The system's resolver tells its failures in words only.
fn name_failure(error: &io::Error) -> DnsFailure {
    if error.kind() == io::ErrorKind::TimedOut {
        return DnsFailure::TimedOut;
    }
    let words = error.to_string().to_lowercase();
    match ["temporary failure", "try again", "no servers"].iter().any(|w| words.contains(w)) {
        true => DnsFailure::Away,
        false => DnsFailure::NotFound,
    }
}

fn connect_failure(error: &io::Error) -> TcpFailure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => TcpFailure::Refused,
        io::ErrorKind::TimedOut => TcpFailure::TimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => TcpFailure::Reset,
        _ => TcpFailure::Unreachable,
    }
}

#[cfg(test)]
mod tests;
