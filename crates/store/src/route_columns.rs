//! How a route's targets and an upstream's headers lie in columns: JSON, the same in every
//! database.

use domain::ports::StoreError;
use domain::route::{MaxPrice, Reasons, Target};
use serde_json::{Value, json};

use crate::columns::unreadable;

pub(crate) fn targets(targets: &[Target]) -> String {
    let one = |target: &Target| {
        json!({
            "upstream": target.upstream,
            "model": target.model.as_deref(),
            "weight": target.weight,
            "step": target.step,
            "on": target.on.names().collect::<Vec<_>>(),
            "max_price": target.max_price.map(|most| json!([most.input, most.output])),
        })
    };
    Value::Array(targets.iter().map(one).collect()).to_string()
}

pub(crate) fn parse_targets(text: &str) -> Result<Vec<Target>, StoreError> {
    let all: Vec<Value> = serde_json::from_str(text).map_err(|_| unreadable("route"))?;
    all.iter().map(|one| target(one).ok_or_else(|| unreadable("route's target"))).collect()
}

fn target(value: &Value) -> Option<Target> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let number = |name| u32::try_from(value.get(name)?.as_u64()?).ok();
    let reason = |name: &Value| Reasons::parse(name.as_str()?);
    let reasons = value.get("on")?.as_array()?.iter().map(reason);
    let most = value.get("max_price").and_then(Value::as_array);
    Some(Target {
        upstream: text("upstream")?.to_owned(),
        model: text("model").map(Into::into),
        weight: number("weight")?,
        step: number("step")?,
        on: reasons.collect::<Option<Vec<_>>>()?.into_iter().fold(Reasons::NONE, |a, b| a | b),
        max_price: match most.map(Vec::as_slice) {
            Some([input, output]) => {
                Some(MaxPrice { input: input.as_u64(), output: output.as_u64() })
            }
            Some(_) => return None,
            None => None,
        },
    })
}

pub(crate) fn pairs(pairs: &[(String, String)]) -> String {
    Value::Array(pairs.iter().map(|(name, value)| json!([name, value])).collect()).to_string()
}

pub(crate) fn parse_pairs(text: &str) -> Result<Vec<(String, String)>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("header"))
}
