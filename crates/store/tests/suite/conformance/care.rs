use domain::ports::StoreError;
use domain::{
    CareChange, Change, Handover, Honeytoken, KeyRules, KeyTrait, Leak, LeakAction, LeakReporter,
    LeakResponse, Order, PageQuery, Suspension, Timestamp, TraitKind, UnusualResponse, Webhook,
};

use super::Ports;
use crate::support::{apply, furnish, hash, key, secret};

fn care(change: CareChange) -> Vec<Change> {
    vec![Change::Care(change)]
}

fn leak(number: u64, url: &str, action: LeakAction) -> Leak {
    Leak {
        id: format!("leak_{url}").into(),
        at: Timestamp(50),
        secret: hash(number),
        key: "key_1".into(),
        project: Some("proj_1".into()),
        display: "sk-tg-...wxyz".into(),
        reporter: LeakReporter::Partner,
        source: "commit".into(),
        url: url.into(),
        action,
    }
}

fn message(id: &str) -> domain::Delivery {
    let message = domain::Message::Email {
        to: "a@b".into(),
        subject: "s".into(),
        text: "t".into(),
        sealed_link: None,
    };
    domain::Delivery { id: id.into(), message, created_at: Timestamp(1) }
}

fn all() -> PageQuery {
    PageQuery { limit: 100, after: None, order: Order::Ascending }
}

pub(crate) async fn a_leak_ends_its_secret_once_for_each_place(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let quarantined = LeakAction::Quarantined;
    apply(store, care(CareChange::RecordLeak(leak(1, "a", quarantined)))).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.leaked, view.secret_ends_at), (true, Some(Timestamp(50))));

    let resume =
        |even_leaked| CareChange::Resume { id: "key_1".into(), at: Timestamp(60), even_leaked };
    apply(store, care(resume(false))).await;
    assert!(store.find_secret(hash(1)).await.unwrap().unwrap().leaked);
    apply(store, care(resume(true))).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.leaked, view.secret_ends_at), (false, None));

    // The same place again ends nothing; another does, and so does whoever may ask for it.
    apply(store, care(CareChange::RecordLeak(leak(1, "a", quarantined)))).await;
    assert!(!store.find_secret(hash(1)).await.unwrap().unwrap().leaked);
    apply(store, care(CareChange::RecordLeak(leak(1, "a", LeakAction::Revoked)))).await;
    assert!(store.find_secret(hash(1)).await.unwrap().unwrap().leaked);
    apply(store, care(resume(true))).await;
    apply(store, care(CareChange::RecordLeak(leak(1, "b", LeakAction::Alerted)))).await;
    assert!(!store.find_secret(hash(1)).await.unwrap().unwrap().leaked);
    let kept = store.leaks(all()).await.unwrap().rows;
    assert_eq!(kept, [leak(1, "a", quarantined), leak(1, "b", LeakAction::Alerted)]);
}

pub(crate) async fn a_rotations_end_is_not_undone_with_a_leaks(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let rotate =
        Change::RotateKey { id: "key_1".into(), secret: secret(2), old_end_at: Timestamp(40) };
    apply(store, vec![rotate]).await;
    apply(store, care(CareChange::RecordLeak(leak(1, "a", LeakAction::Quarantined)))).await;
    let (id, at) = ("key_1".into(), Timestamp(60));
    apply(store, care(CareChange::Resume { id, at, even_leaked: true })).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.leaked, view.secret_ends_at), (false, Some(Timestamp(40))));
}

pub(crate) async fn a_suspended_key_is_so_until_it_is_resumed(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let suspend = |why, at| CareChange::Suspend {
        id: "key_1".into(),
        why,
        at: Timestamp(at),
        note: format!("note {at}"),
    };
    apply(store, care(suspend(Suspension::Unusual, 5))).await;
    apply(store, care(suspend(Suspension::Idle, 6))).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!(view.suspended, Some(Suspension::Unusual), "the first holds");
    let found = store.key("key_1".into()).await.unwrap().unwrap().suspended.unwrap();
    assert_eq!((found.at, found.note.as_str()), (Timestamp(5), "note 5"));
    let resume = CareChange::Resume { id: "key_1".into(), at: Timestamp(9), even_leaked: false };
    apply(store, care(resume)).await;
    let found = store.key("key_1".into()).await.unwrap().unwrap();
    assert_eq!((found.suspended, found.resumed_at), (None, Some(Timestamp(9))));
}

pub(crate) async fn what_is_told_once_is_told_once(store: &impl Ports) {
    furnish(store).await;
    let tell = |mark: &str, id| CareChange::TellOnce {
        mark: mark.into(),
        at: Timestamp(5),
        deliveries: vec![message(id)],
    };
    assert!(!store.is_told("m".into()).await.unwrap());
    apply(store, care(tell("m", "msg_1"))).await;
    apply(store, care(tell("m", "msg_2"))).await;
    apply(store, care(tell("n", "msg_3"))).await;
    assert!(store.is_told("m".into()).await.unwrap());
    let waiting = store.waiting_deliveries(Timestamp(99), 10).await.unwrap();
    let ids: Vec<&str> = waiting.iter().map(|it| it.delivery.id.as_str()).collect();
    assert_eq!(ids, ["msg_1", "msg_3"]);
}

