//! `tollgate serve`: start, run until told to stop, stop without losing anything.

mod setup;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::app::{self, App};
use crate::background::{self, Alerts, Care, Flusher, Jobs, Verifier};
use crate::config::{Config, Environment, Flags};
use crate::ledger;
use crate::server::{self, Front, Stop, Tls, Workers};
use crate::telemetry::Exporter;
use setup::{mails, reach};

/// Streams may go on this long after the order to stop.
const GRACE: Duration = Duration::from_secs(30);
/// A connection without a call has this long to close by itself.
const MOMENT: Duration = Duration::from_secs(1);
/// What is cut has this long to be settled and to leave.
const LAST: Duration = Duration::from_secs(3);

/// A Tollgate that listens.
pub struct Running {
    pub app: App,
    pub address: SocketAddr,
    pub scheme: &'static str,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    workers: Workers,
    flusher: Flusher,
    alerts: Alerts,
    care: Care,
    jobs: Jobs,
    verifier: Verifier,
    exporter: Option<Exporter>,
    /// Called before `stop`: balancers are told while new connections are still served.
    draining: Stop,
    stop: Stop,
    signals: Signals,
}

/// Builds everything and opens the listener last: whoever connects is served.
///
/// # Errors
/// What to tell the operator.
pub async fn start(config: &Config) -> Result<Running, String> {
    raise_open_files();
    let tls = config.tls.as_ref().map(Tls::load).transpose()?;
    let socket = server::bind(&config.listen).await?;
    let address = socket.local_addr().map_err(|error| error.to_string())?;
    refuse_loop(config, address)?;
    let app = app::build(config).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    reach(config, &app, scheme, address);
    mails(config, &app);
    let stop = Stop::default();
    let draining = Stop::default();
    let front = Front::new(&app, config, draining.clone());
    let workers = Workers::start(&front, &app.workers, tls.as_ref(), &stop)?;
    let flusher = Flusher::new(&app);
    let exporter = Exporter::new(config, app.telemetry.spans())?;
    let alerts = Alerts::new(config, Arc::clone(&app.control))?;
    let care = Care::new(&app);
    let jobs = Jobs::new(config, &app)?;
    let verifier = Verifier::new(Arc::clone(&app.control), config.verify_every);
    verifier.start().await;
    let signals = Signals::hear()?;
    let listener = server::open(socket, &config.listen)?;
    Ok(Running {
        app,
        address,
        scheme,
        listener,
        tls,
        workers,
        flusher,
        alerts,
        care,
        jobs,
        verifier,
        exporter,
        draining,
        stop,
        signals,
    })
}

