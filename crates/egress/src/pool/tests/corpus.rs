//! No spelling of a private address is connected to, directly or through a proxy (P22).

use super::*;
use crate::{Cause, Stage};

/// Hosts as somebody may spell them in a URL, and what a resolver would make of the names.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0X0.0X0.0X1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.0.0.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "LocalHost.",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.1",
    "169.254.169.254",
    "169.254.170.2",
    "0xA9FEA9FE",
    "2852039166",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.254",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::FFFF:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2002:a00:1::]",
    "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2606:4700::5efe:a00:1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fdff:ffff::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[5f00::1]",
];

/// Names whose owner lets them lead to a private address.
const NAMES: &[(&str, &str)] = &[
    ("loop.attacker.example", "127.0.0.1"),
    ("metadata.attacker.example", "169.254.169.254"),
    ("intranet.attacker.example", "10.1.2.3"),
    ("six.attacker.example", "::1"),
    ("mapped.attacker.example", "::ffff:127.0.0.1"),
    ("nat64.attacker.example", "64:ff9b::7f00:1"),
    ("xn--lcalhost-n2a.example", "127.0.0.1"),
    ("127.0.0.1.attacker.example", "127.0.0.1"),
];

/// What may not even be a base URL.
const NO_URLS: &[&str] = &[
    "http://user@127.0.0.1/",
    "http://api.openai.com@127.0.0.1/",
    "http://api.openai.com:443@127.0.0.1/",
    "http://127.0.0.1\\@api.openai.com/",
    "http:///127.0.0.1/",
    "http://127.0.0.1 /",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://ⓛocalhost/",
    "http://%31%32%37.0.0.1/",
    "http://[::1/",
    "http://[fe80::1%25lo]/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "//127.0.0.1/",
];

fn names() -> Names {
    // Odd spellings of IPv4 go to the system, which knows them all; names go to the script.
    Names::Scripted(Arc::new(|host| {
        if let Some((_, address)) = NAMES.iter().find(|(name, _)| *name == host) {
            return vec![address.parse().unwrap()];
        }
        let found = std::net::ToSocketAddrs::to_socket_addrs(&(host, 0));
        found.map(|all| all.map(|a| a.ip()).collect()).unwrap_or_default()
    }))
}

/// Each kind of proxy, and none.
fn ways() -> Vec<(Option<FakeProxy>, Way)> {
    let certificate = Certificate::make(&["127.0.0.1"]);
    let proxies = [FakeProxy::http(), FakeProxy::socks5(), FakeProxy::https(&certificate)];
    let through = proxies.into_iter().map(|proxy| {
        let way = way(&exits(egress(&[(&proxy, None)])), "p", "k");
        (Some(proxy), way)
    });
    [(None, Way::direct())].into_iter().chain(through).collect()
}

#[tokio::test]
async fn case_105_107_no_spelling_of_a_private_address_is_connected_to_on_any_way() {
    assert!(SPELLINGS.len() + NAMES.len() + NO_URLS.len() >= 60);
    let server = Server::start().await;
    let pool = Pool::with_names(Tls::new(None).unwrap(), PATIENCE, names());
    for (proxy, way) in ways() {
        for host in SPELLINGS.iter().chain(NAMES.iter().map(|(name, _)| name)) {
            for scheme in ["http", "https"] {
                let url = format!("{scheme}://{host}:{}/v1", server.port);
                // What cannot be parsed cannot be called either.
                let Ok(origin) = Origin::parse(&url, false) else { continue };
                let error = send(&pool, &Arc::new(origin), &way).await.unwrap_err();
                let refused = (Stage::AddressNotAllowed, Cause::AddressNotAllowed);
                // A resolver may not know a spelling at all.
                let unknown = (Stage::NotSent, Cause::Name);
                let got = (error.stage, error.cause);
                assert!(got == refused || got == unknown, "{url}: {got:?} {error}");
                let literal = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
                assert!(got == refused || !literal, "{url}: {got:?} {error}");
            }
        }
        let came = proxy.as_ref().map_or(0, FakeProxy::connections);
        assert_eq!((server.connections(), came), (0, 0));
    }
    for url in NO_URLS {
        assert!(Origin::parse(url, false).is_err(), "{url}");
    }
    // The same server is reached where the operator means it: the listener does listen.
    assert_eq!(send(&pool, &server.origin, &Way::direct()).await.unwrap(), "ok");
}

