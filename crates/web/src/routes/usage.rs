//! `GET /v1/organization/usage/…`: one report a kind of work.
//!
//! What a provider does beside the calls (vector storage, sessions of its code interpreter, its own
//! searches) is not metered here: those reports answer with empty buckets.

use control::{UsageQuestion, UsageReport};
use domain::{BucketWidth, Fault, GroupBy, ImageSource, UsageFamily, UsageFilter, UsageRow};
use openai::admin::{
    AudioSpeechesResult, AudioTranscriptionsResult, CompletionsResult, EmbeddingsResult,
    ImagesResult, ModerationsResult, UsageBucket, UsagePage,
};
use serde::Serialize;

use crate::body::missing;
use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a report counts, and what its results can be grouped by.
struct Report {
    name: &'static str,
    /// `None` for what is not metered here.
    family: Option<UsageFamily>,
    groups: &'static [&'static str],
}

/// What most results can be grouped by.
const WHO_AND_MODEL: &[&str] = &["project_id", "user_id", "api_key_id", "model"];

/// The sizes that the document takes as a filter.
const SIZES: &[&str] = &["256x256", "512x512", "1024x1024", "1792x1792", "1024x1792"];

const COMPLETIONS: Report = Report {
    name: "completions",
    family: Some(UsageFamily::Completions),
    groups: &["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"],
};
const EMBEDDINGS: Report = plain("embeddings", UsageFamily::Embeddings);
const MODERATIONS: Report = plain("moderations", UsageFamily::Moderations);
const AUDIO_SPEECHES: Report = plain("audio_speeches", UsageFamily::AudioSpeeches);
const AUDIO_TRANSCRIPTIONS: Report =
    plain("audio_transcriptions", UsageFamily::AudioTranscriptions);
const IMAGES: Report = Report {
    name: "images",
    family: Some(UsageFamily::Images),
    groups: &["project_id", "user_id", "api_key_id", "model", "size", "source"],
};
const VECTOR_STORES: Report = unmetered("vector_stores", &["project_id"]);
const CODE_INTERPRETER: Report = unmetered("code_interpreter_sessions", &["project_id"]);
const FILE_SEARCHES: Report =
    unmetered("file_search_calls", &["project_id", "user_id", "api_key_id", "vector_store_id"]);
const WEB_SEARCHES: Report = unmetered(
    "web_search_calls",
    &["project_id", "user_id", "api_key_id", "model", "context_level"],
);

const fn plain(name: &'static str, family: UsageFamily) -> Report {
    Report { name, family: Some(family), groups: WHO_AND_MODEL }
}

