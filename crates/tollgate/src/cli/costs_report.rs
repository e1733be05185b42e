//! Costs summed up and laid out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::Nanos;

use super::calendar::{DAY, date};
use super::costs::By;
use super::shapes::{CostBucket, CostResult};
use super::table::{Table, csv};

/// What a line is about: the day, if days are told apart, and the values of the dimensions.
type Line = (Option<i64>, Vec<Option<String>>);

/// The ends of line items, in the order of the columns.
const PARTS: [&str; 4] = ["input", "cached input", "output", "other"];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    /// In the order of [`PARTS`].
    parts: [i64; 4],
    total: i64,
    estimated: i64,
    unpriced: u64,
}

pub(super) struct Report {
    by: Vec<By>,
    daily: bool,
    lines: BTreeMap<Line, Sums>,
}

impl Sums {
    fn of(result: &CostResult, part: &str) -> Self {
        let parts = PARTS.map(|known| if known == part { result.amount_nanos } else { 0 });
        Self {
            parts,
            total: result.amount_nanos,
            estimated: result.estimated_nanos,
            unpriced: result.num_unpriced_requests,
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, part) in self.parts.iter_mut().zip(other.parts) {
            *sum = sum.saturating_add(part);
        }
        self.total = self.total.saturating_add(other.total);
        self.estimated = self.estimated.saturating_add(other.estimated);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }

    fn cells(&self) -> impl Iterator<Item = String> {
        let amounts = self.parts.into_iter().chain([self.total, self.estimated]);
        let amounts = amounts.map(|nanos| Nanos(nanos).to_string());
        amounts.chain([self.unpriced.to_string()])
    }
}

impl Report {
    pub(super) fn new(by: Vec<By>, daily: bool) -> Self {
        let mut once = Vec::new();
        for one in by {
            if !once.contains(&one) {
                once.push(one);
            }
        }
        Self { by: once, daily, lines: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, bucket: &CostBucket) {
        for result in &bucket.results {
            // A model's name may hold commas; what the line is for has none.
            let item = result.line_item.as_deref().unwrap_or_default();
            let (model, part) = item.rsplit_once(", ").unwrap_or((item, ""));
            let about = self.by.iter().map(|by| match by {
                By::Project => result.project_id.clone(),
                By::Key => result.api_key_id.clone(),
                By::Model => Some(model.to_owned()),
            });
            let line = (self.daily.then_some(bucket.start_time), about.collect());
            self.lines.entry(line).or_default().add(&Sums::of(result, part));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// In the order of days, the dearest first, and the total last.
    pub(super) fn table(&self) -> String {
        let day = self.daily.then_some("DAY (UTC)");
        let names = self.by.iter().map(|by| match by {
            By::Project => "PROJECT",
            By::Model => "MODEL",
            By::Key => "KEY",
        });
        let sums = [">INPUT", ">CACHED", ">OUTPUT", ">OTHER", ">TOTAL", ">ESTIMATED", ">UNPRICED"];
        let mut table = Table::new(day.into_iter().chain(names).chain(sums));
        for ((start, about), sums) in self.sorted() {
            let about = about.iter().map(|value| value.clone().unwrap_or_else(|| "-".to_owned()));
            table.row(start.map(date).into_iter().chain(about).chain(sums.cells()));
        }
        let places = self.by.len() + usize::from(self.daily);
        let label = (0..places).map(|place| if place == 0 { "total" } else { "" }.to_owned());
        table.row(label.chain(self.total().cells()));
        table.render()
    }

    /// Without a total, which a spreadsheet would count again.
    pub(super) fn csv(&self) -> String {
        let day = self.daily.then_some(["start_time", "end_time"]);
        let names = self.by.iter().map(|by| match by {
            By::Project => "project_id",
            By::Model => "model",
            By::Key => "api_key_id",
        });
        let sums = [
            "input_usd",
            "cached_input_usd",
            "output_usd",
            "other_usd",
            "total_usd",
            "estimated_usd",
            "num_unpriced_requests",
        ];
        let mut text = csv(day.into_iter().flatten().chain(names).chain(sums));
        for ((start, about), sums) in self.sorted() {
            let times = start.map(|at| [at, at + DAY].map(|at| at.to_string()));
            let about = about.iter().map(|value| value.clone().unwrap_or_default());
            text.push_str(&csv(times.into_iter().flatten().chain(about).chain(sums.cells())));
        }
        text
    }

    /// What the total does not say by itself.
    pub(super) fn footnotes(&self) -> String {
        let total = self.total();
        let mut notes = String::new();
        if total.estimated != 0 {
            let dollars = Nanos(total.estimated);
            notes += &format!(
                "{dollars} of it is estimated: the provider gave no usage, the counts are ours.\n"
            );
        }
        if total.unpriced > 0 {
            notes +=
                &format!("{} requests had no price and are not in these sums.\n", total.unpriced);
        }
        notes
    }

    fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.lines.values().for_each(|sums| total.add(sums));
        total
    }

    fn sorted(&self) -> Vec<(&Line, &Sums)> {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|((start, _), sums)| (*start, Reverse(sums.total)));
        lines
    }
}
