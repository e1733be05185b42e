//! `tollgate upstreams`.

use std::io::{IsTerminal, Read, Write};

use domain::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Reply, path};
use super::calendar::minute;
use super::confirm::confirm;
use super::failure::Failure;
use super::project::parse;
use super::reveal;
use super::said::Said;
use super::shapes::Upstream;
use super::table::{Table, facts};
use crate::config::Environment;

#[cfg(test)]
mod tests;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the upstreams; credentials are never shown
    List {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one upstream, with the last characters of its credentials
    Show {
        /// Name or id
        upstream: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Add an account with a provider; its credential is read from stdin or a variable
    #[command(after_help = "tollgate upstreams add groq --key-env GROQ_API_KEY\n\
                            tollgate upstreams add gpu --provider vllm --base-url http://gpu:8000/v1 \
                            --keyless\n\
                            A credential is never an argument: other users of the machine see those.")]
    Add(Add),
    /// Ask an upstream for its models, with each of its credentials
    Test {
        /// Name or id
        upstream: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a new credential in the place of the old ones; calls go on meanwhile
    Rotate {
        /// Name or id
        upstream: String,
        /// Read the credential from this variable instead of stdin
        #[arg(long, value_name = "NAME")]
        key_env: Option<String>,
        /// Leave the old ones beside it, and share the calls
        #[arg(long)]
        keep: bool,
        /// Its share of the calls, where others are beside it
        #[arg(long, default_value_t = 1)]
        weight: u32,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an upstream; what was made there keeps its owners
    Remove {
        /// Name or id
        upstream: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct Add {
    name: String,
    /// A provider of docs/providers.md; the name's own if left out
    #[arg(long)]
    provider: Option<String>,
    /// The provider's own if left out
    #[arg(long)]
    base_url: Option<String>,
    /// Azure's, such as 2024-10-21
    #[arg(long)]
    api_version: Option<String>,
    /// Sent along with every call; no secrets
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<String>,
    /// Read the credential from this variable instead of stdin
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// The server wants no credential
    #[arg(long, conflicts_with = "key_env")]
    keyless: bool,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Tested {
    ok: bool,
    models: Option<usize>,
    problem: Option<String>,
    took_ms: u64,
}

#[derive(Deserialize)]
struct Rotated {
    drained: bool,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { json } => list(api, json).await,
        Command::Show { upstream, json } => {
            let reply = api.get(&at(&upstream, &[])).await?;
            if json { Ok(Said::data(reply.text)) } else { Ok(Said::data(shown(&reply.read()?))) }
        }
        Command::Add(add) => make(api, &add).await,
        Command::Test { upstream, json } => test(api, &upstream, json).await,
        Command::Rotate { upstream, key_env, keep, weight, json } => {
            let credential = read_credential(key_env.as_deref())?;
            rotate(api, &upstream, (&credential, weight), keep, json).await
        }
        Command::Remove { upstream, yes, json } => {
            confirm(&format!("Remove the upstream {upstream}?"), yes)?;
            let reply = api.delete(&at(&upstream, &[])).await?;
            let said = if json { Said::data(reply.text) } else { Said::default() };
            Ok(said.and_talk(format!("The upstream {upstream} is removed.")))
        }
    }
}

fn at(upstream: &str, more: &[&str]) -> String {
    let mut segments = vec!["tollgate", "v1", "upstreams", upstream];
    segments.extend(more);
    path(&segments)
}

async fn list(api: &Api, json: bool) -> Result<Said, Failure> {
    let rows = api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No upstream. Set OPENAI_API_KEY before `tollgate serve`."));
    }
    let mut table = Table::new(["NAME", "PROVIDER", "BASE URL", "FROM", ">KEYS", "IN USE", "ID"]);
    for row in &rows {
        let up: Upstream = parse(row)?;
        let (keys, used) = (up.credentials.len().to_string(), yes_or_no(up.in_use));
        table.row([up.name, up.provider, up.base_url, up.source, keys, used, up.id]);
    }
    Ok(Said::data(table.render()))
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn shown(up: &Upstream) -> String {
    let mut rows = vec![
        ("id", up.id.clone()),
        ("name", up.name.clone()),
        ("provider", up.provider.clone()),
        ("base url", up.base_url.clone()),
        ("from", up.source.clone()),
        ("in use", yes_or_no(up.in_use)),
    ];
    for one in &up.credentials {
        let last = if one.last_four.is_empty() { "(short)" } else { &one.last_four };
        let since = minute(one.created_at);
        rows.push(("key", format!("…{last}  weight {}  since {since}  {}", one.weight, one.id)));
    }
    facts(&rows)
}

async fn make(api: &Api, add: &Add) -> Result<Said, Failure> {
    let mut headers = serde_json::Map::new();
    for header in &add.headers {
        let (name, value) = header.split_once('=').ok_or_else(|| {
            Failure::new(format!("'{header}' is no header")).next("Write --header NAME=VALUE.")
        })?;
        headers.insert(name.to_owned(), Value::from(value));
    }
    let body = json!({
        "name": add.name, "provider": add.provider, "base_url": add.base_url,
        "api_version": add.api_version, "headers": headers,
    });
    let body = match add.keyless {
        true => body,
        false => reveal::with_credential(body, &read_credential(add.key_env.as_deref())?),
    };
    let reply = api.post(&path(&["tollgate", "v1", "upstreams"]), &body).await?;
    if add.json {
        return Ok(Said::data(reply.text));
    }
    let name = &add.name;
    Ok(Said::data(shown(&reply.read()?)).and_talk(format!(
        "The upstream {name} is in use. Ask it: `tollgate upstreams test {name}`; lead a model \
         there: `tollgate routes set MODEL --to {name}`."
    )))
}

async fn test(api: &Api, upstream: &str, json: bool) -> Result<Said, Failure> {
    let reply = api.post(&at(upstream, &["test"]), &json!({})).await?;
    let Tested { ok, models, problem, took_ms } = reply.read()?;
    let said = if json { Said::data(reply.text.clone()) } else { Said::default() };
    if !ok {
        let problem = problem.unwrap_or_default();
        return Ok(said.and_failure(Failure::new(format!("{upstream} does not do. {problem}"))));
    }
    let models = models.map_or_else(String::new, |count| format!(" and lists {count} models"));
    Ok(said.and_talk(format!("{upstream} answered in {took_ms} ms{models}.")))
}

/// The new one is tried and takes over before the old ones go, so that no call is without any.
async fn rotate(
    api: &Api,
    upstream: &str,
    (credential, weight): (&Secret, u32),
    keep: bool,
    json: bool,
) -> Result<Said, Failure> {
    let body = reveal::with_credential(json!({ "weight": weight }), credential);
    if keep {
        let reply = api.post(&at(upstream, &["credentials"]), &body).await?;
        return said(&reply, json, "The new credential shares the calls from now on.");
    }
    let reply = api.post(&at(upstream, &["rotate"]), &body).await?;
    let Rotated { drained } = reply.read()?;
    let talk = match drained {
        true => {
            "The new credential holds, and no call uses an old one any more: end them at the \
             provider."
        }
        false => {
            "The new credential holds for new calls. Long ones still run with an old one: wait for \
             them before you end it at the provider."
        }
    };
    said(&reply, json, talk)
}

fn said(reply: &Reply, json: bool, talk: &str) -> Result<Said, Failure> {
    if json {
        return Ok(Said::data(reply.text.as_str()));
    }
    Ok(Said::data(shown(&reply.read()?)).and_talk(talk))
}

/// From a variable or stdin, one line.
fn read_credential(variable: Option<&str>) -> Result<Secret, Failure> {
    read_secret(variable, "Paste the provider's credential and press Return: ").map_err(|failure| {
        failure.next(
            "Pipe it in, or name a variable with --key-env; a server without one is --keyless.",
        )
    })
}

/// The same of any secret; `ask` is what a person at a terminal reads.
pub(super) fn read_secret(variable: Option<&str>, ask: &str) -> Result<Secret, Failure> {
    if let Some(name) = variable {
        let mut mistakes = Vec::new();
        let found = Environment::read().secret(name, &mut mistakes);
        return found.ok_or_else(|| {
            let why = mistakes.pop().unwrap_or_else(|| format!("the environment has no {name}"));
            Failure::new(why)
        });
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        let _ = write!(std::io::stderr(), "{ask}");
        let mut line = String::new();
        let read = stdin.read_line(&mut line);
        read.map_err(|error| Failure::new(format!("cannot read it: {error}")))?;
        return given(&line);
    }
    let mut text = String::new();
    let read = stdin.read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("stdin cannot be read: {error}")))?;
    given(&text)
}

fn given(text: &str) -> Result<Secret, Failure> {
    match text.trim() {
        "" => Err(Failure::new("nothing was given")),
        text => Ok(Secret::from(text)),
    }
}
