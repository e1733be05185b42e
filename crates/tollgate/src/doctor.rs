//! The doctor: looks at this Tollgate and at the way to each upstream, in the background, and
//! keeps what it finds for whoever asks.
//!
//! * [`walk`]: the way to one upstream. [`call`]: one real call, through the data plane.
//! * [`house`]: Tollgate itself. [`files`]: what needs no running server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use control::{Author, Control};
use dataplane::{Dataplane, Subject, Worker};
use domain::diagnosis::{DoctorOrder, DoctorPage, Finding, Step, Told, causes};
use domain::ports::BoxFuture;
use domain::{Clock, Fault, fault::catalogue, random_id};
use egress::Tls;
use egress::probe::Probe;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Config;

mod call;
pub mod files;
pub mod house;
mod model;
pub mod port;
pub mod reach;
mod stream;
mod walk;

/// Runs at work at once: each may hold connections for a minute.
const AT_WORK: usize = 4;
/// Runs that are kept to be asked about.
const KEPT: usize = 32;
/// Who asks waits this long for something new.
const PATIENCE: Duration = Duration::from_secs(10);
/// An upstream's answer to a small question.
const ANSWER: Duration = Duration::from_secs(20);

/// Begins runs and keeps them.
pub struct Doctor {
    tools: Arc<Tools>,
    /// Where runs work: they outlive the request that began them.
    runtime: Handle,
    /// The newest last.
    runs: Mutex<Vec<Arc<Run>>>,
}

/// What a run works with.
struct Tools {
    control: Arc<Control>,
    dataplane: Arc<Dataplane>,
    /// One at least; calls go through the first.
    workers: Vec<Arc<Worker>>,
    clock: Arc<dyn Clock>,
    tls: Tls,
    probe: Probe,
    config: house::Place,
}

impl Doctor {
    /// To be made on the runtime that lives as long as the process.
    ///
    /// # Errors
    /// When the roots of trust cannot be read.
    pub fn new(
        config: &Config,
        control: &Arc<Control>,
        dataplane: &Arc<Dataplane>,
        workers: &[Arc<Worker>],
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<Self>, String> {
        let tls = Tls::new(config.extra_roots.as_deref())?;
        let default = dataplane::Settings::default();
        let connect = config.times.connect.unwrap_or(default.connect);
        let answer = config.times.first_byte.unwrap_or(ANSWER).min(ANSWER);
        let tools = Tools {
            control: Arc::clone(control),
            dataplane: Arc::clone(dataplane),
            workers: workers.to_vec(),
            clock: Arc::clone(clock),
            probe: Probe::new(tls.clone(), connect, answer),
            tls,
            config: house::Place::of(config),
        };
        Ok(Arc::new(Self {
            tools: Arc::new(tools),
            runtime: Handle::current(),
            runs: Mutex::default(),
        }))
    }
}

impl control::Doctor for Doctor {
    fn begin(&self, author: Author, order: DoctorOrder) -> Result<String, Fault> {
        let run = Arc::new(Run::new());
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.iter().filter(|run| !run.page().ended).count() >= AT_WORK {
            let why = "The doctor is at work already; wait for it to end.";
            return Err(Fault::because(&catalogue::OVERLOADED, why).retry_after_ms(10_000));
        }
        while runs.len() >= KEPT
            && let Some(oldest) = runs.iter().position(|run| run.page().ended)
        {
            runs.remove(oldest);
        }
        runs.push(Arc::clone(&run));
        drop(runs);
        let (id, tools) = (run.id.clone(), Arc::clone(&self.tools));
        self.runtime.spawn(async move {
            // However it ends, whoever waits is told.
            let ending = Ending(Arc::clone(&run));
            examine(&tools, &run, &author, &order).await;
            drop(ending);
        });
        Ok(id)
    }

    fn look(&self, run: String, after: usize) -> BoxFuture<'_, Option<DoctorPage>> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let found = runs.iter().find(|one| one.id == run).cloned();
        drop(runs);
        Box::pin(async move { Some(found?.behind(after).await) })
    }
}

async fn examine(tools: &Tools, run: &Run, author: &Author, order: &DoctorOrder) {
    house::examine(tools, run).await;
    let all = tools.dataplane.subjects();
    for name in order.upstreams.iter().filter(|name| !all.iter().any(|s| s.name() == **name)) {
        let told = Told::failed(&causes::UPSTREAM_UNKNOWN, format!("There is no '{name}'."));
        run.note(name, told, None);
    }
    let asked = |subject: &&Subject| {
        order.upstreams.is_empty() || order.upstreams.iter().any(|name| name == subject.name())
    };
    for subject in all.iter().filter(asked) {
        walk::Walk { tools, run, author, order, subject }.go().await;
    }
}

/// One look at everything that was asked for.
pub struct Run {
    id: String,
    page: Mutex<DoctorPage>,
    changed: Notify,
}

struct Ending(Arc<Run>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.change(|page| page.ended = true);
    }
}

impl Run {
    fn new() -> Self {
        let id = random_id("doctor_", vault::random());
        Self { id, page: Mutex::default(), changed: Notify::new() }
    }

    fn page(&self) -> std::sync::MutexGuard<'_, DoctorPage> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, act: impl FnOnce(&mut DoctorPage)) {
        act(&mut self.page());
        self.changed.notify_waiters();
    }

    /// Notes a finding; what was being looked at is done.
    fn note(&self, subject: &str, told: Told, took_ms: Option<u64>) {
        let subject = subject.to_owned();
        self.change(|page| {
            page.at_work.clear();
            page.findings.push(Finding { subject, told, took_ms });
        });
    }

    /// Says what is being looked at.
    fn at_work(&self, subject: &str, step: Step) {
        self.change(|page| page.at_work = vec![(subject.to_owned(), step.as_str())]);
    }

    /// What came behind a place; waits for it a while.
    async fn behind(&self, after: usize) -> DoctorPage {
        let late = Instant::now() + PATIENCE;
        loop {
            let changed = self.changed.notified();
            {
                let page = self.page();
                if page.ended || page.findings.len() > after || Instant::now() >= late {
                    let findings = page.findings.get(after..).unwrap_or_default().to_vec();
                    let next = page.findings.len();
                    return DoctorPage { findings, next, ..page.clone() };
                }
            }
            let _ = tokio::time::timeout_at(late, changed).await;
        }
    }
}

/// Since some instant, in milliseconds.
fn since(begun: Instant) -> Option<u64> {
    u64::try_from(begun.elapsed().as_millis()).ok()
}
