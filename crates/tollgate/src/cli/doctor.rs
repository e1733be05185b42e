//! `tollgate doctor`: asks the running server to look, shows how it gets on, and tells what is
//! wrong. When no server answers it says why, and looks at what needs none.

use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

use domain::diagnosis::{Finding, Step, Told, causes};
use openai::admin::DoctorFinding;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Env;
use super::api::{Api, path, query};
use super::failure::Failure;
use super::said::Said;
use super::table::plain;
use crate::doctor::house;

mod local;
mod page;
mod report;
mod server;

pub(crate) use page::doctor_markdown;
use report::Shown;

#[derive(clap::Args, Default)]
#[command(
    after_help = "Exit code: 0 when all is well (warnings too), 1 when something failed, 2 for \
                        wrong use. The one call to each\nupstream is a stream of at most 16 tokens \
                        with the cheapest chat model; it is on the bill of the default project."
)]
pub struct Args {
    /// Only these upstreams, by name; all by default
    #[arg(value_name = "UPSTREAM")]
    upstreams: Vec<String>,
    /// The model to call instead of the cheapest one that is known
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Make no call that costs money: quota, model and stream are not looked at
    #[arg(long)]
    no_paid: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The config file of `tollgate serve`, where no server answers (`TOLLGATE_CONFIG`)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory of `tollgate serve` (`TOLLGATE_DATA_DIR`)
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print docs/doctor.md
    #[arg(long, hide = true)]
    markdown: bool,
}

pub(super) async fn run(args: Args, env: &Env) -> Result<Said, Failure> {
    if args.markdown {
        return Ok(Said::data(doctor_markdown()));
    }
    let mut progress = Progress::new();
    progress.show("server", "");
    let (server, api) = server::look(env, args.data_dir.as_deref()).await?;
    let mut findings = vec![value(&server)];
    match api {
        Some(api) => findings.extend(examine(&args, &api, &mut progress).await?),
        None => {
            let local = local::examine(&args, env, |step| progress.show("here", step)).await;
            findings.extend(local.iter().map(value));
        }
    }
    progress.clear();
    let shown = findings.iter().map(Shown::read).collect::<Result<Vec<_>, _>>()?;
    let failed = shown.iter().filter(|one| one.verdict == "failed").count();
    let said = match args.json {
        true => Said::data(
            json!({
                "object": "tollgate.doctor_report",
                "healthy": failed == 0,
                "data": findings,
            })
            .to_string(),
        ),
        false => Said::data(report::render(&shown, env.color)),
    };
    Ok(match failed {
        0 => said,
        1 => said.and_failure(Failure::new("one thing is wrong; what to do stands beside it")),
        count => said.and_failure(
            Failure::new(format!("{count} things are wrong; what to do stands beside each"))
                .next("Mend the first one first: it may be why the others fail."),
        ),
    })
}

fn value(finding: &Finding) -> Value {
    // A shape of texts and numbers always has a JSON form.
    serde_json::to_value(DoctorFinding::from(finding)).unwrap_or(Value::Null)
}

#[derive(Deserialize)]
struct Run {
    id: String,
    status: String,
    data: Vec<Value>,
    next: usize,
    at_work: Vec<AtWork>,
}

#[derive(Deserialize)]
struct AtWork {
    subject: String,
    step: String,
}

/// Has the server look, and follows it.
async fn examine(args: &Args, api: &Api, progress: &mut Progress) -> Result<Vec<Value>, Failure> {
    let mut order = json!({ "upstreams": args.upstreams, "paid": !args.no_paid });
    if let Some(model) = &args.model {
        order["model"] = model.as_str().into();
    }
    let base = path(&["tollgate", "v1", "doctor"]);
    let begun = match api.post(&base, &order).await {
        // It knew the admin key, and not the path.
        Err(failure) if failure.is("not_found") => return Ok(vec![value(&older())]),
        begun => begun?,
    };
    let mut run: Run = begun.read()?;
    let target = path(&["tollgate", "v1", "doctor", &run.id]);
    let mut findings = Vec::new();
    loop {
        findings.append(&mut run.data);
        if let Some(at) = run.at_work.first() {
            progress.show(&at.subject, &at.step);
        }
        if run.status == "completed" {
            findings.extend(differing(&findings).as_ref().map(value));
            return Ok(findings);
        }
        let after = run.next.to_string();
        run = api.get_as(&query(&target, &[("after", &after)])).await?;
    }
}

fn older() -> Finding {
    let told = "The server has no doctor.".to_owned();
    let told = Told::failed(&causes::SERVER_OLD, told);
    Finding { subject: Finding::HOUSE.to_owned(), told, took_ms: None }
}

/// Whether the server is of another version than this program.
fn differing(findings: &[Value]) -> Option<Finding> {
    let theirs = findings.iter().find(|one| one["step"] == Step::Version.as_str())?;
    let ours = house::version();
    let seen = theirs["seen"].as_str().filter(|seen| *seen != ours.sentence)?;
    let told = format!("The server says: {seen} This program is {}", ours.sentence);
    let told = Told::warning(&causes::SERVER_OLD, told);
    Some(Finding { subject: Finding::HOUSE.to_owned(), told, took_ms: None })
}

/// A line on the terminal that says what is being looked at. Nothing elsewhere.
struct Progress {
    terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, subject: &str, step: &str) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K  {} {} …", plain(subject), plain(step));
        }
    }

    fn clear(&mut self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests;
