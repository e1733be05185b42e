//! Jobs are asked for until they end, whether or not their clients ask: their money is held, and
//! their usage belongs on the bill.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Checked, Checker, Dataplane};
use domain::ports::{Invalidate, Jobs as _, StoreError};
use domain::{Clock, Job, JobId};
use egress::Tls;
use store::Store;
use tokio::task::{Id, JoinSet};

use crate::app::App;
use crate::config::Config;
use crate::server::Stop;
use crate::telemetry::Telemetry;

/// Between two looks at what is due.
const PAUSE: Duration = Duration::from_millis(500);
/// Seconds until an end that could not be written is tried again.
const AGAIN: i64 = 10;
/// How many are asked for at a time.
const AT_ONCE: u32 = 16;

/// Asks for open jobs, for ever.
pub struct Jobs(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    dataplane: Arc<Dataplane>,
    telemetry: Arc<Telemetry>,
    checker: Checker,
}

impl Jobs {
    /// # Errors
    /// When the extra roots cannot be read.
    pub fn new(config: &Config, app: &App) -> Result<Self, String> {
        let tls = Tls::new(config.extra_roots.as_deref())?;
        let checker = Checker::new(Arc::clone(&app.dataplane), tls);
        let (store, clock) = (Arc::clone(&app.store), Arc::clone(&app.clock));
        let dataplane = Arc::clone(&app.dataplane);
        let telemetry = Arc::clone(&app.telemetry);
        Ok(Self(Arc::new(Inner { store, clock, dataplane, telemetry, checker })))
    }

    /// Runs until `quit` is called. What is being asked then is asked again at the next start.
    pub async fn run(&self, quit: &Stop) {
        let asking = async {
            let mut asked = Asked::default();
            loop {
                tokio::time::sleep(PAUSE).await;
                if let Err(error) = self.look(&mut asked).await {
                    tracing::warn!(%error, "jobs cannot be looked at");
                }
                self.0.checker.sweep();
            }
        };
        tokio::select! {
            () = asking => {}
            () = quit.called() => {}
        }
    }

    /// Asks for what is due now, as far as there is room; one that hangs holds up no other.
    async fn look(&self, asked: &mut Asked) -> Result<(), StoreError> {
        while let Some(done) = asked.tasks.try_join_next_with_id() {
            let id = done.map_or_else(|error| error.id(), |(id, ())| id);
            asked.jobs.remove(&id);
        }
        let due = self.0.store.open_jobs(self.0.clock.now(), 2 * AT_ONCE).await?;
        for job in due {
            if asked.tasks.len() >= AT_ONCE as usize {
                break;
            }
            if asked.jobs.values().all(|id| *id != job.id) {
                let (inner, id) = (Arc::clone(&self.0), job.id.clone());
                let task = asked.tasks.spawn(async move { inner.ask(job).await });
                asked.jobs.insert(task.id(), id);
            }
        }
        Ok(())
    }
}

/// What is being asked for.
#[derive(Default)]
struct Asked {
    tasks: JoinSet<()>,
    jobs: HashMap<Id, JobId>,
}

impl Inner {
    async fn ask(&self, job: Job) {
        let checked = self.checker.check(&job, self.clock.now()).await;
        if let Checked::Unknown(why) = &checked {
            tracing::warn!(job = %job.id, why, "a job cannot be asked for");
        }
        let done = match checked {
            Checked::Ended { records, cost } => {
                tracing::debug!(job = %job.id, %cost, "a job has ended");
                let over = cost > job.hold;
                let id = job.id.clone();
                let records = Arc::new(records);
                let ending = self.store.end_job(job, Arc::clone(&records), cost, self.clock.now());
                let ended = ending.await;
                if ended.is_ok() {
                    self.telemetry.job_ended(&records);
                } else {
                    // Others' turn first; where that cannot be written either, it stays due.
                    let later = self.clock.now().plus_seconds(AGAIN);
                    let _ = self.store.poll_later(id, later).await;
                }
                if over {
                    // An account may stand past its limit now: shares in hand must not be spent.
                    self.dataplane.limits_changed(&[]);
                }
                ended
            }
            Checked::Running | Checked::Unknown(_) => {
                let dice = u64::from_ne_bytes(vault::random());
                let next = Job::next_poll(job.polls.saturating_add(1), self.clock.now(), dice);
                self.store.poll_later(job.id, next).await
            }
        };
        if let Err(error) = done {
            // It stays due, and is asked for again.
            tracing::error!(%error, "a job's state cannot be written");
        }
    }
}
