//! A client over TLS whose connection is kept, with a certificate of its own or without one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;

use super::Answer;
use crate::certificate::Certificate;

/// No answer of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

/// One connection.
pub struct TlsClient {
    runtime: Runtime,
    address: String,
    sender: Sender,
}

impl TlsClient {
    /// Connects to `address`, and shows a certificate where it is given one.
    ///
    /// # Errors
    /// When the other side does not answer as it should.
    pub fn connect(
        address: &str,
        trusted: &Certificate,
        own: Option<&Certificate>,
        version: http::Version,
    ) -> io::Result<Self> {
        Self::with(address, trusted.client(own), version)
    }

    pub(super) fn with(
        address: &str,
        mut config: ClientConfig,
        version: http::Version,
    ) -> io::Result<Self> {
        let two = version == http::Version::HTTP_2;
        config.alpn_protocols = vec![if two { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("127.0.0.1").map_err(io::Error::other)?;
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
            assert_eq!(stream.get_ref().1.alpn_protocol() == Some(b"h2"), two, "ALPN");
            open(TokioIo::new(stream), two).await.map_err(io::Error::other)
        })?;
        Ok(Self { runtime, address: address.to_owned(), sender })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> io::Result<Answer> {
        let uri = match self.sender {
            Sender::One(_) => path.to_owned(),
            Sender::Two(_) => format!("https://{}{path}", self.address),
        };
        let mut request = http::Request::builder().method(method).uri(uri);
        if matches!(self.sender, Sender::One(_)) {
            request = request.header("host", &self.address);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_ref()));
        let request = request.body(body).map_err(io::Error::other)?;
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, ask(sender, request)).await.map_err(io::Error::other)?
        })
    }
}

async fn open<S>(stream: S, two: bool) -> hyper::Result<Sender>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    if two {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        tokio::spawn(connection);
        return Ok(Sender::Two(sender));
    }
    let (sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    Ok(Sender::One(sender))
}

async fn ask(sender: &mut Sender, request: http::Request<Full<Bytes>>) -> io::Result<Answer> {
    let sent = match sender {
        Sender::One(sender) => {
            sender.ready().await.map_err(io::Error::other)?;
            sender.send_request(request).await
        }
        Sender::Two(sender) => {
            sender.ready().await.map_err(io::Error::other)?;
            sender.send_request(request).await
        }
    };
    let (head, body) = sent.map_err(io::Error::other)?.into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body })
}
