//! `GET /v1/organization/usage/completions`.

use control::UsageQuestion;
use domain::{BucketWidth, Fault, GroupBy, UsageFamily, UsageFilter};
use openai::admin::{CompletionsResult, UsageBucket, UsagePage};

use crate::body::missing;
use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

pub(super) async fn report(call: &AdminCall<'_>) -> Answer {
    let report = call.control.usage_report(question(&call.query)?).await?;
    let buckets = report.buckets.into_iter().map(|(start, end, rows)| {
        UsageBucket::new(start, end, rows.into_iter().map(CompletionsResult::from).collect())
    });
    json(&UsagePage::of(buckets.collect(), report.next_page))
}

fn question(query: &Query) -> Result<UsageQuestion, Fault> {
    let width = query.word("bucket_width", &["1m", "1h", "1d"])?;
    let width = width.and_then(BucketWidth::parse).unwrap_or(BucketWidth::Day);
    let (default_limit, largest) = match width {
        BucketWidth::Day => (7, 31),
        BucketWidth::Hour => (24, 168),
        BucketWidth::Minute => (60, 1440),
    };
    let times = 0..=LAST_SECOND;
    Ok(UsageQuestion {
        family: UsageFamily::Completions,
        width,
        start: query.integer("start_time", times.clone())?.ok_or_else(|| missing("start_time"))?,
        end: query.integer("end_time", times)?,
        limit: query.integer("limit", 1..=largest)?.unwrap_or(default_limit),
        page: query.one("page")?.filter(|token| !token.is_empty()).map(str::to_owned),
        group: group(query)?,
        filter: UsageFilter {
            projects: query.array("project_ids")?,
            users: query.array("user_ids")?,
            keys: query.array("api_key_ids")?,
            models: query.array("models")?,
            batch: query.flag("batch")?,
        },
    })
}

fn group(query: &Query) -> Result<GroupBy, Fault> {
    let mut group = GroupBy::default();
    for word in query.array("group_by")? {
        *match word.as_str() {
            "project_id" => &mut group.project,
            "user_id" => &mut group.user,
            "api_key_id" => &mut group.key,
            "model" => &mut group.model,
            "batch" => &mut group.batch,
            "service_tier" => &mut group.service_tier,
            _ => {
                let words = "project_id, user_id, api_key_id, model, batch, service_tier";
                return Err(invalid("group_by", &format!("expected values of {words}")));
            }
        } = true;
    }
    Ok(group)
}
