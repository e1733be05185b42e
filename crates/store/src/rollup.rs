//! Usage records folded into rollups, before any database sees them.
//!
//! A batch of records holds few distinct (bucket, dimensions); each becomes one upsert whatever
//! the number of its calls.

use std::collections::HashMap;
use std::hash::Hash;

use domain::{
    BucketWidth, Cost, ImageSource, Nanos, Tokens, UsageFamily, UsageQuery, UsageRecord, UsageRow,
};

pub(crate) const COUNTERS: usize = 23;

/// The counter columns, in the order of [`counts`] and [`usage_row`].
pub(crate) const COUNTER_COLUMNS: [&str; COUNTERS] = [
    "requests",
    "estimated",
    "unpriced",
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
    "cost_input_nanos",
    "cost_cached_nanos",
    "cost_output_nanos",
    "estimated_nanos",
    "estimated_input_nanos",
    "estimated_cached_nanos",
    "estimated_output_nanos",
];

/// The most that one attempt adds to a counter, so that an absurd report from a provider cannot
/// overflow a bucket's sum and block every later write to it. The request log keeps the figure.
const MOST_COUNT: u64 = 1_000_000_000_000;
/// The same for each part of a cost: a million dollars.
const MOST_COST: i64 = 1_000_000_000_000_000;

/// Where counts go: one row of `usage_rollup`. Text is borrowed from the records, or owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot<T> {
    /// As [`grain`] says.
    pub(crate) grain: i64,
    pub(crate) start: i64,
    /// As [`shelf`] says.
    pub(crate) family: &'static str,
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

/// The rows of all grains, in the order of the table's key, so that neighbours share pages.
pub(crate) fn fold<'r>(records: impl Iterator<Item = &'r UsageRecord>) -> Vec<RollupRow> {
    let mut minutes: HashMap<Slot<&str>, Counts> = HashMap::new();
    // Calls that follow one another are mostly of one row: it is looked up once a run of them.
    let mut run: Option<(Slot<&str>, Counts)> = None;
    for record in records {
        let counts = counts(record);
        // A refused attempt that cost nothing would leave an empty row behind.
        if counts.iter().all(|&n| n == 0) {
            continue;
        }
        let slot = slot(record);
        match &mut run {
            Some((last, sum)) if *last == slot => plus(sum, &counts),
            _ => {
                if let Some((slot, counts)) = run.replace((slot, counts)) {
                    add(&mut minutes, slot, &counts);
                }
            }
        }
    }
    if let Some((slot, counts)) = run {
        add(&mut minutes, slot, &counts);
    }
    let mut all = minutes.clone();
    for (minute, counts) in &minutes {
        for width in [BucketWidth::Hour, BucketWidth::Day] {
            let start = minute.start.div_euclid(width.seconds()) * width.seconds();
            let slot = Slot { grain: width.seconds(), start, ..minute.clone() };
            if width == BucketWidth::Day {
                add(&mut all, Slot { grain: SUMMARY, user: "", key: "", ..slot.clone() }, counts);
            }
            add(&mut all, slot, counts);
        }
    }
    let mut rows: Vec<_> = all.into_iter().collect();
    rows.sort_unstable();
    rows.into_iter().map(|(slot, counts)| (owned(&slot), counts)).collect()
}

/// What stands in the family and model columns of a ledger's corrections: in no usage report, and
/// in a cost report a line of its own.
const CORRECTION: &str = "correction";

/// A correction of what calls of a day cost, at its beginning; `[project, user, key]`.
pub(crate) fn correction(
    [project, user, key]: [&str; 3],
    day: i64,
    amount: Nanos,
    estimated: Nanos,
) -> Vec<RollupRow> {
    let mut counts = [0; COUNTERS];
    for (column, sum) in [("cost_nanos", amount), ("estimated_nanos", estimated)] {
        if let Some(at) = COUNTER_COLUMNS.iter().position(|name| *name == column) {
            counts[at] = sum.0.clamp(-MOST_COST, MOST_COST);
        }
    }
    let row = |grain: i64, user: &str, key: &str| {
        let slot = Slot {
            grain,
            start: day,
            family: CORRECTION,
            project: project.into(),
            user: user.into(),
            key: key.into(),
            model: CORRECTION.into(),
            batch: false,
            service_tier: Box::default(),
        };
        (slot, counts)
    };
    let mut rows = vec![row(SUMMARY, "", "")];
    rows.extend(BucketWidth::ALL.map(|width| row(width.seconds(), user, key)));
    rows
}

