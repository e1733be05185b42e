//! An open loop: requests leave by the clock, not when the last answer came, and an answer's
//! latency counts from the moment its request was due.
//!
//! The clock is a thread of its own, since the runtime's timers tick in milliseconds.

use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::client::{Connection, Target, read_whole};
use crate::Result;

const CONNECTIONS: usize = 32;
const WARM_UP_EACH: usize = 5;
/// Requests that may be due on one connection before the run counts as broken.
const BACKLOG: usize = 256;

/// Latencies in microseconds of `rate` requests a second for some time.
pub(crate) async fn paced(
    target: &Target,
    body: &Bytes,
    rate: u32,
    time: Duration,
) -> Result<Vec<f64>> {
    let mut tasks = JoinSet::new();
    let mut due = Vec::with_capacity(CONNECTIONS);
    for mut connection in Connection::open_many(target, CONNECTIONS).await? {
        for _ in 0..WARM_UP_EACH {
            read_whole(connection.chat(body).await?, 1).await?;
        }
        let (sender, receiver) = mpsc::channel(BACKLOG);
        due.push(sender);
        tasks.spawn(one_client(connection, body.clone(), receiver));
    }
    let count = (f64::from(rate) * time.as_secs_f64()) as u32;
    let clock = thread::spawn(move || tick(&due, Duration::from_secs(1) / rate, count));
    let mut latencies = Vec::with_capacity(count as usize);
    while let Some(seen) = tasks.join_next().await {
        latencies.extend(seen??);
    }
    clock.join().map_err(|_| "the clock's thread broke")??;
    Ok(latencies)
}

/// Hands each request's due time to the next connection in turn, at that time.
fn tick(due: &[Sender<Instant>], interval: Duration, count: u32) -> Result<()> {
    crate::sys::sleep_sharply();
    let began = Instant::now();
    for (number, sender) in (0..count).zip(due.iter().cycle()) {
        let at = began + interval * number;
        thread::sleep(at.saturating_duration_since(Instant::now()));
        sender.try_send(at).map_err(|_| "too far behind the fixed rate")?;
    }
    Ok(())
}

async fn one_client(
    mut connection: Connection,
    body: Bytes,
    mut due: Receiver<Instant>,
) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    while let Some(at) = due.recv().await {
        read_whole(connection.chat(&body).await?, 1).await?;
        latencies.push(at.elapsed().as_secs_f64() * 1e6);
    }
    Ok(latencies)
}
