//! For a terminal. What comes from outside cannot steer it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::Report;
use crate::settings::Scanner;
use crate::{Find, Standing};

/// One place a line, with what is known of it below.
#[must_use]
pub fn human(report: &Report, color: bool) -> String {
    let (red, dim, off) = if color { ("\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let mut text = String::new();
    for find in &report.finds {
        let place = &find.place;
        let at = format!("{}:{}:{}", plain(&place.path), place.line, place.column);
        let mut line = format!("{at}  {red}{}{off}  {}", find.kind.name, plain(&find.masked));
        match &find.standing {
            Some(Standing::Live(_)) => line.push_str("  LIVE"),
            Some(Standing::Ended) => line.push_str("  no longer works"),
            Some(Standing::Unknown) => line.push_str("  not of this Tollgate"),
            None => {}
        }
        if find.ignored {
            line.push_str("  (git ignores the file)");
        }
        text.push_str(&line);
        text.push('\n');
        if let Some(commit) = &find.commit {
            let date = domain::calendar::date(commit.seconds);
            let short = commit.id.get(..12).unwrap_or(&commit.id);
            let versions = match find.versions {
                1 => String::new(),
                many => format!(", in {many} versions"),
            };
            let _ = writeln!(
                text,
                "    {dim}commit {short}, {}, {date}{versions}{off}",
                plain(&commit.author)
            );
        }
    }
    text
}

/// What to do, once for each kind.
#[must_use]
pub fn advice(report: &Report) -> String {
    if report.finds.is_empty() {
        return String::new();
    }
    if report.finds.iter().all(|find| find.ignored) {
        return "Git ignores these files, so nothing in them leaves with a push.\n".to_owned();
    }
    let mut text = String::from("What to do: whoever saw it can use it, so revoke first.\n");
    let kinds: BTreeMap<_, _> = report.finds.iter().map(|f| (f.kind.name, f.kind.revoke)).collect();
    for (name, revoke) in kinds {
        let _ = writeln!(text, "  {name}: {revoke}");
    }
    if report.finds.iter().any(|find| find.commit.is_some()) {
        text.push_str(
            "  A secret in a history stays there: taking it out of the newest version is not enough.\n",
        );
    }
    text.push_str(
        "  Meant to be there? `tollgate:allow` in a comment on its line, or --write-baseline.\n",
    );
    text
}

/// What was looked at and what was not, a fact a line.
#[must_use]
pub fn summary(report: &Report, scanner: &Scanner, seconds: f64) -> String {
    let progress = &scanner.progress;
    let (files, bytes) =
        (progress.files.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed));
    let counted = report.count(false);
    let mut text = match counted {
        0 => "Nothing found".to_owned(),
        1 => "1 secret found".to_owned(),
        many => format!("{many} secrets found"),
    };
    let _ = writeln!(text, " in {files} contents, {}, {seconds:.1} s.", amount(bytes));
    let ignored = report.finds.len() - counted;
    let untold = scanner.notes.untold.load(Ordering::Relaxed);
    for (count, what) in [
        (ignored as u64, "in files that git ignores; --ignored counts them"),
        (report.accepted.len() as u64, "accepted by the baseline"),
        (report.unreached, "in objects that no ref reaches (`git gc` takes them away in time)"),
        (untold, "more that are not told"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {count} {what}");
        }
    }
    let notes = &scanner.notes;
    for (list, what) in [
        (&notes.unreadable, "could not be read"),
        (&notes.in_part, "read in part only"),
        (&notes.unopened, "packed in a form that is not opened"),
    ] {
        if list.count() > 0 {
            let first: Vec<String> = list.first().iter().take(3).map(|name| plain(name)).collect();
            let more = if list.count() > 3 { ", …" } else { "" };
            let _ = writeln!(text, "  {} {what}: {}{more}", list.count(), first.join(", "));
        }
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn amount(bytes: u64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Without characters that a terminal acts on, or that turn the direction of what follows.
fn plain(text: &str) -> String {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The place of a find as a person would name it.
impl std::fmt::Display for Find {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}:{}", plain(&self.masked), plain(&self.place.path), self.place.line)
    }
}
