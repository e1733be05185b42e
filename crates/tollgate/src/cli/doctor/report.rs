//! The report for people: each subject with its steps, and below what is wrong what to do.

use std::fmt::Write as _;

use domain::diagnosis::Finding;
use serde::Deserialize;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::table::plain;

/// A finding as it is shown, be it of another version's server.
#[derive(Deserialize)]
pub(super) struct Shown {
    subject: String,
    step: String,
    pub(super) verdict: String,
    code: Option<String>,
    what: Option<String>,
    seen: String,
    remedy: Option<String>,
    took_ms: Option<u64>,
}

impl Shown {
    pub(super) fn read(finding: &Value) -> Result<Self, Failure> {
        Self::deserialize(finding)
            .map_err(|error| Failure::new(format!("a finding has another shape: {error}")))
    }
}

pub(super) fn render(findings: &[Shown], color: bool) -> String {
    let mut text = String::new();
    let mut subject = "";
    for finding in findings {
        if finding.subject != subject {
            let gap = if subject.is_empty() { "" } else { "\n" };
            subject = &finding.subject;
            let name = if subject == Finding::HOUSE { "this Tollgate" } else { subject };
            text.push_str(&format!("{gap}{}\n", plain(name)));
        }
        one(&mut text, finding, color);
    }
    let count = |verdict: &str| findings.iter().filter(|one| one.verdict == verdict).count();
    let warnings = match count("warning") {
        0 => String::new(),
        1 => ", one warning".to_owned(),
        count => format!(", {count} warnings"),
    };
    let sum = match count("failed") {
        0 => format!("All is well{warnings}."),
        failed => format!("{failed} failed{warnings}."),
    };
    text.push_str(&format!("\n{sum}\n"));
    text
}

/// Writing to a string cannot fail.
fn one(text: &mut String, finding: &Shown, color: bool) {
    let (word, paint) = match finding.verdict.as_str() {
        "ok" => ("ok", "\x1b[32m"),
        "warning" => ("WARNING", "\x1b[33m"),
        "failed" => ("FAILED", "\x1b[1;31m"),
        "skipped" => ("-", ""),
        other => (other, ""),
    };
    let word = plain(&format!("{word:<7}"));
    let word = match color && !paint.is_empty() {
        true => format!("{paint}{word}\x1b[0m"),
        false => word,
    };
    let took = finding.took_ms.filter(|ms| *ms > 0);
    let took = took.map_or_else(String::new, |ms| format!(" ({ms} ms)"));
    let (step, seen) = (plain(&finding.step), plain(&finding.seen));
    let _ = writeln!(text, "  {word}  {step:<11}  {seen}{took}");
    let facts = [("what", &finding.what), ("do", &finding.remedy), ("code", &finding.code)];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            let _ = writeln!(text, "                        {name:<5} {}", plain(fact));
        }
    }
}
