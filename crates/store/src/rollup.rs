//! Usage records folded into rollups, before any database sees them.
//!
//! A batch of records holds few distinct (bucket, dimensions); each becomes one upsert whatever
//! the number of its calls.

use std::collections::HashMap;
use std::hash::Hash;

use domain::{BucketWidth, Nanos, Outcome, Tokens, UsageFamily, UsageRecord, UsageRow};

pub(crate) const COUNTERS: usize = 15;

/// The counter columns, in the order of [`counts`] and [`usage_row`].
pub(crate) const COUNTER_COLUMNS: [&str; COUNTERS] = [
    "requests",
    "estimated",
    "input_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "output_tokens",
    "output_reasoning_tokens",
    "output_audio_tokens",
    "output_image_tokens",
    "images",
    "media_ms",
    "characters",
    "cost_nanos",
];

/// The most that one attempt adds to a counter, so that an absurd report from a provider cannot
/// overflow a bucket's sum and block every later write to it. The request log keeps the figure.
const MOST_COUNT: u64 = 1_000_000_000_000;
/// The same for money: a million dollars.
const MOST_COST: i64 = 1_000_000_000_000_000;

/// Where counts go: one row of `usage_rollup`. Text is borrowed from the records, or owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot<T> {
    pub(crate) width: BucketWidth,
    pub(crate) start: i64,
    pub(crate) family: UsageFamily,
    pub(crate) project: T,
    pub(crate) user: T,
    pub(crate) key: T,
    pub(crate) model: T,
    pub(crate) batch: bool,
    pub(crate) service_tier: T,
}

pub(crate) type Counts = [i64; COUNTERS];

/// One upsert.
pub(crate) type RollupRow = (Slot<Box<str>>, Counts);

/// The rows of all widths, in the order of the table's key, so that neighbours share pages.
pub(crate) fn fold<'r>(records: impl Iterator<Item = &'r UsageRecord>) -> Vec<RollupRow> {
    let mut minutes: HashMap<Slot<&str>, Counts> = HashMap::new();
    for record in records {
        let counts = counts(record);
        // A refused attempt that cost nothing would leave an empty row behind.
        if counts.iter().any(|&n| n != 0) {
            add(&mut minutes, slot(record), &counts);
        }
    }
    let mut all = minutes.clone();
    for (minute, counts) in &minutes {
        for width in [BucketWidth::Hour, BucketWidth::Day] {
            let start = minute.start.div_euclid(width.seconds()) * width.seconds();
            add(&mut all, Slot { width, start, ..minute.clone() }, counts);
        }
    }
    let mut rows: Vec<_> = all.into_iter().collect();
    rows.sort_unstable();
    rows.into_iter().map(|(slot, counts)| (owned(&slot), counts)).collect()
}

fn add<K: Hash + Eq>(into: &mut HashMap<K, Counts>, key: K, counts: &Counts) {
    let sum = into.entry(key).or_default();
    for (sum, count) in sum.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

fn slot(record: &UsageRecord) -> Slot<&str> {
    let model = record.model_served.as_deref().or(record.model_asked.as_deref());
    Slot {
        width: BucketWidth::Minute,
        start: BucketWidth::Minute.start_of(record.at),
        family: record.family,
        project: record.project.as_str(),
        user: &record.user,
        key: record.key.as_str(),
        model: model.unwrap_or_default(),
        batch: record.batch,
        service_tier: record.service_tier.as_deref().unwrap_or_default(),
    }
}

fn owned(slot: &Slot<&str>) -> Slot<Box<str>> {
    Slot {
        width: slot.width,
        start: slot.start,
        family: slot.family,
        project: slot.project.into(),
        user: slot.user.into(),
        key: slot.key.into(),
        model: slot.model.into(),
        batch: slot.batch,
        service_tier: slot.service_tier.into(),
    }
}

fn counts(record: &UsageRecord) -> Counts {
    // What the provider refused is not a model request; what it may still have cost counts.
    let request = record.outcome != Outcome::Refused;
    let tokens = &record.tokens;
    [
        i64::from(request),
        i64::from(request && record.estimated),
        count(tokens.input),
        count(tokens.input_cached),
        count(tokens.input_cache_write),
        count(tokens.input_audio),
        count(tokens.input_image),
        count(tokens.output),
        count(tokens.output_reasoning),
        count(tokens.output_audio),
        count(tokens.output_image),
        i64::from(record.images),
        count(record.media_ms),
        count(record.characters),
        record.cost.map_or(0, |cost| cost.total().0.clamp(-MOST_COST, MOST_COST)),
    ]
}

fn count(number: u64) -> i64 {
    number.min(MOST_COUNT).cast_signed()
}

/// The counters of a report's row; its dimensions are the caller's to fill in.
pub(crate) fn usage_row(counts: &Counts) -> UsageRow {
    let [requests, estimated, tokens @ .., images, media_ms, characters, cost] = counts;
    let number = |n: &i64| u64::try_from(*n).unwrap_or_default();
    let [input, cached, write, audio, image, output, reasoning, audio_out, image_out] =
        tokens.each_ref().map(number);
    UsageRow {
        requests: number(requests),
        estimated: number(estimated),
        tokens: Tokens {
            input,
            input_cached: cached,
            input_cache_write: write,
            input_audio: audio,
            input_image: image,
            output,
            output_reasoning: reasoning,
            output_audio: audio_out,
            output_image: image_out,
            ..Tokens::default()
        },
        images: number(images),
        media_ms: number(media_ms),
        characters: number(characters),
        cost: Nanos(*cost),
        ..UsageRow::default()
    }
}
