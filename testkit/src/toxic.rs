//! A bad line: a TCP proxy that does one wrong thing to every connection through it.
//!
//! What a provider's own scripts do happens behind an HTTP server that works; what happens here
//! happens to the bytes, as on a bad network or in front of a dead host.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxin {
    /// Nothing: bytes pass both ways.
    Nothing,
    /// Nobody listens.
    Refuse,
    /// A SYN is never answered.
    HangAtConnect,
    /// Accepted and reset at once.
    Reset,
    /// Accepted; not a byte is read or written.
    HangAfterConnect,
    /// The request goes on; nothing of the answer comes.
    HangBeforeHead,
    /// The request goes on; the connection is reset when the answer begins.
    ResetAtAnswer,
    /// The answer's head comes, then nothing.
    HangAfterHead,
    /// The answer's head comes, then a reset.
    ResetAfterHead,
    /// The answer comes a byte at a time, so many milliseconds apart.
    Trickle(u64),
}

/// A bad line to a port of 127.0.0.1. It ends when it is dropped.
pub struct Toxic {
    port: u16,
    opened: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    /// Bound and not accepting; or connections that fill its backlog.
    _kept: (Option<Socket>, Vec<Socket>),
}

impl Toxic {
    /// A line to `target` with one thing wrong with it.
    pub fn to(target: u16, toxin: Toxin) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("a free port");
        let port = socket.local_addr().ok().and_then(|a| a.as_socket()).expect("a port").port();
        let (stop, stopped) = watch::channel(false);
        let opened = Arc::new(AtomicUsize::new(0));
        let (mut thread, mut kept) = (None, (None, Vec::new()));
        match toxin {
            Toxin::Refuse => kept.0 = Some(socket),
            Toxin::HangAtConnect => {
                socket.listen(0).expect("listen");
                kept = (Some(socket), full(port));
            }
            _ => {
                socket.listen(1024).expect("listen");
                socket.set_nonblocking(true).expect("non-blocking");
                let line = Line { target, toxin, opened: Arc::clone(&opened), stopped };
                thread = Some(std::thread::spawn(move || line.run(socket.into())));
            }
        }
        Self { port, opened, stop, thread, _kept: kept }
    }

    /// A port on which nobody listens, kept so that nobody else comes to listen there.
    pub fn closed() -> Self {
        Self::to(0, Toxin::Refuse)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections it accepted.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Drop for Toxic {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Connections that nobody accepts, so many that the next one's SYN is left unanswered.
fn full(port: u16) -> Vec<Socket> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
    let fill = |_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.connect_timeout(&address, Duration::from_millis(100)).ok().map(|()| socket)
    };
    (0..16).map_while(fill).collect()
}

/// What the line's own thread knows.
struct Line {
    target: u16,
    toxin: Toxin,
    opened: Arc<AtomicUsize>,
    stopped: watch::Receiver<bool>,
}

impl Line {
    fn run(self, listener: std::net::TcpListener) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Dropping the runtime drops every connection.
        runtime.expect("runtime of the line").block_on(self.accept(listener));
    }

    async fn accept(mut self, listener: std::net::TcpListener) {
        let listener = TcpListener::from_std(listener).expect("listener of the line");
        loop {
            tokio::select! {
                _ = self.stopped.changed() => return,
                Ok((client, _)) = listener.accept() => {
                    self.opened.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(pass(client, self.target, self.toxin));
                }
            }
        }
    }
}

