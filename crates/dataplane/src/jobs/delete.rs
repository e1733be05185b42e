//! An object that is about to be deleted can tell for the last time what it cost.

use std::sync::Arc;

use domain::UpstreamId;

use super::check::{Checked, Checker};
use crate::shared::Worker;
use crate::tab::Call;

/// Ends the job whose object a call deletes, if it has ended at the provider. Where it has not, or
/// nobody can be asked, it is posted in full later: it will be gone by then.
pub(crate) async fn before_delete(worker: &Worker, call: &Call, upstream: &UpstreamId) {
    let path = call.operation.path;
    let collection = ["/responses/", "/videos/"].into_iter().find(|c| path.starts_with(c));
    let (Some(collection), Some(object)) = (collection, &call.deletes) else { return };
    let shared = &worker.shared;
    let found = shared.jobs.job_of(upstream.clone(), format!("{collection}{object}")).await;
    let Ok(Some(job)) = found else { return };
    let now = shared.clock.now();
    let checked = Checker::of(worker).check(&job, now).await;
    let Checked::Ended { records, cost } = checked else { return };
    let over = cost > job.hold;
    let records = Arc::new(records);
    match shared.jobs.end_job(job, Arc::clone(&records), cost, now).await {
        Ok(()) => worker.job_ended(records),
        Err(error) => tracing::error!(%error, "a job's end cannot be written"),
    }
    if over {
        // An account may stand past its limit now: shares in hand must not be spent.
        shared.budgets.changed();
    }
}
