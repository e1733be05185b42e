//! What proxies do wrong, and what becomes of the call (case 109).

use testkit::ProxyAct;

use super::*;
use crate::{Cause, ProxyFault, Stage, TlsFault};

/// Each kind of proxy that needs no certificate.
fn kinds() -> [fn() -> FakeProxy; 2] {
    [FakeProxy::http, FakeProxy::socks5]
}

#[tokio::test]
async fn a_call_goes_through_each_kind_of_proxy_and_its_connection_is_kept() {
    let server = Server::start().await;
    let certificate = Certificate::make(&["127.0.0.1"]);
    let proxies = kinds().into_iter().map(|make| make());
    let proxies = proxies.chain([FakeProxy::https(&certificate)]);
    let pool = trusting(&certificate);
    for proxy in proxies {
        let proxy = proxy.with_login("joe:hunter2");
        let exits = exits(egress(&[(&proxy, Some("joe:hunter2"))]));
        for _ in 0..3 {
            assert_eq!(send(&pool, &server.origin, &way(&exits, "p", "k")).await.unwrap(), "ok");
        }
        assert_eq!((proxy.tunnels(), proxy.seen().len()), (1, 1), "{}", proxy.url());
        assert_eq!(proxy.seen()[0].target, format!("127.0.0.1:{}", server.port));
        assert_eq!(proxy.seen()[0].login.as_deref(), Some("joe:hunter2"));
        let figures = only_figures(&exits);
        assert_eq!((figures.attempts, figures.opened, figures.open), (3, 1, 1));
        assert_eq!((figures.busy, figures.failures.len()), (0, 0));
    }
}

/// What a proxy does, and what is said of it: by HTTP's kind, and by SOCKS's.
fn faults() -> Vec<(ProxyAct, ProxyFault, ProxyFault)> {
    use ProxyFault::{Answer, Closed, Refused, Timeout, Unanswered, Upstream};
    vec![
        (ProxyAct::Drop, Closed, Closed),
        (ProxyAct::Hang, Unanswered, Timeout),
        (ProxyAct::HangAtTunnel, Unanswered, Unanswered),
        (ProxyAct::Refuse(1), Refused(1), Refused(1)),
        (ProxyAct::Refuse(2), Refused(2), Refused(2)),
        (ProxyAct::Refuse(5), Refused(5), Upstream(5)),
        (ProxyAct::Refuse(403), Refused(403), Refused(1)),
        (ProxyAct::Refuse(503), Refused(503), Refused(1)),
        (ProxyAct::Page, Answer, Answer),
    ]
}

/// Waits for a proxy as long as it should for one that does this.
fn pool_for(act: ProxyAct) -> Arc<Pool> {
    match act {
        // The next one must answer within this as well.
        ProxyAct::Hang | ProxyAct::HangAtTunnel => Pool::new(Tls::new(None).unwrap(), SHORT * 3),
        _ => pool(),
    }
}

