//! `tollgate advise`.

use serde::Deserialize;

use super::api::{Api, path, query};
use super::calendar::second;
use super::failure::Failure;
use super::said::Said;
use super::table::facts;

#[derive(clap::Args)]
pub struct Advise {
    /// How many days to look at, today included
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// For how many seconds a cache would keep answers
    #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=2_592_000))]
    ttl_seconds: u32,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Advice {
    start_time: i64,
    end_time: i64,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct Finding {
    kind: String,
    what: String,
    arithmetic: String,
    project_id: Option<String>,
    api_key_id: Option<String>,
    saves: Option<String>,
}

pub(super) async fn run(args: Advise, api: &Api) -> Result<Said, Failure> {
    let (days, ttl) = (args.days.to_string(), args.ttl_seconds.to_string());
    let at = path(&["tollgate", "v1", "advice"]);
    let asked = [("days", days.as_str()), ("ttl_seconds", ttl.as_str())];
    let reply = api.get(&query(&at, &asked)).await?;
    if args.json {
        return Ok(Said::data(reply.text));
    }
    let Advice { start_time, end_time, findings, notes } = reply.read()?;
    let since = format!("{} to {} UTC.", second(start_time), second(end_time));
    let talk = notes.into_iter().fold(since, |talk, note| format!("{talk}\n{note}"));
    if findings.is_empty() {
        return Ok(Said::talk(format!("Nothing to advise.\n{talk}")));
    }
    let shown: Vec<String> = findings.iter().map(shown).collect();
    Ok(Said::data(shown.join("\n")).and_talk(talk))
}

fn shown(one: &Finding) -> String {
    let mut rows = vec![(one.kind.as_str(), one.what.clone())];
    let facts_of =
        [("project", &one.project_id), ("key", &one.api_key_id), ("saves USD", &one.saves)];
    rows.extend(facts_of.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    rows.push(("because", one.arithmetic.clone()));
    facts(&rows)
}
