use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use domain::Timestamp;
use domain::diagnosis::{HttpFailure, TlsFailure};

use super::*;
use crate::Outgoing;

/// Waits long for what comes.
fn probe() -> Probe {
    waiting(Duration::from_secs(20))
}

fn waiting(time: Duration) -> Probe {
    Probe::new(Tls::new(None).unwrap(), time, time)
}

/// What a server does with a connection once it has read something.
#[derive(Clone, Copy)]
enum Does {
    Says(&'static [u8]),
    Closes,
    Nothing,
}

impl Does {
    /// A probe that waits as long as it should for this.
    fn probe(self) -> Probe {
        match self {
            Self::Nothing => waiting(Duration::from_millis(300)),
            _ => probe(),
        }
    }
}

async fn server(does: Does) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, does));
        }
    });
    port
}

async fn serve(mut stream: TcpStream, does: Does) {
    let mut buffer = [0; 4096];
    if !stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
        return;
    }
    match does {
        Does::Says(bytes) => stream.write_all(bytes).await.unwrap(),
        Does::Closes => return,
        Does::Nothing => {}
    }
    // Until the other side goes.
    while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
}

async fn asked(does: Does) -> Result<Told, HttpFailure> {
    let origin = Origin::parse(&format!("http://127.0.0.1:{}/v1", server(does).await), true);
    let (origin, probe) = (origin.unwrap(), does.probe());
    let (_, stream) = probe.connect(&origin, &["127.0.0.1".parse().unwrap()]).await;
    let request = Request::get(origin.path("/models")).body(Outgoing::Empty).unwrap();
    probe.ask(&origin, Probe::plain(stream.unwrap()), request).await
}

async fn greeted(does: Does) -> Option<TlsFailure> {
    let origin = Origin::parse(&format!("https://localhost:{}/v1", server(does).await), true);
    let (origin, probe) = (origin.unwrap(), does.probe());
    let (_, stream) = probe.connect(&origin, &["127.0.0.1".parse().unwrap()]).await;
    probe.greet(&origin, stream.unwrap()).await.failed
}

#[tokio::test]
async fn an_answer_comes_whole_with_the_other_sides_clock() {
    let answer = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                   Content-Length: 2\r\n\r\n{}";
    let told = asked(Does::Says(answer)).await.ok().unwrap();
    assert_eq!((told.status.as_u16(), &told.body[..]), (200, &b"{}"[..]));
    assert_eq!(told.date(), Some(Timestamp::from_seconds(784_111_777)));
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    for (does, expected) in [
        (Does::Says(b"\x15\x03\x01\x00\x02\x02\x46"), HttpFailure::WantsTls),
        (Does::Says(b"SSH-2.0-OpenSSH_9.6\r\n"), HttpFailure::NotHttp),
        (Does::Closes, HttpFailure::Closed),
        (Does::Nothing, HttpFailure::TimedOut),
    ] {
        assert_eq!(asked(does).await.err(), Some(expected));
    }
}

#[tokio::test]
async fn a_greeting_that_fails_is_told_apart() {
    assert_eq!(greeted(Does::Says(b"HTTP/1.1 400 Bad\r\n\r\n")).await, Some(TlsFailure::NotTls));
    assert_eq!(greeted(Does::Closes).await, Some(TlsFailure::Closed));
    assert_eq!(greeted(Does::Nothing).await, Some(TlsFailure::TimedOut));
    let alert = greeted(Does::Says(b"\x15\x03\x03\x00\x02\x02\x70")).await;
    assert_eq!(alert, Some(TlsFailure::Refused("alert UnrecognisedName".into())));
}

#[tokio::test]
async fn each_address_is_tried_and_a_private_one_only_where_it_is_meant() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let (probe, origin) = (probe(), Origin::parse(&url, true).unwrap());
    let addresses = ["127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let (tries, kept) = probe.connect(&origin, &addresses).await;
    assert!(kept.is_some());
    let failed: Vec<_> = tries.iter().map(|one| one.failed).collect();
    assert_eq!(failed, [Some(TcpFailure::Refused), None]);

    let (tries, kept) = probe.connect(&Origin::parse(&url, false).unwrap(), &addresses).await;
    assert!(kept.is_none());
    assert!(tries.iter().all(|one| one.failed == Some(TcpFailure::NotAllowed)));
}

