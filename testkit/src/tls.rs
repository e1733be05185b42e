//! TLS in front of a fake: with a certificate as it should be, or wrong in one way.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::certificate::{Authority, Valid};

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Nothing,
    /// Its time is over.
    Expired,
    /// Its time is still to come.
    NotYet,
    /// It is for another name.
    OtherName,
}

/// A TLS server before a port of 127.0.0.1, with an authority of its own. It ends when dropped.
pub struct TlsFront {
    port: u16,
    home: tempfile::TempDir,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Speaks TLS for `127.0.0.1` and `localhost`, and plain text to `target`.
    pub fn to(target: u16, flaw: Flaw) -> Self {
        let home = tempfile::tempdir().expect("home of the authority");
        let config = Arc::new(config(&home.path().join("authority.pem"), flaw));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("non-blocking");
        let port = listener.local_addr().expect("a port").port();
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::spawn(move || run(listener, target, config, stopped));
        Self { port, home, stop, thread: Some(thread) }
    }

    /// `https://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("https://127.0.0.1:{}/v1", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority's certificate as a PEM file: what a client must trust.
    pub fn authority(&self) -> PathBuf {
        self.home.path().join("authority.pem")
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn config(home: &Path, flaw: Flaw) -> ServerConfig {
    let authority = Authority::new("an authority");
    std::fs::write(home, authority.pem()).expect("write the authority");
    let names: &[&str] = match flaw {
        Flaw::OtherName => &["elsewhere.example"],
        _ => &["127.0.0.1", "localhost"],
    };
    let valid = match flaw {
        Flaw::Expired => Valid::Year(2020),
        Flaw::NotYet => Valid::Year(4000),
        _ => Valid::Now,
    };
    authority.sign(names, valid).server()
}

fn run(
    listener: std::net::TcpListener,
    target: u16,
    config: Arc<ServerConfig>,
    mut stopped: watch::Receiver<bool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime of the front").block_on(async {
        let listener = TcpListener::from_std(listener).expect("listener of the front");
        let acceptor = TlsAcceptor::from(config);
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                Ok((client, _)) = listener.accept() => {
                    tokio::spawn(pass(acceptor.clone(), client, target));
                }
            }
        }
    });
}

async fn pass(acceptor: TlsAcceptor, client: TcpStream, target: u16) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let Ok(mut provider) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    let _ = tokio::io::copy_bidirectional(&mut client, &mut provider).await;
}
