//! `GET /tollgate/v1/comparisons`.

use control::ComparedCall;
use domain::{ComparisonQuery, Fault};
use openai::admin::{ComparisonShape, List, Said, parse_place};

use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

const DEFAULT_ROWS: i64 = 20;
const MOST_ROWS: i64 = 100;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let (found, more) = call.control.list_comparisons(asked(&call.query)?).await?;
    json(&List::of(found.iter().map(shape).collect(), more))
}

fn shape(call: &ComparedCall) -> ComparisonShape<'_> {
    let said = call.texts.as_ref().map_or(Said::default(), |texts| Said {
        request: Some(&texts.request),
        answer: texts.answer.as_deref(),
        shadow: Some(&texts.shadow_answer),
    });
    ComparisonShape::new(&call.comparison, said, (&call.first, &call.shadow))
}

fn asked(query: &Query) -> Result<ComparisonQuery, Fault> {
    let limit = query.integer("limit", 1..=MOST_ROWS)?.unwrap_or(DEFAULT_ROWS);
    let text = |name| query.one(name).map(|text| text.filter(|text| !text.is_empty()));
    let place = |after: &str| {
        parse_place(after)
            .ok_or_else(|| invalid("after", "expected the last_id of an earlier page"))
    };
    Ok(ComparisonQuery {
        project: text("project_id")?.map(Into::into),
        model: text("model")?.map(str::to_owned),
        before: text("after")?.map(place).transpose()?,
        limit: u32::try_from(limit).unwrap_or(1),
    })
}
