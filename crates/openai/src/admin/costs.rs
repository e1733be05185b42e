//! `organization.costs.result`.

use domain::{CostPart, Nanos};
use serde::Serialize;
use serde_json::value::RawValue;

/// What a line item is called that was done without a model.
const NO_MODEL: &str = "unknown";

/// One result of a cost report. Beside OpenAI's fields are ours: the amount as an integer, and the
/// shares of it that are estimated or missing.
#[derive(Serialize)]
pub struct CostsResult {
    object: &'static str,
    amount: Amount,
    line_item: Option<String>,
    project_id: Option<String>,
    api_key_id: Option<String>,
    quantity: Option<u64>,
    quantity_unit: Option<&'static str>,
    /// The amount in nano-dollars, for readers whose JSON numbers are floats.
    amount_nanos: i64,
    /// The share of it that rests on our own counts, in nano-dollars.
    estimated_nanos: i64,
    /// Requests that may have cost something, but had no price here.
    num_unpriced_requests: u64,
}

/// US dollars, as a JSON number written from an integer.
#[derive(Serialize)]
struct Amount {
    value: Box<RawValue>,
    currency: &'static str,
}

/// What a result is about; `None` where it was not asked to be told apart.
#[derive(Debug, Default)]
pub struct CostAbout {
    pub project: Option<String>,
    pub key: Option<String>,
    /// The model, where there is one, and what of its use was paid for.
    pub line: Option<(Option<String>, CostPart)>,
    /// Tokens of the line.
    pub tokens: Option<u64>,
}

impl CostsResult {
    /// `unpriced` counts requests.
    #[must_use]
    pub fn new(about: CostAbout, amount: Nanos, estimated: Nanos, unpriced: u64) -> Self {
        let item = |(model, part): (Option<String>, CostPart)| {
            format!("{}, {}", model.as_deref().unwrap_or(NO_MODEL), part.as_str())
        };
        Self {
            object: "organization.costs.result",
            amount: Amount { value: number(amount), currency: "usd" },
            line_item: about.line.map(item),
            project_id: about.project,
            api_key_id: about.key,
            quantity: about.tokens,
            quantity_unit: about.tokens.map(|_| "tokens"),
            amount_nanos: amount.0,
            estimated_nanos: estimated.0,
            num_unpriced_requests: unpriced,
        }
    }
}

fn number(amount: Nanos) -> Box<RawValue> {
    // A decimal without exponent is always a JSON number.
    RawValue::from_string(amount.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_exactly() {
        for (nanos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (41_250, "0.00004125"),
            (i64::MAX, "9223372036.854775807"),
            (-1_500_000_000, "-1.5"),
        ] {
            let result = CostsResult::new(CostAbout::default(), Nanos(nanos), Nanos(0), 0);
            let body = serde_json::to_string(&result).unwrap();
            let expected = format!("\"amount\":{{\"value\":{text},\"currency\":\"usd\"}}");
            assert!(body.contains(&expected), "{body}");
        }
    }

    #[test]
    fn line_items_are_named_by_model_and_part() {
        let named = |model: Option<&str>, part| {
            let line = Some((model.map(str::to_owned), part));
            let about = CostAbout { line, ..CostAbout::default() };
            CostsResult::new(about, Nanos(0), Nanos(0), 0).line_item.unwrap()
        };
        assert_eq!(named(Some("gpt-4o"), CostPart::InputCached), "gpt-4o, cached input");
        assert_eq!(named(None, CostPart::Other), "unknown, other");
    }
}