/// The grain of days whose users and keys are not told apart: there are few of them, so that a
/// year by project and model is soon added up.
const SUMMARY: i64 = -86_400;

/// Which rows answer a report: those of its width in seconds, or the summary where that will do.
pub(crate) fn grain(query: &UsageQuery) -> i64 {
    let (group, filter) = (&query.group, &query.filter);
    let who = group.user || group.key || !filter.users.is_empty() || !filter.keys.is_empty();
    match query.width {
        BucketWidth::Day if !who => SUMMARY,
        width => width.seconds(),
    }
}

fn add<K: Hash + Eq>(into: &mut HashMap<K, Counts>, key: K, counts: &Counts) {
    plus(into.entry(key).or_default(), counts);
}

fn plus(sum: &mut Counts, counts: &Counts) {
    for (sum, count) in sum.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

fn slot(record: &UsageRecord) -> Slot<&str> {
    let model = record.model_served.as_deref().or(record.model_asked.as_deref());
    Slot {
        grain: BucketWidth::Minute.seconds(),
        start: BucketWidth::Minute.start_of(record.at),
        family: shelf(record.family, ImageSource::of_operation(record.operation)),
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
        grain: slot.grain,
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

/// What stands in the family column: images are told apart by how they came about.
fn shelf(family: UsageFamily, source: ImageSource) -> &'static str {
    match (family, source) {
        (UsageFamily::Images, ImageSource::Edit) => "images.edit",
        (UsageFamily::Images, ImageSource::Variation) => "images.variation",
        (family, _) => family.as_str(),
    }
}

/// What a report looks for in the family column; nothing where every family is wanted.
pub(crate) fn shelves(query: &UsageQuery) -> Vec<&'static str> {
    let sources = match query.filter.sources.as_slice() {
        [] => &ImageSource::ALL[..],
        some => some,
    };
    let of_family = |family: &UsageFamily| -> Vec<&'static str> {
        match family {
            UsageFamily::Images => sources.iter().map(|s| shelf(*family, *s)).collect(),
            family => vec![family.as_str()],
        }
    };
    query.families.iter().flat_map(of_family).collect()
}

/// The source of the images that a shelf counts.
pub(crate) fn source(family: &str) -> Option<ImageSource> {
    ImageSource::ALL.into_iter().find(|source| shelf(UsageFamily::Images, *source) == family)
}

fn counts(record: &UsageRecord) -> Counts {
    // What the provider refused is not a model request; what it may still have cost counts.
    let request = record.is_request();
    let tokens = &record.tokens;
    let cost = sane(record.cost.unwrap_or_default());
    let estimated = if record.estimated { cost } else { Cost::default() };
    [
        i64::from(request),
        i64::from(request && record.estimated),
        i64::from(record.is_unpriced()),
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
        cost.total().0,
        cost.input.0,
        cost.input_cached.0,
        cost.output.0,
        estimated.total().0,
        estimated.input.0,
        estimated.input_cached.0,
        estimated.output.0,
    ]
}

/// Each part bounded, so that the parts still sum to the total.
fn sane(cost: Cost) -> Cost {
    let bounded = |part: Nanos| Nanos(part.0.clamp(-MOST_COST, MOST_COST));
    Cost {
        input: bounded(cost.input),
        input_cached: bounded(cost.input_cached),
        output: bounded(cost.output),
        other: bounded(cost.other),
    }
}

fn count(number: u64) -> i64 {
    number.min(MOST_COUNT).cast_signed()
}

/// The counters of a report's row; its dimensions are the caller's to fill in.
pub(crate) fn usage_row(counts: &Counts) -> UsageRow {
    let [requests, estimated, unpriced, middle @ .., c0, c1, c2, c3, e0, e1, e2, e3] = counts;
    let [tokens @ .., images, media_ms, characters] = middle;
    let number = |n: &i64| u64::try_from(*n).unwrap_or_default();
    let [input, cached, write, audio, image, output, reasoning, audio_out, image_out] =
        tokens.each_ref().map(number);
    UsageRow {
        requests: number(requests),
        estimated: number(estimated),
        unpriced: number(unpriced),
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
        cost: Cost::from_total(Nanos(*c0), Nanos(*c1), Nanos(*c2), Nanos(*c3)),
        estimated_cost: Cost::from_total(Nanos(*e0), Nanos(*e1), Nanos(*e2), Nanos(*e3)),
        ..UsageRow::default()
    }
}
