//! What the doctor found, so far.

use domain::Blame;
use domain::diagnosis::{Cause, DoctorPage, Finding, Verdict};
use serde::Serialize;

/// A run, as it stands.
#[derive(Serialize)]
pub struct DoctorRun<'a> {
    object: &'static str,
    id: &'a str,
    status: &'static str,
    /// `null` until it has ended.
    healthy: Option<bool>,
    /// What is being looked at.
    at_work: Vec<AtWork<'a>>,
    data: Vec<DoctorFinding<'a>>,
    /// What to ask with as `after` for what comes next.
    next: usize,
}

#[derive(Serialize)]
struct AtWork<'a> {
    subject: &'a str,
    step: &'static str,
}

/// One finding.
#[derive(Serialize)]
pub struct DoctorFinding<'a> {
    subject: &'a str,
    step: &'static str,
    verdict: &'static str,
    code: Option<&'static str>,
    /// What this code stands for.
    what: Option<&'static str>,
    /// What was seen.
    seen: &'a str,
    remedy: Option<&'static str>,
    /// Who must act.
    who: Option<&'static str>,
    doc: Option<String>,
    took_ms: Option<u64>,
}

impl<'a> DoctorRun<'a> {
    /// `healthy` counts what the page holds: for a run that has ended ask for all of it.
    #[must_use]
    pub fn new(id: &'a str, page: &'a DoctorPage) -> Self {
        let failed = |finding: &Finding| finding.told.verdict == Verdict::Failed;
        Self {
            object: "tollgate.doctor_run",
            id,
            status: if page.ended { "completed" } else { "in_progress" },
            healthy: page.ended.then(|| !page.findings.iter().any(failed)),
            at_work: page.at_work.iter().map(|(subject, step)| AtWork { subject, step }).collect(),
            data: page.findings.iter().map(DoctorFinding::from).collect(),
            next: page.next,
        }
    }
}

impl<'a> From<&'a Finding> for DoctorFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        let cause: Option<&'static Cause> = finding.told.cause;
        Self {
            subject: &finding.subject,
            step: finding.told.step.as_str(),
            verdict: finding.told.verdict.as_str(),
            code: cause.map(|cause| cause.code),
            what: cause.map(|cause| cause.what),
            seen: &finding.told.sentence,
            remedy: cause.map(|cause| cause.remedy),
            who: cause.map(|cause| match cause.blame {
                Blame::Caller => "caller",
                Blame::Operator => "operator",
                Blame::Provider => "provider",
                Blame::Tollgate => "tollgate",
            }),
            doc: cause.map(|cause| format!("docs/doctor.md#{}", cause.code)),
            took_ms: finding.took_ms,
        }
    }
}
