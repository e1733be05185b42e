//! `tollgate egress`.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, path};
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::shapes::Upstream;
use super::table::{Table, facts};

#[cfg(test)]
mod tests;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the egresses and how their proxies fare
    List {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an egress, its proxies and who takes it
    Show {
        name: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an egress of one proxy or several
    #[command(after_help = "A user name and password never stand on the command line:\n\
                      printf %s \"$LOGIN\" | tollgate egress add out --proxy socks5://host:1080 \
                      --credential-file -\n\
                      where LOGIN is user:password. `{session}` in the user name is filled in.")]
    Add(Box<Add>),
    /// Remove an egress that nobody takes
    Remove {
        name: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Say which egress an upstream or a project takes: a name, `direct`, or `none`
    Use {
        name: String,
        #[command(flatten)]
        of: Of,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch a URL through each proxy: exit address, time, and what is wrong
    #[command(
        after_help = "A URL that answers with the caller's address shows the exit address. Fails \
                      when a proxy fails."
    )]
    Test {
        /// Without one, all egresses
        name: Option<String>,
        /// Else each egress's health_url
        #[arg(long)]
        url: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct Add {
    name: String,
    /// http://host:port, https://host:port or socks5://host:port; may be given again
    #[arg(long, value_name = "URL", required = true)]
    proxy: Vec<String>,
    /// A file with the proxies' user:password; - reads it from stdin
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    #[arg(long, value_parser = ["round_robin", "least_busy", "sticky"])]
    choice: Option<String>,
    /// Who shares what `{session}` becomes
    #[arg(long, value_parser = ["key", "project", "connection"])]
    session: Option<String>,
    /// Go without a proxy when all are down
    #[arg(long)]
    allow_direct: bool,
    /// For every upstream and project that names no egress
    #[arg(long)]
    default: bool,
    /// A host whose name goes to the proxy as it is; may be given again
    #[arg(long, value_name = "HOST")]
    proxy_resolves: Vec<String>,
    #[arg(long, value_name = "URL")]
    health_url: Option<String>,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Of {
    /// Name or id of an upstream
    #[arg(long)]
    upstream: Option<String>,
    /// Name or id of a project
    #[arg(long)]
    project: Option<String>,
}

#[derive(Deserialize)]
struct Shown {
    id: String,
    source: String,
    proxies: Vec<Proxy>,
    choice: String,
    session: String,
    allow_direct: bool,
    default: bool,
    proxy_resolves: Vec<String>,
    health_url: Option<String>,
    used_by: UsedBy,
}

#[derive(Deserialize)]
struct Proxy {
    url: String,
    has_credential: bool,
    state: String,
    attempts: u64,
    failures: Vec<Counted>,
    opening_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Counted {
    reason: String,
    count: u64,
}

#[derive(Deserialize)]
struct UsedBy {
    upstreams: Vec<String>,
    projects: Vec<String>,
}

#[derive(Deserialize)]
struct Tested {
    ok: bool,
    proxies: Vec<TestedProxy>,
}

#[derive(Deserialize)]
struct TestedProxy {
    url: String,
    latency_ms: u64,
    status: Option<u16>,
    exit_address: Option<String>,
    error: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { json } => list(api, json).await,
        Command::Show { name, json } => show(api, &name, json).await,
        Command::Add(add) => make(api, *add).await,
        Command::Remove { name, json } => {
            let reply = api.delete(&at(&[&name])).await?;
            let done = Said::talk(format!("The egress {name} is removed."));
            Ok(if json { Said::data(reply.text) } else { done })
        }
        Command::Use { name, of, json } => assign(api, &name, of, json).await,
        Command::Test { name, url, json } => test(api, name, url.as_deref(), json).await,
    }
}

fn at(rest: &[&str]) -> String {
    path(&[&["tollgate", "v1", "egress"], rest].concat())
}

async fn list(api: &Api, json: bool) -> Result<Said, Failure> {
    let rows = api.list(&at(&[]), &[]).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No egress: every call leaves directly."));
    }
    let mut table = Table::new(["NAME", ">PROXIES", ">UP", "CHOICE", "FROM", "TAKEN BY"]);
    for row in &rows {
        let egress: Shown = parse(row)?;
        let up = egress.proxies.iter().filter(|proxy| proxy.state == "up").count();
        table.row([
            egress.id.clone(),
            egress.proxies.len().to_string(),
            up.to_string(),
            egress.choice.clone(),
            egress.source.clone(),
            taken_by(&egress),
        ]);
    }
    Ok(Said::data(table.render()))
}

fn taken_by(egress: &Shown) -> String {
    let default = egress.default.then_some("default");
    let users = default.into_iter().chain(egress.used_by.upstreams.iter().map(String::as_str));
    let users = users.chain(egress.used_by.projects.iter().map(String::as_str));
    users.collect::<Vec<_>>().join(", ")
}

async fn show(api: &Api, name: &str, json: bool) -> Result<Said, Failure> {
    let reply = api.get(&at(&[name])).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let egress: Shown = reply.read()?;
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let head = facts(&[
        ("name", egress.id.clone()),
        ("from", egress.source.clone()),
        ("choice", egress.choice.clone()),
        ("session", egress.session.clone()),
        ("allow direct", yes(egress.allow_direct)),
        ("names sent to proxy", egress.proxy_resolves.join(", ")),
        ("health url", egress.health_url.clone().unwrap_or_default()),
        ("taken by", taken_by(&egress)),
    ]);
    let mut table = Table::new(["PROXY", "LOGIN", "STATE", ">CALLS", ">OPENING MS", "FAILURES"]);
    for proxy in &egress.proxies {
        let failures: Vec<String> =
            proxy.failures.iter().map(|it| format!("{} {}", it.count, it.reason)).collect();
        table.row([
            proxy.url.clone(),
            yes(proxy.has_credential),
            proxy.state.clone(),
            proxy.attempts.to_string(),
            proxy.opening_ms.map(|ms| ms.to_string()).unwrap_or_default(),
            failures.join(", "),
        ]);
    }
    Ok(Said::data(format!("{head}\n{}", table.render())))
}

async fn make(api: &Api, add: Add) -> Result<Said, Failure> {
    let credential = add.credential_file.as_deref().map(read_credential).transpose()?;
    let proxies: Vec<Value> = add
        .proxy
        .iter()
        .map(|url| match &credential {
            Some(credential) => json!({ "url": url, "credential": credential }),
            None => json!({ "url": url }),
        })
        .collect();
    let body = json!({
        "name": add.name, "proxies": proxies, "choice": add.choice, "session": add.session,
        "allow_direct": add.allow_direct, "default": add.default,
        "proxy_resolves": add.proxy_resolves, "health_url": add.health_url,
    });
    let reply = api.post(&at(&[]), &body).await?;
    if add.json {
        return Ok(Said::data(reply.text));
    }
    let name = &add.name;
    Ok(Said::talk(format!(
        "The egress {name} is made. Try it: `tollgate egress test {name} --url URL`; put it to \
         use: `tollgate egress use {name} --upstream NAME`."
    )))
}

fn read_credential(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().read_to_string(&mut text).map(|_| text),
        false => std::fs::read_to_string(file),
    };
    let text =
        read.map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::new(format!("{} holds no user:password", file.display())));
    }
    Ok(text.to_owned())
}

