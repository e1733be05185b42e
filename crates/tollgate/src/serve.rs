//! `tollgate serve`: start, run until told to stop, stop without losing anything.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::app::{self, App};
use crate::background::Flusher;
use crate::config::{Config, Environment, Flags, TlsFiles};
use crate::server::{self, Front, Stop, Workers};

/// Streams may go on this long after the order to stop.
const GRACE: Duration = Duration::from_secs(30);
/// What is cut has this long to be settled and to leave.
const LAST: Duration = Duration::from_secs(3);

/// A Tollgate that listens.
pub struct Running {
    pub app: App,
    pub address: SocketAddr,
    pub scheme: &'static str,
    listener: TcpListener,
    workers: Workers,
    flusher: Flusher,
    stop: Stop,
}

/// Builds everything and opens the listener last: whoever connects is served.
///
/// # Errors
/// What to tell the operator.
pub async fn start(config: &Config) -> Result<Running, String> {
    raise_open_files();
    let tls = config.tls.as_ref().map(acceptor).transpose()?;
    let listener = server::bind(&config.listen).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    refuse_loop(config, address)?;
    let app = app::build(config).await?;
    let stop = Stop::default();
    let front = Front::new(&app, config.metrics_token.clone(), stop.clone());
    let workers = Workers::start(&front, &app.workers, tls.as_ref(), &stop)?;
    let flusher = Flusher::new(Arc::clone(&app.store), app.workers.clone());
    let scheme = if tls.is_some() { "https" } else { "http" };
    Ok(Running { app, address, scheme, listener, workers, flusher, stop })
}

impl Running {
    /// Serves until SIGTERM or SIGINT; reloads the config file on SIGHUP or when it changes.
    ///
    /// # Errors
    /// When signals cannot be heard.
    pub async fn run(mut self, flags: &Flags, config: &Config) -> Result<(), String> {
        let hear = |kind| signal(kind).map_err(|error| error.to_string());
        let mut terminate = hear(SignalKind::terminate())?;
        let mut interrupt = hear(SignalKind::interrupt())?;
        let mut hangup = hear(SignalKind::hangup())?;
        let mut watch = Watch::new(config.file.as_deref());
        let placeholder = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| e.to_string())?;
        let listener = std::mem::replace(&mut self.listener, placeholder);
        {
            let accepting = self.workers.accept(listener, &self.app.dataplane);
            tokio::pin!(accepting);
            loop {
                tokio::select! {
                    () = &mut accepting => break,
                    () = self.flusher.run() => {}
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hangup.recv() => reload(&self.app, flags).await,
                    () = watch.changed() => reload(&self.app, flags).await,
                }
            }
        }
        self.shut_down(&mut terminate, &mut interrupt).await;
        Ok(())
    }

    /// Lets calls end, cuts what does not, writes what is settled.
    async fn shut_down(mut self, terminate: &mut Signal, interrupt: &mut Signal) {
        tracing::info!("stopping: no new connections, open calls may end");
        self.stop.call();
        let tasks = self.app.dataplane.tasks.clone();
        tokio::select! {
            () = tasks.idle() => {}
            () = tokio::time::sleep(GRACE) => {}
            // A second signal means: now.
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tasks.cut();
        let late = Instant::now() + LAST;
        while (tasks.count() > 0 || !self.workers.are_idle()) && Instant::now() < late {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if tasks.count() > 0 {
            tracing::warn!(open = tasks.count(), "stopped with calls unsettled");
        }
        self.workers.join();
        while !self.flusher.flush().await {
            if Instant::now() > late + LAST {
                tracing::error!("stopped with usage records unwritten");
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn reload(app: &App, flags: &Flags) {
    let config = match Config::read(flags, &Environment::read()) {
        Ok(config) => config,
        Err(mistakes) => {
            return tracing::error!(%mistakes, "the config was not reloaded; the old one stays");
        }
    };
    match app.load_upstreams(&config).await {
        Ok(()) => tracing::info!("upstreams were reloaded from the config"),
        Err(error) => tracing::error!(%error, "the upstreams were not reloaded; the old ones stay"),
    }
}

/// Notices that the config file was written.
struct Watch<'a> {
    path: Option<&'a Path>,
    seen: Option<SystemTime>,
}

impl<'a> Watch<'a> {
    fn new(path: Option<&'a Path>) -> Self {
        Self { path, seen: path.and_then(written) }
    }

    async fn changed(&mut self) {
        let Some(path) = self.path else { return std::future::pending().await };
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = written(path);
            if now.is_some() && now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// An upstream that is this very listener would call itself for ever.
fn refuse_loop(config: &Config, address: SocketAddr) -> Result<(), String> {
    for upstream in &config.upstreams {
        let origin = egress::Origin::parse(&upstream.base_url, true)
            .map_err(|error| format!("upstream {}: its base URL: {error}", upstream.name))?;
        let (host, port) = origin.address();
        let ip = host.parse::<std::net::IpAddr>().ok();
        let here = host == "localhost"
            || ip.is_some_and(|ip| ip == address.ip() || ip.is_loopback() || ip.is_unspecified());
        if port == address.port() && here {
            return Err(format!(
                "the base URL of upstream {} is this Tollgate itself. OPENAI_BASE_URL is meant \
                 for the provider here; unset it for `tollgate serve`.",
                upstream.name
            ));
        }
    }
    Ok(())
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let bad = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
        format!("tls.{what}: {}: {error}", path.display())
    };
    let certs = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad("cert", &files.cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| bad("key", &files.key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(certs, key)
        .map_err(|error| bad("cert", &files.cert, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Each call takes two descriptors; the default soft limit is small.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the open-files limit stays");
    }
}
