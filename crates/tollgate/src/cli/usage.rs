//! `tollgate usage`: the Administration API's completions usage, all pages.

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, path, query};
use super::calendar::{DAY, When, minute};
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::shapes::UsageBucket;
use super::usage_report::Report;

/// Days of a report that names no beginning, today's among them.
const DEFAULT_DAYS: i64 = 7;

#[derive(clap::Args)]
pub struct Args {
    /// First day (YYYY-MM-DD, UTC) or Unix seconds; else a week before the end
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    from: Option<When>,
    /// Last day, itself included, or Unix seconds; else now
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    to: Option<When>,
    /// One line for each of these
    #[arg(long, value_enum, value_delimiter = ',', default_value = "model")]
    by: Vec<By>,
    /// One line for each stretch of time as well
    #[arg(long, value_enum)]
    bucket: Option<Width>,
    /// Only this project (id or name); may be repeated
    #[arg(long)]
    project: Vec<String>,
    /// Only this model; may be repeated
    #[arg(long)]
    model: Vec<String>,
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
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Width {
    #[value(name = "1m")]
    Minute,
    #[value(name = "1h")]
    Hour,
    #[value(name = "1d")]
    Day,
}

impl Width {
    /// The API's word, a bucket's seconds, the most buckets of a page.
    fn facts(self) -> (&'static str, i64, &'static str) {
        match self {
            Self::Minute => ("1m", 60, "1440"),
            Self::Hour => ("1h", 3_600, "168"),
            Self::Day => ("1d", DAY, "31"),
        }
    }

    pub(super) fn seconds(self) -> i64 {
        self.facts().1
    }

    /// The widest whose edges the range's ends are on, so that nothing beside the range is counted.
    fn fitting(ends: [Option<i64>; 2]) -> Self {
        let fits = |width: &Self| ends.iter().flatten().all(|at| at % width.seconds() == 0);
        [Self::Day, Self::Hour].into_iter().find(fits).unwrap_or(Self::Minute)
    }
}

impl By {
    fn parameter(self) -> &'static str {
        match self {
            Self::Project => "project_id",
            Self::Model => "model",
            Self::Key => "api_key_id",
            Self::User => "user_id",
        }
    }
}

/// One page of buckets.
#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    next_page: Option<String>,
}

pub(super) async fn run(args: Args, api: &Api, now: i64) -> Result<Said, Failure> {
    let end = args.to.map(When::end);
    let last = end.unwrap_or(now);
    let midnight = |at: i64| at.div_euclid(DAY) * DAY;
    let start = match args.from {
        Some(from) => from.first_second(),
        None => midnight(last - 1) - (DEFAULT_DAYS - 1) * DAY,
    };
    if start >= last {
        return Err(Failure::new("the range is empty: it begins where it ends, or later")
            .next("Give `--from` before `--to`, and neither in the future."));
    }
    let width = args.bucket.unwrap_or_else(|| Width::fitting([Some(start), end]));
    let mut projects = Vec::new();
    for given in &args.project {
        projects.push(named(api, given).await?.id);
    }
    let target = target(&args, width, (start, end), &projects);
    let buckets = fetch(api, &target).await?;
    if args.json {
        let page =
            json!({ "object": "page", "data": buckets, "has_more": false, "next_page": null });
        return Ok(Said::data(page.to_string()));
    }
    let mut report = Report::new(args.by.clone(), args.bucket);
    for bucket in &buckets {
        report.add(&parse::<UsageBucket>(bucket)?);
    }
    let range = format!("{} to {} UTC", minute(start), minute(last));
    Ok(match (args.csv, report.is_empty()) {
        (true, _) => Said::data(report.csv()),
        (false, true) => Said::talk(format!("No calls from {range}.")),
        (false, false) => Said::data(report.table()).and_talk(format!("From {range}.")),
    })
}

fn target(args: &Args, width: Width, range: (i64, Option<i64>), projects: &[String]) -> String {
    let (word, _, most) = width.facts();
    let (start, end) = (range.0.to_string(), range.1.map(|end| end.to_string()));
    let mut pairs = vec![("start_time", start.as_str())];
    pairs.extend(end.as_deref().map(|end| ("end_time", end)));
    pairs.extend([("bucket_width", word), ("limit", most)]);
    pairs.extend(args.by.iter().map(|by| ("group_by", by.parameter())));
    pairs.extend(projects.iter().map(|id| ("project_ids", id.as_str())));
    pairs.extend(args.model.iter().map(|model| ("models", model.as_str())));
    query(&path(&["v1", "organization", "usage", "completions"]), &pairs)
}

/// The buckets of all pages.
async fn fetch(api: &Api, target: &str) -> Result<Vec<Value>, Failure> {
    let mut buckets = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let asked = match &token {
            None => target.to_owned(),
            Some(token) => {
                format!("{target}&{}", query("", &[("page", token)]).trim_start_matches('?'))
            }
        };
        let page: Page = api.get_as(&asked).await?;
        buckets.extend(page.data);
        match page.next_page {
            None => return Ok(buckets),
            next if next == token => {
                return Err(Failure::new("the report's next page is the page itself"));
            }
            next => token = next,
        }
    }
}

#[cfg(test)]
mod tests;