async fn assign(api: &Api, name: &str, of: Of, json: bool) -> Result<Said, Failure> {
    let (kind, id) = match (of.upstream, of.project) {
        (Some(upstream), _) => ("upstreams", upstream_id(api, &upstream).await?),
        (None, project) => ("projects", named(api, &project.unwrap_or_default()).await?.id),
    };
    let egress = if name == "none" { Value::Null } else { name.into() };
    let target = path(&["tollgate", "v1", kind, &id, "egress"]);
    let reply = api.put(&target, &json!({ "egress": egress })).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    Ok(Said::talk(match name {
        "none" => format!("{id} names no egress any more."),
        "direct" => format!("The calls of {id} leave directly from now on."),
        name => format!("The calls of {id} leave through {name} from now on."),
    }))
}

async fn upstream_id(api: &Api, given: &str) -> Result<String, Failure> {
    let rows = api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await?;
    for row in &rows {
        let upstream: Upstream = parse(row)?;
        if upstream.id == given || upstream.name == given {
            return Ok(upstream.id);
        }
    }
    Err(Failure::new(format!("there is no upstream {given}"))
        .next("`tollgate upstreams list` shows all."))
}

async fn test(
    api: &Api,
    name: Option<String>,
    url: Option<&str>,
    json: bool,
) -> Result<Said, Failure> {
    let names = match name {
        Some(name) => vec![name],
        None => {
            let rows = api.list(&at(&[]), &[]).await?;
            rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
        }
    };
    let mut table = Table::new(["EGRESS", "PROXY", "EXIT ADDRESS", ">MS", "RESULT"]);
    let (mut documents, mut failed) = (Vec::new(), 0);
    for name in &names {
        let reply = api.post(&at(&[name, "test"]), &json!({ "url": url })).await?;
        let tested: Tested = reply.read()?;
        failed += usize::from(!tested.ok);
        for proxy in tested.proxies {
            let status = proxy.status.map(|status| format!("answered {status}"));
            table.row([
                name.clone(),
                proxy.url,
                proxy.exit_address.unwrap_or_default(),
                proxy.latency_ms.to_string(),
                status.or(proxy.error).unwrap_or_default(),
            ]);
        }
        documents.push(reply.read::<Value>()?);
    }
    let said = match json {
        true if documents.len() == 1 => Said::data(documents[0].to_string()),
        true => Said::list(&documents),
        false if names.is_empty() => Said::talk("No egress: every call leaves directly."),
        false => Said::data(table.render()),
    };
    Ok(match failed {
        0 => said,
        _ => said.and_failure(Failure::new("a proxy does not work")),
    })
}
