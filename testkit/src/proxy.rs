//! `FakeProxy`: an HTTP or SOCKS 5 proxy on a local port, with scripts for the ways in which
//! proxies fail. It notes what it was asked for, so that a test can say who went through it.

mod serve;

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::Certificate;

/// What a proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyAct {
    /// Opens tunnels.
    Serve,
    /// Closes each connection at once.
    Drop,
    /// Accepts, and says nothing.
    Hang,
    /// Greets, takes the order, and says nothing more.
    HangAtTunnel,
    /// Answers CONNECT with this status, or SOCKS with this reply.
    Refuse(u16),
    /// Answers with a page, as a log-in page of a hotel does.
    Page,
    /// Opens the tunnel and closes it at once.
    Cut,
}

/// What a proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySeen {
    /// `host:port`, as it was said.
    pub target: String,
    /// `user:password`, where it was sent.
    pub login: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

/// A running proxy. It stops when it is dropped.
pub struct FakeProxy {
    scheme: &'static str,
    host: String,
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    kind: Kind,
    tls: Option<TlsAcceptor>,
    state: Mutex<State>,
    stop: Notify,
}

struct State {
    act: ProxyAct,
    login: Option<String>,
    connections: usize,
    tunnels: usize,
    seen: Vec<ProxySeen>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("state of the proxy")
    }
}

impl FakeProxy {
    /// Speaks HTTP CONNECT.
    pub fn http() -> Self {
        Self::start(Kind::Http, None)
    }

    /// Speaks HTTP CONNECT over TLS, with this certificate.
    pub fn https(certificate: &Certificate) -> Self {
        Self::start(Kind::Http, Some(certificate.acceptor()))
    }

    /// Speaks SOCKS 5.
    pub fn socks5() -> Self {
        Self::start(Kind::Socks5, None)
    }

    fn start(kind: Kind, tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind the proxy");
        listener.set_nonblocking(true).expect("non-blocking listener");
        let port = listener.local_addr().expect("local address").port();
        let scheme = match (kind, &tls) {
            (Kind::Socks5, _) => "socks5",
            (Kind::Http, None) => "http",
            (Kind::Http, Some(_)) => "https",
        };
        let state = State {
            act: ProxyAct::Serve,
            login: None,
            connections: 0,
            tunnels: 0,
            seen: Vec::new(),
        };
        let shared = Arc::new(Shared { kind, tls, state: Mutex::new(state), stop: Notify::new() });
        let inner = Arc::clone(&shared);
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("runtime of the proxy").block_on(serve::accept(listener, inner));
        };
        let thread = std::thread::Builder::new().name("fake-proxy".into()).spawn(run);
        let thread = Some(thread.expect("thread of the proxy"));
        Self { scheme, host: "127.0.0.1".to_owned(), port, shared, thread }
    }

    /// The same under another name, which must lead to 127.0.0.1.
    pub fn named(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Accepts `user:password` only.
    pub fn with_login(self, login: &str) -> Self {
        self.shared.lock().login = Some(login.to_owned());
        self
    }

    /// Its URL, without a login.
    pub fn url(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.host, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From the next connection on.
    pub fn act(&self, act: ProxyAct) {
        self.shared.lock().act = act;
    }

    /// Connections that came.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Tunnels that were opened.
    pub fn tunnels(&self) -> usize {
        self.shared.lock().tunnels
    }

    /// Every order for a tunnel that came, served or not.
    pub fn seen(&self) -> Vec<ProxySeen> {
        self.shared.lock().seen.clone()
    }
}

impl Drop for FakeProxy {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
