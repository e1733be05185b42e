//! Reports held against stored ones, with what differs from run to run masked.
//!
//! With `TOLLGATE_GOLDEN=write` in the environment they are stored anew.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::Report;

#[track_caller]
pub fn compare(name: &str, report: &Report) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/doctor");
    let mut json = report.json.clone();
    mask_value(&mut json);
    let json = format!("{:#}\n", json);
    same(&folder.join(format!("{name}.json")), &json);
    if let Some(human) = &report.human {
        same(&folder.join(format!("{name}.txt")), &mask(human));
    }
}

#[track_caller]
fn same(path: &PathBuf, now: &str) {
    if std::env::var("TOLLGATE_GOLDEN").as_deref() == Ok("write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, now).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == now, "{} is another:\n{now}", path.display());
}

fn mask_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(all) => all.iter_mut().for_each(mask_value),
        Value::Object(all) => {
            for (name, value) in all.iter_mut() {
                match name == "took_ms" && value.is_number() {
                    true => *value = Value::from(0),
                    false => mask_value(value),
                }
            }
        }
        _ => {}
    }
}

/// Numbers that are times, ports, sizes, rates and costs; and the place of the data directory.
fn mask(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut before = "";
        let words = line.split(' ').map(|word| {
            let said = before == "answered";
            before = word;
            match word {
                "/models" => word.to_owned(),
                word if word.starts_with('/') => "DIR.".to_owned(),
                // What a provider answered with is what happened.
                word if said => word.to_owned(),
                word => digits(word),
            }
        });
        let line = words.collect::<Vec<_>>().join(" ");
        // Times and rates are shown only where they are not nothing; a disk is the machine's own.
        let line = line.replace(" (# ms)", "").replace(", then # a second", "");
        match line.contains("iB of # ") {
            true => line.replace("MiB", "GiB"),
            false => line,
        }
    });
    let masked = lines.collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') { masked + "\n" } else { masked }
}

/// Each run of digits as one sign; but for names.
fn digits(word: &str) -> String {
    if ["TLS", "gpt", "sk-tg"].iter().any(|name| word.contains(name)) {
        return word.to_owned();
    }
    let mut masked = String::new();
    for letter in word.chars() {
        match letter.is_ascii_digit() {
            true if masked.ends_with('#') => {}
            true => masked.push('#'),
            false => masked.push(letter),
        }
    }
    masked
}
