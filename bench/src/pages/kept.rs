//! What is to be known of a directory that is used again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Timestamp;
use domain::ledger::Payer;
use serde_json::{Value, json};

use super::made::{House, Year};
use crate::Result;

/// Nothing where no directory was made to its end.
pub(super) fn read(dir: &Path) -> Result<Option<Year>> {
    let path = file(dir);
    if !path.exists() {
        return Ok(None);
    }
    let said: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let rows = |name: &str| said[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let projects = rows("projects").iter().map(text).collect();
    let keys = rows("keys");
    let keys = keys.iter().map(|key| {
        let part = |place: usize| -> Arc<str> { text(&key[place]).into() };
        Payer { api_key: part(0), user: part(1), project: part(2), organization: part(3) }
    });
    let number = |name: &str| said[name].as_i64().ok_or("a directory of no known form");
    let house = House { projects, keys: keys.collect() };
    let (records, now) = (number("records")?, Timestamp(number("now")?));
    Ok(Some(Year::new(house, records.cast_unsigned(), now)))
}

pub(super) fn write(dir: &Path, year: &Year) -> Result<()> {
    let House { projects, keys } = &year.house;
    let key = |key: &Payer| json!([&*key.api_key, &*key.user, &*key.project, &*key.organization]);
    let keys: Vec<_> = keys.iter().map(key).collect();
    let said =
        json!({ "records": year.records, "now": year.now.0, "projects": projects, "keys": keys });
    Ok(std::fs::write(file(dir), said.to_string())?)
}

fn file(dir: &Path) -> PathBuf {
    dir.join("year.json")
}
