//! Jobs, and the money that is theirs.

use std::sync::Arc;

use domain::ledger::{AccountId, Batch, Covered};
use domain::ports::{Jobs, StoreResult};
use domain::price::Tier;
use domain::{
    Job, JobHold, JobId, JobKind, Nanos, RequestId, SecretHash, Timestamp, UpstreamId, UsageFamily,
    UsageRecord,
};
use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::ledger;
use super::log::Settlements;
use super::query::{all, id, one, optional_text, text, time};
use super::{Store, snapshot};
use crate::columns::unreadable;
use crate::sql;

impl Jobs for Store {
    fn open_job(
        &self,
        job: Job,
        hold: Option<JobHold>,
        secret: SecretHash,
        first_poll: Timestamp,
    ) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            insert(db, &job, first_poll)?;
            if let Some(hold) = &hold {
                move_lease(db, hold, &job)?;
            }
            db.prepare_cached(sql::TOUCH_SECRET)?.execute(params![job.at.0, secret.0])?;
            Ok(())
        })
    }

    fn open_jobs(&self, due: Timestamp, limit: u32) -> StoreResult<'_, Vec<Job>> {
        // One that a later version wrote must not keep all others waiting.
        self.reports.ask(move |db| {
            let known = |row: &Row<'_>| Ok(read(row).ok());
            let due = all(db, &sql::JOBS_DUE, params![due.0, limit], known)?;
            Ok(due.into_iter().flatten().collect())
        })
    }

    fn job_of(&self, upstream: UpstreamId, target: String) -> StoreResult<'_, Option<Job>> {
        let of =
            move |db: &Connection| one(db, &sql::JOB_OF, params![upstream.as_str(), target], read);
        self.lookups.ask(of)
    }

    fn are_jobs(&self, ids: Vec<JobId>) -> StoreResult<'_, Vec<bool>> {
        self.reports.ask(move |db| {
            snapshot(db, |db| {
                let is = |id: &JobId| Ok(one(db, sql::JOB, params![id.0], |_| Ok(()))?.is_some());
                ids.iter().map(is).collect()
            })
        })
    }

    fn poll_later(&self, id: JobId, next_poll: Timestamp) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            // One that has ended meanwhile is passed over.
            db.prepare_cached(sql::POLL_LATER)?.execute(params![next_poll.0, id.0])?;
            Ok(())
        })
    }

    fn end_job(
        &self,
        job: Job,
        records: Arc<Vec<UsageRecord>>,
        cost: Nanos,
        at: Timestamp,
    ) -> StoreResult<'_, ()> {
        Box::pin(async move {
            // The log of requests cannot tell that it has a job's records already, and a deletion
            // may end what was just seen to have ended.
            let _alone = self.ending.lock().await;
            if self.are_jobs(vec![job.id.clone()]).await? == [false] {
                return Ok(());
            }
            let end = JobEnd { job, cost, at };
            self.log.write(Settlements { records, batch: None, job: Some(Arc::new(end)) }).await
        })
    }
}

/// How a job ends.
pub(crate) struct JobEnd {
    job: Job,
    cost: Nanos,
    at: Timestamp,
}

/// Takes a job out, posts what it cost and frees the rest of its hold, in the writer's
/// transaction. Whether it was open.
pub(crate) fn end(db: &Connection, JobEnd { job, cost, at }: &JobEnd) -> Result<bool, Failure> {
    if db.prepare_cached(sql::END_JOB)?.execute(params![job.id.0])? == 0 {
        return Ok(false);
    }
    let holder = job.holder();
    let shares = ledger::leases(db, &holder)?;
    let accounts = ledger::periods::of_call(db, &job.payer(), job.at)?;
    let has_share = |account: &AccountId| shares.iter().any(|(id, _)| id == account);
    let covered = accounts.iter().filter(|(_, account)| has_share(account));
    let covered = covered.fold(Covered::default(), |all, (place, _)| all.with(*place));
    let postings = job.posting(covered, *cost).into_iter().collect();
    let lessee = holder.clone();
    ledger::post(db, &Batch { holder, lessee, number: 1, at: *at, postings })?;
    ledger::close(db, &job.holder())?;
    // The row was what made it once; the holder will not be heard of again.
    db.prepare_cached(sql::FORGET_BATCHES)?.execute(params![job.holder().0])?;
    Ok(true)
}

/// Takes the hold out of one holder's shares and into the job's; what is leased stays the same.
fn move_lease(db: &Connection, hold: &JobHold, job: &Job) -> Result<(), Failure> {
    let holder = job.holder();
    for (place, account) in ledger::periods::of_call(db, &job.payer(), job.at)? {
        if hold.covered.has(place) {
            let share = job.hold.0.min(ledger::lease(db, &hold.holder, &account)?);
            ledger::lend(db, &hold.holder, &account, -share)?;
            ledger::lend(db, &holder, &account, share)?;
        }
    }
    Ok(())
}

fn insert(db: &Connection, job: &Job, first_poll: Timestamp) -> Result<(), Failure> {
    db.prepare_cached(&sql::OPEN_JOB)?.execute(params![
        job.id.0,
        job.kind.as_str(),
        job.target,
        job.operation,
        job.family.as_str(),
        job.request.as_str(),
        job.attempt,
        job.at.0,
        job.project.as_str(),
        job.key.as_str(),
        job.user,
        job.organization,
        job.user_label,
        job.model,
        i64::try_from(job.largest_input).unwrap_or(i64::MAX),
        job.upstream.as_str(),
        job.upstream_request,
        job.status,
        job.hold.0,
        job.given_up_at.0,
        job.polls,
        i64::try_from(job.container_sessions).unwrap_or(i64::MAX),
        job.tier.map(Tier::as_str),
        first_poll.0,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Job, Failure> {
    Ok(Job {
        id: JobId(row.get(0)?),
        kind: JobKind::parse(text(row, 1)?).ok_or_else(|| unreadable("job"))?,
        target: row.get(2)?,
        operation: row.get(3)?,
        family: UsageFamily::parse(text(row, 4)?).ok_or_else(|| unreadable("family"))?,
        request: id::<RequestId>(row, 5)?,
        attempt: row.get(6)?,
        at: time(row, 7)?,
        project: id(row, 8)?,
        key: id(row, 9)?,
        user: row.get(10)?,
        organization: row.get(11)?,
        user_label: row.get(12)?,
        model: row.get(13)?,
        largest_input: row.get::<_, i64>(14)?.cast_unsigned(),
        upstream: id(row, 15)?,
        upstream_request: row.get(16)?,
        status: row.get(17)?,
        hold: Nanos(row.get(18)?),
        given_up_at: time(row, 19)?,
        polls: row.get(20)?,
        container_sessions: row.get::<_, i64>(21)?.cast_unsigned(),
        tier: optional_text(row, 22)?.and_then(Tier::parse),
    })
}