impl Running {
    /// Serves until SIGTERM or SIGINT; reloads the config file on SIGHUP or when it changes.
    ///
    /// # Errors
    /// When usage could not be written at the end.
    pub async fn run(self, flags: &Flags, config: &Config) -> Result<(), String> {
        let Self {
            app,
            listener,
            tls,
            workers,
            mut flusher,
            alerts,
            care,
            jobs,
            verifier,
            exporter,
            draining,
            stop,
            mut signals,
            ..
        } = self;
        let quit = Stop::default();
        let serving = async {
            let reloads = Reloads { app: &app, flags, tls: tls.as_deref() };
            serve(&reloads, &workers, listener, &mut signals, (config, &draining)).await;
            shut_down(&app, workers, &stop, &mut signals).await;
            quit.call();
        };
        // Usage is written as long as calls run, the stop's grace included.
        let idle = background::give_back_idle(&app.dataplane, &quit);
        let proxies = background::check_proxies(&app.exits, &quit);
        let (verifying, asking) = (verifier.run(&quit), jobs.run(&quit));
        let exporting = async {
            if let Some(exporter) = &exporter {
                exporter.run(&quit).await;
            }
        };
        let clock = background::watch_clock(&app.dataplane, &app.clock, &quit);
        let caring = care.run(&quit);
        let watching = async { tokio::join!(proxies, clock, exporting, caring) };
        let beside = async { tokio::join!(alerts.run(&quit), idle, verifying, asking, watching) };
        tokio::join!(serving, flusher.run(&quit), beside);
        // With calls still open the next start must look at their slots first. Asked before the
        // last flush, which takes along what they settled.
        let all_ended = app.dataplane.tasks.count() == 0;
        let late = Instant::now() + LAST;
        while !flusher.flush().await {
            if Instant::now() > late {
                return Err("stopped with usage records unwritten".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if let Some(exporter) = &exporter {
            exporter.last().await;
        }
        if all_ended && let Err(error) = ledger::close(&app.store).await {
            tracing::warn!(%error, "the shares of budgets will be returned at the next start");
        }
        Ok(())
    }
}

/// Accepts connections until a stop is asked for.
async fn serve(
    reloads: &Reloads<'_>,
    workers: &Workers,
    listener: TcpListener,
    signals: &mut Signals,
    (config, draining): (&Config, &Stop),
) {
    let mut watch = Watch::new(config.file.as_deref());
    let address = listener.local_addr().ok();
    let accepting = workers.accept(listener, &reloads.app.dataplane);
    tokio::pin!(accepting);
    loop {
        tokio::select! {
            () = &mut accepting => break,
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hangup.recv() => reload(reloads, address).await,
            () = watch.changed() => reload(reloads, address).await,
        }
    }
    draining.call();
    if !config.observe.drain_delay.is_zero() {
        tracing::info!("stopping soon: /readyz says so, new connections are still served");
    }
    tokio::select! {
        () = &mut accepting => {}
        () = tokio::time::sleep(config.observe.drain_delay) => {}
        // A second signal means: now.
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
}

/// Lets calls end, cuts what does not. The listener is closed already.
async fn shut_down(app: &App, workers: Workers, stop: &Stop, signals: &mut Signals) {
    tracing::info!("stopping: no new connections, open calls may end");
    stop.call();
    let tasks = &app.dataplane.tasks;
    tokio::select! {
        () = all_ended(app, &workers) => {}
        () = tokio::time::sleep(GRACE) => {}
        // A second signal means: now.
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
    tasks.cut();
    let late = Instant::now() + LAST;
    while (tasks.count() > 0 || !workers.are_idle()) && Instant::now() < late {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if tasks.count() > 0 {
        tracing::warn!(open = tasks.count(), "stopped with calls unsettled");
    }
    workers.join();
}

/// Waits until no call is open. A connection may be about to begin one, so it has a moment; one
/// that only sends a head byte by byte does not hold up the stop.
async fn all_ended(app: &App, workers: &Workers) {
    let tasks = &app.dataplane.tasks;
    tasks.idle().await;
    let late = Instant::now() + MOMENT;
    while !workers.are_idle() && Instant::now() < late {
        tokio::time::sleep(Duration::from_millis(5)).await;
        tasks.idle().await;
    }
}

/// The signals that we hear: from before anybody is told that we run, so that a stop which
/// follows at once is a clean one.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn hear() -> Result<Self, String> {
        let hear = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangup: hear(SignalKind::hangup())?,
        })
    }
}

/// What a reload changes, and where it reads from.
struct Reloads<'a> {
    app: &'a App,
    flags: &'a Flags,
    tls: Option<&'a Tls>,
}

async fn reload(reloads: &Reloads<'_>, address: Option<SocketAddr>) {
    let app = reloads.app;
    let config = match Config::read(reloads.flags, &Environment::read()) {
        Ok(config) => config,
        Err(mistakes) => {
            return tracing::error!(%mistakes, "the config was not reloaded; the old one stays");
        }
    };
    reload_tls(reloads.tls, &config);
    let loaded = match address.map_or(Ok(()), |address| refuse_loop(&config, address)) {
        Ok(()) => app.load_places(&config).await,
        Err(loops) => Err(loops),
    };
    if let Err(error) = loaded {
        return tracing::error!(%error, "the upstreams and routes were not reloaded; the old ones stay");
    }
    app.load_care(&config);
    let (prices, limits) = (app.load_prices(&config).await, app.load_limits(&config).await);
    if let Err(error) = &prices {
        tracing::error!(%error, "the prices were not reloaded; the old ones stay");
    }
    if let Err(error) = &limits {
        tracing::error!(%error, "the spend limits were not reloaded; the old ones stay");
    }
    if prices.is_ok() && limits.is_ok() {
        tracing::info!("the config was reloaded: upstreams, routes, prices and spend limits");
    }
}

/// Connections that are open keep what they were greeted with.
fn reload_tls(tls: Option<&Tls>, config: &Config) {
    match (tls, &config.tls) {
        (Some(tls), Some(files)) => match tls.reload(files) {
            Ok(()) => tracing::info!("the certificate of the listener was read again"),
            Err(error) => {
                tracing::error!(%error, "the certificate was not reloaded; the old one stays");
            }
        },
        (None, None) => {}
        _ => tracing::warn!("[tls] was added or removed: that takes a restart"),
    }
}

/// Notices that the config file was written. Not while it still is: a file that changes from one
/// look to the next is not read.
struct Watch<'a> {
    path: Option<&'a Path>,
    /// As it was when it was last read.
    seen: Option<Written>,
    /// As it was at the last look.
    last: Option<Written>,
}

/// When a file was written, and its length.
type Written = (SystemTime, u64);

impl<'a> Watch<'a> {
    fn new(path: Option<&'a Path>) -> Self {
        let seen = path.and_then(written);
        Self { path, seen, last: seen }
    }

    async fn changed(&mut self) {
        let Some(path) = self.path else { return std::future::pending().await };
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = written(path);
            let settled = now == self.last;
            self.last = now;
            if settled && now.is_some() && now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

fn written(path: &Path) -> Option<Written> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// An upstream that is this very listener would call itself for ever.
pub fn refuse_loop(config: &Config, address: SocketAddr) -> Result<(), String> {
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

/// Each call takes two descriptors; the default soft limit is small.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the open-files limit stays");
    }
}
