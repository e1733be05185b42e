//! The scale beside a chart: four or five lines at round numbers, and how figures are written.

use domain::Nanos;

use super::super::figures::{count, money};
use super::HEIGHT;

/// What a chart counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Requests, tokens, pictures.
    Count,
    /// Nano-dollars.
    Money,
}

/// From nothing at the bottom to `top`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) top: i64,
    pub(crate) step: i64,
    unit: Unit,
}

impl Scale {
    /// The least scale of at most five steps of 1, 2 or 5 times a power of ten that reaches so far.
    pub(crate) fn up_to(most: i64, unit: Unit) -> Self {
        let most = most.max(1);
        let mut power = 1_i64;
        loop {
            for factor in [1, 2, 5] {
                let Some(step) = power.checked_mul(factor) else {
                    return Self { top: i64::MAX, step: i64::MAX / 5, unit };
                };
                let steps = most / step + i64::from(most % step != 0);
                if steps <= 5 {
                    let top = step.saturating_mul(steps.max(1));
                    return Self { top, step, unit };
                }
            }
            let Some(next) = power.checked_mul(10) else {
                return Self { top: i64::MAX, step: i64::MAX / 5, unit };
            };
            power = next;
        }
    }

    /// How high a value stands on the plane.
    pub(crate) fn height_of(self, value: i64) -> u32 {
        let value = value.clamp(0, self.top);
        let height = i128::from(value) * i128::from(HEIGHT) / i128::from(self.top.max(1));
        u32::try_from(height).unwrap_or(HEIGHT)
    }

    /// The lines' heights from the top, and their names, the highest first.
    pub(crate) fn lines(self) -> Vec<(u32, String)> {
        let steps = self.top / self.step.max(1);
        let line = |at: i64| {
            let value = self.step.saturating_mul(at);
            (HEIGHT - self.height_of(value), self.unit.short(value))
        };
        (0..=steps).rev().map(line).collect()
    }
}

impl Unit {
    /// For a scale: few digits.
    pub(crate) fn short(self, value: i64) -> String {
        match self {
            Self::Count => shortened(value),
            Self::Money => format!("${}", dollars(value)),
        }
    }

    /// For a table, or for whoever points at it: as it is.
    pub(crate) fn exact(self, value: i64) -> String {
        match self {
            Self::Count => counted(value),
            Self::Money => money(Nanos(value)),
        }
    }
}

/// Whole thousands, millions and so on where they are whole, else with a digit more.
fn shortened(value: i64) -> String {
    for (unit, letter) in
        [(1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")]
    {
        if value >= unit {
            let (whole, tenth) = (value / unit, value % unit / (unit / 10));
            return match tenth {
                0 => format!("{whole}{letter}"),
                _ => format!("{whole}.{tenth}{letter}"),
            };
        }
    }
    value.to_string()
}

fn counted(value: i64) -> String {
    count(u64::try_from(value).unwrap_or(0))
}

/// Dollars to the digits that are there, two after the point at least where there are any.
fn dollars(nanos: i64) -> String {
    const DOLLAR: u64 = 1_000_000_000;
    let amount = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    let whole = count(amount / DOLLAR);
    let fraction = format!("{:09}", amount % DOLLAR);
    let fraction = fraction.trim_end_matches('0');
    match fraction.len() {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:0<2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers_just_above_the_most() {
        for (most, top, step) in [
            (0, 1, 1),
            (1, 1, 1),
            (4, 4, 1),
            (7, 8, 2),
            (40, 40, 10),
            (41, 50, 10),
            (999, 1000, 200),
            (1_000_001, 1_500_000, 500_000),
        ] {
            let scale = Scale::up_to(most, Unit::Count);
            assert_eq!((scale.top, scale.step), (top, step), "{most}");
        }
        let huge = Scale::up_to(i64::MAX, Unit::Count);
        assert_eq!(huge.height_of(i64::MAX), HEIGHT);
        assert!(huge.lines().len() <= 6);
    }

    #[test]
    fn the_lines_go_from_the_top_to_nothing() {
        let lines = Scale::up_to(3_000_000_000, Unit::Money).lines();
        let names: Vec<_> = lines.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["$3", "$2", "$1", "$0"]);
        assert_eq!((lines[0].0, lines[3].0), (0, HEIGHT));
    }

    #[test]
    fn figures_are_short_on_the_scale_and_whole_in_the_table() {
        for (value, short, exact) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_500, "1.5K", "1,500"),
            (2_000_000, "2M", "2,000,000"),
            (1_250_000_000, "1.2B", "1,250,000,000"),
        ] {
            assert_eq!(
                (Unit::Count.short(value).as_str(), counted(value).as_str()),
                (short, exact)
            );
        }
    }
}
