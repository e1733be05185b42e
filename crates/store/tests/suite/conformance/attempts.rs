use std::sync::Arc;

use domain::{
    AttemptFilter, AttemptQuery, Cost, LoggedAttempt, Nanos, Outcome, Timestamp, UsageRecord,
};

use super::Ports;
use crate::support::attempt;

fn all(limit: u32) -> AttemptQuery {
    AttemptQuery { filter: AttemptFilter::default(), before: None, limit }
}

fn requests(rows: &[LoggedAttempt]) -> Vec<&str> {
    rows.iter().map(|row| row.request.as_str()).collect()
}

async fn ids(store: &impl Ports, filter: AttemptFilter) -> Vec<String> {
    let page = store.attempts(AttemptQuery { filter, ..all(100) }).await.unwrap();
    assert_eq!(page.next, None);
    requests(&page.rows).into_iter().map(str::to_owned).collect()
}

/// Differs from a plain attempt wherever it can.
fn rich(request: &str) -> UsageRecord {
    let [input, input_cached, output, other] = [1, 2, 3, 4].map(Nanos);
    UsageRecord {
        cost: Some(Cost { input, input_cached, output, other }),
        user_label: Some("label".into()),
        upstream_request: Some("req_up".into()),
        error: Some("upstream_timeout"),
        outcome: Outcome::UpstreamFailed,
        status: 504,
        stream: true,
        media_ms: 7,
        ..attempt(request, Timestamp(1_234))
    }
}

pub(crate) async fn an_attempt_comes_back_as_it_went_in(store: &impl Ports) {
    let record = rich("req_1");
    store.write(Arc::new(vec![record.clone(), attempt("req_2", Timestamp(2))])).await.unwrap();
    let found = store.attempts_of("req_1".into()).await.unwrap();
    let [row] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((row.cost, row.tokens, row.at), (record.cost, record.tokens, record.at));
    assert_eq!((row.status, row.outcome, row.stream), (504, Outcome::UpstreamFailed, true));
    assert_eq!((row.error.as_deref(), row.user_label.as_deref()), (record.error, Some("label")));
    assert_eq!((row.queue_us, row.first_byte_us, row.total_us), (1, 2, 3));
    assert_eq!((row.bytes_in, row.bytes_out, row.media_ms), (4, 5, 7));
    assert_eq!((row.family.as_str(), row.project.as_str()), ("completions", "proj_1"));
    assert_eq!(store.attempts_of("req_2".into()).await.unwrap()[0].cost, None);
    assert!(store.attempts_of("req_3".into()).await.unwrap().is_empty());
}

pub(crate) async fn an_attempt_has_nothing_of_the_one_before(store: &impl Ports) {
    let plain = |request: &str| attempt(request, Timestamp(2));
    store.write(Arc::new(vec![rich("req_1"), plain("req_2"), rich("req_3")])).await.unwrap();
    store.write(Arc::new(vec![plain("req_4")])).await.unwrap();
    let page = store.attempts(all(4)).await.unwrap();
    let same = |row: &LoggedAttempt| LoggedAttempt { place: 0, request: "".into(), ..row.clone() };
    let [fourth, third, second, first] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(same(second), same(fourth));
    assert_eq!(same(third), same(first));
    assert_ne!(same(second), same(first));
}

pub(crate) async fn attempts_of_a_call_come_first_to_last(store: &impl Ports) {
    let make = |number| UsageRecord { attempt: number, ..attempt("req_1", Timestamp(1)) };
    store.write(Arc::new(vec![make(2), attempt("req_2", Timestamp(1)), make(1)])).await.unwrap();
    let found = store.attempts_of("req_1".into()).await.unwrap();
    assert_eq!(found.iter().map(|row| row.attempt).collect::<Vec<_>>(), [1, 2]);
}

pub(crate) async fn the_log_is_walked_newest_first_and_nothing_twice(store: &impl Ports) {
    assert!(ids(store, AttemptFilter::default()).await.is_empty());
    let batch = |from: i64, to: i64| {
        Arc::new((from..to).map(|n| attempt(&format!("req_{n}"), Timestamp(n))).collect::<Vec<_>>())
    };
    store.write(batch(0, 7)).await.unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    for turn in 0.. {
        let page = store.attempts(AttemptQuery { before, ..all(3) }).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.request.to_string()));
        // What comes meanwhile is newer than the walk.
        store.write(batch(100 + turn, 101 + turn)).await.unwrap();
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..7).rev().map(|n| format!("req_{n}")).collect();
    assert_eq!(seen, expected);
    for before in [i64::MIN, -1, 0, 1] {
        let page = store.attempts(AttemptQuery { before: Some(before), ..all(3) }).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none(), "{before}");
    }
    let beyond = AttemptQuery { before: Some(i64::MAX), ..all(1) };
    assert_eq!(store.attempts(beyond).await.unwrap().rows.len(), 1);
}

pub(crate) async fn filters_of_the_log_match_all_that_is_given(store: &impl Ports) {
    let base = |id: &str| attempt(id, Timestamp(1));
    let records = vec![
        base("req_1"),
        UsageRecord { project: "proj_2".into(), ..base("req_2") },
        UsageRecord {
            key: "key_2".into(),
            status: 429,
            outcome: Outcome::Refused,
            ..base("req_3")
        },
        UsageRecord { model_asked: Some("other".into()), model_served: None, ..base("req_4") },
        UsageRecord { status: 503, outcome: Outcome::UpstreamFailed, ..base("req_5") },
    ];
    store.write(Arc::new(records)).await.unwrap();
    let none = AttemptFilter::default;
    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (AttemptFilter { project: text("proj_2"), ..none() }, &["req_2"][..]),
        (AttemptFilter { key: text("key_2"), ..none() }, &["req_3"]),
        (AttemptFilter { model: text("other"), ..none() }, &["req_4"]),
        (
            AttemptFilter { model: text("gpt-2026"), status: Some((400, 599)), ..none() },
            &["req_5", "req_3"],
        ),
        (AttemptFilter { status: Some((429, 429)), ..none() }, &["req_3"]),
        (AttemptFilter { outcome: Some(Outcome::UpstreamFailed), ..none() }, &["req_5"]),
        (
            AttemptFilter { request: Some("req_1".into()), project: text("proj_1"), ..none() },
            &["req_1"],
        ),
        (AttemptFilter { request: Some("req_1".into()), project: text("proj_2"), ..none() }, &[]),
        (AttemptFilter { key: text("' OR 1=1 --"), ..none() }, &[]),
    ] {
        assert_eq!(ids(store, filter.clone()).await, expected, "{filter:?}");
    }
}
