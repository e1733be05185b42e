//! `/tollgate/v1/prices`: what models cost.

use std::collections::BTreeMap;

use control::{Imported, PriceState};
use domain::fault::catalogue;
use domain::{Fault, Timestamp};
use openai::admin::{Deleted, List, Price, PriceImported, PriceList, UnpricedModel};
use serde_json::value::RawValue;

use crate::body::{Fields, missing};
use crate::call::AdminCall;
use crate::query::invalid;
use crate::reply::{Answer, json};

/// What a price may say beside its `…cost…` keys.
const FACTS: [&str; 6] = ["model", "mode", "free", "valid_from", "valid_until", "litellm_provider"];
/// Characters of a model's name.
const LONGEST_MODEL: usize = 256;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let prices = call.control.list_prices().await?;
    let rows = prices.iter().map(|price| Ok((price, raw(price)?)));
    let rows: Vec<_> = rows.collect::<Result<_, Fault>>()?;
    let list = List::of(rows.iter().map(|(price, raw)| shape(price, raw)).collect(), false);
    let unpriced = call.control.unpriced_models();
    let unpriced = unpriced.iter().map(|it| UnpricedModel {
        model: &it.model,
        reason: &it.why,
        attempts: it.attempts,
        last_attempt_at: it.last_at.seconds(),
    });
    let unpriced = unpriced.collect();
    let import_held_at = call.control.held_prices().await?.map(Timestamp::seconds);
    json(&PriceList { list, unpriced, import_held_at })
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    one(&call.control.price(call.model()).await?)
}

/// `{"model": "…", "input_cost_per_token": …}`: the decimals are read as they are written.
pub(super) async fn set(call: &AdminCall<'_>) -> Answer {
    // Refuses what is no JSON object, or has a name twice.
    Fields::parse(call.request.headers, &call.request.body)?;
    let text = std::str::from_utf8(&call.request.body).unwrap_or_default();
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|_| &catalogue::INVALID_JSON)?;
    if let Some(name) = members.keys().find(|n| !n.contains("cost") && !FACTS.contains(&n.as_str()))
    {
        let message = format!("Unknown parameter: '{name}'.");
        return Err(Fault::because(&catalogue::UNKNOWN_FIELD, message).param(name.clone()));
    }
    let model = members.get("model").ok_or_else(|| missing("model"))?;
    let model: String = serde_json::from_str(model.get()).unwrap_or_default();
    let length = model.chars().count();
    if length == 0 || length > LONGEST_MODEL || model.contains(char::is_control) {
        return Err(invalid(
            "model",
            &format!("expected a name of 1 to {LONGEST_MODEL} characters"),
        ));
    }
    one(&call.control.set_price(&call.author, &model, text).await?)
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    call.control.remove_price(&call.author, call.model()).await?;
    json(&Deleted::new("tollgate.price.deleted", call.model()))
}

/// The body is the file. Without one, `approve=true` takes over what is held.
pub(super) async fn import(call: &AdminCall<'_>) -> Answer {
    let approve = call.query.flag("approve")?.unwrap_or(false);
    let everything = call.query.flag("all_providers")?.unwrap_or(false);
    let body = &call.request.body;
    let imported = if approve && body.iter().all(u8::is_ascii_whitespace) {
        call.control.approve_prices(&call.author).await?
    } else {
        call.control.import_prices(&call.author, body, everything, approve).await?
    };
    let Imported { state, models, left_out, warnings, alarms } = &imported;
    json(&PriceImported {
        object: "tollgate.price_import",
        status: state.as_str(),
        models: *models,
        left_out: *left_out,
        warnings,
        alarms,
    })
}

fn one(price: &PriceState) -> Answer {
    json(&shape(price, &raw(price)?))
}

fn shape<'a>(price: &'a PriceState, raw: &'a RawValue) -> Price<'a> {
    Price::new(&price.model, price.layer.as_str(), raw)
}

fn raw(price: &PriceState) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(price.text.clone()).map_err(|_| Fault::new(&catalogue::INTERNAL_ERROR))
}
