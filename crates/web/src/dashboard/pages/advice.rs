//! What the records of the last days say about cost: every line with its arithmetic.

use askama::Template;
use domain::advice::Finding;

use super::super::frame::Frame;
use super::super::visit::{Shown, Visit};

/// Days to look back, as they may be chosen.
const DAYS: [u32; 4] = [7, 30, 90, 365];
const USUAL: u32 = 30;
/// For how long a cache would keep answers (s).
const TTL: i64 = 3_600;

#[derive(Template)]
#[template(path = "advice.html")]
struct AdvicePage<'a> {
    frame: &'a Frame,
    /// And whether it is the one that is shown.
    days: Vec<(u32, bool)>,
    since: String,
    lines: Vec<Line>,
    notes: Vec<String>,
}

struct Line {
    kind: String,
    what: String,
    saves: String,
    arithmetic: String,
    key: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let asked = visit.query.some("days").and_then(|text| text.parse().ok());
    let days = asked.filter(|days| DAYS.contains(days)).unwrap_or(USUAL);
    let advice = visit.control.advice(days, TTL).await?;
    visit.show(&AdvicePage {
        frame: &visit.frame("Advice"),
        days: DAYS.map(|one| (one, one == days)).to_vec(),
        since: domain::calendar::date(advice.from),
        lines: advice.findings.iter().map(line).collect(),
        notes: advice.notes,
    })
}

fn line(finding: &Finding) -> Line {
    let basis = finding.basis.map(|basis| format!(" ({basis})")).unwrap_or_default();
    Line {
        kind: finding.kind.as_str().replace('_', " "),
        what: format!("{}{basis}", finding.what),
        saves: finding.saves.map(|saves| format!("${saves}")).unwrap_or_default(),
        arithmetic: finding.arithmetic.clone(),
        key: finding.key.clone().unwrap_or_default(),
    }
}
