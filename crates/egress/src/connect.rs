//! One new connection: resolve, check the address, connect, TLS.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::failure::{Cause, SendError};
use crate::names::Names;
use crate::proxy::Tunnel;
use crate::{Origin, Tls, dial};

/// An open connection of any kind.
pub enum Dialled {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    InProcess(DuplexStream),
    /// Through a proxy, TLS to the upstream inside where it speaks it.
    Tunnel(Box<Tunnel>),
}

impl Dialled {
    /// Whether the other side chose HTTP/2 by ALPN.
    pub(crate) fn is_h2(&self) -> bool {
        match self {
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            Self::Tunnel(tunnel) => tunnel.h2,
            Self::Plain(_) | Self::InProcess(_) => false,
        }
    }
}

/// Opens a connection without a proxy. The caller sets the deadline.
pub(crate) async fn connect(
    origin: &Origin,
    names: &Names,
    tls: &Tls,
) -> Result<Dialled, SendError> {
    if let Some(dial) = &origin.in_process {
        return Ok(Dialled::InProcess(dial()));
    }
    let addresses = names.upstream(&origin.host, origin.port, origin.allow_private).await?;
    let stream = dial::tcp(&addresses).await;
    let stream = stream
        .map_err(|error| SendError::before(Cause::Connect, format_args!("connect: {error}")))?;
    if !origin.tls {
        return Ok(Dialled::Plain(stream));
    }
    match tls.wrap(&origin.host, stream).await {
        Ok(stream) => Ok(Dialled::Tls(Box::new(stream))),
        Err(failure) => Err(SendError::before(
            Cause::Tls(failure.fault),
            format_args!("TLS handshake: {}", failure.why),
        )),
    }
}

/// Calls a method of whichever stream it is.
macro_rules! each {
    ($this:expr, $stream:ident => $call:expr) => {
        match $this {
            Dialled::Plain($stream) => $call,
            Dialled::Tls($stream) => $call,
            Dialled::InProcess($stream) => $call,
            Dialled::Tunnel(tunnel) => {
                let $stream = &mut tunnel.stream;
                $call
            }
        }
    };
}

impl AsyncRead for Dialled {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(s) => s.is_write_vectored(),
            Self::Tls(s) => s.is_write_vectored(),
            Self::InProcess(s) => s.is_write_vectored(),
            Self::Tunnel(tunnel) => tunnel.stream.is_write_vectored(),
        }
    }
}
