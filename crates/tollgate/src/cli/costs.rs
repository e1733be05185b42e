//! `tollgate costs`: the Administration API's costs, all pages, a line's parts side by side.

use clap::ValueEnum;

use super::api::{Api, path, query};
use super::calendar::DAY;
use super::costs_report::Report;
use super::failure::Failure;
use super::pages;
use super::project::{ids, parse};
use super::range::{Between, Range};
use super::said::Said;
use super::shapes::CostBucket;

/// The most days of a page.
const DAYS: &str = "180";

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    range: Range,
    /// One line for each of these
    #[arg(
        long,
        visible_alias = "group-by",
        value_enum,
        value_delimiter = ',',
        default_value = "model"
    )]
    by: Vec<By>,
    /// One line for each day as well
    #[arg(long)]
    daily: bool,
    /// Only this project (id or name); may be repeated
    #[arg(long)]
    project: Vec<String>,
    /// Only this key (id); may be repeated
    #[arg(long)]
    key: Vec<String>,
    /// Print the API's JSON, the pages as one
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV
    #[arg(long)]
    csv: bool,
}

/// What lines are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    Project,
    Model,
    Key,
}

pub(super) async fn run(args: Args, api: &Api, now: i64) -> Result<Said, Failure> {
    let between = whole_days(args.range.between(now)?)?;
    let projects = ids(api, &args.project).await?;
    let buckets = pages::fetch(api, &target(&args, &between, &projects)).await?;
    if args.json {
        return Ok(pages::one(buckets));
    }
    let mut report = Report::new(args.by.clone(), args.daily);
    for bucket in &buckets {
        report.add(&parse::<CostBucket>(bucket)?);
    }
    let range = between.told();
    Ok(match (args.csv, report.is_empty()) {
        (true, _) => Said::data(report.csv()),
        (false, true) => Said::talk(format!("No costs from {range}.")),
        (false, false) => {
            let talk = format!("US dollars, from {range}.\n{}", report.footnotes());
            Said::data(report.table()).and_talk(talk)
        }
    })
}

/// Costs are kept by the day: a part of one would be reported as the whole.
fn whole_days(between: Between) -> Result<Between, Failure> {
    let ends = [Some(between.start), between.end];
    match ends.iter().flatten().all(|at| at % DAY == 0) {
        true => Ok(between),
        false => Err(Failure::new("costs are kept by the day (UTC)")
            .next("Give `--from` and `--to` as days, such as 2026-01-31.")),
    }
}

/// Line items always: their parts are the table's columns.
fn target(args: &Args, between: &Between, projects: &[String]) -> String {
    let (start, end) = between.texts();
    let mut pairs = vec![("start_time", start.as_str())];
    pairs.extend(end.as_deref().map(|end| ("end_time", end)));
    pairs.extend([("limit", DAYS), ("group_by", "line_item")]);
    for (by, word) in [(By::Project, "project_id"), (By::Key, "api_key_id")] {
        pairs.extend(args.by.contains(&by).then_some(("group_by", word)));
    }
    pairs.extend(projects.iter().map(|id| ("project_ids", id.as_str())));
    pairs.extend(args.key.iter().map(|id| ("api_key_ids", id.as_str())));
    query(&path(&["v1", "organization", "costs"]), &pairs)
}

#[cfg(test)]
mod tests;
