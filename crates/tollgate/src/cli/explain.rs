//! `tollgate explain CODE`, from the catalogue inside the program: no server is asked.

use std::fmt::Write as _;

use domain::diagnosis::{Cause, causes};
use domain::fault::catalogue;
use domain::{Blame, Entry, Retry};
use serde_json::{Value, json};

use super::failure::Failure;
use super::said::Said;
use super::table::{Table, facts};
use crate::telemetry;

#[derive(clap::Args)]
pub struct Args {
    /// The value of the `x-tollgate-error` header, or a code of `tollgate doctor`
    #[arg(required_unless_present_any = ["all", "metrics"])]
    code: Option<String>,
    /// Every code
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// Every metric of `/metrics`
    #[arg(long, conflicts_with_all = ["code", "all", "json"])]
    metrics: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print docs/errors.md or docs/metrics.md
    #[arg(long, hide = true, conflicts_with_all = ["code", "json"])]
    markdown: bool,
}

pub(super) fn run(args: &Args) -> Result<Said, Failure> {
    if args.metrics {
        return Ok(Said::data(metrics(args.markdown)));
    }
    let Some(code) = &args.code else { return Ok(Said::data(every(args))) };
    let code = code.trim().to_ascii_lowercase().replace('-', "_");
    let Some(entry) = catalogue::find(&code) else {
        let cause = causes::find(&code).ok_or_else(|| unknown(&code))?;
        return Ok(Said::data(match args.json {
            true => finding(cause).to_string(),
            false => text_of(cause),
        }));
    };
    Ok(Said::data(match args.json {
        true => document(entry).to_string(),
        false => text(entry),
    }))
}

fn every(args: &Args) -> String {
    if args.markdown {
        return errors_markdown();
    }
    if args.json {
        let data: Vec<Value> = catalogue::ALL.iter().map(|entry| document(entry)).collect();
        return json!({ "object": "list", "data": data, "has_more": false }).to_string();
    }
    let mut table = Table::new(["CODE", "HTTP", "WHO ACTS", "RETRY", "WHAT HAPPENED"]);
    for entry in catalogue::ALL {
        let retry = if entry.retry == Retry::Later { "later" } else { "no" };
        let status = entry.status.to_string();
        table.row([entry.code, &status, who(entry.blame), retry, short(entry.what)]);
    }
    table.render()
}

fn metrics(markdown: bool) -> String {
    if markdown {
        return telemetry::markdown();
    }
    let mut table = Table::new(["METRIC", "TYPE", "LABELS", "MEANING"]);
    for family in telemetry::METRICS {
        let labels = family.labels.join(",");
        table.row([family.name, family.kind.as_str(), &labels, family.help]);
    }
    table.render()
}

fn text(entry: &Entry) -> String {
    let lines = facts(&[
        ("What happened", entry.what.to_owned()),
        ("What to do", entry.remedy.to_owned()),
        ("Who must act", whom(entry.blame).to_owned()),
        ("Retry", retry(entry).to_owned()),
        ("HTTP status", entry.status.to_string()),
        ("error.type", entry.kind.to_owned()),
        ("error.code", entry.public_code.unwrap_or("null").to_owned()),
    ]);
    format!("{}\n\n{lines}", entry.code)
}

/// A code of the doctor's.
fn text_of(cause: &Cause) -> String {
    let lines = facts(&[
        ("What is wrong", cause.what.to_owned()),
        ("What to do", cause.remedy.to_owned()),
        ("Who must act", whom(cause.blame).to_owned()),
        ("Found by", format!("`tollgate doctor`, in the step {}", cause.step.as_str())),
    ]);
    format!("{}\n\n{lines}", cause.code)
}

fn finding(cause: &Cause) -> Value {
    json!({
        "code": cause.code,
        "step": cause.step.as_str(),
        "who": who(cause.blame),
        "what": cause.what,
        "remedy": cause.remedy,
    })
}

fn document(entry: &Entry) -> Value {
    json!({
        "code": entry.code,
        "status": entry.status,
        "type": entry.kind,
        "openai_code": entry.public_code,
        "who": who(entry.blame),
        "retry": entry.retry == Retry::Later,
        "what": entry.what,
        "remedy": entry.remedy,
    })
}

