//! Reports against a second, simple model: every record kept, summed anew for each question.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ports::UsageStore;
use domain::{
    BucketWidth, Cost, GroupBy, Nanos, Outcome, Timestamp, Tokens, UsageFamily, UsageFilter,
    UsageQuery, UsageRecord, UsageRow,
};
use proptest::prelude::*;

use crate::support::{attempt, fresh};

type Dimensions =
    (Option<String>, Option<String>, Option<String>, Option<String>, Option<bool>, Option<String>);

fn dimensions(record: &UsageRecord, group: GroupBy) -> Dimensions {
    let model = record.model_served.as_ref().or(record.model_asked.as_ref());
    let text = |asked: bool, text: &str| asked.then(|| text.to_owned());
    (
        text(group.project, record.project.as_str()),
        text(group.user, &record.user),
        text(group.key, record.key.as_str()),
        model.filter(|_| group.model).map(ToString::to_string),
        group.batch.then_some(record.batch),
        record.service_tier.as_ref().filter(|_| group.service_tier).map(ToString::to_string),
    )
}

fn wanted(record: &UsageRecord, query: &UsageQuery) -> bool {
    let matches = |list: &[String], text: &str| list.is_empty() || list.iter().any(|l| l == text);
    record.family == query.family
        && (query.start..query.end).contains(&query.width.start_of(record.at))
        && matches(&query.filter.projects, record.project.as_str())
        && matches(&query.filter.keys, record.key.as_str())
        && query.filter.batch.is_none_or(|batch| batch == record.batch)
}

/// (bucket, dimensions) → (requests, estimated, input, output, images, media, characters, cost).
type Sums = BTreeMap<(i64, Dimensions), [i128; 8]>;

fn brute_force(records: &[UsageRecord], query: &UsageQuery) -> Sums {
    let mut sums = Sums::new();
    for record in records.iter().filter(|r| wanted(r, query)) {
        let request = record.outcome != Outcome::Refused;
        let counts = [
            i128::from(request),
            i128::from(request && record.estimated),
            record.tokens.input.into(),
            record.tokens.output.into(),
            record.images.into(),
            record.media_ms.into(),
            record.characters.into(),
            record.cost.map_or(0, |c| c.total().0.into()),
        ];
        if counts == [0; 8] {
            continue;
        }
        let key = (query.width.start_of(record.at), dimensions(record, query.group));
        for (sum, count) in sums.entry(key).or_default().iter_mut().zip(counts) {
            *sum += count;
        }
    }
    sums
}

fn of_row(row: UsageRow) -> (Dimensions, [i128; 8]) {
    let counts = [
        row.requests.into(),
        row.estimated.into(),
        row.tokens.input.into(),
        row.tokens.output.into(),
        row.images.into(),
        row.media_ms.into(),
        row.characters.into(),
        row.cost.0.into(),
    ];
    ((row.project, row.user, row.key, row.model, row.batch, row.service_tier), counts)
}

fn record() -> impl Strategy<Value = UsageRecord> {
    let names = (0..2_u8, 0..2_u8, 0..3_u8, 0..3_u8, any::<bool>(), any::<bool>());
    let counts = (0..3_u64, 0..1_000_000_u64, 0..4_u32, 0..90_000_u64, 0..500_u64);
    let other = (0..300_000_i64, 0..4_u8, any::<bool>(), proptest::option::of(0..5_000_000_i64));
    (names, counts, other).prop_map(|(names, counts, other)| {
        let (project, user, key, model, tier, batch) = names;
        let (input, output, images, media_ms, characters) = counts;
        let (second, outcome, estimated, cost) = other;
        let outcomes =
            [Outcome::Completed, Outcome::Refused, Outcome::ClientGone, Outcome::UpstreamFailed];
        UsageRecord {
            project: format!("proj_{project}").into(),
            user: format!("user-{user}").into(),
            key: format!("key_{key}").into(),
            model_asked: (model > 0).then(|| "asked".into()),
            model_served: (model > 1).then(|| "served".into()),
            service_tier: tier.then(|| "flex".into()),
            family: if images > 2 { UsageFamily::Images } else { UsageFamily::Completions },
            outcome: outcomes[usize::from(outcome)],
            tokens: Tokens { input, output, ..Tokens::default() },
            cost: cost.map(|n| Cost::of(Nanos(n))),
            batch,
            images,
            media_ms,
            characters,
            estimated,
            ..attempt("req_1", Timestamp(second * 1_000 + 999))
        }
    })
}

fn question() -> impl Strategy<Value = UsageQuery> {
    let group = any::<[bool; 6]>().prop_map(|[project, user, key, model, batch, service_tier]| {
        GroupBy { project, user, key, model, batch, service_tier }
    });
    let filter = (any::<bool>(), any::<bool>(), any::<Option<bool>>()).prop_map(|(p, k, batch)| {
        let projects = if p { vec!["proj_1".to_owned()] } else { vec![] };
        let keys = if k { vec!["key_0".to_owned(), "key_2".to_owned()] } else { vec![] };
        UsageFilter { projects, keys, batch, ..UsageFilter::default() }
    });
    let times = (0..4_i64, 1..5_i64);
    (0..3_usize, times, group, filter).prop_map(|(width, (start, days), group, filter)| {
        UsageQuery {
            family: UsageFamily::Completions,
            width: BucketWidth::ALL[width],
            start: start * 86_400,
            end: (start + days) * 86_400,
            group,
            filter,
        }
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
}
