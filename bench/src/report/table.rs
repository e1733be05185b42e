//! The report as people read it.

use super::{Aim, Row, Unit};
use crate::machine::Machine;
use crate::stats::spread;

const HEAD: [&str; 7] = ["figure", "origin", "floor", "tollgate", "beside the floor", "aim", ""];

/// Prints all rows, then the machine and the date.
pub(crate) fn print(rows: &[Row], machine: &Machine, date: &str) {
    let lines: Vec<[String; 7]> =
        std::iter::once(HEAD.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 7];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in &lines {
        let padded: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", padded.join("  ").trim_end());
    }
    println!("\n{} cores, {}, Linux {}; {date}", machine.cores, machine.cpu, machine.kernel);
    println!("Medians of the rounds; beside the floor: round by round, with (least..most).");
}

fn cells(row: &Row) -> [String; 7] {
    let value = |values: &[f64]| {
        spread(values).map_or_else(|| "-".to_owned(), |s| amount(row.unit, s.median))
    };
    let verdict = match row.met() {
        None => "",
        Some(true) => "ok",
        Some(false) => "MISS",
    };
    [
        row.figure.clone(),
        value(&row.rounds.origin),
        value(&row.rounds.floor),
        value(&row.rounds.tollgate),
        beside(row),
        aim(row),
        verdict.to_owned(),
    ]
}

fn beside(row: &Row) -> String {
    let Some(s) = row.comparison() else { return "-".to_owned() };
    match row.aim {
        Aim::Plus(_) => {
            format!("{:+.0} ({:+.0}..{:+.0}) {}", s.median, s.min, s.max, unit_name(row.unit))
        }
        _ => format!("{:.2} x ({:.2}..{:.2})", s.median, s.min, s.max),
    }
}

fn aim(row: &Row) -> String {
    match row.aim {
        Aim::None => String::new(),
        Aim::Times(most) => format!("<= {most} x"),
        Aim::Plus(most) => format!("<= +{}", amount(row.unit, most)),
        Aim::AtMost(most) => format!("<= {}", amount(row.unit, most)),
    }
}

fn amount(unit: Unit, value: f64) -> String {
    const KIB: f64 = 1024.0;
    match unit {
        Unit::Bytes if value >= KIB * KIB => format!("{:.1} MiB", value / KIB / KIB),
        Unit::Bytes => format!("{:.1} KiB", value / KIB),
        Unit::Count => format!("{value:.2}"),
        Unit::PerSecond => format!("{value:.0} /s"),
        Unit::Microseconds => format!("{value:.1} {}", unit_name(unit)),
        Unit::Milliseconds => format!("{value:.1} {}", unit_name(unit)),
    }
}

pub(super) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Microseconds => "µs",
        Unit::Milliseconds => "ms",
        Unit::PerSecond => "/s",
        Unit::Bytes => "bytes",
        Unit::Count => "",
    }
}
