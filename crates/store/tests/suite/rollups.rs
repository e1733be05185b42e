//! Reports against a second, simple model: every record kept, summed anew for each question.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ports::UsageStore;
use domain::{
    BucketWidth, Cost, GroupBy, ImageSource, Nanos, Outcome, Timestamp, Tokens, UsageFamily,
    UsageFilter, UsageQuery, UsageRecord, UsageRow,
};
use proptest::prelude::*;

use crate::support::{attempt, fresh};

/// Project, user, key, model, tier, batch, source.
type Dimensions = ([Option<String>; 5], Option<bool>, Option<ImageSource>);

fn dimensions(record: &UsageRecord, group: GroupBy) -> Dimensions {
    let model = record.model_served.as_ref().or(record.model_asked.as_ref());
    let text = |asked: bool, text: &str| asked.then(|| text.to_owned());
    let texts = [
        text(group.project, record.project.as_str()),
        text(group.user, &record.user),
        text(group.key, record.key.as_str()),
        model.filter(|_| group.model).map(ToString::to_string),
        record.service_tier.as_ref().filter(|_| group.service_tier).map(ToString::to_string),
    ];
    let source = ImageSource::of_operation(record.operation);
    let source = (group.source && record.family == UsageFamily::Images).then_some(source);
    (texts, group.batch.then_some(record.batch), source)
}

fn wanted(record: &UsageRecord, query: &UsageQuery) -> bool {
    let matches = |list: &[String], text: &str| list.is_empty() || list.iter().any(|l| l == text);
    (query.families.is_empty() || query.families.contains(&record.family))
        && (query.start..query.end).contains(&query.width.start_of(record.at))
        && matches(&query.filter.projects, record.project.as_str())
        && matches(&query.filter.keys, record.key.as_str())
        && query.filter.batch.is_none_or(|batch| batch == record.batch)
}

/// Requests, estimated, unpriced, input, output, images, media, characters; then the cost's parts
/// and what of them is estimated.
type Counts = [i128; 16];

type Sums = BTreeMap<(i64, Dimensions), Counts>;

fn parts(cost: Cost) -> [i128; 4] {
    [cost.input, cost.input_cached, cost.output, cost.other].map(|part| part.0.into())
}

fn joined(counts: [i128; 8], cost: Cost, estimated: Cost) -> Counts {
    let all: Vec<i128> = counts.into_iter().chain(parts(cost)).chain(parts(estimated)).collect();
    all.try_into().unwrap()
}

fn brute_force(records: &[UsageRecord], query: &UsageQuery) -> Sums {
    let mut sums = Sums::new();
    for record in records.iter().filter(|r| wanted(r, query)) {
        let request = record.outcome != Outcome::Refused;
        let free = record.family == UsageFamily::Other && record.tokens == Tokens::default();
        let counts = [
            i128::from(request),
            i128::from(request && record.estimated),
            i128::from(request && record.cost.is_none() && !free),
            record.tokens.input.into(),
            record.tokens.output.into(),
            record.images.into(),
            record.media_ms.into(),
            record.characters.into(),
        ];
        let cost = record.cost.unwrap_or_default();
        let estimated = if record.estimated { cost } else { Cost::default() };
        let counts = joined(counts, cost, estimated);
        if counts == [0; 16] {
            continue;
        }
        let key = (query.width.start_of(record.at), dimensions(record, query.group));
        for (sum, count) in sums.entry(key).or_insert([0; 16]).iter_mut().zip(counts) {
            *sum += count;
        }
    }
    sums
}

fn of_row(row: UsageRow) -> (Dimensions, Counts) {
    let counts = [
        row.requests.into(),
        row.estimated.into(),
        row.unpriced.into(),
        row.tokens.input.into(),
        row.tokens.output.into(),
        row.images.into(),
        row.media_ms.into(),
        row.characters.into(),
    ];
    let texts = [row.project, row.user, row.key, row.model, row.service_tier];
    ((texts, row.batch, row.source), joined(counts, row.cost, row.estimated_cost))
}

const FAMILIES: [UsageFamily; 6] = [
    UsageFamily::Completions,
    UsageFamily::Completions,
    UsageFamily::Images,
    UsageFamily::Images,
    UsageFamily::Images,
    UsageFamily::Other,
];
const OPERATIONS: [&str; 6] = [
    "createChatCompletion",
    "createResponse",
    "createImage",
    "createImageEdit",
    "createImageVariation",
    "listFiles",
];

fn cost_of(parts: [u16; 4]) -> Cost {
    let [input, input_cached, output, other] = parts.map(|part| Nanos(part.into()));
    Cost { input, input_cached, output, other }
}

