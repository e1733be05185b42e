//! Sessions: who shares a connection and a user name, and who does not.

use super::*;

fn users(proxy: &FakeProxy) -> Vec<String> {
    let login = |seen: testkit::ProxySeen| seen.login.unwrap_or_default();
    proxy.seen().into_iter().map(login).collect()
}

async fn call(exits: &Exits, pool: &Arc<Pool>, server: &Server, project: &str, key: &str) {
    let way = way(exits, project, key);
    assert_eq!(send(pool, &server.origin, &way).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_session_is_a_keys_own_and_survives_a_restart() {
    let server = Server::start().await;
    for make in [FakeProxy::http, FakeProxy::socks5] {
        let proxy = make();
        for _ in 0..2 {
            // A new process: nothing is remembered but the settings.
            let exits = exits(egress(&[(&proxy, Some("u-{session}:pw"))]));
            let pool = pool();
            for key in ["key_1", "key_2", "key_1"] {
                call(&exits, &pool, &server, "p", key).await;
            }
        }
        let users = users(&proxy);
        let [one, two, again_one, again_two] = &users[..] else { panic!("{users:?}") };
        assert_eq!((one, two), (again_one, again_two));
        assert_ne!(one, two);
        let session = one.strip_prefix("u-").and_then(|rest| rest.strip_suffix(":pw")).unwrap();
        assert!(session.len() == 16 && session.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}

#[tokio::test]
async fn a_session_may_be_a_projects_or_a_connections() {
    let server = Server::start().await;
    let proxy = FakeProxy::http();
    let mut egress = egress(&[(&proxy, Some("{session}:pw"))]);
    egress.session = SessionBy::Project;
    let (by_project, pool_1) = (exits(egress.clone()), pool());
    for (project, key) in [("p1", "a"), ("p1", "b"), ("p2", "a")] {
        call(&by_project, &pool_1, &server, project, key).await;
    }
    let seen = users(&proxy);
    assert!(seen.len() == 2 && seen[0] != seen[1], "{seen:?}");

    egress.session = SessionBy::Connection;
    let by_connection = exits(egress);
    for key in ["a", "b"] {
        // A pool of its own: a new connection each time.
        call(&by_connection, &pool(), &server, "p1", key).await;
    }
    let seen = users(&proxy);
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (4, 4));
}

#[tokio::test]
async fn a_connection_through_one_proxy_is_used_for_no_other_way() {
    let server = Server::start().await;
    let (one, two) = (FakeProxy::http(), FakeProxy::http());
    let (first, second) = (exits(egress(&[(&one, None)])), exits(egress(&[(&two, None)])));
    let pool = pool();
    for _ in 0..3 {
        call(&first, &pool, &server, "p", "k").await;
        call(&second, &pool, &server, "p", "k").await;
        assert_eq!(send(&pool, &server.origin, &Way::direct()).await.unwrap(), "ok");
    }
    assert_eq!((one.tunnels(), two.tunnels(), server.connections()), (1, 1, 3));
}

#[tokio::test]
async fn a_new_credential_is_used_from_the_next_call_on() {
    let server = Server::start().await;
    let proxy = FakeProxy::http();
    let exits = exits(egress(&[(&proxy, Some("old:pw"))]));
    let pool = pool();
    call(&exits, &pool, &server, "p", "k").await;
    let same = egress(&[(&proxy, Some("old:pw"))]);
    exits.egresses_changed(EgressBook { egresses: vec![same], uses: Vec::new() });
    call(&exits, &pool, &server, "p", "k").await;
    let new = egress(&[(&proxy, Some("new:pw"))]);
    exits.egresses_changed(EgressBook { egresses: vec![new], uses: Vec::new() });
    call(&exits, &pool, &server, "p", "k").await;
    assert_eq!(users(&proxy), ["old:pw", "new:pw"]);
}

#[tokio::test]
async fn a_test_shows_each_proxy_by_itself() {
    let server = Server::start().await;
    let (good, bad) = (FakeProxy::socks5(), FakeProxy::http().with_login("a:b"));
    let mut egress = egress(&[(&good, None), (&bad, None)]);
    let url = format!("http://127.0.0.1:{}/ip", server.port);
    egress.health_url = Some(url.clone());
    let exits = exits(egress);
    let tests = exits.test("out".to_owned(), url).await.unwrap();
    assert_eq!((tests[0].proxy.as_str(), tests[1].proxy.as_str()), (&*good.url(), &*bad.url()));
    assert_eq!(tests[0].result.as_ref().map(|answer| answer.status), Ok(200));
    assert_eq!(
        tests[1].result.as_ref().map_err(|failure| failure.reason).unwrap_err(),
        "proxy_login"
    );
    // Another private address is not the operator's: a test is no way to look around with.
    let tests = exits.test("out".to_owned(), "http://127.0.0.1:1/".to_owned()).await.unwrap();
    let reason = tests[0].result.as_ref().map_err(|failure| failure.reason);
    assert_eq!(reason.unwrap_err(), "upstream_address_not_allowed");
    assert!(exits.test("other".to_owned(), "http://x/".to_owned()).await.is_none());
}

#[tokio::test]
async fn a_health_url_ejects_and_brings_back() {
    let server = Server::start().await;
    let proxy = FakeProxy::http();
    let mut egress = egress(&[(&proxy, None)]);
    egress.health_url = Some(format!("http://127.0.0.1:{}/ip", server.port));
    let exits = exits(egress);
    proxy.act(testkit::ProxyAct::Refuse(503));
    for _ in 0..5 {
        exits.check_health().await;
    }
    assert!(only_figures(&exits).ejected);
    proxy.act(testkit::ProxyAct::Serve);
    exits.check_health().await;
    assert!(!only_figures(&exits).ejected);
}
