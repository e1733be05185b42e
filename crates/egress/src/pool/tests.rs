//! Pools against scripted proxies, and a server on loopback that counts who reaches it.

mod corpus;
mod faults;
mod sessions;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::ports::Exits as _;
use domain::{
    Egress, EgressBook, EgressSource, EgressUser, ProjectId, Proxy, ProxyAddress, ProxyChoice,
    ProxyFigures, SessionBy, Timestamp, UpstreamId,
};
use http::Request;
use http_body_util::BodyExt;
use testkit::{Certificate, FakeProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Pool;
use crate::names::Names;
use crate::{Asker, Exits, Origin, Outgoing, SendError, Tls, Way};

/// For what answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// For what never does.
const SHORT: Duration = Duration::from_millis(200);

/// A server that answers `ok` to every request, and keeps connections open.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    origin: Arc<Origin>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        let origin = origin(&format!("http://127.0.0.1:{port}/v1"), true);
        Self { port, connections, origin }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer<S>(mut stream: S)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut buffer = [0; 4096];
    // The test's requests are small: each comes in one piece.
    while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        if stream.write_all(ok).await.is_err() {
            return;
        }
    }
}

fn origin(url: &str, allow_private: bool) -> Arc<Origin> {
    Arc::new(Origin::parse(url, allow_private).unwrap())
}

fn pool() -> Arc<Pool> {
    Pool::new(Tls::new(None).unwrap(), PATIENCE)
}

fn trusting(certificate: &Certificate) -> Arc<Pool> {
    Pool::new(Tls::new(Some(&certificate.path())).unwrap(), PATIENCE)
}

async fn send(pool: &Arc<Pool>, origin: &Arc<Origin>, way: &Way) -> Result<String, SendError> {
    let request = Request::builder().uri(origin.path("/models")).body(Outgoing::Empty).unwrap();
    let answer = pool.send(origin, way, request).await?;
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// An egress of the config file, which everybody takes.
fn egress(proxies: &[(&FakeProxy, Option<&str>)]) -> Egress<domain::Secret> {
    let proxies = proxies.iter().map(|(proxy, credential)| Proxy {
        address: ProxyAddress::parse(&proxy.url()).unwrap(),
        credential: credential.map(Into::into),
    });
    Egress {
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
    }
}

fn exits(egress: Egress<domain::Secret>) -> Arc<Exits> {
    let exits = Exits::new(Tls::new(None).unwrap());
    exits.egresses_changed(EgressBook { egresses: vec![egress], uses: Vec::new() });
    exits
}

fn way(exits: &Exits, project: &str, key: &str) -> Way {
    let upstream = UpstreamId::from("up_1");
    let project = ProjectId::from(project);
    exits.way(&Asker { upstream: &upstream, upstream_name: "openai", project: &project, key })
}

fn only_figures(exits: &Exits) -> ProxyFigures {
    let [figures] = <[_; 1]>::try_from(exits.figures()).unwrap();
    figures
}
