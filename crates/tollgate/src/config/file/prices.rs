//! `[[prices]]`: a model's price in the field's format, its decimals read as they are written.

use std::fmt::Write;

use domain::price::ModelPrice;
use providers::prices::parse_row;
use toml_edit::{Item, Table, TableLike, Value};

use super::Reader;

/// What a price may say beside what it is.
const FACTS: [&str; 5] = ["model", "mode", "free", "valid_from", "valid_until"];

impl Reader<'_> {
    pub(super) fn prices(&mut self, root: &Table) -> Vec<(String, ModelPrice)> {
        let Some(item) = root.get("prices") else { return Vec::new() };
        let Some(all) = item.as_array_of_tables() else {
            self.mistake(item.span(), "`prices` must be tables, each written [[prices]]");
            return Vec::new();
        };
        let mut found: Vec<(String, ModelPrice)> = Vec::new();
        for table in all {
            let Some((model, price)) = self.price(table) else { continue };
            if found.iter().any(|(name, _)| *name == model) {
                self.mistake(table.span(), &format!("`{model}` has a price already"));
            }
            found.push((model, price));
        }
        found
    }

    fn price(&mut self, table: &Table) -> Option<(String, ModelPrice)> {
        if table.get("model").is_none() {
            self.mistake(table.span(), "a price needs a `model`");
        }
        let model = self.string(table, "model")?;
        for (key, item) in table.iter().filter(|(key, _)| !key.contains("cost")) {
            if !FACTS.contains(&key) {
                let known = FACTS.join(", ");
                let why = format!("unknown key `prices.{key}`. Known here: {known}, …cost…");
                self.mistake(item.span(), &why);
            }
        }
        match parse_row(&model, &object(table)) {
            Ok((price, strange)) if strange.is_empty() => return Some((model, price)),
            Ok((_, mistakes)) | Err(mistakes) => {
                mistakes.iter().for_each(|why| self.mistake(table.span(), why));
            }
        }
        None
    }
}

/// The table as JSON.
fn object(table: &dyn TableLike) -> String {
    let mut text = String::from("{");
    for (key, item) in table.iter() {
        let value = match item {
            Item::Value(value) => json(value),
            Item::Table(table) => object(table),
            Item::None | Item::ArrayOfTables(_) => "[]".to_owned(),
        };
        let comma = if text.len() > 1 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}:{value}", serde_json::Value::from(key));
    }
    text.push('}');
    text
}

/// A number is passed on as the digits that stand in the file, never as a float.
fn json(value: &Value) -> String {
    match value {
        Value::String(text) => serde_json::Value::from(text.value().as_str()).to_string(),
        Value::Integer(number) => digits(&number.display_repr()),
        Value::Float(number) => digits(&number.display_repr()),
        Value::Boolean(flag) => flag.value().to_string(),
        Value::InlineTable(table) => object(table),
        Value::Datetime(day) => serde_json::Value::from(day.value().to_string()).to_string(),
        Value::Array(_) => "[]".to_owned(),
    }
}

/// `1_000` and `+1` are numbers to TOML only; what is none to JSON either is told as a mistake.
fn digits(text: &str) -> String {
    let text = text.trim().trim_start_matches('+').replace('_', "");
    match serde_json::from_str::<serde_json::Number>(&text) {
        Ok(_) => text,
        Err(_) => serde_json::Value::from(text).to_string(),
    }
}
