use domain::{
    Bucket, BucketWidth, Cost, CostPart, GroupBy, ImageSource, Nanos, Outcome, Timestamp, Tokens,
    UsageFamily, UsageFilter, UsageQuery, UsageRecord,
};

use super::Ports;
use crate::support::attempt;
use std::sync::Arc;

const DAY: i64 = 1_699_920_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(DAY + second)
}

fn query(width: BucketWidth, group: GroupBy) -> UsageQuery {
    UsageQuery {
        families: vec![UsageFamily::Completions],
        width,
        start: DAY,
        end: DAY + 2 * 86_400,
        group,
        filter: UsageFilter::default(),
    }
}

async fn report(store: &impl Ports, width: BucketWidth) -> Vec<Bucket> {
    store.report(query(width, GroupBy::default())).await.unwrap()
}

pub(crate) async fn nothing_gives_no_bucket(store: &impl Ports) {
    assert!(report(store, BucketWidth::Day).await.is_empty());
    store.write(Arc::new(vec![])).await.unwrap();
    assert!(report(store, BucketWidth::Day).await.is_empty());
}

pub(crate) async fn a_report_groups_only_as_asked(store: &impl Ports) {
    let base = || attempt("req_1", at(0));
    let tier = UsageRecord { service_tier: Some("flex".into()), batch: true, ..base() };
    let other = UsageRecord { key: "key_2".into(), project: "proj_2".into(), ..base() };
    store.write(Arc::new(vec![base(), base(), tier, other])).await.unwrap();

    let buckets = report(store, BucketWidth::Day).await;
    assert_eq!((buckets.len(), buckets[0].rows.len()), (1, 1));
    let row = &buckets[0].rows[0];
    assert_eq!((row.requests, row.tokens.input), (4, 40));
    assert_eq!((&row.project, &row.model, row.batch), (&None, &None, None));

    let group = GroupBy { key: true, service_tier: true, batch: true, ..GroupBy::default() };
    let rows = store.report(query(BucketWidth::Day, group)).await.unwrap().remove(0).rows;
    let mut found: Vec<_> = rows
        .iter()
        .map(|r| (r.key.as_deref(), r.batch, r.service_tier.as_deref(), r.requests))
        .collect();
    found.sort_unstable();
    let expected = [
        (Some("key_1"), Some(false), None, 2),
        (Some("key_1"), Some(true), Some("flex"), 1),
        (Some("key_2"), Some(false), None, 1),
    ];
    assert_eq!(found, expected);
    assert!(rows.iter().all(|r| r.project.is_none() && r.user.is_none() && r.model.is_none()));
}

pub(crate) async fn filters_match_every_list(store: &impl Ports) {
    let make = |project: &str, model: &str, batch| UsageRecord {
        project: project.into(),
        model_served: Some(model.into()),
        batch,
        ..attempt("req_1", at(0))
    };
    let records = vec![
        make("proj_1", "a", false),
        make("proj_1", "b", true),
        make("proj_2", "a", false),
        UsageRecord { family: UsageFamily::Embeddings, ..make("proj_1", "a", false) },
    ];
    store.write(Arc::new(records)).await.unwrap();
    let count = async |filter: UsageFilter| {
        let query = UsageQuery { filter, ..query(BucketWidth::Hour, GroupBy::default()) };
        let buckets = store.report(query).await.unwrap();
        buckets.iter().flat_map(|b| &b.rows).map(|r| r.requests).sum::<u64>()
    };
    let list = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let none = UsageFilter::default;
    assert_eq!(count(none()).await, 3);
    assert_eq!(count(UsageFilter { projects: list(&["proj_1"]), ..none() }).await, 2);
    assert_eq!(count(UsageFilter { projects: list(&["proj_1", "proj_2"]), ..none() }).await, 3);
    let both = UsageFilter { projects: list(&["proj_1"]), models: list(&["b", "c"]), ..none() };
    assert_eq!(count(both.clone()).await, 1);
    assert_eq!(count(UsageFilter { batch: Some(false), ..both }).await, 0);
    assert_eq!(count(UsageFilter { batch: Some(false), ..none() }).await, 2);
    assert_eq!(count(UsageFilter { users: list(&["user-9"]), ..none() }).await, 0);
    assert_eq!(count(UsageFilter { keys: list(&["key_1"]), ..none() }).await, 3);
}

