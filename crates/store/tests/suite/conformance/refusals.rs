use domain::{Figure, FigureUnit, RefusedCall, RefusedFilter, RefusedQuery, Stage, Timestamp};

use super::Ports;

fn call(request: &str, code: &str) -> RefusedCall {
    RefusedCall {
        place: 0,
        request: request.into(),
        at: Timestamp(1_234),
        stage: Stage::Money,
        operation: Some("createChatCompletion".to_owned()),
        project: Some("proj_1".to_owned()),
        key: Some("key_1".to_owned()),
        model: Some("gpt-4o".to_owned()),
        code: code.to_owned(),
        status: 429,
        message: "It is \"spent\".".to_owned(),
        param: None,
        figures: vec![Figure {
            scope: "project proj_1".to_owned(),
            what: "month spend limit".to_owned(),
            unit: FigureUnit::Nanos,
            limit: 10,
            used: 9,
            asked: 2,
            resets_at: Some(1_796_083_200),
            passed: false,
        }],
        total_us: 81,
    }
}

fn query(filter: RefusedFilter, before: Option<i64>, limit: u32) -> RefusedQuery {
    RefusedQuery { filter, before, limit }
}

pub(crate) async fn a_refused_call_comes_back_as_it_went_in(store: &impl Ports) {
    let bare = RefusedCall {
        operation: None,
        project: None,
        key: None,
        model: None,
        figures: Vec::new(),
        param: Some("model".to_owned()),
        ..call("req_2", "b")
    };
    store.note_refused(vec![call("req_1", "a"), bare.clone()]).await.unwrap();
    let page = store.refused(query(RefusedFilter::default(), None, 10)).await.unwrap();
    assert!(!page.has_more);
    let places: Vec<_> = page.rows.iter().map(|row| row.place).collect();
    assert!(places[0] > places[1], "the newest first");
    let unplaced = |row: &RefusedCall| RefusedCall { place: 0, ..row.clone() };
    assert_eq!(unplaced(&page.rows[0]), bare);
    assert_eq!(unplaced(&page.rows[1]), call("req_1", "a"));
}

pub(crate) async fn refused_calls_are_found_by_what_is_known_of_them(store: &impl Ports) {
    let other = RefusedCall { key: Some("key_2".to_owned()), ..call("req_3", "b") };
    let calls = vec![call("req_1", "a"), call("req_2", "b"), other];
    store.note_refused(calls).await.unwrap();
    let found = async |filter: RefusedFilter| {
        let page = store.refused(query(filter, None, 10)).await.unwrap();
        page.rows.iter().map(|row| row.request.as_str().to_owned()).collect::<Vec<_>>()
    };
    let code = RefusedFilter { code: Some("b".to_owned()), ..RefusedFilter::default() };
    assert_eq!(found(code.clone()).await, ["req_3", "req_2"]);
    let key = RefusedFilter { key: Some("key_2".to_owned()), ..code };
    assert_eq!(found(key).await, ["req_3"]);
    let request = RefusedFilter { request: Some("req_1".into()), ..RefusedFilter::default() };
    assert_eq!(found(request).await, ["req_1"]);
    let first = store.refused(query(RefusedFilter::default(), None, 2)).await.unwrap();
    assert!(first.has_more && first.rows.len() == 2);
    let before = first.rows.last().map(|row| row.place);
    let second = store.refused(query(RefusedFilter::default(), before, 2)).await.unwrap();
    assert_eq!((second.rows.len(), second.has_more), (1, false));
}

pub(crate) async fn only_the_newest_refused_calls_are_kept(store: &impl Ports) {
    for round in 0..5 {
        let calls = (0..5_000).map(|n| call(&format!("req_{round}_{n}"), "a")).collect();
        store.note_refused(calls).await.unwrap();
    }
    let of = |request: &str| {
        let filter = RefusedFilter { request: Some(request.into()), ..RefusedFilter::default() };
        store.refused(query(filter, None, 1))
    };
    assert!(of("req_0_4999").await.unwrap().rows.is_empty());
    assert_eq!(of("req_1_0").await.unwrap().rows.len(), 1);
}
