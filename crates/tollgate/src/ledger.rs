//! From settled attempts to the ledger: while serving, and at a start after a kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataplane::{Found, LESSEE, Money, Slots};
use domain::fault::catalogue;
use domain::ledger::{Batch, Covered, Holder, Payer, Posting, Reason};
use domain::ports::{Jobs, Ledger, Records, StoreError, UsageStore};
use domain::{Change, Cost, JobId, Nanos, OrganizationId, Outcome, Timestamp, UsageRecord};
use store::Store;

/// Attempts in flight, a worker: streams at the limit of open calls, and as many again that wait
/// for the store.
const SLOTS: u32 = 65_536;
/// What the kernel calls its own life; no file of it elsewhere, so nothing is ever the same there.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Under this name the store remembers it.
const BOOT: &str = "boot_id";

/// Whose ledger this process writes.
#[derive(Clone, Debug)]
pub struct Books {
    organization: OrganizationId,
}

impl Books {
    #[must_use]
    pub fn new(organization: OrganizationId) -> Self {
        Self { organization }
    }

    /// An empty batch of a worker's settlements up to `number`.
    #[must_use]
    pub fn batch(&self, worker: usize, number: u64, at: Timestamp) -> Batch {
        Batch { holder: holder(worker), lessee: lessee(), number, at, postings: Vec::new() }
    }

    /// What an attempt adds to the ledger; nothing where nothing was held and nothing is owed.
    #[must_use]
    pub fn posting(&self, record: &UsageRecord, money: Money, covered: Covered) -> Option<Posting> {
        (money.hold.0 > 0 || money.posted.0 > 0).then(|| Posting {
            payer: Payer {
                api_key: record.key.shared(),
                user: Arc::clone(&record.user),
                project: record.project.shared(),
                organization: self.organization.shared(),
            },
            admitted: record.at,
            hold: money.hold,
            covered,
            cost: money.posted,
            reason: Reason::Settled,
            request: record.request.to_string(),
        })
    }

    /// What an earlier process left behind, settled by now.
    fn left(&self, found: Found) -> (UsageRecord, Option<Posting>) {
        let reason = if found.orphan { Reason::Orphan } else { Reason::Settled };
        let posting = self.posting(&found.record, found.money, found_covered(found.money));
        (found.record, posting.map(|posting| Posting { reason, ..posting }))
    }
}

/// An attempt whose process died: nobody will tell what it cost, so it is posted in full.
fn orphan(found: Found) -> Found {
    let money = Money { posted: found.money.hold, ..found.money };
    let in_full = money.posted > Nanos(0);
    let record = UsageRecord {
        outcome: Outcome::UpstreamFailed,
        error: Some(catalogue::ORPHANED.code),
        cost: in_full.then(|| Cost::of(money.posted)),
        estimated: in_full,
        ..found.record
    };
    Found { record, money, orphan: true, ..found }
}

/// Which accounts a hold of an earlier process stood in is not written down: its whole share is
/// closed at the start, wherever it was.
fn found_covered(money: Money) -> Covered {
    if money.hold > Nanos(0) { Covered::ALL } else { Covered::default() }
}

fn holder(worker: usize) -> Holder {
    Holder(format!("local-{worker}"))
}

fn path(data_dir: &Path, worker: usize) -> PathBuf {
    data_dir.join(format!("slots-{worker}.bin"))
}

/// Opens the slots of `workers` workers, and first posts what an earlier process left in them. A
/// machine that has fewer cores now has files of workers that are no more. Also gives how many
/// attempts nobody had settled.
///
/// # Errors
/// A file or the store cannot be used: nothing may be served then.
pub async fn open(
    store: &Store,
    books: &Books,
    data_dir: &Path,
    workers: usize,
    at: Timestamp,
) -> Result<(Vec<Slots>, usize), String> {
    let mut opened = Vec::new();
    let mut worker = 0;
    let mut orphaned = Vec::new();
    while worker < workers || path(data_dir, worker).exists() {
        let file = path(data_dir, worker);
        let slots = recover(store, books, (&file, worker), at, &mut orphaned).await?;
        opened.extend(Some(slots).filter(|_| worker < workers));
        worker += 1;
    }
    tell_of(&orphaned);
    end_lease(store, at).await.map_err(|error| error.to_string())?;
    Ok((opened, orphaned.len()))
}