pub(crate) async fn rules_come_back_as_they_went_in(store: &impl Ports) {
    furnish(store).await;
    assert_eq!(store.key_rules(None).await.unwrap(), KeyRules::default());
    let rules = KeyRules {
        leak_response: Some(LeakResponse::Rotate),
        max_age_days: Some(90),
        idle_days: Some(30),
        remind_days: Some(3),
        unusual_network: Some(UnusualResponse::Off),
        unusual_model: Some(UnusualResponse::Alert),
        unusual_spend: Some(UnusualResponse::Pause),
        unusual_requests: None,
        recipients: vec!["a@b".into(), "c@d".into()],
        webhook: Some(Webhook { url: "https://h/x".into(), sealed_secret: vec![1, 2] }),
    };
    let put = |project: Option<&str>, rules: &KeyRules| CareChange::PutRules {
        project: project.map(Into::into),
        rules: rules.clone(),
    };
    apply(store, care(put(Some("proj_1"), &rules))).await;
    apply(store, care(put(None, &KeyRules { idle_days: Some(1), ..KeyRules::default() }))).await;
    assert_eq!(store.key_rules(Some("proj_1".into())).await.unwrap(), rules);
    assert_eq!(store.all_key_rules().await.unwrap().len(), 2);
    apply(store, care(put(Some("proj_1"), &KeyRules::default()))).await;
    assert_eq!(store.key_rules(Some("proj_1".into())).await.unwrap(), KeyRules::default());
    let unknown = store.apply(care(put(Some("proj_9"), &rules)), vec![]).await;
    assert_eq!(unknown, Err(StoreError::NotFound));
}

pub(crate) async fn a_handover_keeps_the_old_secret_until_it_ends(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let handover = Handover {
        key: "key_1".into(),
        sealed: vec![7, 8],
        begun_at: Timestamp(10),
        attempts: 0,
        next_at: Timestamp(10),
        last_error: None,
    };
    let begin = CareChange::BeginHandover { handover: handover.clone(), secret: secret(2) };
    apply(store, care(begin.clone())).await;
    assert_eq!(store.handovers().await.unwrap(), [handover]);
    for number in [1, 2] {
        let view = store.find_secret(hash(number)).await.unwrap().unwrap();
        assert_eq!(view.secret_ends_at, None, "{number}");
    }
    // One at a time, all or nothing.
    assert!(store.apply(care(begin), vec![]).await.is_err());
    let put_off = CareChange::PutOffHandover {
        key: "key_1".into(),
        attempts: 1,
        next_at: Timestamp(70),
        error: "it is away".into(),
    };
    apply(store, care(put_off)).await;
    let waiting = store.handovers().await.unwrap().remove(0);
    assert_eq!((waiting.attempts, waiting.next_at), (1, Timestamp(70)));
    assert_eq!(waiting.last_error.as_deref(), Some("it is away"));
    let end = CareChange::EndHandover { key: "key_1".into(), old_end_at: Timestamp(90) };
    apply(store, care(end)).await;
    assert!(store.handovers().await.unwrap().is_empty());
    let ends =
        async |number| store.find_secret(hash(number)).await.unwrap().unwrap().secret_ends_at;
    assert_eq!((ends(1).await, ends(2).await), (Some(Timestamp(90)), None));
}

pub(crate) async fn honeytokens_and_traits_are_kept(store: &impl Ports) {
    furnish(store).await;
    let token = Honeytoken {
        id: "key_h".into(),
        secret: hash(9),
        display: "sk-tg-...9999".into(),
        name: "wiki".into(),
        project: Some("proj_1".into()),
        created_at: Timestamp(3),
        last_used_at: None,
    };
    apply(store, care(CareChange::CreateHoneytoken(token.clone()))).await;
    // To the directory it is nobody's.
    assert!(store.find_secret(hash(9)).await.unwrap().is_none());
    let touch = |at| CareChange::TouchHoneytoken { id: "key_h".into(), at: Timestamp(at) };
    apply(store, care(touch(8))).await;
    apply(store, care(touch(7))).await;
    let used = Honeytoken { last_used_at: Some(Timestamp(8)), ..token };
    assert_eq!(store.honeytokens().await.unwrap(), [used]);
    apply(store, care(CareChange::RemoveHoneytoken("key_h".into()))).await;
    assert!(store.honeytokens().await.unwrap().is_empty());

    let seen = |value: &str, at| KeyTrait {
        key: "key_1".into(),
        kind: TraitKind::Network,
        value: value.into(),
        first_at: Timestamp(at),
    };
    apply(store, care(CareChange::AddTraits(vec![seen("a", 1), seen("b", 2)]))).await;
    apply(store, care(CareChange::AddTraits(vec![seen("a", 5)]))).await;
    let found = store.key_traits(vec!["key_1".into(), "key_2".into()]).await.unwrap();
    assert_eq!(found, [seen("a", 1), seen("b", 2)]);
    assert!(store.key_traits(vec![]).await.unwrap().is_empty());
}
