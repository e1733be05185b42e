//! SARIF 2.1.0, as far as code scanning reads it. No snippet: it would hold the secret.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::Find;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[must_use]
pub fn sarif(report: &Report) -> String {
    let kinds: BTreeMap<_, _> = report.finds.iter().map(|find| (find.kind.id, find.kind)).collect();
    let rule = |kind: &&vault::leaks::Kind| {
        json!({
            "id": kind.id,
            "name": kind.name,
            "shortDescription": { "text": format!("A {} in the open", kind.name) },
            "help": { "text": format!("Revoke it: {}", kind.revoke) },
            "defaultConfiguration": { "level": "error" },
            "properties": { "security-severity": "9.0", "tags": ["security"] },
        })
    };
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tollgate scan",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": kinds.values().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": report.finds.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    document.to_string()
}

fn result(find: &Find) -> Value {
    let (file, inner) = match find.place.path.split_once('!') {
        Some((file, inner)) => (file, Some(inner)),
        None => (find.place.path.as_str(), None),
    };
    let inside = inner.map(|inner| format!(" in {inner}")).unwrap_or_default();
    let mut text = format!("{} {}{inside}", find.kind.name, find.masked);
    if let Some(commit) = &find.commit {
        let date = domain::calendar::date(commit.seconds);
        text.push_str(&format!(", brought by commit {} of {date}", commit.id));
    }
    // A line in an archive is no line of the file that the reader sees.
    let line = if inner.is_some() { 1 } else { find.place.line };
    json!({
        "ruleId": find.kind.id,
        "level": "error",
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line },
        }}],
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{}:1", &find.fingerprint[..16]),
            "tollgateSecret/v1": find.fingerprint,
        },
    })
}

/// A relative path as a URI has it.
fn uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
