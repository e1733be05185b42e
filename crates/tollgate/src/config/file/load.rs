//! `[pacing]` and `[overload]`: how much at once, and who waits for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use toml_edit::{Item, Table};

use super::super::Load;
use super::Reader;

/// A share is one of up to so many.
const HEAVIEST: i64 = 1_000;
/// Seconds; no client waits longer for an answer.
const LONGEST: i64 = 3_600;
/// Far above what one machine holds open.
const MOST_CALLS: i64 = 1_000_000;

impl Reader<'_> {
    pub(super) fn load(&mut self, root: &Table) -> Load {
        let mut load = Load::default();
        if let Some(table) = self.table(root, "pacing") {
            self.known(table, "pacing.", &["max_wait_seconds", "weights"]);
            let seconds = self.whole(table, "max_wait_seconds", 0..=LONGEST);
            load.max_wait = seconds.map(Duration::from_secs);
            load.weights = self.weights(table);
        }
        if let Some(table) = self.table(root, "overload") {
            self.known(table, "overload.", &["calls"]);
            let calls = self.whole(table, "calls", 1..=MOST_CALLS);
            load.calls = calls.and_then(|calls| usize::try_from(calls).ok());
        }
        load
    }

    fn weights(&mut self, pacing: &Table) -> BTreeMap<String, u32> {
        let Some(item) = pacing.get("weights") else { return BTreeMap::new() };
        let Some(table) = item.as_table_like() else {
            let why = "`pacing.weights` must be a table of project ids and whole numbers";
            self.mistake(item.span(), why);
            return BTreeMap::new();
        };
        let mut weights = BTreeMap::new();
        for (project, item) in table.iter() {
            let weight = item.as_integer().filter(|weight| (1..=HEAVIEST).contains(weight));
            match weight.and_then(|weight| u32::try_from(weight).ok()) {
                Some(weight) => drop(weights.insert(project.to_owned(), weight)),
                None => {
                    let why = format!("the weight of `{project}` must be 1 to {HEAVIEST}");
                    self.mistake(item.span(), &why);
                }
            }
        }
        weights
    }

    pub(super) fn whole(
        &mut self,
        table: &Table,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<u64> {
        let item: &Item = table.get(key)?;
        let number = item.as_integer().filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.mistake(item.span(), &format!("`{key}` must be a whole number, {from} to {to}"));
        }
        number.and_then(|number| u64::try_from(number).ok())
    }
}
