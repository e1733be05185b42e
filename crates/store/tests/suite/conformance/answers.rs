use domain::ports::KeptAnswers;
use domain::{AnswerBounds, Fingerprint, IdempotencyKey, KeptAnswer, Timestamp};

use super::Ports;

const WIDE: AnswerBounds =
    AnswerBounds { bytes: 1 << 30, project_bytes: 1 << 30, answers: 1_000, project_answers: 1_000 };

fn key(project: &str, name: u8) -> IdempotencyKey {
    IdempotencyKey { project: project.into(), name: Fingerprint([name; 32]) }
}

fn answer(project: &str, name: u8, sealed: Option<Vec<u8>>) -> KeptAnswer {
    KeptAnswer {
        key: key(project, name),
        call: Fingerprint([9; 32]),
        request: "req_1".into(),
        kept_at: Timestamp(1_000),
        ends_at: Timestamp(2_000),
        sealed,
    }
}

async fn found(store: &impl KeptAnswers, project: &str, name: u8) -> Option<KeptAnswer> {
    store.answer(key(project, name), Timestamp(1_500)).await.unwrap()
}

pub(crate) async fn case_62_an_answer_is_one_projects(store: &impl Ports) {
    let kept = answer("proj_a", 1, Some(vec![1, 2, 3]));
    store.keep_answer(kept.clone(), WIDE).await.unwrap();
    assert_eq!(found(store, "proj_a", 1).await, Some(kept));
    assert_eq!(found(store, "proj_b", 1).await, None);
    assert_eq!(found(store, "proj_a", 2).await, None);
    // In the place of what was there before.
    let later = KeptAnswer { request: "req_2".into(), ..answer("proj_a", 1, None) };
    store.keep_answer(later.clone(), WIDE).await.unwrap();
    assert_eq!(found(store, "proj_a", 1).await, Some(later));
}

pub(crate) async fn an_answer_is_over_when_its_time_is(store: &impl Ports) {
    store.keep_answer(answer("proj_a", 1, Some(vec![1])), WIDE).await.unwrap();
    let at = |at| store.answer(key("proj_a", 1), Timestamp(at));
    assert!(at(1_999).await.unwrap().is_some());
    assert!(at(2_000).await.unwrap().is_none());
    // What comes later sweeps it out; then its room is free as well.
    let later = KeptAnswer {
        kept_at: Timestamp(2_000),
        ends_at: Timestamp(3_000),
        ..answer("proj_a", 2, Some(vec![1]))
    };
    let bounds = AnswerBounds { answers: 1, project_answers: 1, ..WIDE };
    store.keep_answer(later, bounds).await.unwrap();
    assert!(at(1_999).await.unwrap().is_none(), "swept out");
    assert!(store.answer(key("proj_a", 2), Timestamp(2_500)).await.unwrap().is_some());
}

pub(crate) async fn the_oldest_answers_go_and_their_keys_stay(store: &impl Ports) {
    let bounds = AnswerBounds { project_bytes: 1_000, bytes: 1_500, ..WIDE };
    for name in 0..40 {
        store.keep_answer(answer("proj_a", name, Some(vec![0; 50])), bounds).await.unwrap();
    }
    let mut whole = 0;
    for name in 0..40 {
        let kept = found(store, "proj_a", name).await.expect("its key stays");
        assert_eq!(kept.sealed.is_some(), name >= 32, "{name}: sixteen at a time");
        whole += kept.sealed.map_or(0, |sealed| sealed.len());
    }
    assert_eq!(whole, 400, "twenty-one do not fit, so sixteen go: five, and so on; eight are left");
    // Another project's do not count against it, but all count against the whole.
    for name in 0..20 {
        store.keep_answer(answer("proj_b", name, Some(vec![0; 50])), bounds).await.unwrap();
    }
    assert!(found(store, "proj_b", 19).await.unwrap().sealed.is_some());
    assert!(found(store, "proj_a", 39).await.unwrap().sealed.is_some());
    store.keep_answer(answer("proj_c", 1, Some(vec![0; 600])), bounds).await.unwrap();
    assert!(found(store, "proj_a", 39).await.unwrap().sealed.is_none(), "the oldest of all");
    assert!(found(store, "proj_c", 1).await.unwrap().sealed.is_some());
}

pub(crate) async fn the_oldest_keys_go_beyond_their_number(store: &impl Ports) {
    let bounds = AnswerBounds { project_answers: 20, answers: 30, ..WIDE };
    for name in 0..21 {
        store.keep_answer(answer("proj_a", name, None), bounds).await.unwrap();
    }
    assert!(found(store, "proj_a", 15).await.is_none());
    assert!(found(store, "proj_a", 16).await.is_some());
    for name in 0..20 {
        store.keep_answer(answer("proj_b", name, None), bounds).await.unwrap();
    }
    assert!(found(store, "proj_a", 20).await.is_some(), "twenty-five in all");
    for name in 0..6 {
        store.keep_answer(answer("proj_c", name, None), bounds).await.unwrap();
    }
    assert!(found(store, "proj_a", 20).await.is_none(), "thirty-one in all");
    assert!(found(store, "proj_c", 5).await.is_some());
}
