use domain::{Change, KeyKind, Order, PageQuery, Timestamp};

use super::Ports;
use crate::support::{account, admin_key, apply, first, furnish, key, project};

/// Walks the keys of `proj_1` in pages, with something happening between them.
async fn walk(store: &impl Ports, order: Order, mut between: impl AsyncFnMut(u64)) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after = None;
    for turn in 0.. {
        let page = PageQuery { limit: 3, after, order };
        let kinds = vec![KeyKind::Project, KeyKind::ServiceAccount];
        let page = store.keys(Some("proj_1".into()), kinds, page).await.unwrap();
        assert!(page.rows.len() <= 3);
        seen.extend(page.rows.iter().map(|key| key.id.as_str().to_owned()));
        if !page.has_more {
            break;
        }
        after = seen.last().cloned();
        between(turn).await;
    }
    seen
}

async fn make(store: &impl Ports, numbers: std::ops::Range<u64>) {
    let ids = numbers.map(|n| (format!("key_{:04}", n * 7919 % 10_007), n));
    let changes = ids.map(|(id, n)| Change::CreateKey(key(&id, "proj_1", n))).collect();
    apply(store, changes).await;
}

pub(crate) async fn a_walk_sees_each_row_once_in_both_orders(store: &impl Ports) {
    furnish(store).await;
    for rows in [0..2, 2..3, 3..10] {
        make(store, rows.clone()).await;
        let up = walk(store, Order::Ascending, async |_| ()).await;
        let expected: Vec<_> =
            (0..rows.end).map(|n| format!("key_{:04}", n * 7919 % 10_007)).collect();
        assert_eq!(up, expected);
        let mut down = walk(store, Order::Descending, async |_| ()).await;
        down.reverse();
        assert_eq!(down, expected);
    }
}

pub(crate) async fn rows_made_during_a_walk_are_neither_skipped_nor_repeated(store: &impl Ports) {
    furnish(store).await;
    make(store, 0..12).await;
    let seen = walk(store, Order::Ascending, async |turn| {
        if turn < 4 {
            make(store, 100 + turn..101 + turn).await;
        }
        if turn == 1 {
            // The row that the next page begins after goes away meanwhile.
            let id = format!("key_{:04}", 5 * 7919 % 10_007);
            apply(store, vec![Change::RevokeKey { id: id.into(), at: Timestamp(1) }]).await;
        }
    })
    .await;
    let expected = (0..12).chain(100..104).map(|n| format!("key_{:04}", n * 7919 % 10_007));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    let down = walk(store, Order::Descending, async |turn| {
        make(store, 200 + turn..201 + turn).await;
    })
    .await;
    let first_of_down = format!("key_{:04}", 103 * 7919 % 10_007);
    assert_eq!((down.len(), &down[0]), (15, &first_of_down));
}

pub(crate) async fn an_unknown_cursor_gives_an_empty_page(store: &impl Ports) {
    furnish(store).await;
    for order in [Order::Ascending, Order::Descending] {
        let page = PageQuery { limit: 5, after: Some("proj_9".into()), order };
        let page = store.projects(page, true).await.unwrap();
        assert!(page.rows.is_empty() && !page.has_more);
    }
}

pub(crate) async fn lists_hold_only_what_was_asked(store: &impl Ports) {
    furnish(store).await;
    let changes = vec![
        Change::CreateServiceAccount(account("svc_1", "proj_1")),
        Change::CreateServiceAccount(account("svc_2", "proj_2")),
        Change::CreateKey(key("key_1", "proj_1", 1)),
        Change::CreateKey(key("key_2", "proj_2", 2)),
        Change::CreateKey(admin_key("key_3", 3)),
        Change::CreateProject(project("proj_3")),
        Change::ArchiveProject { id: "proj_3".into(), at: Timestamp(9) },
    ];
    apply(store, changes).await;
    let keys = async |project: Option<&str>, kinds: &[KeyKind]| {
        let page = store.keys(project.map(Into::into), kinds.to_vec(), first(10)).await.unwrap();
        page.rows.iter().map(|key| key.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(Some("proj_2"), &[KeyKind::Project]).await, ["key_2"]);
    assert!(keys(Some("proj_2"), &[KeyKind::ServiceAccount]).await.is_empty());
    assert_eq!(keys(None, &[KeyKind::Admin]).await, ["key_3"]);
    assert!(keys(None, &[]).await.is_empty());
    let accounts = store.service_accounts("proj_2".into(), first(10)).await.unwrap();
    assert_eq!(accounts.rows.len(), 1);
    assert_eq!(accounts.rows[0].id.as_str(), "svc_2");
    assert_eq!(store.projects(first(10), false).await.unwrap().rows.len(), 2);
    assert_eq!(store.projects(first(10), true).await.unwrap().rows.len(), 3);
}
