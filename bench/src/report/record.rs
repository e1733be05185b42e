//! The report as a file, so that a later commit can be held against it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::table::unit_name;
use super::{Aim, Row};
use crate::Result;
use crate::machine::{Machine, commit};
use crate::stats::{Spread, spread};

/// Writes `<date>-<commit>.json` into `out`, over an older one of that name.
pub(crate) fn write_record(
    out: &Path,
    rows: &[Row],
    machine: &Machine,
    date: &str,
    run: Value,
) -> Result<PathBuf> {
    let commit = commit();
    let day = date.get(..10).unwrap_or(date);
    let build = run["build"].as_str().filter(|build| *build != "release");
    let build = build.map_or_else(String::new, |build| format!("-{build}"));
    let path = out.join(format!("{day}-{commit}{build}.json"));
    let record = json!({
        "date": date,
        "commit": commit,
        "machine": {"cores": machine.cores, "cpu": machine.cpu, "kernel": machine.kernel},
        "run": run,
        "figures": rows.iter().map(figure).collect::<Vec<_>>(),
    });
    fs::create_dir_all(out)?;
    fs::write(&path, format!("{record:#}\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

fn figure(row: &Row) -> Value {
    let (kind, most) = match row.aim {
        Aim::None => ("none", None),
        Aim::Times(most) => ("times the floor", Some(most)),
        Aim::Plus(most) => ("above the floor", Some(most)),
        Aim::AtMost(most) => ("at most", Some(most)),
    };
    json!({
        "figure": row.figure,
        "unit": unit_name(row.unit),
        "origin": numbers(spread(&row.rounds.origin)),
        "floor": numbers(spread(&row.rounds.floor)),
        "tollgate": numbers(spread(&row.rounds.tollgate)),
        "comparison": numbers(row.comparison()),
        "aim": {"kind": kind, "most": most},
        "met": row.met(),
    })
}

fn numbers(spread: Option<Spread>) -> Value {
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    spread.map_or(
        Value::Null,
        |s| json!({"median": round(s.median), "min": round(s.min), "max": round(s.max)}),
    )
}
