//! `/tollgate/v1/doctor`: looks for what is wrong, step by step.

use control::Doctor;
use domain::Fault;
use domain::diagnosis::{DoctorOrder, DoctorPage};
use domain::fault::catalogue;
use openai::admin::DoctorRun;

use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// Findings of one run; a bound for `after`.
const MOST: i64 = 1_000_000;

/// Begins a run.
pub(super) async fn begin(call: &AdminCall<'_>) -> Answer {
    let doctor = doctor(call)?;
    let mut fields = call.fields()?;
    let order = DoctorOrder {
        upstreams: fields.texts("upstreams")?.unwrap_or_default(),
        model: fields.name("model")?,
        paid: fields.flag("paid")?.unwrap_or(true),
    };
    fields.finish()?;
    let id = doctor.begin(call.author.clone(), order)?;
    json(&DoctorRun::new(&id, &DoctorPage::default()))
}

/// What a run has found; waits a while for more where `after` says that all so far is known.
pub(super) async fn look(call: &AdminCall<'_>) -> Answer {
    let id = call.doctor_run();
    let after = call.query.integer("after", 0..=MOST)?.unwrap_or(0);
    let after = usize::try_from(after).unwrap_or(0);
    let page = doctor(call)?.look(id.to_owned(), after).await;
    let gone = || {
        let message = format!("No run of the doctor found with id '{id}'.");
        Fault::because(&catalogue::NOT_FOUND, message)
    };
    json(&DoctorRun::new(id, &page.ok_or_else(gone)?))
}

fn doctor<'a>(call: &AdminCall<'a>) -> Result<&'a dyn Doctor, Fault> {
    call.doctor.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
}
