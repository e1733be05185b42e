//! Certificates of clients, and where they are active.

use domain::ports::StoreError;
use domain::{Certificate, CertificateChange, CertificateId, Change, Order, ProjectId, Timestamp};

use super::Ports;
use crate::support::{apply, first, furnish, hash, key};

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.into(),
        name: (id != "cert_2").then(|| format!("name of {id}")),
        created_at: Timestamp(5),
        valid_at: Timestamp(1_000),
        expires_at: Timestamp(2_000),
        is_authority: id == "cert_1",
        content: format!("pem of {id}"),
        der: id.as_bytes().to_vec(),
    }
}

fn upload(id: &str) -> Change {
    Change::Certificate(CertificateChange::Upload(certificate(id)))
}

fn activate(place: Option<&str>, ids: &[&str]) -> Change {
    let (place, ids) = (place.map(ProjectId::from), ids.iter().map(|id| (*id).into()).collect());
    Change::Certificate(CertificateChange::Activate { place, ids })
}

fn deactivate(place: Option<&str>, ids: &[&str]) -> Change {
    let (place, ids) = (place.map(ProjectId::from), ids.iter().map(|id| (*id).into()).collect());
    Change::Certificate(CertificateChange::Deactivate { place, ids })
}

async fn refused(store: &impl Ports, change: Change) -> StoreError {
    store.apply(vec![change], vec![]).await.unwrap_err()
}

/// Which are active in a place, oldest first.
async fn active(store: &impl Ports, place: Option<&str>) -> Vec<String> {
    let page = store.certificates(place.map(ProjectId::from), first(100)).await.unwrap();
    let active = page.rows.into_iter().filter(|it| it.active);
    active.map(|it| it.id.as_str().to_owned()).collect()
}

/// What a key is held against.
async fn trusted(store: &impl Ports, secret: u64) -> Vec<Vec<u8>> {
    let view = store.find_secret(hash(secret)).await.unwrap().unwrap();
    let list = view.certificates.unwrap_or_else(|| [].into());
    list.iter().map(|it| it.der.clone()).collect()
}

pub(crate) async fn certificates_come_back_as_they_went_in(store: &impl Ports) {
    furnish(store).await;
    let ids = ["cert_1", "cert_2", "cert_3"];
    apply(store, ids.map(upload).to_vec()).await;
    for id in ids {
        let found = store.certificate(id.into()).await.unwrap();
        assert_eq!(found, Some(certificate(id)));
    }
    assert_eq!(store.certificate("cert_9".into()).await.unwrap(), None);
    let rename = |id: &str| {
        Change::Certificate(CertificateChange::Rename { id: id.into(), name: "new".into() })
    };
    apply(store, vec![rename("cert_2")]).await;
    assert_eq!(refused(store, rename("cert_9")).await, StoreError::NotFound);
    let renamed = store.certificate("cert_2".into()).await.unwrap().unwrap();
    assert_eq!(renamed, Certificate { name: Some("new".into()), ..certificate("cert_2") });
    // Pages, both ways.
    let page = domain::PageQuery { order: Order::Descending, ..first(2) };
    let page = store.certificates(None, page).await.unwrap();
    let listed: Vec<&str> = page.rows.iter().map(|it| it.id.as_str()).collect();
    assert_eq!((listed, page.has_more), (vec!["cert_3", "cert_2"], true));
    let behind = domain::PageQuery { after: Some("cert_2".into()), ..first(2) };
    let page = store.certificates(Some("proj_1".into()), behind).await.unwrap();
    assert_eq!((page.rows.len(), page.has_more), (1, false));
    // Named ones come as they are asked for, and strangers not at all.
    let asked: Vec<CertificateId> = ["cert_3", "cert_9", "cert_1"].map(Into::into).into();
    let named = store.certificates_named(None, asked).await.unwrap();
    let named: Vec<&str> = named.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(named, ["cert_3", "cert_1"]);
}

