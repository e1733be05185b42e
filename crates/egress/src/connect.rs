//! One new connection: resolve, check the address, connect, TLS.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::pool::{SendError, Stage};
use crate::{Origin, Tls, guard};

/// An open connection of any kind.
pub enum Dialled {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    InProcess(DuplexStream),
}

impl Dialled {
    /// Whether the other side chose HTTP/2 by ALPN.
    pub(crate) fn is_h2(&self) -> bool {
        match self {
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            Self::Plain(_) | Self::InProcess(_) => false,
        }
    }
}

/// Opens a connection. The caller sets the deadline.
pub(crate) async fn connect(origin: &Origin, tls: &Tls) -> Result<Dialled, SendError> {
    if let Some(dial) = &origin.in_process {
        return Ok(Dialled::InProcess(dial()));
    }
    let stream = tcp(origin).await?;
    // Small events must leave at once; Nagle's algorithm would hold them back.
    let _ = stream.set_nodelay(true);
    if !origin.tls {
        return Ok(Dialled::Plain(stream));
    }
    match tls.wrap(&origin.host, stream).await {
        Ok(stream) => Ok(Dialled::Tls(Box::new(stream))),
        Err(why) => Err(SendError::new(Stage::NotSent, format!("TLS handshake: {why}"))),
    }
}

async fn tcp(origin: &Origin) -> Result<TcpStream, SendError> {
    let addresses = resolve(origin).await?;
    let mut last = SendError::new(Stage::NotSent, "the name has no address".into());
    for address in addresses {
        if !origin.allow_private && !guard::is_public(address.ip()) {
            last = SendError::new(Stage::AddressNotAllowed, "the address is not public".into());
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = SendError::new(Stage::NotSent, format!("connect: {error}")),
        }
    }
    Err(last)
}

async fn resolve(origin: &Origin) -> Result<Vec<SocketAddr>, SendError> {
    if let Ok(address) = origin.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, origin.port)]);
    }
    match tokio::net::lookup_host((origin.host.as_str(), origin.port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(SendError::new(Stage::NotSent, format!("resolve: {error}"))),
    }
}

impl AsyncRead for Dialled {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buf),
            Self::InProcess(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_write(cx, buf),
            Self::InProcess(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
            Self::InProcess(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
            Self::InProcess(s) => Pin::new(s).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write_vectored(cx, bufs),
            Self::Tls(s) => Pin::new(s).poll_write_vectored(cx, bufs),
            Self::InProcess(s) => Pin::new(s).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(s) => s.is_write_vectored(),
            Self::Tls(s) => s.is_write_vectored(),
            Self::InProcess(s) => s.is_write_vectored(),
        }
    }
}
