//! `tollgate keys honeytoken`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::api::{Api, path};
use super::calendar::minute;
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::table::Table;
use super::{key_text, reveal};

#[derive(clap::Args)]
#[command(after_help = "Plant it where only a thief would find it: a wiki page, a backup, an old \
                  repository.\nWhoever is told of its use, and how: docs/key-hygiene.md.")]
pub struct Args {
    /// Where it will be planted, for people
    #[arg(required_unless_present_any = ["list", "remove"])]
    name: Option<String>,
    /// Whose owners are told as well (id or name)
    #[arg(long)]
    project: Option<String>,
    /// What it looks like
    #[arg(long, value_parser = ["project", "service_account", "admin"])]
    kind: Option<String>,
    /// List the honeytokens instead
    #[arg(long, conflicts_with_all = ["name", "project", "kind"])]
    list: bool,
    /// Forget one instead
    #[arg(long, value_name = "ID", conflicts_with_all = ["name", "project", "kind", "list"])]
    remove: Option<String>,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Honeytoken {
    id: String,
    name: String,
    redacted_value: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

pub(super) async fn run(args: Args, api: &Api) -> Result<Said, Failure> {
    let all = path(&["tollgate", "v1", "honeytokens"]);
    if args.list {
        return list(api, &all, args.json).await;
    }
    if let Some(id) = &args.remove {
        let reply = api.delete(&path(&["tollgate", "v1", "honeytokens", id])).await?;
        return Ok(match args.json {
            true => Said::data(reply.text),
            false => Said::talk(format!("{id} alarms nobody any more.")),
        });
    }
    let mut body = Map::new();
    body.extend(args.name.map(|name| ("name".to_owned(), Value::from(name))));
    body.extend(args.kind.map(|kind| ("kind".to_owned(), Value::from(kind))));
    if let Some(project) = &args.project {
        body.insert("project_id".to_owned(), Value::from(named(api, project).await?.id));
    }
    let reply = api.post(&all, &body.into()).await?;
    let made: Honeytoken = reply.read()?;
    let said = match (args.json, reveal::made_value(&reply.text)) {
        (true, _) => Said::data(reply.text.as_str()),
        (false, Some(secret)) => reveal::only_key(&secret).and_talk(format!(
            "Made the honeytoken {}. Its text is shown this once; it never works.",
            made.id
        )),
        (false, None) => return Err(Failure::new(format!("{} came without its text", made.id))),
    };
    Ok(said.only_once(format!("the honeytoken {} was made, but not printed", made.id)))
}

async fn list(api: &Api, all: &str, json: bool) -> Result<Said, Failure> {
    let rows = api.list(all, &[]).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No honeytoken. `tollgate keys honeytoken NAME` makes one."));
    }
    let mut table = Table::new(["ID", "NAME", "KEY", "MADE (UTC)", "LAST USED (UTC)"]);
    for row in &rows {
        let it: Honeytoken = parse(row)?;
        let (made, used) = (minute(it.created_at), key_text::time(it.last_used_at));
        table.row([it.id, it.name, it.redacted_value, made, used]);
    }
    Ok(Said::data(table.render()))
}
