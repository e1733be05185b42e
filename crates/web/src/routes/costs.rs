//! `GET /v1/organization/costs`.

use control::{CostQuestion, CostRow};
use domain::Fault;
use openai::admin::{CostAbout, CostsResult, UsageBucket, UsagePage};

use super::usage::{grouped, page, times};
use crate::call::AdminCall;
use crate::query::Query;
use crate::reply::{Answer, json};

const GROUPS: &[&str] = &["project_id", "line_item", "api_key_id"];
const DEFAULT_DAYS: i64 = 7;
const MOST_DAYS: i64 = 180;

pub(super) async fn report(call: &AdminCall<'_>) -> Answer {
    let report = call.control.cost_report(question(&call.query)?).await?;
    let buckets = report.buckets.into_iter().map(|(start, end, rows)| {
        UsageBucket::new(start, end, rows.into_iter().map(result).collect())
    });
    json(&UsagePage::of(buckets.collect(), report.next_page))
}

fn question(query: &Query) -> Result<CostQuestion, Fault> {
    query.word("bucket_width", &["1d"])?;
    let (start, end) = times(query)?;
    let groups = grouped(query, GROUPS)?;
    let by = |word: &str| groups.iter().any(|group| group == word);
    Ok(CostQuestion {
        start,
        end,
        limit: query.integer("limit", 1..=MOST_DAYS)?.unwrap_or(DEFAULT_DAYS),
        page: page(query)?,
        by_project: by("project_id"),
        by_key: by("api_key_id"),
        by_line_item: by("line_item"),
        projects: query.array("project_ids")?,
        keys: query.array("api_key_ids")?,
    })
}

fn result(row: CostRow) -> CostsResult {
    let about = CostAbout {
        project: row.project,
        key: row.key,
        line: row.line.map(|line| (line.model, line.part)),
        tokens: row.tokens,
    };
    CostsResult::new(about, row.amount, row.estimated, row.unpriced)
}
