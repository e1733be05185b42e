//! A server on loopback for what a test plays itself: one request a connection, one short answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// What was asked, with its head as it came.
pub(crate) struct Asked<'a> {
    pub(crate) head: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
}

/// A port that is taken already, so that its address can be told before anybody is answered.
pub(crate) struct SmallServer {
    listener: TcpListener,
    pub(crate) url: String,
}

impl SmallServer {
    pub(crate) fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        Self { listener, url }
    }

    /// Answers until the test ends. Without an answer the connection is closed.
    pub(crate) fn serve(
        self,
        answer: impl Fn(Asked<'_>) -> Option<(u16, String)> + Clone + Send + 'static,
    ) {
        std::thread::spawn(move || {
            for stream in self.listener.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || serve_one(&stream, answer));
            }
        });
    }
}

fn serve_one(stream: &TcpStream, answer: impl Fn(Asked<'_>) -> Option<(u16, String)>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let path = head.split_whitespace().nth(1).unwrap_or("").to_owned();
    let body = String::from_utf8_lossy(&body);
    let Some((status, answer)) = answer(Asked { head: &head, path: &path, body: &body }) else {
        return;
    };
    let mut stream = stream;
    // A client that has gone is none of our concern.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{answer}",
        answer.len()
    );
}