fn record() -> impl Strategy<Value = UsageRecord> {
    let names = (0..2_u8, 0..2_u8, 0..3_u8, 0..3_u8, any::<bool>(), any::<bool>());
    let counts = (0..3_u64, 0..1_000_000_u64, 0..4_u32, 0..90_000_u64, 0..500_u64);
    let cost = proptest::option::of(any::<[u16; 4]>());
    let other = (0..300_000_i64, 0..4_u8, any::<bool>(), cost, 0..6_usize);
    (names, counts, other).prop_map(|(names, counts, other)| {
        let (project, user, key, model, tier, batch) = names;
        let (input, output, images, media_ms, characters) = counts;
        let (second, outcome, estimated, cost, kind) = other;
        let outcomes =
            [Outcome::Completed, Outcome::Refused, Outcome::ClientGone, Outcome::UpstreamFailed];
        UsageRecord {
            project: format!("proj_{project}").into(),
            user: format!("user-{user}").into(),
            key: format!("key_{key}").into(),
            model_asked: (model > 0).then(|| "asked".into()),
            model_served: (model > 1).then(|| "served".into()),
            service_tier: tier.then(|| "flex".into()),
            family: FAMILIES[kind],
            operation: OPERATIONS[kind],
            outcome: outcomes[usize::from(outcome)],
            tokens: Tokens { input, output, ..Tokens::default() },
            cost: cost.map(cost_of),
            batch,
            images,
            media_ms,
            characters,
            estimated,
            ..attempt("req_1", Timestamp(second * 1_000 + 999))
        }
    })
}

fn group_by(asked: [bool; 7]) -> GroupBy {
    let [project, user, key, model, batch, service_tier, source] = asked;
    GroupBy { project, user, key, model, batch, service_tier, source }
}

fn question() -> impl Strategy<Value = UsageQuery> {
    let group = any::<[bool; 7]>().prop_map(group_by);
    let filter = (any::<bool>(), any::<bool>(), any::<Option<bool>>()).prop_map(|(p, k, batch)| {
        let projects = if p { vec!["proj_1".to_owned()] } else { vec![] };
        let keys = if k { vec!["key_0".to_owned(), "key_2".to_owned()] } else { vec![] };
        UsageFilter { projects, keys, batch, ..UsageFilter::default() }
    });
    let times = (0..4_i64, 1..5_i64);
    let families = prop_oneof![
        Just(vec![]),
        Just(vec![UsageFamily::Completions]),
        Just(vec![UsageFamily::Images, UsageFamily::Other]),
    ];
    let asked = (0..3_usize, times, group, filter, families);
    asked.prop_map(|(width, (start, days), group, filter, families)| UsageQuery {
        families,
        width: BucketWidth::ALL[width],
        start: start * 86_400,
        end: (start + days) * 86_400,
        group,
        filter,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_report_equals_the_sum_of_its_records(
        batches in prop::collection::vec(prop::collection::vec(record(), 1..40), 1..5),
        questions in prop::collection::vec(question(), 6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_dir, store) = fresh();
            for batch in &batches {
                store.write(Arc::new(batch.clone())).await.unwrap();
            }
            let all = batches.concat();
            for query in questions {
                let expected = brute_force(&all, &query);
                let buckets = store.report(query).await.unwrap();
                prop_assert!(buckets.windows(2).all(|pair| pair[0].start < pair[1].start));
                let found: Vec<_> = buckets
                    .into_iter()
                    .flat_map(|b| b.rows.into_iter().map(of_row).map(move |(d, n)| ((b.start, d), n)))
                    .collect();
                prop_assert_eq!(found.len(), expected.len(), "a group came twice or not at all");
                prop_assert_eq!(found.into_iter().collect::<Sums>(), expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_grouping_sums_to_the_ungrouped_total(
        records in prop::collection::vec(record(), 1..120),
        groups in prop::collection::vec(any::<[bool; 7]>(), 8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_dir, store) = fresh();
            store.write(Arc::new(records)).await.unwrap();
            let total = async |width, group| {
                let (start, end, filter) = (0, 5 * 86_400, UsageFilter::default());
                let query = UsageQuery { families: vec![], width, start, end, group, filter };
                let buckets = store.report(query).await.unwrap();
                let rows = buckets.into_iter().flat_map(|bucket| bucket.rows);
                rows.fold([0; 16], |mut sum: Counts, row| {
                    sum.iter_mut().zip(of_row(row).1).for_each(|(sum, count)| *sum += count);
                    sum
                })
            };
            let expected = total(BucketWidth::Minute, GroupBy::default()).await;
            for width in BucketWidth::ALL {
                for group in &groups {
                    prop_assert_eq!(total(width, group_by(*group)).await, expected);
                }
            }
            Ok(())
        })?;
    }
}
