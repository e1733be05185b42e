//! The time that a report is about.

use super::calendar::{DAY, When, minute};
use super::failure::Failure;

/// Days of a report that names no beginning, today's among them.
const DEFAULT_DAYS: i64 = 7;

#[derive(clap::Args)]
pub(super) struct Range {
    /// First day (YYYY-MM-DD, UTC) or Unix seconds; else a week before the end
    #[arg(long, visible_alias = "since", value_name = "WHEN", value_parser = When::parse)]
    from: Option<When>,
    /// Last day, itself included, or Unix seconds; else now
    #[arg(long, visible_alias = "until", value_name = "WHEN", value_parser = When::parse)]
    to: Option<When>,
}

/// A range in Unix seconds, `[start, end)`.
pub(super) struct Between {
    pub(super) start: i64,
    /// Where it was given; the server's now otherwise.
    pub(super) end: Option<i64>,
    last: i64,
}

impl Range {
    pub(super) fn between(&self, now: i64) -> Result<Between, Failure> {
        let end = self.to.map(When::end);
        let last = end.unwrap_or(now);
        let midnight = |at: i64| at.div_euclid(DAY) * DAY;
        let start = match self.from {
            Some(from) => from.first_second(),
            None => midnight(last - 1) - (DEFAULT_DAYS - 1) * DAY,
        };
        if start >= last {
            return Err(Failure::new("the range is empty: it begins where it ends, or later")
                .next("Give `--from` before `--to`, and neither in the future."));
        }
        Ok(Between { start, end, last })
    }
}

impl Between {
    /// As parameters.
    pub(super) fn texts(&self) -> (String, Option<String>) {
        (self.start.to_string(), self.end.map(|end| end.to_string()))
    }

    /// `2026-01-01 00:00 to 2026-01-08 12:00 UTC`.
    pub(super) fn told(&self) -> String {
        format!("{} to {} UTC", minute(self.start), minute(self.last))
    }
}
