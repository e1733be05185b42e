//! Answers in Redis or Valkey: shared by all that use it, and under its own bound of memory.
//!
//! An answer lies under its key alone; a sorted set for each project has what is there, by when it
//! ends, so that it can be counted and taken out. What Redis let go of by itself is a miss. One thread
//! has the connection; where Redis is away, answers are not found and not kept.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{AnswerStore, BoxFuture};
use domain::{CacheEntry, CacheHolding, CacheKey, CachePurge, Clock, ProjectId};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo, RedisResult, pipe};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};

use super::codec::Codec;
use super::thread::Job;
use counting::Counting;

mod counting;

/// Jobs that wait.
const DEPTH: usize = 512;
/// For a connection, and for an answer of Redis.
const PATIENCE: Duration = Duration::from_millis(250);
/// Members of a set that are read at once.
const PAGE: isize = 1_000;

/// Where a Redis is, and how it is entered. It holds a password: it cannot be printed.
#[derive(Clone)]
pub struct RedisAt(Client);

impl RedisAt {
    /// Reads `redis://[user:password@]host[:port][/database]`.
    ///
    /// # Errors
    /// A sentence without the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if url.starts_with("rediss://") {
            return Err(
                "this version speaks to Redis without TLS: use redis:// in a network of your own",
            );
        }
        let place = url.into_connection_info().and_then(Client::open);
        place.map(Self).map_err(|_| "expected redis://[user:password@]host[:port][/database]")
    }
}

/// The answers of one Redis.
pub struct AnswerRedis {
    jobs: mpsc::Sender<Job>,
    clock: Arc<dyn Clock>,
}

impl AnswerRedis {
    /// Begins to keep answers there. It need not be reachable.
    ///
    /// # Errors
    /// No thread could be made.
    pub fn start(at: RedisAt, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(DEPTH);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let hands = Arc::clone(&clock);
        let work = move || {
            tokio::task::LocalSet::new().block_on(&runtime, serve(at, waiting, hands));
        };
        std::thread::Builder::new().name("store-redis".to_owned()).spawn(work)?;
        Ok(Self { jobs, clock })
    }

    fn ask<T: Default + Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> BoxFuture<'_, T> {
        let (reply, answer) = oneshot::channel();
        let submitted = self.jobs.try_send(job(reply));
        Box::pin(async move {
            match submitted {
                Ok(()) => answer.await.unwrap_or_default(),
                Err(_) => T::default(),
            }
        })
    }
}

impl AnswerStore for AnswerRedis {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<CacheEntry>> {
        self.ask(|reply| Job::Get { key, reply })
    }

    fn put(&self, key: CacheKey, entry: CacheEntry) {
        let asked = self.clock.now();
        let _ = self.jobs.try_send(Job::Put { key, entry, asked });
    }

    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64> {
        self.ask(|reply| Job::Purge { project, what, reply })
    }

    fn holding(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheHolding> {
        self.ask(|reply| Job::Holding { project, reply })
    }
}

async fn serve(at: RedisAt, mut jobs: mpsc::Receiver<Job>, clock: Arc<dyn Clock>) {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_number_of_retries(0);
    let Ok(connection) = ConnectionManager::new_lazy_with_config(at.0, config) else { return };
    let mut desk = Desk { connection, codec: Codec::new(), clock: Arc::clone(&clock) };
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Get { reply, .. } if reply.is_closed() => {}
            Job::Get { key, reply } => {
                let _ = reply.send(desk.get(key).await.ok().flatten());
            }
            Job::Put { key, entry, .. } => {
                let _ = desk.put(key, &entry).await;
            }
            Job::Purge { project, what, reply } => {
                let _ = reply.send(desk.purge(&project, &what).await.unwrap_or_default());
            }
            Job::Holding { project, reply } => {
                // Beside the others: it may be many questions, and nobody waits for them.
                let counting = Counting::new(desk.connection.clone(), clock.now());
                tokio::task::spawn_local(async move {
                    let _ =
                        reply.send(counting.holding(project.as_ref()).await.unwrap_or_default());
                });
            }
        }
    }
}

struct Desk {
    connection: ConnectionManager,
    codec: Codec,
    clock: Arc<dyn Clock>,
}

/// Where an answer lies.
fn place(key: CacheKey) -> String {
    format!("tollgate:answer:{}", key.to_hex())
}

/// Where the list of a project's answers lies. A member is the key and the model behind it.
fn list(project: &ProjectId) -> String {
    format!("tollgate:answers:{project}")
}

impl Desk {
    async fn get(&mut self, key: CacheKey) -> RedisResult<Option<CacheEntry>> {
        let mut get = redis::cmd("GET");
        let found: Option<Vec<u8>> = get.arg(place(key)).query_async(&mut self.connection).await?;
        let now = self.clock.now();
        let entry = found.and_then(|bytes| self.codec.decode(key, &bytes));
        Ok(entry.filter(|entry| now < entry.until))
    }

    async fn put(&mut self, key: CacheKey, entry: &CacheEntry) -> RedisResult<()> {
        // Others wait on this thread for an answer over the network: quickly.
        let Some(value) = self.codec.encode(key, entry, true) else { return Ok(()) };
        let now = self.clock.now();
        let left = entry.until.0.saturating_sub(now.0);
        if left <= 0 {
            return Ok(());
        }
        let (list, member) = (list(&entry.project), format!("{}{}", key.to_hex(), entry.model));
        pipe()
            .cmd("SET")
            .arg(place(key))
            .arg(value)
            .arg("PX")
            .arg(left)
            .ignore()
            .cmd("ZADD")
            .arg(&list)
            .arg(entry.until.0)
            .arg(member)
            .ignore()
            .cmd("ZREMRANGEBYSCORE")
            .arg(&list)
            .arg("-inf")
            .arg(now.0)
            .ignore()
            .query_async(&mut self.connection)
            .await
    }

    async fn purge(&mut self, project: &ProjectId, what: &CachePurge) -> RedisResult<u64> {
        let (list, mut gone, mut from) = (list(project), 0, 0);
        loop {
            let mut range = redis::cmd("ZRANGE");
            range.arg(&list).arg(from).arg(from + PAGE - 1);
            let members: Vec<String> = range.query_async(&mut self.connection).await?;
            if members.is_empty() {
                return Ok(gone);
            }
            let read = isize::try_from(members.len()).unwrap_or(PAGE);
            let (out, stay): (Vec<_>, Vec<_>) =
                members.into_iter().partition(|member| is_meant(member, what));
            // What went leaves its place to those behind it.
            from += isize::try_from(stay.len()).unwrap_or(read);
            if out.is_empty() {
                continue;
            }
            let (mut delete, mut forget) = (redis::cmd("DEL"), redis::cmd("ZREM"));
            forget.arg(&list);
            for member in &out {
                if let Some(key) = member.get(..64).and_then(CacheKey::parse) {
                    delete.arg(place(key));
                }
                forget.arg(member);
            }
            let deleted: u64 = delete.query_async(&mut self.connection).await?;
            let _: u64 = forget.query_async(&mut self.connection).await?;
            gone += deleted;
        }
    }
}

fn is_meant(member: &str, what: &CachePurge) -> bool {
    let (key, model) = member.split_at_checked(64).unwrap_or((member, ""));
    match CacheKey::parse(key) {
        Some(key) => what.takes(key, model),
        // Nothing of ours: it goes with the rest.
        None => *what == CachePurge::All,
    }
}

#[cfg(test)]
mod tests;
