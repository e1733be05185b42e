//! Many calls at once from one thread, over connections that are kept.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Calls of one key, evenly over a time.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// Which key's, for the figures.
    pub(super) key: usize,
    pub(super) secret: String,
    /// Calls, and the time between two.
    pub(super) count: u32,
    pub(super) every: Duration,
    /// `x-tollgate-max-wait`.
    pub(super) wait: String,
}

/// What came of one call.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) key: usize,
    /// When it was due, from the begin of the run.
    pub(super) due: Duration,
    /// From then until its answer was read.
    pub(super) took: Duration,
    /// 0 where none came.
    pub(super) status: u16,
    /// From `x-tollgate-queue-ms`.
    pub(super) waited: Duration,
    /// Whether it is a provider's answer, and not one of ours.
    pub(super) from_provider: bool,
}

type Idle = Arc<Mutex<Vec<TcpStream>>>;

/// Fires all streams and waits for every answer.
pub(super) fn fire(address: &str, streams: &[Stream], body: &str) -> Vec<Shot> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime of the load").block_on(async {
        let idle = Idle::default();
        let mut shots = JoinSet::new();
        let mut due: Vec<(Duration, &Stream)> =
            streams.iter().flat_map(|s| (0..s.count).map(move |n| (s.every * n, s))).collect();
        due.sort_by_key(|(due, _)| *due);
        let began = Instant::now();
        for (due, stream) in due {
            tokio::time::sleep_until((began + due).into()).await;
            let (address, idle) = (address.to_owned(), Arc::clone(&idle));
            let (request, key) = (request(&address, stream, body), stream.key);
            shots.spawn(async move {
                let answer = call(&address, &idle, &request).await;
                let took = began.elapsed().saturating_sub(due);
                let (status, head) = answer.unwrap_or_default();
                let waited = header(&head, "x-tollgate-queue-ms").and_then(|ms| ms.parse().ok());
                let waited = Duration::from_millis(waited.unwrap_or(0));
                let from_provider = header(&head, "x-tollgate-upstream").is_some();
                Shot { key, due, took, status, waited, from_provider }
            });
        }
        shots.join_all().await
    })
}

fn request(address: &str, stream: &Stream, body: &str) -> Vec<u8> {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nX-Tollgate-Max-Wait: {}\r\nContent-Length: {}\r\n\r\n\
         {body}",
        stream.secret,
        stream.wait,
        body.len()
    )
    .into_bytes()
}

/// Sends over a kept connection, or a new one; a kept one may have been closed meanwhile.
async fn call(address: &str, idle: &Idle, request: &[u8]) -> Option<(u16, String)> {
    loop {
        let kept = idle.lock().unwrap().pop();
        let is_new = kept.is_none();
        let mut wire = match kept {
            Some(wire) => wire,
            None => TcpStream::connect(address).await.ok()?,
        };
        let _ = wire.set_nodelay(true);
        if let Some((status, head)) = exchange(&mut wire, request).await {
            if header(&head, "connection").is_none_or(|value| value != "close") {
                idle.lock().unwrap().push(wire);
            }
            return Some((status, head));
        }
        if is_new {
            return None;
        }
    }
}

/// The status and the head, in lower case; the body is read and dropped.
async fn exchange(wire: &mut TcpStream, request: &[u8]) -> Option<(u16, String)> {
    wire.write_all(request).await.ok()?;
    let mut bytes = Vec::with_capacity(4_096);
    let end = loop {
        if wire.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length: usize = header(&head, "content-length")?.parse().ok()?;
    while bytes.len() < end + length {
        if wire.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let status = head.get(9..12)?.parse().ok()?;
    Some((status, head))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| *found == name).map(|(_, value)| value.trim())
}
