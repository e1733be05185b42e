//! A test of an upstream: the doctor's steps, from its name to a provider that answers.

use std::time::Duration;

use askama::Template;
use domain::Fault;
use domain::diagnosis::{DoctorOrder, DoctorPage, Finding, Verdict};
use domain::fault::catalogue;

use super::super::super::frame::Frame;
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::WRITE;

/// A page waits this long for the doctor to end.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Template)]
#[template(path = "upstream_test.html")]
struct TestPage<'a> {
    frame: &'a Frame,
    name: String,
    path: String,
    here: String,
    steps: Vec<StepView>,
    may: bool,
    ended: bool,
    failed: usize,
    at_work: String,
}

/// What one step came to.
struct StepView {
    step: &'static str,
    seen: String,
    mood: &'static str,
    words: &'static str,
    code: &'static str,
    remedy: &'static str,
    took: String,
}

/// Begins. Without the paid call: a look must not cost anything unasked.
pub(crate) async fn run(visit: &Visit<'_>) -> Shown {
    let upstream = visit.control.upstream(&visit.id::<String>(0)).await?.upstream;
    let doctor = visit.dashboard.doctor.as_ref().ok_or_else(unknown)?;
    let paid = visit.form.is_checked("paid");
    let order = DoctorOrder { upstreams: vec![upstream.name], model: None, paid };
    let run = doctor.begin(visit.author()?, order)?;
    Ok(Page::to(&format!("/upstreams/{}/test/{run}", upstream.id)))
}

/// What was found so far; waits a while for the end.
pub(crate) async fn found(visit: &Visit<'_>) -> Shown {
    let upstream = visit.control.upstream(&visit.id::<String>(0)).await?.upstream;
    let doctor = visit.dashboard.doctor.as_ref().ok_or_else(unknown)?;
    let run: String = visit.id(1);
    let waiting = async {
        let mut after = 0;
        while let Some(page) = doctor.look(run.clone(), after).await {
            if page.ended {
                break;
            }
            after = page.next;
        }
    };
    // Whatever there is by then is shown.
    let _ended = tokio::time::timeout(PATIENCE, waiting).await;
    let page = doctor.look(run.clone(), 0).await.ok_or_else(unknown)?;
    let of_it = page.findings.iter().filter(|one| one.subject == upstream.name);
    let steps: Vec<StepView> = of_it.map(step).collect();
    let frame = visit.frame("Test of an upstream");
    let path = format!("/upstreams/{}", upstream.id);
    visit.show(&TestPage {
        frame: &frame,
        name: upstream.name,
        here: format!("{path}/test/{run}"),
        path,
        failed: steps.iter().filter(|step| step.mood == "bad").count(),
        steps,
        may: visit.may(WRITE),
        ended: page.ended,
        at_work: at_work(&page),
    })
}

fn unknown() -> Fault {
    Fault::because(&catalogue::NOT_FOUND, "No such test is known any more. Begin another one.")
}

fn at_work(page: &DoctorPage) -> String {
    page.at_work.first().map(|(_, step)| (*step).to_owned()).unwrap_or_default()
}

fn step(finding: &Finding) -> StepView {
    let told = &finding.told;
    let (mood, words) = match told.verdict {
        Verdict::Ok => ("good", "Fine"),
        Verdict::Warning => ("near", "Look at it"),
        Verdict::Failed => ("bad", "Failed"),
        Verdict::Skipped => ("", "Not looked at"),
    };
    StepView {
        step: told.step.as_str(),
        seen: told.sentence.clone(),
        mood,
        words,
        code: told.cause.map_or("", |cause| cause.code),
        remedy: told.cause.map_or("", |cause| cause.remedy),
        took: finding.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default(),
    }
}