/// `posted` has an amount for each orphan.
fn tell_of(posted: &[Nanos]) {
    if posted.is_empty() {
        return;
    }
    let sum = Nanos(posted.iter().fold(0, |sum: i64, one| sum.saturating_add(one.0)));
    tracing::warn!(
        orphans = posted.len(),
        posted_usd = %sum,
        "calls were in flight when the last process ended: nobody can say what they cost, so they \
         were posted in full (`tollgate ledger entries --reason orphan`)"
    );
}

/// Ends the share of budgets that an earlier process left behind. The system's memory outlived a
/// process that was killed, and so did its slots: all that it let through has been posted by now.
/// After a power cut nobody knows, and the whole share counts as spent.
async fn end_lease(store: &Store, at: Timestamp) -> Result<(), StoreError> {
    let boot = fs::read(BOOT_ID).unwrap_or_default();
    let last = store.meta(BOOT).await?.unwrap_or_default();
    if !boot.is_empty() && boot == last {
        return store.close(lessee()).await;
    }
    let accounts = store.forfeit(lessee(), at).await?;
    if accounts > 0 {
        tracing::warn!(accounts, "shares of budgets that nobody could account for were posted");
    }
    // Only then: a start that ends in between must find the old one.
    store.apply(vec![Change::PutMeta { name: BOOT, value: boot }], vec![]).await
}

/// Ends this process's share: all that it let through has been posted.
///
/// # Errors
/// The store cannot be written; the next start does it.
pub async fn close(store: &Store) -> Result<(), StoreError> {
    store.close(lessee()).await
}

fn lessee() -> Holder {
    Holder(LESSEE.to_owned())
}

/// Takes out what became a job just before the process died: its money is the job's, and its usage
/// comes with the job's end (case 60).
async fn without_jobs(store: &Store, found: Vec<Found>) -> Result<Vec<Found>, StoreError> {
    let id = |found: &Found| JobId::of(&found.record.request, found.record.attempt);
    let are_jobs = store.are_jobs(found.iter().map(id).collect()).await?;
    let still =
        |(found, is_job): (Found, bool)| (found.settled.is_some() || !is_job).then_some(found);
    Ok(found.into_iter().zip(are_jobs).filter_map(still).collect())
}

async fn recover(
    store: &Store,
    books: &Books,
    (path, worker): (&Path, usize),
    at: Timestamp,
    orphaned: &mut Vec<Nanos>,
) -> Result<Slots, String> {
    let told = |error: StoreError| error.to_string();
    let io = |error| format!("{}: {error}", path.display());
    let last = store.last_batch(holder(worker)).await.map_err(told)?;
    let (mut slots, found) = Slots::open(path, SLOTS, last).map_err(io)?;
    let found = without_jobs(store, found).await.map_err(told)?;
    if !found.is_empty() {
        let mut batch = books.batch(worker, 0, at);
        let mut records = Vec::with_capacity(found.len());
        let settled = found.iter().filter(|f| f.settled.is_some()).count();
        tracing::info!(settled, worker, "posting what the last process left");
        for attempt in found {
            let (record, posting) = match attempt.settled {
                Some(_) => books.left(attempt),
                None => {
                    let orphan = orphan(attempt);
                    orphaned.push(orphan.money.posted);
                    // Should this be the last thing we do, the next start will not do it again.
                    slots.settle_found(orphan.place, orphan.money, &orphan.record).map_err(io)?;
                    books.left(orphan)
                }
            };
            batch.postings.extend(posting);
            records.push(record);
        }
        batch.number = slots.last_number();
        store.settle(Arc::new(records), Some(Arc::new(batch))).await.map_err(told)?;
    }
    slots.clear().map_err(io)?;
    Ok(slots)
}

#[cfg(test)]
mod tests;