#[tokio::test]
async fn case_109_a_faulty_proxy_alone_fails_the_call_and_nothing_goes_directly() {
    let server = Server::start().await;
    for (act, http, socks) in faults() {
        let pool = pool_for(act);
        for (make, fault) in kinds().into_iter().zip([http, socks]) {
            let proxy = make();
            proxy.act(act);
            let exits = exits(egress(&[(&proxy, None)]));
            let error = send(&pool, &server.origin, &way(&exits, "p", "k")).await.unwrap_err();
            assert_eq!(error.cause, Cause::Proxy(fault), "{act:?} {error}");
            assert_ne!(error.stage, Stage::Unknown, "{act:?}");
            assert_eq!(only_figures(&exits).failures, [(fault.reason(), 1)], "{act:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn case_109_the_next_proxy_serves_and_the_faulty_one_is_ejected() {
    let server = Server::start().await;
    for (act, ..) in faults() {
        let pool = pool_for(act);
        for make in kinds() {
            let (bad, good) = (make(), make());
            bad.act(act);
            let mut egress = egress(&[(&bad, None), (&good, None)]);
            // Each call asks the bad one first, as long as it may.
            egress.choice = ProxyChoice::LeastBusy;
            let exits = exits(egress);
            for _ in 0..20 {
                // Another origin each time, so that no kept connection serves.
                let origin = origin(&format!("http://127.0.0.1:{}/", server.port), true);
                assert_eq!(send(&pool, &origin, &way(&exits, "p", "k")).await.unwrap(), "ok");
            }
            let figures = exits.figures();
            let tells_of_upstream = figures[0].failures.iter().any(|(why, _)| *why == "upstream");
            assert!(figures[0].ejected, "{act:?} {figures:?}");
            assert!(tells_of_upstream || figures[0].attempts <= 6, "{act:?} {figures:?}");
            assert_eq!((figures[1].ejected, figures[1].opened), (false, 20));
        }
    }
}

#[tokio::test]
async fn case_109_a_dead_upstream_ejects_no_proxy() {
    let kept = testkit::Toxic::closed();
    let closed = kept.address();
    for make in kinds() {
        let (one, two) = (make(), make());
        let exits = exits(egress(&[(&one, None), (&two, None)]));
        for _ in 0..8 {
            let origin = origin(&format!("http://{closed}/"), true);
            let error = send(&pool(), &origin, &way(&exits, "p", "k")).await.unwrap_err();
            assert!(matches!(
                error.cause,
                Cause::Proxy(ProxyFault::Refused(502) | ProxyFault::Upstream(5))
            ));
        }
        assert!(exits.figures().iter().all(|figures| !figures.ejected && figures.attempts == 8));
    }
}

#[tokio::test]
async fn case_109_110_a_wrong_login_is_told_without_it() {
    let server = Server::start().await;
    for make in kinds() {
        let proxy = make().with_login("joe:right");
        for credential in [None, Some("joe:CANARYwrong")] {
            let exits = exits(egress(&[(&proxy, credential)]));
            let error = send(&pool(), &server.origin, &way(&exits, "p", "k")).await.unwrap_err();
            assert_eq!(error.cause, Cause::Proxy(ProxyFault::Login));
            assert!(error.cause.is_egress());
            let said = format!("{error} {error:?} {:?}", exits.figures());
            assert!(!said.contains("CANARY") && !said.contains("joe"), "{said}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_passed_over_and_direct_only_where_allowed() {
    let server = Server::start().await;
    let down = FakeProxy::http();
    let mut gone = egress(&[(&down, None)]);
    drop(down);
    let error = send(&pool(), &server.origin, &way(&exits(gone.clone()), "p", "k")).await;
    assert_eq!(error.unwrap_err().cause, Cause::Proxy(ProxyFault::Connect));
    assert_eq!(server.connections(), 0);
    gone.allow_direct = true;
    let exits = exits(gone);
    assert_eq!(send(&pool(), &server.origin, &way(&exits, "p", "k")).await.unwrap(), "ok");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn when_all_proxies_are_ejected_calls_fail_at_once_but_one_that_tries() {
    let server = Server::start().await;
    let proxy = FakeProxy::socks5();
    let exits = exits(egress(&[(&proxy, None)]));
    let pool = Pool::new(Tls::new(None).unwrap(), SHORT);
    proxy.act(ProxyAct::Hang);
    for _ in 0..5 {
        send(&pool, &server.origin, &way(&exits, "p", "k")).await.unwrap_err();
    }
    assert!(only_figures(&exits).ejected);
    let way = way(&exits, "p", "k");
    let (one, two) =
        tokio::join!(send(&pool, &server.origin, &way), send(&pool, &server.origin, &way));
    let causes = [one.unwrap_err().cause, two.unwrap_err().cause];
    assert!(causes.contains(&Cause::NoProxy), "{causes:?}");
    assert!(causes.contains(&Cause::Proxy(ProxyFault::Timeout)), "{causes:?}");
    // It works again: the next call finds out, and all are let through.
    proxy.act(ProxyAct::Serve);
    assert_eq!(send(&self::pool(), &server.origin, &way).await.unwrap(), "ok");
    assert!(!only_figures(&exits).ejected);
}

#[tokio::test]
async fn case_109_a_proxy_with_a_certificate_for_another_name_gets_no_login() {
    let server = Server::start().await;
    let (right, other) = (Certificate::make(&["localhost"]), Certificate::make(&["proxy.example"]));
    let fault = |trusted: &Certificate, shown: &Certificate| {
        let proxy = FakeProxy::https(shown).named("localhost");
        let exits = exits(egress(&[(&proxy, Some("joe:hunter2"))]));
        let (pool, origin) = (trusting(trusted), Arc::clone(&server.origin));
        async move {
            let sent = send(&pool, &origin, &way(&exits, "p", "k")).await;
            (sent.map_err(|error| error.cause), proxy.seen().len())
        }
    };
    let tls = |fault| (Err(Cause::Proxy(ProxyFault::Tls(fault))), 0);
    assert_eq!(fault(&right, &right).await, (Ok("ok".to_owned()), 1));
    assert_eq!(fault(&other, &other).await, tls(TlsFault::Name));
    assert_eq!(fault(&other, &right).await, tls(TlsFault::Issuer));
    // What speaks no TLS is told as such.
    let mut egress = egress(&[(&FakeProxy::http(), None)]);
    egress.proxies[0].address.kind = domain::ProxyKind::ConnectTls;
    egress.proxies[0].address.port = server.port;
    let error = send(&pool(), &server.origin, &way(&exits(egress), "p", "k")).await.unwrap_err();
    assert_eq!(error.cause, Cause::Proxy(ProxyFault::Tls(TlsFault::NotTls)), "{error}");
}

#[tokio::test]
async fn tls_to_the_upstream_runs_inside_the_tunnel_and_is_checked_there() {
    let certificate = Certificate::make(&["localhost"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = certificate.acceptor();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream).await;
                }
            });
        }
    });
    let proxies = [FakeProxy::http(), FakeProxy::socks5(), FakeProxy::https(&certificate)];
    for proxy in proxies {
        let proxy = proxy.named("localhost");
        let exits = exits(egress(&[(&proxy, None)]));
        let to = |host: &str| origin(&format!("https://{host}:{port}/"), true);
        let pool = trusting(&certificate);
        assert_eq!(send(&pool, &to("localhost"), &way(&exits, "p", "k")).await.unwrap(), "ok");
        let error = send(&pool, &to("127.0.0.1"), &way(&exits, "p", "k")).await.unwrap_err();
        assert_eq!(error.cause, Cause::Tls(TlsFault::Name), "{}", proxy.url());
        assert!(!error.cause.is_egress() && !only_figures(&exits).ejected);
    }
}

#[tokio::test]
async fn a_tunnel_that_is_cut_is_told_and_not_repeated_once_bytes_may_have_left() {
    let server = Server::start().await;
    let (one, two) = (FakeProxy::http(), FakeProxy::http());
    one.act(ProxyAct::Cut);
    let exits = exits(egress(&[(&one, None), (&two, None)]));
    match send(&pool(), &server.origin, &way(&exits, "p", "k")).await {
        Ok(text) => assert_eq!((text.as_str(), two.tunnels()), ("ok", 1)),
        Err(error) => assert_eq!((error.stage, two.tunnels()), (Stage::Unknown, 0), "{error}"),
    }
}