const fn unmetered(name: &'static str, groups: &'static [&'static str]) -> Report {
    Report { name, family: None, groups }
}

pub(super) async fn completions(call: &AdminCall<'_>) -> Answer {
    answer::<CompletionsResult>(call, &COMPLETIONS).await
}

pub(super) async fn embeddings(call: &AdminCall<'_>) -> Answer {
    answer::<EmbeddingsResult>(call, &EMBEDDINGS).await
}

pub(super) async fn moderations(call: &AdminCall<'_>) -> Answer {
    answer::<ModerationsResult>(call, &MODERATIONS).await
}

pub(super) async fn images(call: &AdminCall<'_>) -> Answer {
    answer::<ImagesResult>(call, &IMAGES).await
}

pub(super) async fn audio_speeches(call: &AdminCall<'_>) -> Answer {
    answer::<AudioSpeechesResult>(call, &AUDIO_SPEECHES).await
}

pub(super) async fn audio_transcriptions(call: &AdminCall<'_>) -> Answer {
    answer::<AudioTranscriptionsResult>(call, &AUDIO_TRANSCRIPTIONS).await
}

pub(super) async fn vector_stores(call: &AdminCall<'_>) -> Answer {
    empty(call, &VECTOR_STORES).await
}

pub(super) async fn code_interpreter_sessions(call: &AdminCall<'_>) -> Answer {
    empty(call, &CODE_INTERPRETER).await
}

pub(super) async fn file_search_calls(call: &AdminCall<'_>) -> Answer {
    empty(call, &FILE_SEARCHES).await
}

pub(super) async fn web_search_calls(call: &AdminCall<'_>) -> Answer {
    empty(call, &WEB_SEARCHES).await
}

async fn answer<T: From<UsageRow> + Serialize>(call: &AdminCall<'_>, asked: &Report) -> Answer {
    let UsageReport { buckets, next_page } =
        call.control.usage_report(question(asked, &call.query)?).await?;
    let buckets = buckets.into_iter().map(|(start, end, rows)| {
        UsageBucket::new(start, end, rows.into_iter().map(T::from).collect())
    });
    json(&UsagePage::of(buckets.collect(), next_page))
}

async fn empty(call: &AdminCall<'_>, asked: &Report) -> Answer {
    let report = call.control.usage_report(question(asked, &call.query)?).await?;
    let buckets = report.buckets.into_iter();
    let buckets = buckets.map(|(start, end, _)| UsageBucket::<()>::new(start, end, Vec::new()));
    json(&UsagePage::of(buckets.collect(), report.next_page))
}

fn question(asked: &Report, query: &Query) -> Result<UsageQuestion, Fault> {
    let width = query.word("bucket_width", &["1m", "1h", "1d"])?;
    let width = width.and_then(BucketWidth::parse).unwrap_or(BucketWidth::Day);
    let (default_limit, largest) = match width {
        BucketWidth::Day => (7, 31),
        BucketWidth::Hour => (24, 168),
        BucketWidth::Minute => (60, 1440),
    };
    let (start, end) = times(query)?;
    if asked.name == WEB_SEARCHES.name {
        listed(query, "context_levels", &["low", "medium", "high"])?;
    }
    let images = asked.family == Some(UsageFamily::Images);
    // No size is on record, so none is the one that is looked for.
    let known = !images || listed(query, "sizes", SIZES)?.is_empty();
    Ok(UsageQuestion {
        report: asked.name,
        families: asked.family.filter(|_| known).map(|family| vec![family]),
        width,
        start,
        end,
        limit: query.integer("limit", 1..=largest)?.unwrap_or(default_limit),
        page: page(query)?,
        group: group(asked, query)?,
        filter: UsageFilter {
            projects: query.array("project_ids")?,
            users: query.array("user_ids")?,
            keys: query.array("api_key_ids")?,
            models: query.array("models")?,
            batch: match asked.family {
                Some(UsageFamily::Completions) => query.flag("batch")?,
                _ => None,
            },
            sources: if images { sources(query)? } else { Vec::new() },
        },
    })
}

/// `start_time` and, where it is given, `end_time`.
pub(super) fn times(query: &Query) -> Result<(i64, Option<i64>), Fault> {
    let bounds = 0..=LAST_SECOND;
    let start = query.integer("start_time", bounds.clone())?;
    Ok((start.ok_or_else(|| missing("start_time"))?, query.integer("end_time", bounds)?))
}

/// What an earlier page gave as its `next_page`.
pub(super) fn page(query: &Query) -> Result<Option<String>, Fault> {
    Ok(query.one("page")?.filter(|token| !token.is_empty()).map(str::to_owned))
}

/// The values of `group_by`, each one of those that the report knows.
pub(super) fn grouped(query: &Query, words: &[&str]) -> Result<Vec<String>, Fault> {
    listed(query, "group_by", words)
}

/// The values of a list, each one of a few words.
fn listed(query: &Query, name: &'static str, words: &[&str]) -> Result<Vec<String>, Fault> {
    let asked = query.array(name)?;
    match asked.iter().all(|word| words.contains(&word.as_str())) {
        true => Ok(asked),
        false => Err(invalid(name, &format!("expected values of {}", words.join(", ")))),
    }
}

fn group(asked: &Report, query: &Query) -> Result<GroupBy, Fault> {
    let mut group = GroupBy::default();
    for word in grouped(query, asked.groups)? {
        *match word.as_str() {
            "project_id" => &mut group.project,
            "user_id" => &mut group.user,
            "api_key_id" => &mut group.key,
            "model" => &mut group.model,
            "batch" => &mut group.batch,
            "service_tier" => &mut group.service_tier,
            "source" => &mut group.source,
            // Not on record: everything has the value `null`.
            _ => continue,
        } = true;
    }
    Ok(group)
}

fn sources(query: &Query) -> Result<Vec<ImageSource>, Fault> {
    let known = || invalid("sources", "expected image.generation, image.edit or image.variation");
    let asked = query.array("sources")?;
    asked.iter().map(|word| ImageSource::parse(word).ok_or_else(known)).collect()
}
