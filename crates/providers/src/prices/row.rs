//! One model's row: every price in it, or everything that is wrong with it.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::price::{Cell, ModelPrice, Tier, TokenKind, Unit};
use serde_json::value::RawValue;

use super::decimal::{self, NoPrice};
use super::key::{self, Meaning};
use super::members::Members;

/// A cent a token is a hundred times the dearest that there is; above it a table has mistaken its
/// unit. The other ceilings are as generous.
const TOKEN_CEILING: u64 = 10_000_000_000;
const UNIT_CEILING: u64 = 10_000_000_000_000;

/// A row, as far as it could be read.
pub(super) struct Row {
    pub(super) provider: Option<String>,
    pub(super) mode: String,
    pub(super) price: ModelPrice,
    /// Keys that look like prices and are not understood.
    pub(super) strange: BTreeSet<String>,
    pub(super) mistakes: Vec<String>,
    /// Zeros that nothing explains, and prices that should be there. Mistakes as well, but only
    /// where the row is to be used: public tables leave out or write zero for what they do not
    /// know.
    pub(super) doubts: Vec<String>,
}

pub(super) fn read(text: &RawValue) -> Row {
    let mut row = Row {
        provider: None,
        mode: String::new(),
        price: ModelPrice::default(),
        strange: BTreeSet::new(),
        mistakes: Vec::new(),
        doubts: Vec::new(),
    };
    let members: Members<'_> = match serde_json::from_str(text.get()) {
        Ok(members) => members,
        Err(_) => {
            row.mistakes.push("is no object".to_owned());
            return row;
        }
    };
    for (key, value) in &members.0 {
        row.fact(key, value);
    }
    for (key, value) in &members.0 {
        if key.contains("cost") {
            row.cost(key, value);
        }
    }
    row.whole();
    row
}

impl Row {
    /// What is said about the model beside its prices.
    fn fact(&mut self, key: &str, value: &RawValue) {
        let text = || serde_json::from_str::<String>(value.get());
        match key {
            "litellm_provider" => self.provider = text().ok(),
            "mode" => self.mode = text().unwrap_or_default(),
            "free" => match value.get() {
                "true" => self.price.free = true,
                "false" => {}
                _ => self.mistakes.push("`free` must be true or false".to_owned()),
            },
            "valid_from" => self.price.from = self.instant(key, value),
            "valid_until" => self.price.until = self.instant(key, value),
            _ => {}
        }
    }

    fn instant(&mut self, key: &str, value: &RawValue) -> Option<Timestamp> {
        if value.get() == "null" {
            return None;
        }
        let seconds = value.get().parse().ok().or_else(|| {
            let text: String = serde_json::from_str(value.get()).ok()?;
            midnight(&text)
        });
        if seconds.is_none() {
            let why = format!("`{key}` must be Unix seconds or a day such as \"2026-11-01\"");
            self.mistakes.push(why);
        }
        seconds.map(Timestamp::from_seconds)
    }

