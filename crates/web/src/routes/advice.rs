//! `GET /tollgate/v1/advice`.

use openai::admin::AdviceShape;

use crate::call::AdminCall;
use crate::reply::{Answer, json};

const DEFAULT_DAYS: i64 = 30;
const MOST_DAYS: i64 = 366;
/// For how long a cache would keep answers: what a project's cache does unless told otherwise.
const DEFAULT_TTL: i64 = 3_600;
const LONGEST_TTL: i64 = 2_592_000;

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let days = call.query.integer("days", 1..=MOST_DAYS)?.unwrap_or(DEFAULT_DAYS);
    let ttl = call.query.integer("ttl_seconds", 1..=LONGEST_TTL)?.unwrap_or(DEFAULT_TTL);
    let advice = call.control.advice(u32::try_from(days).unwrap_or(1), ttl).await?;
    json(&AdviceShape::new((advice.from, advice.to), &advice.findings, &advice.notes))
}
