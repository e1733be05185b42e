//! `GET /tollgate/v1/refusals` and `GET /tollgate/v1/refusals/{request_id}`: why a call was refused.

use control::{Look, LookResult, Standing, StandingValue};
use domain::fault::catalogue;
use domain::{Fault, RefusedFilter, RefusedQuery};
use openai::admin::{RefusedCallShape, RefusedCalls, figure_unit};
use serde_json::{Value, json};

use super::requests::{place, text};
use crate::call::AdminCall;
use crate::query::Query;
use crate::reply::{Answer, json as reply};

const DEFAULT_ROWS: i64 = 20;
const MOST_ROWS: i64 = 1_000;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.refused_calls(asked(&call.query)?).await?;
    reply(&RefusedCalls::new(&page.rows, page.has_more))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let why = call.control.why(call.logged_request()).await?;
    let entry = why.call.entry();
    reply(&json!({
        "object": "tollgate.refusal_explained",
        "refusal": RefusedCallShape::new(&why.call),
        "what": entry.map(|entry| entry.what),
        "remedy": entry.map(|entry| entry.remedy),
        "looks": why.looks.iter().map(look).collect::<Vec<_>>(),
    }))
}

fn look(look: &Look) -> Value {
    json!({
        "stage": look.stage.as_str(),
        "result": match look.result {
            LookResult::Passed => "passed",
            LookResult::Refused => "refused",
            LookResult::NotReached => "not_reached",
        },
        "now": look.now.iter().map(standing).collect::<Vec<_>>(),
    })
}

fn standing(standing: &Standing) -> Value {
    match &standing.value {
        StandingValue::Text(text) => json!({ "what": standing.what, "value": text, "limit": null }),
        StandingValue::Limit { unit, limit, used, held, resets_at } => json!({
            "what": standing.what,
            "value": null,
            "limit": {
                "unit": figure_unit(*unit),
                "limit": limit,
                "used": used,
                "held": held,
                "resets_at": resets_at,
            },
        }),
    }
}

fn asked(query: &Query) -> Result<RefusedQuery, Fault> {
    let limit = query.integer("limit", 1..=MOST_ROWS)?.unwrap_or(DEFAULT_ROWS);
    let after = query.one("after")?.filter(|after| !after.is_empty());
    Ok(RefusedQuery {
        filter: RefusedFilter {
            project: text(query, "project_id")?,
            key: text(query, "api_key_id")?,
            code: text(query, "code")?,
            request: text(query, "request_id")?.map(Into::into),
        },
        before: after.map(place).transpose()?,
        limit: u32::try_from(limit).map_err(|_| &catalogue::INVALID_VALUE)?,
    })
}
