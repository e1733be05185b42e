//! Whether a Tollgate answers where the commands look for it, and why not.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use domain::diagnosis::{Cause, Finding, HttpFailure, Step, Told, causes};
use egress::probe::Probe;
use egress::{Origin, Outgoing, Tls, Way};
use http::Request;

use super::super::Env;
use super::super::api::{self, Api};
use super::super::failure::Failure;
use crate::clock::SystemClock;
use crate::doctor::reach::{Notes, Reach};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);

/// The finding, and the server where it may be asked.
pub(super) async fn look(
    env: &Env,
    data_dir: Option<&Path>,
) -> Result<(Finding, Option<Api>), Failure> {
    let url = api::url(env);
    let origin = api::origin(&url)?;
    let probe =
        Probe::new(Tls::new(env.extra_roots.as_deref()).map_err(Failure::new)?, CONNECT, ANSWER);
    let told = match reached(&probe, &origin, &url).await {
        Err(told) => told,
        Ok(()) => match Api::connect_with(env, data_dir) {
            Err(failure) => Told::failed(&causes::SERVER_KEY_MISSING, sentence(&failure)),
            Ok(api) => match api.get("/tollgate/v1/doctor/none").await {
                // Whoever may ask is told that there is no such run.
                Err(failure) if failure.is("not_found") => {
                    let told = Told::ok(Step::Server, format!("A Tollgate answers at {url}."));
                    return Ok((finding(told), Some(api)));
                }
                Err(failure)
                    if failure.is("invalid_api_key") || failure.is("permission_denied") =>
                {
                    Told::failed(&causes::SERVER_KEY_REFUSED, sentence(&failure))
                }
                Err(failure) => Told::failed(&causes::SERVER_OTHER, sentence(&failure)),
                Ok(_) => Told::failed(&causes::SERVER_OTHER, format!("{url} answers oddly.")),
            },
        },
    };
    Ok((finding(told), None))
}

fn finding(told: Told) -> Finding {
    Finding { subject: Finding::HOUSE.to_owned(), told, took_ms: None }
}

fn sentence(failure: &Failure) -> String {
    let text = failure.message();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}{end}", letters.as_str())
}

/// Walks there and asks for its health.
async fn reached(probe: &Probe, origin: &Origin, url: &str) -> Result<(), Told> {
    let notes = Kept::default();
    let reach = Reach { probe, clock: &SystemClock, notes: &notes };
    let Some(link) = reach.link(origin, &Way::direct()).await else {
        return Err(notes.failed(url));
    };
    let failed = |cause: &'static Cause, what: &str| Told::failed(cause, format!("{url}: {what}."));
    let request = Request::get(origin.path("/healthz")).body(Outgoing::Empty);
    let request = request.map_err(|_| failed(&causes::SERVER_OTHER, "it has no path"))?;
    match probe.ask(origin, link, request).await {
        Ok(answer) if answer.status == 200 && answer.body.as_ref() == b"ok\n" => Ok(()),
        Ok(answer) => {
            let what = format!("GET /healthz answered {}", answer.status.as_u16());
            Err(failed(&causes::SERVER_OTHER, &what))
        }
        Err(HttpFailure::TimedOut) => Err(failed(&causes::SERVER_SILENT, "no answer in time")),
        Err(HttpFailure::WantsTls) => Err(failed(&causes::SERVER_NO_TLS, "it wants TLS")),
        Err(HttpFailure::NotHttp) => Err(failed(&causes::SERVER_OTHER, "it speaks no HTTP")),
        Err(HttpFailure::Closed) => Err(failed(&causes::SERVER_SILENT, "it closes the connection")),
    }
}

/// What the walk told last.
#[derive(Default)]
struct Kept(Mutex<Option<Told>>);

impl Notes for Kept {
    fn at(&self, _: Step) {}

    fn note(&self, told: Told, _: Option<u64>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(told);
    }
}

impl Kept {
    /// The walk's failure as one of the way to the server.
    fn failed(&self, url: &str) -> Told {
        let last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let (code, seen) = last.map_or(("", String::new()), |told| {
            (told.cause.map_or("", |cause| cause.code), told.sentence)
        });
        let cause = match code {
            "tcp_refused" => &causes::SERVER_NOT_LISTENING,
            "tls_timeout" => &causes::SERVER_SILENT,
            code if code.starts_with("tls_") => &causes::SERVER_NO_TLS,
            _ => &causes::SERVER_UNREACHABLE,
        };
        Told::failed(cause, format!("{url}: {seen}"))
    }
}