#[tokio::test]
async fn case_106_a_name_that_turns_private_between_two_looks_reaches_nothing() {
    let server = Server::start().await;
    for (proxy, way) in ways() {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let names = Names::Scripted(Arc::new(move |host| {
            assert_eq!(host, "rebinding.example");
            let private = counted.fetch_add(1, Ordering::SeqCst) % 2 == 1;
            // 192.31.196.1 is public by its registry, and nobody's: nothing answers there.
            let public = IpAddr::V4(Ipv4Addr::new(192, 31, 196, 1));
            vec![if private { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { public }]
        }));
        let pool = Pool::with_names(Tls::new(None).unwrap(), Duration::from_millis(300), names);
        let url = format!("http://rebinding.example:{}/", server.port);
        let origin = origin(&url, false);
        for _ in 0..4 {
            let error = send(&pool, &origin, &way).await.unwrap_err();
            assert_ne!(error.stage, Stage::Unknown, "{error}");
        }
        // One look for each call: what was checked is what is connected to.
        assert_eq!((looks.load(Ordering::SeqCst), server.connections()), (4, 0));
        let orders = proxy.map_or_else(Vec::new, |proxy| proxy.seen());
        let public = format!("192.31.196.1:{}", server.port);
        assert!(orders.iter().all(|seen| seen.target == public), "{orders:?}");
    }
}

#[tokio::test]
async fn case_107_only_listed_hosts_go_to_the_proxy_by_name() {
    let server = Server::start().await;
    let proxy = FakeProxy::socks5();
    let mut egress = egress(&[(&proxy, None)]);
    egress.proxy_resolves = vec!["localhost".to_owned()];
    let exits = exits(egress);
    let way = way(&exits, "p", "k");
    let names = Names::Scripted(Arc::new(|host| panic!("{host} was looked up here")));
    let pool = Pool::with_names(Tls::new(None).unwrap(), PATIENCE, names);
    let origin = origin(&format!("http://LocalHost:{}/v1", server.port), false);
    assert_eq!(send(&pool, &origin, &way).await.unwrap(), "ok");
    assert_eq!(proxy.seen()[0].target, format!("localhost:{}", server.port));
}

#[tokio::test]
async fn a_proxy_made_through_the_api_is_at_a_public_address() {
    let server = Server::start().await;
    let proxy = FakeProxy::http();
    let mut egress = egress(&[(&proxy, None)]);
    egress.source = EgressSource::Api;
    let exits = exits(egress);
    let error = send(&pool(), &server.origin, &way(&exits, "p", "k")).await.unwrap_err();
    assert_eq!(error.cause.reason(), "proxy_address_not_allowed");
    assert_eq!((proxy.connections(), server.connections()), (0, 0));
}

#[tokio::test]
async fn an_upstream_may_name_its_own_way_and_a_missing_egress_leads_nowhere() {
    let server = Server::start().await;
    let (one, two) = (FakeProxy::http(), FakeProxy::http());
    let mut first = egress(&[(&one, None)]);
    first.default = false;
    let second = Egress { name: "second".to_owned(), ..egress(&[(&two, None)]) };
    let exits = exits(first.clone());
    let book = |uses: &[(EgressUser, &str)]| EgressBook {
        egresses: vec![first.clone(), Egress { default: false, ..second.clone() }],
        uses: uses.iter().map(|(user, name)| (user.clone(), (*name).to_owned())).collect(),
    };
    let name = |uses: &[(EgressUser, &str)]| {
        exits.egresses_changed(book(uses));
        way(&exits, "proj_1", "k").name().unwrap_or("direct").to_owned()
    };
    let named = || EgressUser::UpstreamNamed("openai".to_owned());
    let upstream = || EgressUser::Upstream(UpstreamId::from("up_1"));
    let project = || EgressUser::Project(ProjectId::from("proj_1"));
    assert_eq!(name(&[]), "direct");
    assert_eq!(name(&[(upstream(), "out")]), "out");
    assert_eq!(name(&[(upstream(), "out"), (named(), "second")]), "second");
    assert_eq!(name(&[(upstream(), "out"), (project(), "second")]), "second");
    assert_eq!(name(&[(upstream(), "out"), (project(), "direct")]), "direct");
    assert_eq!(name(&[(upstream(), "direct"), (project(), "second")]), "direct");
    assert_eq!(name(&[(EgressUser::Project(ProjectId::from("other")), "out")]), "direct");

    assert_eq!(name(&[(upstream(), "gone")]), "gone");
    let error = send(&pool(), &server.origin, &way(&exits, "proj_1", "k")).await.unwrap_err();
    assert_eq!((error.cause, server.connections()), (Cause::NoProxy, 0));
}
