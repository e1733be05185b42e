//! One client connection, kept alive, one request at a time.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Result;

/// Whom to talk to, as whom, and which process to watch meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) pid: u32,
}

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    authorization: HeaderValue,
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let host = HeaderValue::from_str(&target.address.to_string())?;
        let authorization = HeaderValue::from_str(&format!("Bearer {}", target.key))?;
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host, authorization })
    }

    pub(crate) async fn open_many(target: &Target, count: usize) -> Result<Vec<Self>> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Self::open(target).await?);
        }
        Ok(connections)
    }

    /// Sends a chat request; anything but 200 is an error that shows the answer.
    pub(crate) async fn chat(&mut self, body: &Bytes) -> Result<Response<Incoming>> {
        let response =
            self.send(Method::POST, Uri::from_static("/v1/chat/completions"), body.clone()).await?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)).into())
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        uri: Uri,
        body: Bytes,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }
}

/// Reads an answer to its end and counts its bytes; fewer than the origin sends is an error.
pub(crate) async fn read_whole(response: Response<Incoming>, at_least: usize) -> Result<()> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len);
    }
    if bytes < at_least {
        return Err(format!("an answer of {bytes} bytes where {at_least} were due").into());
    }
    Ok(())
}
