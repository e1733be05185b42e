//! As many whole answers as a number of connections can fetch one after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;

use super::client::{Connection, Target, read_whole};
use crate::Result;

/// The origin's answer is larger; a shorter one has been cut or is not the answer.
const SHORTEST_ANSWER: usize = 1_000;

/// Connections that are open and warm.
pub(crate) struct Saturation {
    connections: Vec<Connection>,
    body: Bytes,
}

impl Saturation {
    pub(crate) async fn open(target: &Target, connections: usize, body: Bytes) -> Result<Self> {
        let connections = Connection::open_many(target, connections).await?;
        let mut load = Self { connections, body };
        let warm_up = load.connections.len() * 10;
        load.send(warm_up).await?;
        Ok(load)
    }

    /// Sends `count` requests over all connections and says how long they took.
    pub(crate) async fn send(&mut self, count: usize) -> Result<Duration> {
        let tickets = Arc::new(AtomicUsize::new(0));
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for connection in self.connections.drain(..) {
            tasks.spawn(one_client(connection, self.body.clone(), tickets.clone(), count));
        }
        while let Some(connection) = tasks.join_next().await {
            self.connections.push(connection??);
        }
        Ok(began.elapsed())
    }
}

async fn one_client(
    mut connection: Connection,
    body: Bytes,
    tickets: Arc<AtomicUsize>,
    count: usize,
) -> Result<Connection> {
    while tickets.fetch_add(1, Ordering::Relaxed) < count {
        let response = connection.chat(&body).await?;
        read_whole(response, SHORTEST_ANSWER).await?;
    }
    Ok(connection)
}