pub(crate) async fn only_what_reached_the_provider_is_a_request(store: &impl Ports) {
    let make = |outcome| UsageRecord { outcome, estimated: true, ..attempt("req_1", at(0)) };
    let refused = UsageRecord { tokens: Tokens::default(), ..make(Outcome::Refused) };
    store.write(Arc::new(vec![refused.clone()])).await.unwrap();
    assert!(report(store, BucketWidth::Day).await.is_empty());

    let outcomes = [Outcome::Completed, Outcome::ClientGone, Outcome::UpstreamFailed];
    let mut records: Vec<_> = outcomes.map(make).into();
    // A refusal that cost something nevertheless: the money counts, the request does not.
    records.push(UsageRecord { cost: Some(Cost::of(Nanos(7))), ..refused });
    store.write(Arc::new(records)).await.unwrap();
    let row = report(store, BucketWidth::Day).await.remove(0).rows.remove(0);
    assert_eq!((row.requests, row.estimated, row.cost.total()), (3, 3, Nanos(7)));
}

pub(crate) async fn the_model_served_comes_before_the_model_asked(store: &impl Ports) {
    let make = |asked: Option<&str>, served: Option<&str>| UsageRecord {
        model_asked: asked.map(Into::into),
        model_served: served.map(Into::into),
        ..attempt("req_1", at(0))
    };
    let records = vec![make(Some("a"), Some("a-2026")), make(Some("a"), None), make(None, None)];
    store.write(Arc::new(records)).await.unwrap();
    let group = GroupBy { model: true, ..GroupBy::default() };
    let rows = store.report(query(BucketWidth::Day, group)).await.unwrap().remove(0).rows;
    let models: Vec<_> = rows.iter().map(|r| r.model.as_deref()).collect();
    assert_eq!(models, [None, Some("a"), Some("a-2026")]);
}

pub(crate) async fn batches_add_up_in_every_width(store: &impl Ports) {
    for second in [0, 59, 60, 3_599, 3_600, 86_399, 86_400] {
        let record = UsageRecord { cost: Some(Cost::of(Nanos(3))), ..attempt("req_1", at(second)) };
        store.write(Arc::new(vec![record.clone(), record])).await.unwrap();
    }
    let shape = |buckets: &[Bucket]| -> Vec<(i64, u64, i64)> {
        buckets
            .iter()
            .map(|b| (b.start - DAY, b.rows[0].requests, b.rows[0].cost.total().0))
            .collect()
    };
    let minutes = shape(&report(store, BucketWidth::Minute).await);
    let expected =
        [(0, 4, 12), (60, 2, 6), (3_540, 2, 6), (3_600, 2, 6), (86_340, 2, 6), (86_400, 2, 6)];
    assert_eq!(minutes, expected);
    let hours = shape(&report(store, BucketWidth::Hour).await);
    assert_eq!(hours, [(0, 8, 24), (3_600, 2, 6), (82_800, 2, 6), (86_400, 2, 6)]);
    let days = shape(&report(store, BucketWidth::Day).await);
    assert_eq!(days, [(0, 12, 36), (86_400, 2, 6)]);
}

pub(crate) async fn absurd_counts_do_not_stop_later_ones(store: &impl Ports) {
    let tokens = Tokens { input: u64::MAX, output: u64::MAX, ..Tokens::default() };
    let absurd =
        UsageRecord { tokens, cost: Some(Cost::of(Nanos(i64::MAX))), ..attempt("req_1", at(0)) };
    for _ in 0..3 {
        store.write(Arc::new(vec![absurd.clone(), absurd.clone()])).await.unwrap();
    }
    store.write(Arc::new(vec![attempt("req_2", at(0))])).await.unwrap();
    let row = report(store, BucketWidth::Day).await.remove(0).rows.remove(0);
    assert_eq!(row.requests, 7);
}

pub(crate) async fn ping_comes_after_what_was_written(store: &impl Ports) {
    let before = store.ping().await.unwrap();
    let (written, pinged) =
        tokio::join!(store.write(Arc::new(vec![attempt("req_1", at(0))])), store.ping());
    written.unwrap();
    assert!(pinged.unwrap() > before);
    assert_eq!(report(store, BucketWidth::Day).await.len(), 1);
}