    fn cost(&mut self, key: &str, value: &RawValue) {
        match key::meaning(key, &self.mode) {
            Meaning::Token { kind, tier, above, strange } => {
                if strange.is_some() {
                    self.strange.insert(key.to_owned());
                }
                let picos = self.number(key, value, TOKEN_CEILING);
                let picos = picos.filter(|picos| {
                    // A tier without a name is only ever looked at for what is dearest.
                    *picos > 0 || (tier.is_some() && !self.is_idle(kind) && self.zero(key))
                });
                let Some(picos) = picos else { return };
                self.price.set(Cell { tier, above, kind, picos });
            }
            Meaning::Unit(unit, many) => self.unit(key, value, unit, many),
            Meaning::WebSearch => match serde_json::from_str::<Members<'_>>(value.get()) {
                Ok(sizes) => {
                    for (size, value) in &sizes.0 {
                        self.unit(&format!("{key}.{size}"), value, Unit::WebSearchCall, 1);
                    }
                }
                Err(_) => self.unit(key, value, Unit::WebSearchCall, 1),
            },
            Meaning::Repeated => {}
            Meaning::Unknown => {
                self.strange.insert(key.to_owned());
            }
        }
    }

    fn unit(&mut self, key: &str, value: &RawValue, unit: Unit, many: u64) {
        let ceiling = UNIT_CEILING.saturating_mul(many);
        let Some(picos) = self.number(key, value, ceiling) else { return };
        if picos > 0 || self.zero(key) {
            self.price.set_unit(unit, picos.div_ceil(many));
        }
    }

    fn number(&mut self, key: &str, value: &RawValue, ceiling: u64) -> Option<u64> {
        let read = decimal::picos(value.get());
        let read = read.and_then(|p| if p > ceiling { Err(NoPrice::Absurd) } else { Ok(p) });
        let why = match read {
            Ok(picos) => return Some(picos),
            Err(NoPrice::Negative) => "is negative",
            Err(NoPrice::Absurd) => {
                "is absurdly high: prices are US dollars a token or unit, not for a million"
            }
            Err(NoPrice::NotANumber) => "is no number: prices are US dollars, such as 2.5e-6",
        };
        self.mistakes.push(format!("`{key}` {why}"));
        None
    }

    /// Models that put out no tokens have a zero there in every table.
    fn is_idle(&self, kind: TokenKind) -> bool {
        self.mode == "embedding" && kind == TokenKind::Output
    }

    /// Notes a zero; it sets nothing.
    fn zero(&mut self, key: &str) -> bool {
        self.doubts.push(format!(
            "`{key}` is zero: what costs nothing has \"free\": true (`--free`) and no prices"
        ));
        false
    }

    /// What only the whole row can tell.
    fn whole(&mut self) {
        if self.mode == "audio_speech" {
            // What such a model puts out is sound, whatever an answer calls it.
            let sound: Vec<_> =
                self.price.cells().filter(|c| c.kind == TokenKind::AudioOut).collect();
            sound.into_iter().for_each(|c| self.price.set(Cell { kind: TokenKind::Output, ..c }));
        }
        let nothing = self.price.cells().next().is_none() && self.price.units().next().is_none();
        if !self.doubts.is_empty() && nothing && self.mode == "moderation" {
            // Known to cost nothing, and listed with zeros.
            self.price.free = true;
        }
        if self.price.free {
            self.doubts.clear();
            if !nothing {
                self.mistakes.push("is free and has a price".to_owned());
            }
        }
        if let (Some(from), Some(until)) = (self.price.from, self.price.until)
            && until <= from
        {
            self.mistakes.push("`valid_until` is not after `valid_from`".to_owned());
        }
        if self.mistakes.is_empty() && self.doubts.is_empty() {
            self.absent();
        }
    }

    /// A model that writes text has both a price for what it reads and one for what it writes.
    fn absent(&mut self) {
        let writes = matches!(self.mode.as_str(), "" | "chat" | "completion" | "responses");
        if !writes || self.price.cells().next().is_none() {
            return;
        }
        for (kind, key) in [
            (TokenKind::Input, "input_cost_per_token"),
            (TokenKind::Output, "output_cost_per_token"),
        ] {
            let usual = |c: &Cell| c.kind == kind && c.tier == Some(Tier::Default) && c.above == 0;
            if !self.price.cells().any(|c| usual(&c)) {
                self.doubts.push(format!("`{key}` is absent"));
            }
        }
    }
}

/// Unix seconds of a day's first instant in UTC: `2026-11-01`.
fn midnight(day: &str) -> Option<i64> {
    let digits = |at: std::ops::Range<usize>| {
        let part = day.get(at)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day_of_month) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let dashes = day.len() == 10 && day.get(4..5) == Some("-") && day.get(7..8) == Some("-");
    if !dashes || !(1..=12).contains(&month) || !(1..=31).contains(&day_of_month) {
        return None;
    }
    // Years that begin in March end with the day that may be missing.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leaps + (153 * month + 2) / 5 + day_of_month - 1;
    const EPOCH: i64 = 719_468;
    Some((days - EPOCH) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(midnight("1970-01-01"), Some(0));
        assert_eq!(midnight("2026-11-01"), Some(1_793_491_200));
        assert_eq!(midnight("2024-02-29"), Some(1_709_164_800));
        for text in ["", "2026-11", "2026/11/01", "2026-13-01", "+026-11-01", "2026-11-01T", "é"] {
            assert_eq!(midnight(text), None, "{text}");
        }
    }
}
