//! A small blocking HTTP/1.1 client: one connection for each request, bodies as they arrive.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// No answer of a test takes longer than this between two bytes.
const SILENCE: Duration = Duration::from_secs(60);

/// An answer in full.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}): {} {}", self.status, self.text()))
    }
}

/// An answer whose body is still coming. Dropped in the middle, it closes the connection.
pub struct Stream {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    wire: TcpStream,
    ahead: Vec<u8>,
    rest: Rest,
}

/// What is still to come.
enum Rest {
    Sized(usize),
    /// Bytes left of the chunk that has begun, if one has.
    Chunked(usize),
    UntilClose,
    Nothing,
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Sends a request and reads the head of the answer.
pub(crate) fn open(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Stream> {
    let mut wire = TcpStream::connect(address)?;
    wire.set_read_timeout(Some(SILENCE))?;
    wire.set_nodelay(true)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut put = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    if !given("host") {
        put("Host", address);
    }
    if !given("connection") {
        put("Connection", "close");
    }
    if !given("content-length")
        && !given("transfer-encoding")
        && (!body.is_empty() || method == "POST")
    {
        put("Content-Length", &body.len().to_string());
    }
    headers.iter().for_each(|(name, value)| put(name, value));
    let mut request = (head + "\r\n").into_bytes();
    request.extend_from_slice(body);
    // A server may answer and close before it has read everything: its answer counts.
    let written = wire.write_all(&request);
    let mut stream =
        Stream { status: 0, headers: Vec::new(), wire, ahead: Vec::new(), rest: Rest::Nothing };
    stream.read_head(method).map_err(|e| written.err().unwrap_or(e))?;
    Ok(stream)
}

impl Stream {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next bytes of the body; `None` at its proper end.
    pub fn next_chunk(&mut self) -> Option<io::Result<Vec<u8>>> {
        self.step().transpose()
    }

    /// Reads until the body so far contains `text`, and returns the body so far.
    pub fn read_until(&mut self, text: &str) -> Vec<u8> {
        let mut body = Vec::new();
        while memchr::memmem::find(&body, text.as_bytes()).is_none() {
            let next = self.next_chunk();
            let next = next.unwrap_or_else(|| panic!("ended without {text:?}"));
            body.extend(next.expect("more of the body"));
        }
        body
    }

    /// Reads the rest.
    pub fn collect(mut self) -> io::Result<Answer> {
        let mut body = Vec::new();
        while let Some(part) = self.step()? {
            body.extend(part);
        }
        Ok(Answer { status: self.status, headers: std::mem::take(&mut self.headers), body })
    }

    fn read_head(&mut self, method: &str) -> io::Result<()> {
        loop {
            let first = self.line()?;
            let code = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
            self.status = code.and_then(|c| c.parse().ok()).ok_or_else(|| bad("status line"))?;
            self.headers.clear();
            loop {
                let line = self.line()?;
                let Some((name, value)) = line.split_once(':') else { break };
                self.headers.push((name.to_owned(), value.trim().to_owned()));
            }
            if self.status != 100 {
                break;
            }
        }
        self.rest = match (self.header("transfer-encoding"), self.header("content-length")) {
            _ if method == "HEAD" || self.status == 204 || self.status == 304 => Rest::Nothing,
            (Some(_), _) => Rest::Chunked(0),
            (None, Some(length)) => Rest::Sized(length.parse().map_err(|_| bad("length"))?),
            (None, None) => Rest::UntilClose,
        };
        Ok(())
    }

    fn step(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.rest {
            Rest::Nothing | Rest::Sized(0) => Ok(None),
            Rest::Sized(left) => {
                let part = self.some(left)?;
                self.rest = Rest::Sized(left - part.len());
                Ok(Some(part))
            }
            Rest::UntilClose => {
                if self.ahead.is_empty() && !self.fill()? {
                    return Ok(None);
                }
                Ok(Some(std::mem::take(&mut self.ahead)))
            }
            Rest::Chunked(left) => self.chunked(left),
        }
    }

    fn chunked(&mut self, mut left: usize) -> io::Result<Option<Vec<u8>>> {
        if left == 0 {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default().trim();
            left = usize::from_str_radix(size, 16).map_err(|_| bad("chunk size"))?;
            if left == 0 {
                while !self.line()?.is_empty() {}
                self.rest = Rest::Nothing;
                return Ok(None);
            }
        }
        let part = self.some(left)?;
        left -= part.len();
        if left == 0 && !self.line()?.is_empty() {
            return Err(bad("chunk end"));
        }
        self.rest = Rest::Chunked(left);
        Ok(Some(part))
    }

    /// Between one and `most` bytes.
    fn some(&mut self, most: usize) -> io::Result<Vec<u8>> {
        if self.ahead.is_empty() && !self.fill()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.ahead.drain(..most.min(self.ahead.len())).collect())
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.ahead, b"\r\n") {
                let raw: Vec<u8> = self.ahead.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&raw[..end]).into_owned());
            }
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = self.wire.read(&mut buffer)?;
        self.ahead.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }
}
