//! The listener: one acceptor, one runtime a core, deadlines on everything a client may delay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dataplane::{Dataplane, Proof, Worker};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

mod activity;
mod connection;
mod forwarded;
mod front;
mod heads;
mod stall;
mod stop;
mod tls;

pub use front::Front;
pub use stop::Stop;
pub use tls::Tls;

/// Connections open at once; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 60_000;
/// Connections that the kernel keeps for us until we accept them.
const BACKLOG: u32 = 1_024;
/// Connections accepted and not yet taken by their worker.
const WAITING: usize = 1_024;

/// Reserves the address: nobody else can have it, and nobody can connect before [`open`]. A taken
/// port gets a message that names it.
///
/// # Errors
/// The message for the operator.
pub async fn bind(address: &str) -> Result<TcpSocket, String> {
    let found = tokio::net::lookup_host(address).await.map_err(|e| unusable(address, &e))?;
    let mut last = format!("cannot listen on {address}: it is no address of this machine");
    for one in found {
        match reserve(one) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = unusable(address, &error),
        }
    }
    Err(last)
}

fn reserve(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let v4 = address.is_ipv4();
    let socket = if v4 { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the process before us may still be fading away on a port that was asked for.
    socket.set_reuseaddr(address.port() != 0)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Lets clients in.
///
/// # Errors
/// The message for the operator.
pub fn open(socket: TcpSocket, address: &str) -> Result<TcpListener, String> {
    socket.listen(BACKLOG).map_err(|error| unusable(address, &error))
}

fn unusable(address: &str, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        return format!(
            "{address} is taken by another process. Stop it, or choose another address with \
             --listen, such as --listen 127.0.0.1:0"
        );
    }
    format!("cannot listen on {address}: {error}")
}

type Accepted = (std::net::TcpStream, SocketAddr);

/// A worker's thread, and how connections reach it.
struct Lane {
    queue: mpsc::Sender<Accepted>,
    open: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// The running workers.
pub struct Workers {
    lanes: Vec<Lane>,
    stop: Stop,
}

impl Workers {
    /// Starts a thread with a runtime of its own for each worker.
    ///
    /// # Errors
    /// When a thread or runtime cannot be made.
    pub fn start(
        front: &Arc<Front>,
        workers: &[Arc<Worker>],
        tls: Option<&Arc<Tls>>,
        stop: &Stop,
    ) -> Result<Self, String> {
        let mut lanes = Vec::new();
        for (number, worker) in workers.iter().enumerate() {
            let (queue, taken) = mpsc::channel(WAITING);
            let open = Arc::new(AtomicUsize::new(0));
            let run = Run {
                front: Arc::clone(front),
                worker: Arc::clone(worker),
                tls: tls.cloned(),
                stop: stop.clone(),
                open: Arc::clone(&open),
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| format!("cannot make a runtime: {error}"))?;
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    runtime.block_on(run.serve(taken));
                    runtime.shutdown_timeout(Duration::from_millis(500));
                })
                .map_err(|error| format!("cannot start a thread: {error}"))?;
            lanes.push(Lane { queue, open, thread });
        }
        Ok(Self { lanes, stop: stop.clone() })
    }

    /// Accepts until the stop is called, handing each connection to the least busy worker.
    pub async fn accept(&self, listener: TcpListener, metrics: &Dataplane) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.called() => return,
            };
            let open: usize = self.lanes.iter().map(|l| l.open.load(Ordering::Relaxed)).sum();
            match accepted {
                Ok(_) if open >= CONNECTIONS => metrics.metrics.refusal("overloaded"),
                Ok((stream, peer)) => self.hand_over(stream, peer),
                Err(error) => {
                    // Out of descriptors, mostly: closing connections will give some back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn hand_over(&self, stream: TcpStream, peer: SocketAddr) {
        let least = self.lanes.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed));
        let (Some(lane), Ok(stream)) = (least, stream.into_std()) else { return };
        lane.open.fetch_add(1, Ordering::Relaxed);
        if lane.queue.try_send((stream, peer)).is_err() {
            lane.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether all connections are closed.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.open.load(Ordering::Relaxed) == 0)
    }

    /// Ends the workers; their connections are closed.
    pub fn join(self) {
        for lane in self.lanes {
            drop(lane.queue);
            let _ = lane.thread.join();
        }
    }
}

/// What a worker's thread runs.
struct Run {
    front: Arc<Front>,
    worker: Arc<Worker>,
    tls: Option<Arc<Tls>>,
    stop: Stop,
    open: Arc<AtomicUsize>,
}

impl Run {
    async fn serve(self, mut taken: mpsc::Receiver<Accepted>) {
        let mut sweep = tokio::time::interval(Duration::from_secs(15));
        loop {
            tokio::select! {
                next = taken.recv() => match next {
                    Some((stream, peer)) => self.begin(stream, peer),
                    None => return,
                },
                _ = sweep.tick() => self.worker.sweep(),
            }
        }
    }

    fn begin(&self, stream: std::net::TcpStream, peer: SocketAddr) {
        let open = Arc::clone(&self.open);
        let front = Arc::clone(&self.front);
        front.dataplane().metrics.connection_opened();
        let Ok(stream) = TcpStream::from_std(stream) else {
            open.fetch_sub(1, Ordering::Relaxed);
            return;
        };
        let (worker, stop) = (Arc::clone(&self.worker), self.stop.clone());
        let (front_of, proof) = (Arc::clone(&front), Proof::Plain);
        let client = connection::Client { peer, proof, front: front_of, worker, stop };
        let tls = self.tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            connection::serve(stream, client, tls).await;
            open.fetch_sub(1, Ordering::Relaxed);
            front.dataplane().metrics.connection_closed();
        });
    }
}
