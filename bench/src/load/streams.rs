//! Many streams at once, each read to its end and its events counted.

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::JoinSet;

use super::bodies;
use super::client::{Connection, Target, read_whole};
use crate::Result;

/// After the chunks: the one with the finish reason, and `[DONE]`.
const CLOSING_EVENTS: u64 = 2;

/// Connections that are open and warm, one a stream.
pub(crate) struct Streams {
    connections: Vec<Connection>,
}

impl Streams {
    pub(crate) async fn open(target: &Target, count: usize) -> Result<Self> {
        let mut connections = Connection::open_many(target, count).await?;
        let body = bodies::chat(1_024);
        for connection in &mut connections {
            read_whole(connection.chat(&body).await?, 0).await?;
        }
        Ok(Self { connections })
    }

    /// Runs one stream on every connection. Answers how many body frames the clients saw; with
    /// fewer than one a chunk the proxy passed several chunks at once, and costs less a chunk.
    pub(crate) async fn run(&mut self, body: &Bytes, chunks: u32) -> Result<u64> {
        let mut tasks = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let body = body.clone();
            tasks.spawn(async move {
                let seen = read_events(connection.chat(&body).await?).await?;
                Ok::<_, crate::Error>((connection, seen))
            });
        }
        let mut frames = 0;
        while let Some(done) = tasks.join_next().await {
            let (connection, seen) = done??;
            seen.check(u64::from(chunks) + CLOSING_EVENTS)?;
            frames += seen.frames;
            self.connections.push(connection);
        }
        Ok(frames)
    }
}

#[derive(Default)]
struct Seen {
    frames: u64,
    events: u64,
    /// The last bytes so far: an event's end may be split between frames.
    tail: Vec<u8>,
}

impl Seen {
    fn take(&mut self, data: &[u8]) {
        const KEEP: usize = b"data: [DONE]\n\n".len();
        self.frames += 1;
        let split = self.tail.last() == Some(&b'\n') && data.first() == Some(&b'\n');
        self.events += u64::from(split);
        self.events += memchr::memmem::find_iter(data, b"\n\n").count() as u64;
        self.tail.extend_from_slice(&data[data.len().saturating_sub(KEEP)..]);
        self.tail.drain(..self.tail.len().saturating_sub(KEEP));
    }

    fn check(&self, events: u64) -> Result<()> {
        if self.events != events {
            return Err(
                format!("a stream of {} events where {events} were due", self.events).into()
            );
        }
        if self.tail != b"data: [DONE]\n\n" {
            return Err("a stream that does not end with [DONE]".into());
        }
        Ok(())
    }
}

async fn read_events(response: Response<Incoming>) -> Result<Seen> {
    let mut body = response.into_body();
    let mut seen = Seen::default();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            seen.take(data);
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_wherever_they_are_cut() {
        let stream = b"data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n";
        for size in 1..stream.len() {
            let mut seen = Seen::default();
            stream.chunks(size).for_each(|part| seen.take(part));
            seen.check(3).unwrap();
            assert!(seen.check(4).is_err());
        }
    }
}
