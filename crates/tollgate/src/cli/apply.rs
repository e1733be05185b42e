//! `tollgate apply`: what a file says of upstreams, routes, projects, keys' policies and limits, made
//! so.
//!
//! What the file names, the file owns: a value that differs is set. What it does not name stays as
//! it is; nothing is ever taken away because it is not there.

mod file;
mod places;
mod plan;

use std::path::PathBuf;

use domain::Secret;
use serde_json::{Value, json};

use super::api::{Api, path};
use super::failure::Failure;
use super::reveal;
use super::said::Said;
use super::shapes::Project;
use super::table::Table;
use crate::config::Environment;
use plan::{Act, Step};

// Flattened into the command: a doc comment would become its description.
#[derive(clap::Args)]
pub struct Args {
    /// The file (TOML); `tollgate export` writes one
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Only show what would change; 1 when something would
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: Args, api: &Api) -> Result<Said, Failure> {
    let name = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::new(format!("{name}: {error}")))?;
    make_so(api, &text, &name, args.check).await
}

/// As the file of this text and name says.
pub(super) async fn make_so(
    api: &Api,
    text: &str,
    name: &str,
    check: bool,
) -> Result<Said, Failure> {
    let wanted = file::read(text, name, &Environment::read())?;
    // Everything is looked at, and so every mistake found, before anything is changed.
    let steps = plan::differences(api, &wanted).await?;
    if steps.is_empty() {
        return Ok(Said::talk("Nothing to do: everything is as the file says."));
    }
    let shown = difference(&steps);
    let count = steps.len();
    if check {
        let failure = Failure::new(format!("{count} values differ from {name}"))
            .next("Without --check they are set.");
        return Ok(Said::data(shown).and_failure(failure));
    }
    let mut made: Vec<(String, String)> = Vec::new();
    for (done, step) in steps.iter().enumerate() {
        if let Err(failure) = take(api, step, &mut made).await {
            let what = format!("{done} of {count} values were set; then, at {}:", step.what);
            return Err(failure.after(&what));
        }
    }
    Ok(Said::data(shown).and_talk(format!("{count} values were set.")))
}

fn difference(steps: &[Step]) -> String {
    let mut table = Table::new(["WHAT", "IS", "WILL BE"]);
    for step in steps {
        table.row([&step.what, &step.before, &step.after]);
    }
    table.render()
}

/// Sets one value. `made`: the projects that this run has made, name and id.
async fn take(api: &Api, step: &Step, made: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let id = match &step.project {
        Some(plan::Whose::There(id)) => id.clone(),
        Some(plan::Whose::New(name)) => {
            let found = made.iter().find(|(known, _)| known == name);
            found.map(|(_, id)| id.clone()).unwrap_or_default()
        }
        None => String::new(),
    };
    match &step.act {
        Act::Make(name) => {
            let target = path(&["v1", "organization", "projects"]);
            let project: Project = api.post(&target, &json!({ "name": name })).await?.read()?;
            made.push((name.clone(), project.id));
        }
        Act::SignIn(body) => {
            api.post(&path(&["tollgate", "v1", "sign_in"]), body).await?;
        }
        Act::Post(what, body) if id.is_empty() => {
            api.post(&path(&["v1", "organization", what]), body).await?;
        }
        Act::Post(what, body) => {
            api.post(&path(&["v1", "organization", "projects", &id, what]), body).await?;
        }
        Act::Key(key, body) => {
            let target = path(&["v1", "organization", "projects", &id, "api_keys", key]);
            api.post(&target, body).await?;
        }
        Act::Rates(body) => {
            let target = path(&["tollgate", "v1", "projects", &id, "rate_limits"]);
            api.put(&target, body).await?;
        }
        Act::Limit(body) => {
            let mut body = body.clone();
            body["scope"] = match id.is_empty() {
                true => json!({ "type": "organization" }),
                false => json!({ "type": "project", "id": id }),
            };
            api.put(&path(&["tollgate", "v1", "limits"]), &body).await?;
        }
        Act::Upstream(name, body, credentials) => {
            make_upstream(api, name, body.clone(), credentials).await?;
        }
        Act::ChangeUpstream(name, body) => {
            api.post(&path(&["tollgate", "v1", "upstreams", name]), body).await?;
        }
        Act::Credentials { upstream, add, remove } => {
            exchange(api, upstream, add, remove).await?;
        }
        Act::Egress(name, body) => {
            api.put(&path(&["tollgate", "v1", "upstreams", name, "egress"]), body).await?;
        }
        Act::Route(there, body) => {
            let mut body = body.clone();
            if !id.is_empty() {
                body["project_id"] = json!(id);
            }
            let target = match there {
                Some(route) => path(&["tollgate", "v1", "routes", route]),
                None => path(&["tollgate", "v1", "routes"]),
            };
            api.post(&target, &body).await?;
        }
    };
    Ok(())
}

async fn make_upstream(
    api: &Api,
    name: &str,
    body: Value,
    credentials: &[Secret],
) -> Result<(), Failure> {
    let target = path(&["tollgate", "v1", "upstreams"]);
    let Some((first, others)) = credentials.split_first() else {
        return api.post(&target, &body).await.map(drop);
    };
    api.post(&target, &reveal::with_credential(body, first)).await?;
    exchange(api, name, others, &[]).await
}

/// The new ones are there before the old ones go, so that no call is without any.
async fn exchange(
    api: &Api,
    upstream: &str,
    add: &[Secret],
    remove: &[String],
) -> Result<(), Failure> {
    for secret in add {
        let target = path(&["tollgate", "v1", "upstreams", upstream, "credentials"]);
        api.post(&target, &reveal::with_credential(json!({}), secret)).await?;
    }
    for old in remove {
        api.delete(&path(&["tollgate", "v1", "upstreams", upstream, "credentials", old])).await?;
    }
    Ok(())
}

/// A value as the difference shows it.
fn told(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
