//! A new tunnel: connect to the proxy, greet it, ask, and TLS to the upstream inside.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use domain::ProxyKind;
use tokio::time::Instant;

use super::login::Login;
use super::{Count, Io, LiveProxy, Tunnel, connect, socks5};
use crate::connect::Dialled;
use crate::failure::{Cause, ProxyFault, SendError};
use crate::names::Names;
use crate::{Origin, Tls, dial, guard};

/// So many of an upstream's addresses are named to a proxy, one after the other.
const ADDRESSES: usize = 2;

/// What a proxy is told to connect to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// An address that the guard has let pass.
    Address(SocketAddr),
    /// A host that the operator lets the proxy resolve.
    Name(String, u16),
}

impl Target {
    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Address(address) => address.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// What to tell a proxy of an upstream. IPv4 first: many proxies have no other way out.
    pub(crate) async fn of(
        origin: &Origin,
        names: &Names,
        proxy_resolves: &[String],
    ) -> Result<Vec<Self>, SendError> {
        let host = origin.host.to_ascii_lowercase();
        if proxy_resolves.contains(&host) {
            return Ok(vec![Self::Name(host, origin.port)]);
        }
        let mut found = names.upstream(&origin.host, origin.port, origin.allow_private).await?;
        found.sort_by_key(SocketAddr::is_ipv6);
        found.truncate(ADDRESSES);
        Ok(found.into_iter().map(Self::Address).collect())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// What is needed to open a tunnel.
pub(crate) struct Opening<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) targets: &'a [Target],
    /// Takes the place of `{session}` in the user name.
    pub(crate) session: &'a str,
    pub(crate) names: &'a Names,
    /// For the upstream, with ALPN.
    pub(crate) tls: &'a Tls,
    /// For the proxy itself.
    pub(crate) proxy_tls: &'a Tls,
    /// For all of it.
    pub(crate) limit: Duration,
}

/// Opens a tunnel to the first of the targets that the proxy reaches.
pub(crate) async fn open(proxy: &LiveProxy, how: &Opening<'_>) -> Result<Dialled, SendError> {
    let late = Instant::now() + how.limit;
    let mut last = SendError::before(Cause::Name, "the name has no address");
    for target in how.targets {
        match to(proxy, how, target, late).await {
            // Another address of the upstream may be in reach.
            Err(error)
                if matches!(
                    error.cause,
                    Cause::Proxy(ProxyFault::Upstream(_) | ProxyFault::Refused(_))
                ) =>
            {
                last = error;
            }
            ended => return ended,
        }
    }
    Err(last)
}

async fn to(
    proxy: &LiveProxy,
    how: &Opening<'_>,
    target: &Target,
    late: Instant,
) -> Result<Dialled, SendError> {
    let open = Count::of(&proxy.open);
    let login = proxy.credential.as_ref().map(|it| Login::new(it, how.session));
    let slow = Cause::Proxy(ProxyFault::Timeout);
    let mut stream = within(late, slow, reach(proxy, how)).await?;
    if proxy.address.kind == ProxyKind::Socks5 {
        within(late, slow, socks5::greet(&mut stream, login.as_ref())).await?;
    }
    let asking = async {
        match proxy.address.kind {
            ProxyKind::Socks5 => socks5::ask(&mut stream, target).await,
            _ => connect::ask(&mut stream, target, login.as_ref()).await,
        }
    };
    within(late, Cause::Proxy(ProxyFault::Unanswered), asking).await?;
    if !how.origin.tls {
        return Ok(Dialled::Tunnel(Box::new(Tunnel { stream, h2: false, _open: open })));
    }
    let wrapping = async {
        how.tls.wrap(&how.origin.host, stream).await.map_err(|failure| {
            let why = format_args!("TLS handshake in the tunnel: {failure}");
            SendError::before(Cause::Tls(failure.fault), why)
        })
    };
    let stream = within(late, Cause::Timeout, wrapping).await?;
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Dialled::Tunnel(Box::new(Tunnel { stream: Box::new(stream), h2, _open: open })))
}

/// TCP to the proxy, and TLS where it speaks it.
async fn reach(proxy: &LiveProxy, how: &Opening<'_>) -> Result<Box<dyn Io>, SendError> {
    let address = &proxy.address;
    let mut found = how.names.resolve(&address.host, address.port).await.map_err(|why| {
        SendError::proxy(ProxyFault::Name, format_args!("resolve the proxy: {why}"))
    })?;
    if !proxy.allow_private {
        found.retain(|address| guard::is_public(address.ip()));
    }
    if found.is_empty() {
        let why = "the proxy's address is not public; one in the config file may be private";
        return Err(SendError::proxy(ProxyFault::AddressNotAllowed, why));
    }
    let stream = dial::tcp(&found).await.map_err(|error| {
        SendError::proxy(ProxyFault::Connect, format_args!("connect to the proxy: {error}"))
    })?;
    if address.kind != ProxyKind::ConnectTls {
        return Ok(Box::new(stream));
    }
    match how.proxy_tls.wrap(&address.host, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(failure) => Err(SendError::proxy(
            ProxyFault::Tls(failure.fault),
            format_args!("TLS handshake with the proxy: {failure}"),
        )),
    }
}

async fn within<T>(
    late: Instant,
    cause: Cause,
    doing: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    match tokio::time::timeout_at(late, doing).await {
        Ok(done) => done,
        Err(_) => Err(SendError::before(cause, format_args!("{} took too long", cause.reason()))),
    }
}
