//! What lies in Redis: how many answers, and how many bytes they take up.
//!
//! Each answer is asked for its length and for the begin of its head, where the length of the whole
//! text stands. What Redis let go of by itself has neither, and is not counted.

use domain::{CacheHolding, CacheKey, ProjectId, Timestamp};
use redis::aio::ConnectionManager;
use redis::{RedisResult, pipe};

use super::super::codec::head;
use super::{PAGE, list, place};

pub(super) struct Counting {
    connection: ConnectionManager,
    now: Timestamp,
}

impl Counting {
    pub(super) fn new(connection: ConnectionManager, now: Timestamp) -> Self {
        Self { connection, now }
    }

    pub(super) async fn holding(
        mut self,
        project: Option<&ProjectId>,
    ) -> RedisResult<CacheHolding> {
        let lists = match project {
            Some(project) => vec![list(project)],
            None => self.lists().await?,
        };
        let mut sum = CacheHolding::default();
        for list in lists {
            self.add(&list, &mut sum).await?;
        }
        Ok(sum)
    }

    /// The lists of all projects.
    async fn lists(&mut self) -> RedisResult<Vec<String>> {
        let (mut found, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg("tollgate:answers:*").arg("COUNT").arg(PAGE);
            let (next, some): (u64, Vec<String>) = scan.query_async(&mut self.connection).await?;
            found.extend(some);
            cursor = next;
            if cursor == 0 {
                // A scan may tell of a key twice.
                found.sort_unstable();
                found.dedup();
                return Ok(found);
            }
        }
    }

    async fn add(&mut self, list: &str, sum: &mut CacheHolding) -> RedisResult<()> {
        let mut from = 0;
        loop {
            let mut range = redis::cmd("ZRANGEBYSCORE");
            range.arg(list).arg(format!("({}", self.now.0)).arg("+inf");
            range.arg("LIMIT").arg(from).arg(PAGE);
            let members: Vec<String> = range.query_async(&mut self.connection).await?;
            if members.is_empty() {
                return Ok(());
            }
            from += PAGE;
            let (mut asking, bytes) = (pipe(), head::SPAN);
            for member in &members {
                if let Some(key) = member.get(..64).and_then(CacheKey::parse) {
                    let place = place(key);
                    asking.cmd("STRLEN").arg(&place);
                    asking.cmd("GETRANGE").arg(&place).arg(bytes.start).arg(bytes.end - 1);
                }
            }
            let told: Vec<redis::Value> = asking.query_async(&mut self.connection).await?;
            let (pairs, _) = told.as_chunks::<2>();
            for [length, begin] in pairs {
                let length: u64 = redis::from_redis_value_ref(length)?;
                let begin: Vec<u8> = redis::from_redis_value_ref(begin)?;
                let Some((at, whole)) = head::read(&begin).filter(|_| length > 0) else { continue };
                sum.entries += 1;
                sum.bytes += length;
                sum.answer_bytes += whole;
                let oldest = sum.oldest.get_or_insert(at);
                *oldest = (*oldest).min(at);
            }
        }
    }
}
