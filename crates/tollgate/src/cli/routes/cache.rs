//! `--cache` of `tollgate routes set`.

use serde_json::{Map, Value};

use super::super::failure::Failure;

/// `enabled=on,ttl-seconds=600`
pub(super) fn read(text: &str) -> Result<Value, Failure> {
    let bad = |what: &str| {
        Failure::new(format!("--cache {text}: {what}"))
            .next("Write it like --cache enabled=on,ttl-seconds=600.")
    };
    let mut body = Map::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| bad("a setting has no value"))?;
        let value = match name {
            "enabled" | "near-observe" => match value {
                "on" => true.into(),
                "off" => false.into(),
                _ => return Err(bad("on or off is wanted")),
            },
            "ttl-seconds" | "stale-seconds" | "near-threshold" => {
                value.parse::<u32>().map_err(|_| bad("a whole number is wanted"))?.into()
            }
            "replay" => value.replace('-', "_").into(),
            "near-model" => value.into(),
            _ => return Err(bad("such a setting is not known")),
        };
        body.insert(name.replace('-', "_"), value);
    }
    Ok(Value::Object(body))
}

/// What a route says of it; `None` where all is its project's.
pub(super) fn told(said: &Map<String, Value>) -> Option<String> {
    let word = |value: &Value| match value {
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        Value::String(text) => text.replace('_', "-"),
        other => other.to_string(),
    };
    let said = said.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(name, value)| format!("{}={}", name.replace('_', "-"), word(value)));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(","))
}