async fn pass(client: TcpStream, target: u16, toxin: Toxin) {
    match toxin {
        Toxin::Reset => return reset(&client),
        Toxin::HangAfterConnect => return std::future::pending().await,
        _ => {}
    }
    let Ok(provider) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    let _ = (client.set_nodelay(true), provider.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_provider, mut to_provider) = provider.into_split();
    // The client's leaving is seen here; what the provider still says is then read by nobody.
    let up = async {
        let _ = tokio::io::copy(&mut from_client, &mut to_provider).await;
    };
    let down = async {
        let mut seen = Vec::new();
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_provider.read(&mut piece).await {
            if answer(&mut to_client, &mut seen, &piece[..length], toxin).await.is_none() {
                return;
            }
        }
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
    if matches!(toxin, Toxin::ResetAtAnswer | Toxin::ResetAfterHead) {
        reset(to_client.as_ref());
        // Otherwise its drop would say a proper end first.
        to_client.forget();
    }
}

/// Brings a piece of an answer down, or what the toxin leaves of it; `None` ends the connection.
async fn answer(
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    seen: &mut Vec<u8>,
    piece: &[u8],
    toxin: Toxin,
) -> Option<()> {
    match toxin {
        Toxin::HangBeforeHead => std::future::pending().await,
        Toxin::ResetAtAnswer => None,
        Toxin::Trickle(ms) => {
            for byte in piece {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                to.write_all(&[*byte]).await.ok()?;
            }
            Some(())
        }
        Toxin::HangAfterHead | Toxin::ResetAfterHead => {
            seen.extend_from_slice(piece);
            let end = memchr::memmem::find(seen, b"\r\n\r\n").map(|at| at + 4);
            let Some(end) = end else { return Some(()) };
            to.write_all(&seen[..end]).await.ok()?;
            match toxin {
                Toxin::HangAfterHead => std::future::pending().await,
                _ => None,
            }
        }
        _ => to.write_all(piece).await.ok(),
    }
}

/// The close that follows sends a reset instead of an end.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::time::Instant;

    use super::*;
    use crate::FakeProvider;

    /// What came, and how it ended. A connection that is kept ends with a short wait in vain, once
    /// `wanted` bytes are there.
    fn ask(toxic: &Toxic, wanted: usize) -> (Vec<u8>, Option<ErrorKind>) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, toxic.port()));
        let wait = Duration::from_millis(300);
        let mut all = Vec::new();
        let mut asking = || {
            let mut wire = std::net::TcpStream::connect_timeout(&address, wait)?;
            wire.write_all(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")?;
            wire.set_read_timeout(Some(Duration::from_secs(60)))?;
            (&wire).take(wanted as u64).read_to_end(&mut all)?;
            wire.set_read_timeout(Some(wait))?;
            wire.read_to_end(&mut all)
        };
        let end = asking().err().map(|error| error.kind());
        (all, end)
    }

    #[test]
    fn each_toxin_does_what_it_says() {
        let provider = FakeProvider::start();
        let through = |toxin, wanted| ask(&Toxic::to(provider.port(), toxin), wanted);
        let nothing = |end| (Vec::new(), Some(end));
        let (whole, end) = through(Toxin::Nothing, 1);
        let head = memchr::memmem::find(&whole, b"\r\n\r\n").expect("a head") + 4;
        assert!(whole.len() > head && end == Some(ErrorKind::WouldBlock));
        assert_eq!(through(Toxin::Refuse, 0), nothing(ErrorKind::ConnectionRefused));
        assert_eq!(through(Toxin::HangAtConnect, 0), nothing(ErrorKind::TimedOut));
        assert_eq!(through(Toxin::Reset, 1), nothing(ErrorKind::ConnectionReset));
        assert_eq!(through(Toxin::HangAfterConnect, 0), nothing(ErrorKind::WouldBlock));
        assert_eq!(through(Toxin::HangBeforeHead, 0), nothing(ErrorKind::WouldBlock));
        assert_eq!(through(Toxin::ResetAtAnswer, 1), nothing(ErrorKind::ConnectionReset));
        let (got, end) = through(Toxin::HangAfterHead, head);
        assert_eq!((got.len(), end), (head, Some(ErrorKind::WouldBlock)));
        let (got, end) = through(Toxin::ResetAfterHead, whole.len());
        assert!(got.len() <= head && end == Some(ErrorKind::ConnectionReset));
        let slow = Toxic::to(provider.port(), Toxin::Trickle(1));
        let began = Instant::now();
        let (got, _) = ask(&slow, whole.len());
        assert!(began.elapsed() >= Duration::from_millis(got.len() as u64));
        assert_eq!((got.len(), slow.opened()), (whole.len(), 1));
    }
}
