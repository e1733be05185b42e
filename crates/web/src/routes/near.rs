//! `/tollgate/v1/cache/matches` and `/tollgate/v1/cache/evaluation`.

use control::ShownMatch;
use domain::{Fault, NearQuery};
use openai::admin::{List, NearEvaluationShape, NearMatchShape, NearTexts, parse_place};

use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

const DEFAULT_ROWS: i64 = 20;
const MOST_ROWS: i64 = 100;
/// Answers with half of their words in common count as the same, unless it is said otherwise.
const SAME: i64 = 500;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let (found, more) = call.control.list_near_matches(asked(&call.query)?).await?;
    json(&List::of(found.iter().map(shape).collect(), more))
}

pub(super) async fn evaluation(call: &AdminCall<'_>) -> Answer {
    let same = call.query.integer("same", 1..=1_000)?.unwrap_or(SAME);
    let same = u16::try_from(same).unwrap_or(u16::MAX);
    let found = call.control.evaluate_near(asked(&call.query)?, same).await?;
    json(&NearEvaluationShape::new(found.pairs, found.same, &found.rows))
}

fn shape(shown: &ShownMatch) -> NearMatchShape<'_> {
    let texts = shown.texts.as_ref().map(|texts| NearTexts {
        asked: &texts.asked,
        near: &texts.near,
        stored_answer: texts.stored_answer.as_deref(),
        answer: texts.answer.as_deref(),
    });
    NearMatchShape::new(&shown.told, texts)
}

fn asked(query: &Query) -> Result<NearQuery, Fault> {
    let limit = query.integer("limit", 1..=MOST_ROWS)?.unwrap_or(DEFAULT_ROWS);
    let text = |name| query.one(name).map(|text| text.filter(|text| !text.is_empty()));
    let place = |after: &str| {
        parse_place(after)
            .ok_or_else(|| invalid("after", "expected the last_id of an earlier page"))
    };
    Ok(NearQuery {
        project: text("project_id")?.map(Into::into),
        model: text("model")?.map(str::to_owned),
        before: text("after")?.map(place).transpose()?,
        limit: u32::try_from(limit).unwrap_or(1),
    })
}
