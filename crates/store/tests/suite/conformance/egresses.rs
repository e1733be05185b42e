use domain::ports::StoreError;
use domain::{
    Change, Egress, EgressSource, EgressUser, Proxy, ProxyAddress, ProxyChoice, SealedEgress,
    SealedEgressBook, SessionBy, Timestamp,
};

use super::Ports;
use crate::support::apply;

fn egress(name: &str, proxies: &[(&str, Option<&[u8]>)]) -> SealedEgress {
    let proxies = proxies.iter().map(|(url, credential)| Proxy {
        address: ProxyAddress::parse(url).unwrap(),
        credential: credential.map(<[u8]>::to_vec),
    });
    Egress {
        name: name.to_owned(),
        source: EgressSource::Api,
        proxies: proxies.collect(),
        choice: ProxyChoice::Sticky,
        session: SessionBy::Project,
        allow_direct: true,
        default: false,
        proxy_resolves: vec!["a.example".to_owned(), "b.example".to_owned()],
        health_url: Some("https://a.example/".to_owned()),
        created_at: Timestamp(7),
    }
}

pub(crate) async fn an_egress_is_one_for_a_name_with_its_proxies_in_order(store: &impl Ports) {
    let first = egress("b", &[("socks5://p:1", Some(b"\x00sealed")), ("http://a:2", None)]);
    apply(store, vec![Change::PutEgress(first.clone())]).await;
    let fewer =
        Egress { choice: ProxyChoice::LeastBusy, ..egress("a", &[("https://[::1]:3", None)]) };
    apply(store, vec![Change::PutEgress(fewer.clone())]).await;
    let SealedEgressBook { egresses: found, uses } = store.egresses().await.unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", [&fewer, &first]));
    assert!(uses.is_empty());
    let changed = Egress { proxies: first.proxies[1..].to_vec(), health_url: None, ..first };
    apply(store, vec![Change::PutEgress(changed.clone())]).await;
    let found = store.egresses().await.unwrap().egresses;
    assert_eq!(format!("{found:?}"), format!("{:?}", [&fewer, &changed]));

    let remove = || vec![Change::RemoveEgress { name: "b".to_owned() }];
    apply(store, remove()).await;
    assert_eq!(store.egresses().await.unwrap().egresses.len(), 1);
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
}

pub(crate) async fn whoever_takes_an_egress_is_remembered(store: &impl Ports) {
    let upstream = EgressUser::Upstream("up_1".into());
    let project = EgressUser::Project("proj_1".into());
    let set = |user: &EgressUser, egress: Option<&str>| Change::SetEgressUse {
        user: user.clone(),
        egress: egress.map(str::to_owned),
    };
    apply(store, vec![set(&upstream, Some("a")), set(&project, Some("b"))]).await;
    apply(store, vec![set(&upstream, Some("direct"))]).await;
    let uses = store.egresses().await.unwrap().uses;
    assert_eq!(uses, [(project.clone(), "b".to_owned()), (upstream.clone(), "direct".to_owned())]);
    apply(store, vec![set(&upstream, None), set(&project, None), set(&project, None)]).await;
    assert!(store.egresses().await.unwrap().uses.is_empty());
}
