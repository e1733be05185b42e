use domain::ports::Comparisons;
use domain::{Comparison, ComparisonQuery, Timestamp};

use super::Ports;

fn one(n: i64, project: &str, model: &str) -> Comparison {
    Comparison {
        place: 0,
        at: Timestamp(n),
        project: project.into(),
        model: model.to_owned(),
        request: format!("req_{n}").into(),
        shadow_request: format!("req_{n}_copy").into(),
        shadow_status: 200,
        sealed: (n % 2 == 0).then(|| vec![1, 2, 3]),
    }
}

async fn times(store: &impl Comparisons, query: ComparisonQuery) -> Vec<i64> {
    store.comparisons(query).await.unwrap().iter().map(|found| found.at.0).collect()
}

pub(crate) async fn comparisons_are_paged_newest_first_and_the_oldest_go(store: &impl Ports) {
    for n in 0..6 {
        let (project, model) = if n < 4 { ("proj_a", "fast") } else { ("proj_b", "slow") };
        store.keep_comparison(one(n, project, model)).await.unwrap();
    }
    let all = ComparisonQuery { limit: 10, ..ComparisonQuery::default() };
    assert_eq!(times(store, all.clone()).await, [5, 4, 3, 2, 1, 0]);
    let of = ComparisonQuery { project: Some("proj_a".into()), ..all.clone() };
    assert_eq!(times(store, of.clone()).await, [3, 2, 1, 0]);
    let slow = ComparisonQuery { model: Some("slow".into()), ..all.clone() };
    assert_eq!(times(store, slow).await, [5, 4]);
    let first = store.comparisons(ComparisonQuery { limit: 2, ..of.clone() }).await.unwrap();
    assert_eq!(Comparison { place: 0, ..first[0].clone() }, one(3, "proj_a", "fast"));
    let next = ComparisonQuery { before: Some(first[1].place), ..of.clone() };
    assert_eq!(times(store, next).await, [1, 0]);
    for n in 10..210 {
        store.keep_comparison(one(n, "proj_a", "fast")).await.unwrap();
    }
    let most = ComparisonQuery { limit: 1_000, ..of };
    let kept = times(store, most).await;
    assert_eq!((kept.len(), kept[0], kept[199]), (200, 209, 10));
    let others = ComparisonQuery { project: Some("proj_b".into()), limit: 10, ..all };
    assert_eq!(times(store, others).await, [5, 4]);
}
