//! For programs: one document.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Report;
use crate::notes::Notes;
use crate::settings::Scanner;
use crate::{Find, Standing};

#[must_use]
pub fn json(report: &Report, scanner: &Scanner) -> String {
    let progress = &scanner.progress;
    let document = json!({
        "version": 1,
        "finds": report.finds.iter().map(row).collect::<Vec<_>>(),
        "accepted": report.accepted.len(),
        "unreached": report.unreached,
        "scanned": {
            "contents": progress.files.load(Ordering::Relaxed),
            "bytes": progress.bytes.load(Ordering::Relaxed),
        },
        "not_scanned": not_scanned(&scanner.notes),
    });
    document.to_string()
}

fn row(find: &Find) -> Value {
    let commit = find.commit.as_ref().map(|commit| {
        let date = domain::calendar::date(commit.seconds);
        json!({ "id": commit.id, "author": commit.author, "time": commit.seconds, "date": date })
    });
    let key = match &find.standing {
        Some(Standing::Live(id)) => id.clone(),
        _ => None,
    };
    json!({
        "kind": find.kind.id,
        "name": find.kind.name,
        "path": find.place.path,
        "line": find.place.line,
        "column": find.place.column,
        "masked": find.masked,
        "fingerprint": find.fingerprint,
        "ignored": find.ignored,
        "versions": find.versions,
        "commit": commit,
        "standing": find.standing.as_ref().map(Standing::as_str),
        "key_id": key,
        "revoke": find.kind.revoke,
    })
}

fn not_scanned(notes: &Notes) -> Value {
    let list = |list: &crate::notes::List| json!({ "count": list.count(), "first": list.first() });
    json!({
        "unreadable": list(&notes.unreadable),
        "in_part": list(&notes.in_part),
        "unopened": list(&notes.unopened),
        "finds_untold": notes.untold.load(Ordering::Relaxed),
    })
}
