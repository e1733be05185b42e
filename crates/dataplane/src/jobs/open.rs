//! From a creating call to its job.

use domain::{Job, JobHold, JobId, JobKind, Timestamp, UsageFamily, ledger::Holder};
use openai::answer::{Course, JobObject, job_object};
use openai::surface::Meter;

use crate::budget::LESSEE;
use crate::tab::{Call, End, Tab};

/// Seconds that a job may take where it does not say, and that its end is waited for after that.
const LONGEST: i64 = 86_400;
const WAITED: i64 = 7 * 86_400;

/// What is known of a batch from its lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The one model of all of them.
    pub(crate) model: Option<String>,
    /// Tokens.
    pub(crate) largest_input: u64,
    /// Of the dearest container among them, in sessions of the smallest.
    pub(crate) container_sessions: u64,
    pub(crate) family: UsageFamily,
}

/// Whether a call's work goes on as a job.
pub(crate) enum Handed {
    Over(End),
    Not(End),
}

/// Makes a job of a call whose work goes on ([`begun`]), durably and with its money, before anybody
/// hears of it. Where that fails the call is settled as it stands: in full, if money is held for it.
pub(crate) async fn hand_over(tab: &Tab, end: End, begun: (JobKind, JobObject)) -> Handed {
    make(tab, end, begun.0, &begun.1).await
}

/// Settles a run whose stream has ended before the run did: it waits for its caller's tools, or
/// goes on although nobody listens.
pub(crate) async fn hand_over_run(tab: Box<Tab>, end: End, run: JobObject) {
    match make(&tab, end, JobKind::Run, &run).await {
        Handed::Over(end) => tab.handed_over(end),
        Handed::Not(end) => drop(tab.settle(end)),
    }
}

async fn make(tab: &Tab, end: End, kind: JobKind, object: &JobObject) -> Handed {
    let Some(job) = job(tab, &end, kind, object) else { return Handed::Not(end) };
    let holder = || Holder(LESSEE.to_owned());
    let hold = tab.held().map(|(_, covered)| JobHold { holder: holder(), covered });
    let shared = &tab.worker.shared;
    let dice = u64::from_ne_bytes(vault::random());
    let first = Job::next_poll(0, shared.clock.now(), dice);
    match shared.jobs.open_job(job, hold, tab.call.secret, first).await {
        Ok(()) => Handed::Over(end),
        Err(error) => {
            tracing::error!(request = %tab.call.request, %error, "a job could not be written down");
            Handed::Not(end)
        }
    }
}

/// The work that an answer says goes on.
pub(crate) fn begun(call: &Call, end: &End, text: &[u8]) -> Option<(JobKind, JobObject)> {
    let kind = match call.operation.meter {
        Meter::Job if call.operation.id == "createBatch" => JobKind::Batch,
        Meter::Responses if end.count.unfinished => JobKind::Response,
        Meter::Video if end.count.unfinished => JobKind::Video,
        Meter::Job if call.operation.id == "createFineTuningJob" => JobKind::FineTuning,
        Meter::Job if call.operation.id == "createEvalRun" => JobKind::EvalRun,
        Meter::Run if begins_run(call) => JobKind::Run,
        _ => return None,
    };
    let object = job_object(text)?;
    let goes_on = kind == JobKind::Batch || object.course == Course::Running;
    goes_on.then_some((kind, object))
}

fn job(tab: &Tab, end: &End, kind: JobKind, object: &JobObject) -> Option<Job> {
    let call = &tab.call;
    let id = object.id.as_deref().filter(|id| is_plain(id))?;
    let parent = object.parent.as_deref().filter(|id| is_plain(id));
    let target = match kind {
        JobKind::Batch => format!("/batches/{id}"),
        JobKind::Response => format!("/responses/{id}"),
        JobKind::Video => format!("/videos/{id}"),
        JobKind::FineTuning => format!("/fine_tuning/jobs/{id}"),
        JobKind::Run => format!("/threads/{}/runs/{id}", parent?),
        JobKind::EvalRun => format!("/evals/{}/runs/{id}", parent?),
    };
    let ends = object.expires_at.filter(|_| kind == JobKind::Batch);
    let ends = ends.map_or(call.at.plus_seconds(LONGEST), Timestamp::from_seconds);
    let lines = call.lines.get();
    // By the provider's name: its price is found by it.
    let asked = tab.model.as_deref().or(call.model.as_deref()).map(str::to_owned);
    Some(Job {
        id: JobId::of(&call.request, tab.leg.number),
        kind,
        target,
        operation: call.operation.id.to_owned(),
        family: lines.map_or(call.operation.meter.family(), |lines| lines.family),
        request: call.request.clone(),
        attempt: tab.leg.number,
        at: call.at,
        project: call.project.clone(),
        key: call.key.id.clone(),
        user: call.key.owner.as_str().to_owned(),
        organization: tab.worker.shared.budgets.organization().to_owned(),
        user_label: call.user_label.as_deref().map(str::to_owned),
        model: lines.map_or(asked, |lines| lines.model.clone()),
        largest_input: lines.map_or(0, |lines| lines.largest_input),
        container_sessions: lines.map_or(call.container_sessions, |l| l.container_sessions),
        tier: call.tier,
        upstream: tab.upstream.id.clone(),
        upstream_request: tab.upstream_request().map(str::to_owned),
        status: end.status,
        hold: tab.held().map_or(domain::Nanos(0), |(hold, _)| hold),
        given_up_at: ends.plus_seconds(WAITED),
        polls: 0,
    })
}

/// Whether a call begins a run. One that sends a run what its tools said only goes on with it: what
/// the run came to is told to whoever began it, once.
pub(crate) fn begins_run(call: &Call) -> bool {
    call.operation.id != "submitToolOuputsToRun"
}

/// Whether an id can stand in a path as it is.
pub(crate) fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
