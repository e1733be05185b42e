//! `tollgate leaks`.

use domain::Secret;
use serde::Deserialize;

use super::api::{Api, path};
use super::calendar::minute;
use super::confirm::confirm;
use super::failure::Failure;
use super::project::parse;
use super::reveal;
use super::said::Said;
use super::table::Table;
use super::upstreams::read_secret;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the leaks that were reported, newest first, and what was done
    List {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether a secret is a key of this Tollgate, and whether it works; 1 when it does
    #[command(after_help = AFTER)]
    Check {
        /// Read the secret from this variable instead of stdin
        #[arg(long, value_name = "NAME")]
        key_env: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// End a leaked secret now; others of its key work on
    #[command(after_help = AFTER)]
    Revoke {
        /// Read the secret from this variable instead of stdin
        #[arg(long, value_name = "NAME")]
        key_env: Option<String>,
        /// Without a question
        #[arg(long)]
        yes: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

const AFTER: &str = "A secret is never an argument: other users of the machine see those.";
const ASK: &str = "Paste the leaked secret and press Return: ";

#[derive(Deserialize)]
struct Leak {
    created_at: i64,
    api_key_id: String,
    redacted_value: String,
    reporter: String,
    url: String,
    action: String,
}

#[derive(Deserialize)]
struct Checked {
    ours: bool,
    live: bool,
    status: String,
    api_key_id: Option<String>,
    name: Option<String>,
    project_id: Option<String>,
    redacted_value: Option<String>,
}

impl Checked {
    fn words(&self) -> String {
        let (Some(id), Some(shown)) = (&self.api_key_id, &self.redacted_value) else {
            return "No key of this Tollgate has this value.".to_owned();
        };
        let name = self.name.as_deref().unwrap_or_default();
        let project = self.project_id.as_deref();
        let project = project.map_or_else(String::new, |project| format!(" of {project}"));
        let status = self.status.replace('_', " ");
        format!("{shown} is {id} \"{name}\"{project}: {status}.")
    }
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { json } => list(api, json).await,
        Command::Check { key_env, json } => {
            let secret = read_secret(key_env.as_deref(), ASK)?;
            check(api, &secret, json).await
        }
        Command::Revoke { key_env, yes, json } => {
            let secret = read_secret(key_env.as_deref(), ASK)?;
            revoke(api, &secret, yes, json).await
        }
    }
}

async fn list(api: &Api, json: bool) -> Result<Said, Failure> {
    let rows = api.list(&path(&["tollgate", "v1", "leaks"]), &[("order", "desc")]).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No leak was reported."));
    }
    let mut table = Table::new(["WHEN (UTC)", "KEY", "SECRET", "BY", "DONE", "PLACE"]);
    for row in &rows {
        let leak: Leak = parse(row)?;
        let (when, done) = (minute(leak.created_at), leak.action.replace('_', " "));
        table.row([when, leak.api_key_id, leak.redacted_value, leak.reporter, done, leak.url]);
    }
    Ok(Said::data(table.render()))
}

async fn ask(api: &Api, what: &str, secret: &Secret) -> Result<(String, Checked), Failure> {
    let body = reveal::token_body(secret);
    let reply = api.post(&path(&["tollgate", "v1", "leaks", what]), &body).await?;
    let checked = reply.read()?;
    Ok((reply.text, checked))
}

async fn check(api: &Api, secret: &Secret, json: bool) -> Result<Said, Failure> {
    let (text, checked) = ask(api, "check", secret).await?;
    let said = if json { Said::data(text) } else { Said::data(checked.words()) };
    match checked.live {
        true => Ok(said.and_failure(
            Failure::new("it works").next("`tollgate leaks revoke` ends it; the same on stdin."),
        )),
        false => Ok(said),
    }
}

async fn revoke(api: &Api, secret: &Secret, yes: bool, json: bool) -> Result<Said, Failure> {
    let (_, before) = ask(api, "check", secret).await?;
    if !before.ours {
        return Err(Failure::new(before.words()));
    }
    confirm(&format!("{} End this secret now?", before.words()), yes)?;
    let (text, after) = ask(api, "revoke", secret).await?;
    if json {
        return Ok(Said::data(text));
    }
    let next = after.api_key_id.map(|id| format!(" A new one: `tollgate keys rotate {id}`."));
    Ok(Said::talk(format!("The secret has ended.{}", next.unwrap_or_default())))
}