#[tokio::test]
async fn a_name_that_is_none_has_no_address() {
    let origin = Origin::parse("http://no-such-host.invalid", true).unwrap();
    let found = probe().resolve(&origin).await;
    // Without a network the resolver cannot tell.
    assert!(found.is_err(), "{found:?}");
    let literal = Origin::parse("http://[::1]:1", true).unwrap();
    let address: IpAddr = "::1".parse().unwrap();
    assert_eq!(probe().resolve(&literal).await, Ok(vec![address]));
}

#[test]
fn the_resolvers_words_are_understood() {
    let of = |words: &str| name_failure(&io::Error::other(words.to_owned()));
    let start = "failed to lookup address information: ";
    assert_eq!(of(&format!("{start}Name or service not known")), DnsFailure::NotFound);
    assert_eq!(of(&format!("{start}nodename nor servname provided")), DnsFailure::NotFound);
    assert_eq!(of(&format!("{start}Temporary failure in name resolution")), DnsFailure::Away);
    assert_eq!(of(&format!("{start}Try again")), DnsFailure::Away);
}

mod through {
    use std::sync::Arc;

    use domain::diagnosis::ProxyTrouble;
    use domain::ports::Exits as _;
    use domain::{
        Egress, EgressBook, EgressSource, ProjectId, Proxy, ProxyAddress, ProxyChoice, SessionBy,
        UpstreamId,
    };
    use testkit::{FakeProxy, ProxyAct};

    use super::*;
    use crate::{Asker, Exits, Way};

    fn way(proxies: &[&FakeProxy]) -> (Arc<Exits>, Way) {
        let proxies = proxies.iter().map(|proxy| Proxy {
            address: ProxyAddress::parse(&proxy.url()).unwrap(),
            credential: None,
        });
        let egress = Egress {
            name: "out".to_owned(),
            source: EgressSource::File,
            proxies: proxies.collect(),
            choice: ProxyChoice::RoundRobin,
            session: SessionBy::Key,
            allow_direct: false,
            default: true,
            proxy_resolves: Vec::new(),
            health_url: None,
            created_at: Timestamp(0),
        };
        let exits = Exits::new(Tls::new(None).unwrap());
        exits.egresses_changed(EgressBook { egresses: vec![egress], uses: Vec::new() });
        let (upstream, project) = (UpstreamId::from("up_1"), ProjectId::from("p"));
        let asker =
            Asker { upstream: &upstream, upstream_name: "openai", project: &project, key: "k" };
        let way = exits.way(&asker);
        (exits, way)
    }

    async fn tried(probe: &Probe, proxies: &[&FakeProxy], port: u16) -> Vec<Option<ProxyTrouble>> {
        let origin = Origin::parse(&format!("http://127.0.0.1:{port}/v1"), true).unwrap();
        let (_exits, way) = way(proxies);
        let (tries, link) = probe.through(&origin, &way).await;
        assert_eq!(link.is_some(), tries.iter().any(|one| one.failed.is_none()));
        tries.into_iter().map(|one| one.failed).collect()
    }

    #[tokio::test]
    async fn each_proxy_is_tried_and_its_trouble_told() {
        let port = server(Does::Nothing).await;
        for (act, trouble) in [
            (ProxyAct::Refuse(407), ProxyTrouble::Login),
            (ProxyAct::Refuse(403), ProxyTrouble::Refused(403)),
            (ProxyAct::HangAtTunnel, ProxyTrouble::Silent),
            (ProxyAct::Page, ProxyTrouble::Failed("answer".to_owned())),
            (ProxyAct::Drop, ProxyTrouble::Failed("closed".to_owned())),
        ] {
            let (bad, good) = (FakeProxy::http(), FakeProxy::http());
            bad.act(act);
            let probe = match act {
                // The good one must answer within this as well.
                ProxyAct::HangAtTunnel => waiting(Duration::from_secs(2)),
                _ => probe(),
            };
            assert_eq!(tried(&probe, &[&bad, &good], port).await, [Some(trouble), None]);
        }
        assert!(tried(&probe(), &[], port).await.is_empty());
    }
}
