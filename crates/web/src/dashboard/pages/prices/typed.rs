//! What a person types of a price, and the same as the public tables write it.

use std::collections::BTreeMap;

use control::PriceLayer;
use domain::price::{ModelPrice, Tier, TokenKind};
use domain::route::MaxPrice;
use domain::{Fault, Timestamp, calendar};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::super::form::Form;
use super::super::keys::draft::date;
use super::super::typed::invalid;

pub(super) const FIELDS: [&str; 7] =
    ["model", "input", "cached", "output", "valid_from", "valid_until", "others"];

/// The three that every chat model has: field, name in the tables, kind.
const USUAL: [(&str, &str, TokenKind); 3] = [
    ("input", "input_cost_per_token", TokenKind::Input),
    ("cached", "cache_read_input_token_cost", TokenKind::InputCached),
    ("output", "output_cost_per_token", TokenKind::Output),
];

/// The fields as they were typed.
#[derive(Default)]
pub(super) struct Typed {
    /// US dollars a million tokens.
    pub(super) input: String,
    pub(super) cached: String,
    pub(super) output: String,
    pub(super) free: bool,
    /// Days.
    pub(super) valid_from: String,
    pub(super) valid_until: String,
    /// A name of the public tables and an amount, one on each line.
    pub(super) others: String,
}

impl Typed {
    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            input: text("input"),
            cached: text("cached"),
            output: text("output"),
            free: form.is_checked("free"),
            valid_from: text("valid_from"),
            valid_until: text("valid_until"),
            others: text("others"),
        }
    }

    pub(super) fn from_layer(it: &PriceLayer) -> Self {
        let usual = |kind| usual(&it.price, kind);
        let others = members(&it.state.text).into_iter();
        let others = others.filter(|(name, _)| !USUAL.iter().any(|(_, known, _)| known == name));
        let others: Vec<_> = others.map(|(name, amount)| format!("{name} {amount}")).collect();
        Self {
            input: usual(TokenKind::Input),
            cached: usual(TokenKind::InputCached),
            output: usual(TokenKind::Output),
            free: it.price.free,
            valid_from: it.price.from.map(day).unwrap_or_default(),
            valid_until: it.price.until.map(day).unwrap_or_default(),
            others: others.join("\n"),
        }
    }

    /// A JSON object in the tables' format. Amounts go into it as they were typed, through no float.
    pub(super) fn text(&self) -> Result<String, Fault> {
        let mut members = Vec::new();
        let typed = [&self.input, &self.cached, &self.output];
        for ((field, name, _), text) in USUAL.into_iter().zip(typed) {
            let text = text.trim_start_matches('$').replace(',', "");
            if !text.is_empty() {
                let why = "Enter US dollars a million tokens, such as 2.50.";
                let amount = amount(&text).ok_or_else(|| invalid(field, why))?;
                members.push(format!("{}:{amount}e-6", json!(name)));
            }
        }
        for line in self.others.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let pair = line.split_once([' ', '=', ':', '\t']);
            let pair = pair.map(|(name, text)| (name, text.trim_matches([' ', '=', ':', '$'])));
            let pair = pair.and_then(|(name, text)| Some((name, amount(text)?)));
            let why = format!("'{line}' is no name with an amount behind it.");
            let (name, amount) = pair.ok_or_else(|| invalid("others", why))?;
            members.push(format!("{}:{amount}", json!(name)));
        }
        if self.free {
            members.push("\"free\":true".to_owned());
        }
        let days =
            [("valid_from", &self.valid_from), ("valid_until", &self.valid_until)].into_iter();
        for (field, text) in days.filter(|(_, text)| !text.is_empty()) {
            let day = date(text).ok_or_else(|| invalid(field, "Give the day as 2027-01-31."))?;
            members.push(format!("\"{field}\":{}", day * 86_400));
        }
        if members.is_empty() {
            let why = "Enter what it costs, or that it is free.";
            return Err(invalid("input", why));
        }
        Ok(format!("{{{}}}", members.join(",")))
    }
}

/// A decimal number as it is written in JSON; what it may be is decided where prices are read.
fn amount(text: &str) -> Option<&str> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits(whole) && digits(rest) && (whole == "0" || !whole.starts_with('0'));
    plain.then_some(text)
}

fn usual(price: &ModelPrice, kind: TokenKind) -> String {
    let mut cells = price.cells();
    let usual = cells.find(|it| it.kind == kind && it.above == 0 && it.tier == Some(Tier::Default));
    usual.map(|cell| MaxPrice::show(cell.picos)).unwrap_or_default()
}

fn day(at: Timestamp) -> String {
    let (year, month, day) = calendar::civil(at.seconds().div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The prices of a text in the tables' format, by name, as they are written there.
pub(super) fn members(text: &str) -> Vec<(String, String)> {
    let all: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
    let priced = all.into_iter().filter(|(name, _)| name.contains("cost"));
    priced.map(|(name, amount)| (name, amount.get().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: &str) -> Result<String, Fault> {
        Typed::of(&Form::parse(form).unwrap()).text()
    }

    #[test]
    fn amounts_are_written_as_they_were_typed() {
        let form = "input=2.50&output=$1,000&others=output_cost_per_image+0.04%0Ax_cost=3\
                    &valid_from=1970-01-02";
        let wanted = "{\"input_cost_per_token\":2.50e-6,\"output_cost_per_token\":1000e-6,\
                      \"output_cost_per_image\":0.04,\"x_cost\":3,\"valid_from\":86400}";
        assert_eq!(text(form).unwrap(), wanted);
        assert_eq!(text("free=on").unwrap(), "{\"free\":true}");
    }

    #[test]
    fn case_26_each_mistake_is_told_at_its_field() {
        for (form, field) in [
            ("", "input"),
            ("input=-1", "input"),
            ("input=1e9", "input"),
            ("input=.5", "input"),
            ("output=NaN", "output"),
            ("input=1&others=x", "others"),
            ("input=1&others=x+\"y\"", "others"),
            ("input=1&valid_until=soon", "valid_until"),
        ] {
            assert_eq!(text(form).unwrap_err().param.as_deref(), Some(field), "{form}");
        }
    }
}
