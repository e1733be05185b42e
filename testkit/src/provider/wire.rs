//! HTTP/1.1 by hand: reads requests as they stand on the wire, writes exactly what it is told,
//! and notices at once when the peer goes away.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;

const HEAD_LIMIT: usize = 256 * 1024;

/// A request head as it came.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    fn parse(text: &str) -> io::Result<Self> {
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (first.next(), first.next(), first.next(), first.next())
        else {
            return Err(bad("request line"));
        };
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| bad("header line"))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self { method: method.to_owned(), target: target.to_owned(), headers })
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("bad {what}"))
}

/// A connection with what was read ahead of need.
pub(crate) struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, ahead: Vec::new() }
    }

    /// The next request's head; `None` when the peer closed between requests.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.ahead, b"\r\n\r\n") {
                let raw: Vec<u8> = self.ahead.drain(..end + 4).collect();
                let text = String::from_utf8_lossy(&raw[..end]);
                return Head::parse(&text).map(Some);
            }
            if self.ahead.len() > HEAD_LIMIT {
                return Err(bad("head: too long"));
            }
            if !self.fill().await? {
                return if self.ahead.is_empty() { Ok(None) } else { Err(bad("head: cut")) };
            }
        }
    }

    /// The body that belongs to `head`, and whether all of it came.
    pub(crate) async fn body(&mut self, head: &Head) -> (Bytes, bool) {
        if head.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
            let _ = self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        let mut body = Vec::new();
        let chunked = head.header("transfer-encoding").is_some_and(|t| t.contains("chunked"));
        let length = head.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let done = match chunked {
            true => self.chunked(&mut body).await,
            false => self.exactly(length, &mut body).await,
        };
        (body.into(), done.is_ok())
    }

    async fn chunked(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| bad("chunk size"))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(());
            }
            self.exactly(size, body).await?;
            if !self.line().await?.is_empty() {
                return Err(bad("chunk end"));
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.ahead, b"\r\n") {
                let raw: Vec<u8> = self.ahead.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&raw[..end]).into_owned());
            }
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn exactly(&mut self, mut wanted: usize, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let part = wanted.min(self.ahead.len());
            body.extend_from_slice(&self.ahead[..part]);
            self.ahead.drain(..part);
            wanted -= part;
            if wanted == 0 {
                return Ok(());
            }
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads once; false at the end of the stream.
    async fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut buffer) {
                Ok(count) => {
                    self.ahead.extend_from_slice(&buffer[..count]);
                    return Ok(count > 0);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Returns when the peer has closed or reset.
    pub(crate) async fn gone(&mut self) {
        while let Ok(true) = self.fill().await {}
    }

    /// Sleeps; an error when the peer went away meanwhile.
    pub(crate) async fn pause(&mut self, time: Duration) -> io::Result<()> {
        if time.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.gone() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Writes it all; an error when the peer went away first.
    pub(crate) async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.room().await?,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Waits for room to write. What comes in meanwhile stays for the next request.
    async fn room(&mut self) -> io::Result<()> {
        let ready = tokio::io::Interest::READABLE | tokio::io::Interest::WRITABLE;
        let ready = self.stream.ready(ready).await?;
        if ready.is_readable() && !ready.is_writable() {
            let mut buffer = [0; 16 * 1024];
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::ConnectionAborted.into()),
                Ok(count) => self.ahead.extend_from_slice(&buffer[..count]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Closes so that the peer sees a reset.
    pub(crate) async fn reset(self) {
        // What was written before must reach the peer: a reset throws away what is queued.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}
