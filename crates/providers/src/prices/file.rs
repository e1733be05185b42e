//! A whole file: taken over whole, or refused whole with every mistake in it (case 26).

use std::collections::{BTreeMap, BTreeSet};

use domain::price::{ModelPrice, PriceFile, Unit};
use serde_json::value::RawValue;

use super::members::Members;
use super::row::{self, Row};

/// Which rows of a file are used. Those without `litellm_provider` always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// OpenAI's own.
    #[default]
    OpenAi,
    Everything,
}

/// OpenAI's fee for a file search of the Responses API, in pico-dollars: 2.50 dollars a thousand.
const FILE_SEARCH_CALL: u64 = 2_500_000_000;
/// OpenAI's fee for a container of the usual size, 0.03 dollars; a file may say otherwise in its
/// row `openai/container`.
const CODE_INTERPRETER_SESSION: u64 = 30_000_000_000;
/// OpenAI's dearest fee for a search of the web, 25 dollars a thousand: of models whose row has none.
const WEB_SEARCH_CALL: u64 = 25_000_000_000;
const CONTAINER: &str = "openai/container";

/// Names in public tables that are no models.
const NO_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

/// Reads a file.
///
/// # Errors
/// Every mistake in it, one sentence each.
pub fn parse(text: &[u8], take: Take) -> Result<PriceFile, Vec<String>> {
    let (file, mistakes) = read(text, take)?;
    if mistakes.is_empty() { Ok(file) } else { Err(mistakes) }
}

/// Reads one model's row, and says what was not understood.
///
/// # Errors
/// Every mistake in it.
pub fn parse_row(model: &str, text: &str) -> Result<(ModelPrice, Vec<String>), Vec<String>> {
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|_| vec![format!("{model}: the price is not JSON")])?;
    let row = row::read(raw);
    let mut mistakes = row.mistakes;
    mistakes.extend(row.doubts);
    if mistakes.is_empty() && row.price.is_unknown() {
        mistakes.push("has no price".to_owned());
    }
    // First, as a mistyped name is why another one is absent.
    let strange = row.strange.iter().map(|key| format!("{model}: `{key}` is not understood"));
    if mistakes.is_empty() {
        return Ok((row.price, strange.collect()));
    }
    Err(strange.chain(mistakes.into_iter().map(|why| format!("{model}: {why}"))).collect())
}

/// Reads what can be read: the rows without mistakes, and all the mistakes.
///
/// # Errors
/// When it is no JSON object at all.
pub fn read(text: &[u8], take: Take) -> Result<(PriceFile, Vec<String>), Vec<String>> {
    let members: Members<'_> = serde_json::from_slice(text)
        .map_err(|error| vec![format!("the file is no JSON object of prices: {error}")])?;
    let mut reading = Reading { take, ..Reading::default() };
    for (name, value) in members.0 {
        if !NO_MODELS.contains(&name.as_str()) {
            reading.row(name, value);
        }
    }
    Ok(reading.finish())
}

#[derive(Default)]
struct Reading {
    take: Take,
    seen: BTreeSet<String>,
    rows: BTreeMap<String, Row>,
    mistakes: Vec<String>,
    strange: BTreeMap<String, usize>,
    left_out: usize,
}

impl Reading {
    fn row(&mut self, name: String, value: &RawValue) {
        if !self.seen.insert(name.clone()) {
            self.mistakes.push(format!("{name}: stands twice"));
        }
        let mut row = row::read(value);
        let openais = matches!(row.provider.as_deref(), Some("openai" | "text-completion-openai"));
        let used = openais || row.provider.is_none() || self.take == Take::Everything;
        if used {
            row.mistakes.append(&mut row.doubts);
        }
        let fine = row.mistakes.is_empty();
        self.mistakes.extend(row.mistakes.drain(..).map(|why| format!("{name}: {why}")));
        if !used || !fine || row.price.is_unknown() {
            self.left_out += 1;
            return;
        }
        for key in &row.strange {
            *self.strange.entry(key.clone()).or_default() += 1;
        }
        self.rows.insert(name, row);
    }

    fn finish(mut self) -> (PriceFile, Vec<String>) {
        self.join_variants();
        self.add_fees();
        let warnings = self.strange.iter().map(|(key, rows)| {
            format!(
                "`{key}` is not understood ({rows} {})",
                if *rows == 1 { "row" } else { "rows" }
            )
        });
        let file = PriceFile {
            warnings: warnings.collect(),
            models: self.rows.into_iter().map(|(name, row)| (name, row.price)).collect(),
            left_out: self.left_out,
        };
        (file, self.mistakes)
    }

    /// OpenAI's table has a row for every quality and size (`high/1024-x-1024/gpt-image-1`,
    /// `sora-2-pro-high-res`). Those are no models: the dearest goes to the model.
    fn join_variants(&mut self) {
        let is_variant = |name: &String, row: &mut Row| {
            row.provider.as_deref() == Some("openai") && name != CONTAINER && name.contains('/')
        };
        let variants: Vec<_> = self.rows.extract_if(.., is_variant).collect();
        for (name, row) in variants {
            let Some((kind, model)) = name.rsplit_once('/') else { continue };
            // Where only lesser qualities are listed, the dearest is not known.
            let lesser = ["low", "medium", "standard"];
            if !lesser.contains(&kind.split('/').next().unwrap_or(kind)) {
                self.raise(model, &row.price);
            }
        }
        let high = self.rows.iter().filter_map(|(name, row)| {
            Some((name.strip_suffix("-high-res")?.to_owned(), row.price.clone()))
        });
        for (model, price) in high.collect::<Vec<_>>() {
            self.raise(&model, &price);
        }
    }

    fn raise(&mut self, model: &str, by: &ModelPrice) {
        if let Some(row) = self.rows.get_mut(model) {
            by.units().for_each(|(unit, picos)| row.price.set_unit(unit, picos));
        }
    }

    /// Fees that OpenAI asks for its own tools, whichever of its models calls them.
    fn add_fees(&mut self) {
        let container = self.rows.remove(CONTAINER);
        let session = container.and_then(|row| {
            row.price.units().find(|(unit, _)| *unit == Unit::CodeInterpreterSession)
        });
        let session = session.map_or(CODE_INTERPRETER_SESSION, |(_, picos)| picos);
        for row in self.rows.values_mut() {
            let openais = row.provider.as_deref() == Some("openai");
            if openais && matches!(row.mode.as_str(), "chat" | "responses") {
                row.price.set_unit(Unit::FileSearchCall, FILE_SEARCH_CALL);
                row.price.set_unit(Unit::CodeInterpreterSession, session);
                if !row.price.units().any(|(unit, _)| unit == Unit::WebSearchCall) {
                    row.price.set_unit(Unit::WebSearchCall, WEB_SEARCH_CALL);
                }
            }
        }
    }
}