pub(crate) async fn there_are_at_most_fifty_certificates(store: &impl Ports) {
    furnish(store).await;
    apply(store, (0..50).map(|n| upload(&format!("cert_{n}"))).collect()).await;
    let one_more = refused(store, upload("cert_x")).await;
    assert!(matches!(one_more, StoreError::Conflict(_)), "{one_more}");
}

pub(crate) async fn a_key_is_held_against_its_project_and_the_organization(store: &impl Ports) {
    furnish(store).await;
    apply(store, ["cert_1", "cert_2"].map(upload).to_vec()).await;
    let keys = [key("key_1", "proj_1", 1), key("key_2", "proj_2", 2)];
    apply(store, keys.map(Change::CreateKey).to_vec()).await;
    assert_eq!((trusted(store, 1).await, trusted(store, 2).await), (vec![], vec![]));
    apply(store, vec![activate(Some("proj_1"), &["cert_2"])]).await;
    let one = |id: &str| vec![id.as_bytes().to_vec()];
    assert_eq!((trusted(store, 1).await, trusted(store, 2).await), (one("cert_2"), vec![]));
    apply(store, vec![activate(None, &["cert_1"])]).await;
    let both = [one("cert_1"), one("cert_2")].concat();
    assert_eq!((trusted(store, 1).await, trusted(store, 2).await), (both, one("cert_1")));
    apply(store, vec![deactivate(None, &["cert_1"])]).await;
    assert_eq!((trusted(store, 1).await, trusted(store, 2).await), (one("cert_2"), vec![]));
    let view = store.find_secret(hash(2)).await.unwrap().unwrap();
    assert!(view.certificates.is_none(), "an empty list would shut everybody out");
}

pub(crate) async fn certificates_are_toggled_all_or_none(store: &impl Ports) {
    furnish(store).await;
    apply(store, ["cert_1", "cert_2"].map(upload).to_vec()).await;
    let strange = activate(Some("proj_1"), &["cert_1", "cert_9"]);
    assert_eq!(refused(store, strange).await, StoreError::NotFound);
    assert!(active(store, Some("proj_1")).await.is_empty());
    let nowhere = activate(Some("proj_9"), &["cert_1"]);
    assert_eq!(refused(store, nowhere).await, StoreError::NotFound);
    for _ in 0..2 {
        apply(store, vec![activate(Some("proj_1"), &["cert_1", "cert_2"])]).await;
        assert_eq!(active(store, Some("proj_1")).await, ["cert_1", "cert_2"]);
        assert!(active(store, None).await.is_empty());
        assert!(active(store, Some("proj_2")).await.is_empty());
    }
    for _ in 0..2 {
        apply(store, vec![deactivate(Some("proj_1"), &["cert_1"])]).await;
        assert_eq!(active(store, Some("proj_1")).await, ["cert_2"]);
    }
    let strange = deactivate(Some("proj_1"), &["cert_2", "cert_9"]);
    assert_eq!(refused(store, strange).await, StoreError::NotFound);
    assert_eq!(active(store, Some("proj_1")).await, ["cert_2"]);
}

pub(crate) async fn an_active_certificate_is_not_deleted(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![upload("cert_1")]).await;
    let delete = || Change::Certificate(CertificateChange::Delete("cert_1".into()));
    for place in [None, Some("proj_1")] {
        apply(store, vec![activate(place, &["cert_1"])]).await;
        let places = store.certificate_places("cert_1".into()).await.unwrap();
        assert_eq!(places, [place.map(ProjectId::from)]);
        let active = refused(store, delete()).await;
        assert!(matches!(active, StoreError::Conflict(_)), "{active}");
        apply(store, vec![deactivate(place, &["cert_1"])]).await;
    }
    // A project that ends keeps none active.
    apply(store, vec![activate(Some("proj_1"), &["cert_1"])]).await;
    apply(store, vec![Change::ArchiveProject { id: "proj_1".into(), at: Timestamp(9) }]).await;
    apply(store, vec![delete()]).await;
    assert_eq!(refused(store, delete()).await, StoreError::NotFound);
    assert_eq!(store.certificate("cert_1".into()).await.unwrap(), None);
}