pub(super) fn who(blame: Blame) -> &'static str {
    match blame {
        Blame::Caller => "caller",
        Blame::Operator => "operator",
        Blame::Provider => "provider",
        Blame::Tollgate => "tollgate",
    }
}

pub(super) fn whom(blame: Blame) -> &'static str {
    match blame {
        Blame::Caller => "whoever calls: the program or its user",
        Blame::Operator => "whoever runs this Tollgate",
        Blame::Provider => "the provider behind Tollgate",
        Blame::Tollgate => "Tollgate itself; the call was in order",
    }
}

fn retry(entry: &Entry) -> &'static str {
    match entry.retry {
        Retry::Never if entry.kind == "insufficient_quota" => {
            "no: the same call is refused until the period ends or the limit is raised"
        }
        Retry::Never => "no: the same call would be refused again",
        Retry::Later => "yes, later: the same call may pass",
    }
}

/// The first sentence.
fn short(what: &str) -> &str {
    what.find(". ").map_or(what, |at| &what[..=at])
}

fn unknown(code: &str) -> Failure {
    let near = nearest(code).join(", ");
    let failure = Failure::new(format!("no code is named '{code}'"));
    match near.is_empty() {
        true => failure.next("`tollgate explain --all` lists them."),
        false => {
            failure.next(format!("Do you mean {near}? `tollgate explain --all` lists all codes."))
        }
    }
}

/// At most three codes that may be meant: those for which OpenAI's body says the word, then those
/// with a few letters of difference, then those that hold it.
fn nearest(code: &str) -> Vec<&'static str> {
    let near = |name: &str| {
        let distance = edits(code, name);
        if distance <= 1 + code.len() / 4 {
            return Some(distance);
        }
        let part = code.len() >= 4 && name.contains(code);
        part.then_some(usize::MAX)
    };
    let score = |entry: &Entry| {
        let same = entry.public_code == Some(code) || entry.kind == code;
        if same { Some(0) } else { near(entry.code) }
    };
    let refusals = catalogue::ALL.iter().map(|entry| (score(entry), entry.code));
    let findings = causes::ALL.iter().map(|cause| (near(cause.code), cause.code));
    let mut found: Vec<(usize, &'static str)> =
        refusals.chain(findings).filter_map(|(score, code)| Some((score?, code))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().take(3).map(|(_, code)| code).collect()
}

/// Letters to add, drop or replace (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

const PREFACE: &str = "\
# Errors

Every refusal by Tollgate has OpenAI's body and the header `x-tollgate-error`, which always names \
one of the codes below. `error.type` and `error.code` in the body are OpenAI's own words, so that \
its SDKs raise what they raise at OpenAI. Where a retry cannot help, the answer carries \
`x-should-retry: false`, which the SDKs obey. What a provider itself says to a caller's mistake \
passes through as it is, without `x-tollgate-error`.

`tollgate explain CODE` prints the same. This page is made from `crates/domain/src/fault/catalogue.rs` \
by `tollgate explain --all --markdown`; change it there.

";

/// `docs/errors.md`.
#[must_use]
pub(crate) fn errors_markdown() -> String {
    let mut page = PREFACE.to_owned();
    page.push_str("| Code | HTTP | Who must act | Retry |\n|---|---|---|---|\n");
    for entry in catalogue::ALL {
        let retry = if entry.retry == Retry::Later { "later" } else { "no" };
        let (code, status, who) = (entry.code, entry.status, who(entry.blame));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| [`{code}`](#{code}) | {status} | {who} | {retry} |");
    }
    for entry in catalogue::ALL {
        let public = entry.public_code.map_or("`null`".to_owned(), |code| format!("`\"{code}\"`"));
        let _ = write!(
            page,
            "\n## {}\n\n{}\n\n**What to do:** {}\n\n- Who must act: {}.\n- Retry: {}.\n\
             - HTTP {}, `error.type` `\"{}\"`, `error.code` {public}.\n",
            entry.code,
            entry.what,
            entry.remedy,
            whom(entry.blame),
            retry(entry),
            entry.status,
            entry.kind,
        );
    }
    page
}

#[cfg(test)]
mod tests;
