//! `tollgate audit`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Api, path};
use super::calendar::second;
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::table::Table;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List what was changed, newest first: when, by whom, from where
    List(ListArgs),
    /// Read every line and hold it against the chain of hashes; 1 when it does not fit
    #[command(
        after_help = "Keep the printed head outside this machine. `--head` then shows that no \
                      line up to it was changed since,\nnot even by somebody who can write to \
                      the database."
    )]
    Verify {
        /// A head that an earlier look has printed; it must still be in the chain
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// Only in this project (id or name)
    #[arg(long)]
    project: Option<String>,
    /// Only this event, such as `api_key.created`
    #[arg(long)]
    event: Option<String>,
    /// Only by this key, user or service account (id)
    #[arg(long)]
    actor: Option<String>,
    /// Only changes of this thing (id)
    #[arg(long)]
    resource: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print the API's JSON, the pages as one
    #[arg(long)]
    json: bool,
}

/// The most lines of a page.
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Line {
    effective_at: i64,
    actor: Option<Actor>,
    tollgate: Ours,
}

#[derive(Deserialize)]
struct Actor {
    api_key: Named,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Ours {
    event: String,
    details: Map<String, Value>,
    ip_address: Option<String>,
}

#[derive(Deserialize)]
struct Verification {
    intact: bool,
    num_lines: u64,
    head: Option<String>,
    broken_at: Option<String>,
    reason: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List(args) => list(api, args).await,
        Command::Verify { head, json } => verify(api, head, json).await,
    }
}

async fn list(api: &Api, args: ListArgs) -> Result<Said, Failure> {
    let project = match &args.project {
        Some(given) => Some(named(api, given).await?.id),
        None => None,
    };
    let filters = [
        ("project_ids", project),
        ("event_types", args.event),
        ("actor_ids", args.actor),
        ("resource_ids", args.resource),
    ];
    let filters: Vec<(&str, &str)> =
        filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let target = path(&["v1", "organization", "audit_logs"]);
    let rows = api.newest(&target, &filters, PAGE, most).await?;
    if args.json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No such lines in the audit log."));
    }
    let mut table = Table::new(["TIME (UTC)", "EVENT", "BY", "FROM", "OF", "DETAILS"]);
    for row in &rows {
        table.row(cells(parse(row)?));
    }
    Ok(Said::data(table.render()))
}

fn cells(line: Line) -> [String; 6] {
    let mut details = line.tollgate.details;
    let of = details.remove("id").and_then(|id| id.as_str().map(str::to_owned));
    [
        second(line.effective_at),
        line.tollgate.event,
        line.actor.map_or_else(|| "system".to_owned(), |actor| actor.api_key.id),
        line.tollgate.ip_address.unwrap_or_else(|| "-".to_owned()),
        of.unwrap_or_else(|| "-".to_owned()),
        if details.is_empty() { String::new() } else { Value::Object(details).to_string() },
    ]
}

async fn verify(api: &Api, head: Option<String>, json: bool) -> Result<Said, Failure> {
    let body = head.map_or_else(|| json!({}), |head| json!({ "head": head }));
    let reply = api.post(&path(&["tollgate", "v1", "audit", "verify"]), &body).await?;
    let found: Verification = reply.read()?;
    let head = found.head.clone().unwrap_or_else(|| "none yet".to_owned());
    let said = match json {
        true => Said::data(reply.text),
        false if found.intact => Said::data(head)
            .and_talk(format!("All {} lines are as they were written.", found.num_lines)),
        false => Said::default(),
    };
    if found.intact {
        return Ok(said);
    }
    let why = found.reason.unwrap_or_default();
    let what = match found.broken_at {
        Some(line) => format!("the audit log is broken at {line}: {why}"),
        None => format!("the audit log is not the one you saw: {why}"),
    };
    let next = "Compare the database with a backup; lines are never changed by Tollgate.";
    Ok(said.and_failure(Failure::new(what).next(next)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::{Fake, Route};

    const ROUTES: &[Route] = &[
        (
            "GET /v1/organization/audit_logs?event_types=project.created&limit=20",
            200,
            r#"{"data":[{"id":"audit_log-1","effective_at":60,"actor":null,"tollgate":{"event":
            "project.created","details":{"id":"proj_1"},"ip_address":null}}],"has_more":false}"#,
        ),
        (
            "POST /tollgate/v1/audit/verify",
            200,
            r#"{"intact":false,"num_lines":3,"head":null,"broken_at":"audit_log-2","reason":"x"}"#,
        ),
    ];

    #[tokio::test]
    async fn lines_are_shown_and_a_broken_chain_is_a_failure() {
        let fake = Fake::start(ROUTES).await;
        let event = Some("project.created".to_owned());
        let nothing = || None::<String>;
        let args = ListArgs {
            project: nothing(),
            event,
            actor: nothing(),
            resource: nothing(),
            limit: 20,
            json: false,
        };
        let said = list(&fake.api, args).await.unwrap().into_parts();
        assert!(said.0.contains("1970-01-01 00:01:00  project.created  system"), "{}", said.0);
        let said = verify(&fake.api, Some("ab".into()), false).await.unwrap();
        assert_eq!(fake.last_body(), json!({ "head": "ab" }));
        let failed = said.print(&mut Vec::new(), &mut Vec::new()).unwrap_err();
        assert!(failed.render(false).contains("broken at audit_log-2"));
    }
}