fn cost(input: i64, cached: i64, output: i64, other: i64) -> Cost {
    let [input, input_cached, output, other] = [input, cached, output, other].map(Nanos);
    Cost { input, input_cached, output, other }
}

pub(crate) async fn costs_keep_their_parts_and_what_is_estimated(store: &impl Ports) {
    let exact = UsageRecord { cost: Some(cost(1, 20, 300, 4_000)), ..attempt("req_1", at(0)) };
    let guess = UsageRecord { estimated: true, cost: Some(cost(5, 0, 0, 7)), ..exact.clone() };
    store.write(Arc::new(vec![exact.clone(), guess])).await.unwrap();
    store.write(Arc::new(vec![exact])).await.unwrap();
    for width in BucketWidth::ALL {
        let row = report(store, width).await.remove(0).rows.remove(0);
        assert_eq!(row.cost, cost(7, 40, 600, 8_007), "{width:?}");
        assert_eq!(row.estimated_cost, cost(5, 0, 0, 7), "{width:?}");
        let sum: i64 = CostPart::ALL.iter().map(|part| row.cost.part(*part).0).sum();
        assert_eq!(Nanos(sum), row.cost.total());
    }
}

pub(crate) async fn unpriced_is_what_may_have_cost_something(store: &impl Ports) {
    let priced = UsageRecord { cost: Some(Cost::default()), ..attempt("req_1", at(0)) };
    let unpriced = attempt("req_2", at(0));
    let free =
        UsageRecord { family: UsageFamily::Other, tokens: Tokens::default(), ..unpriced.clone() };
    let refused = UsageRecord { outcome: Outcome::Refused, ..unpriced.clone() };
    store.write(Arc::new(vec![priced, unpriced, free, refused])).await.unwrap();
    let all = UsageQuery { families: vec![], ..query(BucketWidth::Day, GroupBy::default()) };
    let row = store.report(all).await.unwrap().remove(0).rows.remove(0);
    assert_eq!((row.requests, row.unpriced), (3, 1));
}

pub(crate) async fn families_are_asked_for_alone_or_together(store: &impl Ports) {
    let make = |family| UsageRecord { family, ..attempt("req_1", at(0)) };
    let families = [UsageFamily::Completions, UsageFamily::Embeddings, UsageFamily::Other];
    store.write(Arc::new(families.map(make).into())).await.unwrap();
    for (families, requests) in [
        (vec![UsageFamily::Embeddings], 1),
        (vec![UsageFamily::Completions, UsageFamily::Embeddings], 2),
        (vec![], 3),
        (vec![UsageFamily::Videos], 0),
    ] {
        let query = UsageQuery { families, ..query(BucketWidth::Day, GroupBy::default()) };
        let found = store.report(query).await.unwrap();
        assert_eq!(found.first().map_or(0, |bucket| bucket.rows[0].requests), requests);
    }
}

pub(crate) async fn images_are_told_apart_by_their_source(store: &impl Ports) {
    let make = |operation, images| UsageRecord {
        family: UsageFamily::Images,
        operation,
        images,
        ..attempt("req_1", at(0))
    };
    let records = vec![
        make("createImage", 1),
        make("createImageEdit", 20),
        make("createImageEdit", 20),
        make("createImageVariation", 300),
    ];
    store.write(Arc::new(records)).await.unwrap();
    let ask = async |source, sources| {
        let group = GroupBy { source, ..GroupBy::default() };
        let filter = UsageFilter { sources, ..UsageFilter::default() };
        let families = vec![UsageFamily::Images];
        let query = UsageQuery { families, filter, ..query(BucketWidth::Day, group) };
        let rows = store.report(query).await.unwrap().remove(0).rows;
        rows.iter().map(|row| (row.source, row.images)).collect::<Vec<_>>()
    };
    let all = [
        (Some(ImageSource::Generation), 1),
        (Some(ImageSource::Edit), 40),
        (Some(ImageSource::Variation), 300),
    ];
    assert_eq!(ask(true, vec![]).await, all);
    assert_eq!(ask(false, vec![]).await, [(None, 341)]);
    let some = vec![ImageSource::Edit, ImageSource::Variation];
    assert_eq!(ask(false, some.clone()).await, [(None, 340)]);
    assert_eq!(ask(true, some).await, all[1..]);
}
