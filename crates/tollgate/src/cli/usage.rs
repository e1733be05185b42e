//! `tollgate usage`: the Administration API's completions usage, all pages.

use clap::ValueEnum;

use super::api::{Api, path, query};
use super::calendar::DAY;
use super::failure::Failure;
use super::pages;
use super::project::{ids, parse};
use super::range::{Between, Range};
use super::said::Said;
use super::shapes::UsageBucket;
use super::usage_report::Report;

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
    fn fitting(between: &Between) -> Self {
        let ends = [Some(between.start), between.end];
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

pub(super) async fn run(args: Args, api: &Api, now: i64) -> Result<Said, Failure> {
    let between = args.range.between(now)?;
    let width = args.bucket.unwrap_or_else(|| Width::fitting(&between));
    let projects = ids(api, &args.project).await?;
    let buckets = pages::fetch(api, &target(&args, width, &between, &projects)).await?;
    if args.json {
        return Ok(pages::one(buckets));
    }
    let mut report = Report::new(args.by.clone(), args.bucket);
    for bucket in &buckets {
        report.add(&parse::<UsageBucket>(bucket)?);
    }
    let range = between.told();
    Ok(match (args.csv, report.is_empty()) {
        (true, _) => Said::data(report.csv()),
        (false, true) => Said::talk(format!("No calls from {range}.")),
        (false, false) => Said::data(report.table()).and_talk(format!("From {range}.")),
    })
}

fn target(args: &Args, width: Width, between: &Between, projects: &[String]) -> String {
    let (word, _, most) = width.facts();
    let (start, end) = between.texts();
    let mut pairs = vec![("start_time", start.as_str())];
    pairs.extend(end.as_deref().map(|end| ("end_time", end)));
    pairs.extend([("bucket_width", word), ("limit", most)]);
    pairs.extend(args.by.iter().map(|by| ("group_by", by.parameter())));
    pairs.extend(projects.iter().map(|id| ("project_ids", id.as_str())));
    pairs.extend(args.model.iter().map(|model| ("models", model.as_str())));
    query(&path(&["v1", "organization", "usage", "completions"]), &pairs)
}

#[cfg(test)]
mod tests;
