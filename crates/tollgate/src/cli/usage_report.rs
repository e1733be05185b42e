//! Usage summed up and laid out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::calendar::{DAY, date, minute};
use super::shapes::{UsageBucket, UsageResult};
use super::table::{Table, csv};
use super::usage::{By, Width};

/// What a line is about: when, if time is told apart, and the values of the dimensions.
type Line = (Option<i64>, Vec<Option<String>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    input: u64,
    cached: u64,
    output: u64,
    requests: u64,
}

pub(super) struct Report {
    by: Vec<By>,
    bucket: Option<Width>,
    lines: BTreeMap<Line, Sums>,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
        self.requests = self.requests.saturating_add(other.requests);
    }

    fn cells(self) -> [String; 4] {
        [self.input, self.cached, self.output, self.requests].map(|sum| sum.to_string())
    }
}

impl Report {
    pub(super) fn new(mut by: Vec<By>, bucket: Option<Width>) -> Self {
        let mut seen = Vec::new();
        by.retain(|one| {
            !seen.contains(one) && {
                seen.push(*one);
                true
            }
        });
        Self { by, bucket, lines: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, bucket: &UsageBucket) {
        for result in &bucket.results {
            let start = self.bucket.map(|_| bucket.start_time);
            let about = self.by.iter().map(|by| value(result, *by).cloned()).collect();
            self.lines.entry((start, about)).or_default().add(Sums {
                input: result.input_tokens,
                cached: result.input_cached_tokens,
                output: result.output_tokens,
                requests: result.num_model_requests,
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// In the order of time, the most tokens first, and the total last.
    pub(super) fn table(&self) -> String {
        let time = self.bucket.map(|_| "TIME (UTC)");
        let names = self.by.iter().map(|by| match by {
            By::Project => "PROJECT",
            By::Model => "MODEL",
            By::Key => "KEY",
            By::User => "USER",
        });
        let sums = [">INPUT", ">CACHED", ">OUTPUT", ">REQUESTS"];
        let mut table = Table::new(time.into_iter().chain(names).chain(sums));
        let mut total = Sums::default();
        for ((start, about), sums) in self.sorted() {
            let about = about.iter().map(|value| value.clone().unwrap_or_else(|| "-".to_owned()));
            table.row(start.map(|at| self.time(at)).into_iter().chain(about).chain(sums.cells()));
            total.add(*sums);
        }
        let places = self.by.len() + usize::from(self.bucket.is_some());
        let label = (0..places).map(|place| if place == 0 { "total" } else { "" }.to_owned());
        table.row(label.chain(total.cells()));
        table.render()
    }

    /// Without a total, which a spreadsheet would count again.
    pub(super) fn csv(&self) -> String {
        let time = self.bucket.map(|_| ["start_time", "end_time"]);
        let names = self.by.iter().map(|by| match by {
            By::Project => "project_id",
            By::Model => "model",
            By::Key => "api_key_id",
            By::User => "user_id",
        });
        let sums = ["input_tokens", "input_cached_tokens", "output_tokens", "num_model_requests"];
        let mut text = csv(time.into_iter().flatten().chain(names).chain(sums));
        for ((start, about), sums) in self.sorted() {
            let width = self.bucket.map_or(0, Width::seconds);
            let times = start.map(|at| [at, at + width].map(|at| at.to_string()));
            let about = about.iter().map(|value| value.clone().unwrap_or_default());
            text.push_str(&csv(times.into_iter().flatten().chain(about).chain(sums.cells())));
        }
        text
    }

    fn sorted(&self) -> Vec<(&Line, &Sums)> {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|((start, _), sums)| {
            (*start, Reverse(sums.input.saturating_add(sums.output)))
        });
        lines
    }

    fn time(&self, at: i64) -> String {
        if self.bucket.is_some_and(|width| width.seconds() == DAY) { date(at) } else { minute(at) }
    }
}

fn value(result: &UsageResult, by: By) -> Option<&String> {
    match by {
        By::Project => result.project_id.as_ref(),
        By::Model => result.model.as_ref(),
        By::Key => result.api_key_id.as_ref(),
        By::User => result.user_id.as_ref(),
    }
}
