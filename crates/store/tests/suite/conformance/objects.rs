use domain::{ObjectKind, ObjectRecord};

use super::Ports;
use crate::support::object;

pub(crate) async fn the_first_project_keeps_an_object(store: &impl Ports) {
    store.claim(vec![object("file-1", "proj_1")]).await.unwrap();
    store.claim(vec![object("file-1", "proj_2"), object("file-2", "proj_2")]).await.unwrap();
    let owners = store.owners("up_1".into(), vec!["file-1".into(), "file-2".into()]).await;
    assert_eq!(owners.unwrap(), [Some("proj_1".into()), Some("proj_2".into())]);
}

pub(crate) async fn owners_come_in_the_order_asked(store: &impl Ports) {
    let objects = (0..50).map(|n| object(&format!("file-{n}"), &format!("proj_{n}"))).collect();
    store.claim(objects).await.unwrap();
    let asked = vec!["file-7".into(), "none".into(), "file-3".into(), "file-7".into()];
    let owners = store.owners("up_1".into(), asked).await.unwrap();
    let seven = Some("proj_7".into());
    assert_eq!(owners, [seven.clone(), None, Some("proj_3".into()), seven]);
    assert_eq!(store.owners("up_2".into(), vec!["file-7".into()]).await.unwrap(), [None]);
    assert!(store.owners("up_1".into(), vec![]).await.unwrap().is_empty());
    store.claim(vec![]).await.unwrap();
}

pub(crate) async fn forgetting_is_idempotent(store: &impl Ports) {
    store.claim(vec![object("file-1", "proj_1")]).await.unwrap();
    for _ in 0..2 {
        store.forget("up_1".into(), "file-1".into()).await.unwrap();
    }
    store.claim(vec![object("file-1", "proj_2")]).await.unwrap();
    let owners = store.owners("up_1".into(), vec!["file-1".into()]).await.unwrap();
    assert_eq!(owners, [Some("proj_2".into())]);
}

pub(crate) async fn objects_are_counted_by_upstream_project_and_kind(store: &impl Ports) {
    let batch = ObjectRecord { kind: ObjectKind::Batch, ..object("batch-1", "proj_1") };
    let elsewhere = ObjectRecord { upstream: "up_2".into(), ..object("file-1", "proj_1") };
    let mine = [object("file-1", "proj_1"), object("file-2", "proj_1"), batch, elsewhere];
    store.claim(mine.to_vec()).await.unwrap();
    store.claim(vec![object("file-3", "proj_2")]).await.unwrap();
    let count = |upstream: &str, kind| store.count(upstream.into(), "proj_1".into(), kind);
    assert_eq!(count("up_1", ObjectKind::File).await, Ok(2));
    assert_eq!(count("up_1", ObjectKind::Batch).await, Ok(1));
    assert_eq!(count("up_2", ObjectKind::File).await, Ok(1));
    assert_eq!(count("up_2", ObjectKind::Batch).await, Ok(0));
}
