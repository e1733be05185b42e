//! `tollgate requests refused` and `tollgate requests why`.

use std::fmt::Write as _;

use domain::Nanos;
use serde::Deserialize;

use crate::cli::api::{Api, path};
use crate::cli::calendar::second;
use crate::cli::failure::Failure;
use crate::cli::project::{named, parse};
use crate::cli::said::Said;
use crate::cli::table::{Table, plain_lines};

/// The most rows of a page.
const PAGE: usize = 1_000;

#[derive(clap::Args)]
pub struct RefusedArgs {
    /// Only this project (id or name)
    #[arg(long)]
    project: Option<String>,
    /// Only this key (id)
    #[arg(long)]
    key: Option<String>,
    /// Only this code, such as `project_spend_limit_exceeded`
    #[arg(long)]
    code: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    limit: u32,
    /// Print the API's JSON, the pages as one
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Refusal {
    request_id: String,
    created_at: i64,
    stage: String,
    api_key_id: Option<String>,
    model: Option<String>,
    code: String,
    status: u16,
    message: String,
    figures: Vec<Figure>,
}

#[derive(Deserialize)]
struct Figure {
    scope: String,
    what: String,
    unit: String,
    limit: i64,
    used: i64,
    asked: i64,
}

#[derive(Deserialize)]
struct Why {
    refusal: Refusal,
    remedy: Option<String>,
    looks: Vec<Look>,
}

#[derive(Deserialize)]
struct Look {
    stage: String,
    result: String,
    now: Vec<Standing>,
}

#[derive(Deserialize)]
struct Standing {
    what: String,
    value: Option<String>,
    limit: Option<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    unit: String,
    limit: i64,
    used: Option<i64>,
    held: i64,
}

pub(super) async fn list(args: RefusedArgs, api: &Api) -> Result<Said, Failure> {
    let project = match &args.project {
        Some(given) => Some(named(api, given).await?.id),
        None => None,
    };
    let filters = [("project_id", project), ("api_key_id", args.key), ("code", args.code)];
    let filters: Vec<(&str, &str)> =
        filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let rows = api.newest(&path(&["tollgate", "v1", "refusals"]), &filters, PAGE, most).await?;
    if args.json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No such refused calls are kept."));
    }
    let mut table =
        Table::new(["TIME (UTC)", "REQUEST", ">STATUS", "CODE", "STAGE", "KEY", "MODEL"]);
    for row in &rows {
        let row: Refusal = parse(row)?;
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.row([
            second(row.created_at),
            row.request_id,
            row.status.to_string(),
            row.code,
            row.stage,
            or_dash(row.api_key_id),
            or_dash(row.model),
        ]);
    }
    Ok(Said::data(table.render()).and_talk("Why: tollgate requests why REQUEST"))
}

pub(super) async fn why(id: &str, json: bool, api: &Api) -> Result<Said, Failure> {
    let reply = api.get(&path(&["tollgate", "v1", "refusals", id])).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let why: Why = reply.read()?;
    let refusal = &why.refusal;
    let mut text = format!(
        "{} at {} UTC: {} {}\n{}\n",
        refusal.request_id,
        second(refusal.created_at),
        refusal.status,
        refusal.code,
        refusal.message
    );
    if let Some(remedy) = &why.remedy {
        let _ = writeln!(text, "What to do: {remedy}");
    }
    for look in &why.looks {
        let _ = writeln!(text, "\n{:<12}{}", look.stage, look.result.replace('_', " "));
        if look.result == "refused" {
            refusal.figures.iter().for_each(|figure| then(&mut text, figure));
        }
        look.now.iter().for_each(|standing| now(&mut text, standing));
    }
    // What a caller named their model is in there.
    Ok(Said::data(plain_lines(&text)))
}

fn then(text: &mut String, figure: &Figure) {
    let count = |n| counted(&figure.unit, n);
    let _ = writeln!(
        text,
        "  then: {} of {}: {} of {} used, {} asked for",
        figure.what,
        figure.scope,
        count(figure.used),
        count(figure.limit),
        count(figure.asked),
    );
}

fn now(text: &mut String, standing: &Standing) {
    let value = match (&standing.value, &standing.limit) {
        (Some(value), _) => value.clone(),
        (None, None) => "-".to_owned(),
        (None, Some(limit)) => {
            let count = |n| counted(&limit.unit, n);
            match limit.used {
                Some(used) => format!(
                    "{} of {} used, {} held",
                    count(used),
                    count(limit.limit),
                    count(limit.held)
                ),
                None => count(limit.limit),
            }
        }
    };
    let _ = writeln!(text, "  now: {}: {value}", standing.what);
}

fn counted(unit: &str, n: i64) -> String {
    match unit {
        "nanos" => format!("${}", Nanos(n)),
        _ => n.to_string(),
    }
}
