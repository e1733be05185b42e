//! Servers that fail before HTTP does, and gateways before them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::{Certificate, TestGateway};

use super::TIMES;
use crate::support::BIN;

/// A gateway with an upstream at this place, and a certificate that it trusts.
pub fn gateway(url: &str, trusted: Option<&Path>) -> TestGateway {
    let builder = TestGateway::builder(Path::new(BIN))
        .config(TIMES)
        .env("OPENAI_API_KEY", "sk-CANARY-0123456789-0123456789")
        .env("OPENAI_BASE_URL", url);
    match trusted {
        Some(path) => builder.env("SSL_CERT_FILE", &path.display().to_string()).start(),
        None => builder.start(),
    }
}

/// Something that listens.
pub struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/v1", self.port)
    }

    /// What clients said, TLS taken off.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    /// Takes connections and says nothing.
    pub fn silent() -> Self {
        Self::with(|mut stream, _| {
            let mut buffer = [0; 1024];
            while stream.read(&mut buffer).is_ok_and(|n| n > 0) {}
        })
    }

    /// Speaks HTTP without TLS.
    pub fn plain() -> Self {
        Self::with(|mut stream, _| {
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            while stream.read(&mut buffer).is_ok_and(|n| n > 0) {}
        })
    }

    /// Hears the greeting and goes.
    pub fn closing() -> Self {
        Self::with(|mut stream, _| drop(stream.read(&mut [0; 1024])))
    }

    /// Speaks TLS, and lists one model to whoever asks.
    pub fn tls(certificate: &Certificate) -> Self {
        let acceptor = certificate.acceptor();
        let config = Arc::clone(acceptor.config());
        Self::with(move |stream, heard| {
            let Ok(connection) = rustls::ServerConnection::new(Arc::clone(&config)) else { return };
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut buffer = [0; 4096];
            let Ok(read) = stream.read(&mut buffer) else { return };
            heard.lock().unwrap().extend_from_slice(&buffer[..read]);
            let body = "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\"}]}";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
            let _ = write!(stream, "{head}: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.flush();
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    fn with(serve: impl Fn(TcpStream, &Mutex<Vec<u8>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (serve, keeps) = (Arc::new(serve), Arc::clone(&heard));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
                let (serve, keeps) = (Arc::clone(&serve), Arc::clone(&keeps));
                std::thread::spawn(move || serve(stream, &keeps));
            }
        });
        Self { port, heard }
    }
}
