//! Every long-lived object of a process, built once, in order of need.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use control::{AdminKeyDraft, Author, Control, DeclaredUpstream, PhoneDesk, Unowned};
use dataplane::{CacheSettings, Dataplane, Ports, Settings, Slots, Worker};
use domain::ports::{
    Accounts, AnswerStore, Balances, CacheDesk, Certificates, Comparisons, Directory, Invalidate,
    Jobs, KeptAnswers, Ledger, LedgerReport, Objects, People, PriceGaps, Records, UsageStore,
};
use domain::{
    Change, Clock, Fault, KeyCare, OrganizationId, Permission, Secret, SecretHandlers, Timestamp,
    UpstreamSource, Zone,
};
use egress::{Exits, Tls};
use http::HeaderValue;
use providers::catalogue;
use providers::prices::FieldFormat;
use store::{AnswerFile, AnswerRedis, Store};
use vault::{MasterKey, Vault, WrappedKeys};
use web::{Api, Dashboard};

use crate::background::SeenKeys;
use crate::clock::SystemClock;
use crate::config::{Config, Phone, UnownedProject, UpstreamConfig};
use crate::doctor::Doctor;
use crate::handover::Handlers;
use crate::ledger::{self, Books};
use crate::outbound::Outside;
use crate::page_calls::PageCalls;
use crate::phones::TwilioVerify;
use crate::signers::leak_reports;
use crate::stolen::RangeLists;
use crate::telemetry::Telemetry;

/// Where the vault's wrapped keys are kept.
const VAULT_KEYS: &str = "vault_keys";
/// Set once the operator has an admin key: in `admin.key`, or from the environment.
const ADMIN_KEY_WRITTEN: &str = "admin_key_written";

/// The objects of a running Tollgate.
pub struct App {
    pub store: Arc<Store>,
    pub control: Arc<Control>,
    pub api: Arc<Api>,
    pub dashboard: Arc<Dashboard>,
    pub dataplane: Arc<Dataplane>,
    pub workers: Vec<Arc<Worker>>,
    /// Attempts that nobody had settled when this process began.
    pub orphans: usize,
    pub clock: Arc<dyn Clock>,
    pub books: Books,
    pub telemetry: Arc<Telemetry>,
    pub exits: Arc<Exits>,
    handlers: Arc<Handlers>,
    tls: Tls,
    /// Where the watch over keys finds what was settled.
    pub seen: Arc<SeenKeys>,
    /// Whether nothing but the demo is configured; so it is before the first loading.
    demo_only: AtomicBool,
}

/// Builds everything but the listener.
///
/// # Errors
/// One sentence that says what is wrong and what to do. Nothing listens then.
pub async fn build(config: &Config) -> Result<App, String> {
    // The directory first: it holds the lock, the master key and the databases.
    make_private_dir(&config.data_dir)?;
    let master = master_key(config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(&config.data_dir, Arc::clone(&clock)).map_err(|e| e.to_string())?;
    let store = Arc::new(store);
    let vault = Arc::new(open_vault(&store, &master).await?);
    // The data plane hears of changes, so it stands before the control plane.
    let tls = Tls::new(config.extra_roots.as_deref())?;
    let exits = Exits::new(tls.clone());
    let ports = Ports {
        directory: Arc::clone(&store) as Arc<dyn Directory>,
        objects: Arc::clone(&store) as Arc<dyn Objects>,
        ledger: Arc::clone(&store) as Arc<dyn Ledger>,
        jobs: Arc::clone(&store) as Arc<dyn Jobs>,
        idempotent: Arc::clone(&store) as Arc<dyn KeptAnswers>,
        comparisons: Arc::clone(&store) as Arc<dyn Comparisons>,
        answers: answers(config, &clock)?,
        clock: Arc::clone(&clock),
        vault: Arc::clone(&vault),
        exits: Arc::clone(&exits),
        organization: organization_header(&store).await?,
    };
    let dataplane = Dataplane::new(ports, settings(config, &spool_dir(config)?));
    let listed = config.private_upstreams.clone();
    let outside = Outside::new(&dataplane, tls.clone(), Arc::clone(&clock), listed);
    let ports = control_ports(&store, &dataplane, (outside, &exits), &clock);
    let handlers = Arc::<Handlers>::default();
    let control = knowing(Control::new(ports, vault), config, &tls);
    let control = control.with_secret_handlers(Arc::clone(&handlers) as Arc<dyn SecretHandlers>);
    let control = control.with_cache(Arc::clone(&dataplane) as Arc<dyn CacheDesk>);
    let control = Arc::new(control.with_comparisons(Arc::clone(&store) as Arc<dyn Comparisons>));
    bootstrap(config, &store, &control).await?;
    control.load_honeytokens().await.map_err(|fault| fault.message.into_owned())?;
    // Upstreams last: they need the default project, and their credentials the vault.
    let organization = organization_id(&store).await?;
    dataplane.set_organization(organization.clone());
    let books = Books::new(organization);
    let (slots, orphans) = slots(config, &store, &books, clock.now()).await?;
    let worker = |slots| Worker::new(Arc::clone(&dataplane), tls.clone(), slots);
    let workers: Vec<Arc<Worker>> = slots.into_iter().map(worker).collect();
    let doctor = Doctor::new(config, &control, &dataplane, &workers, &clock)?;
    let mut dashboard = Dashboard::new(Arc::clone(&control), config.dashboard.clone());
    if let Some(caller) = PageCalls::new(&control, &workers, tls.clone()) {
        dashboard = dashboard.with_caller(caller);
    }
    let telemetry = Telemetry::new(Arc::clone(&dataplane), &config.observe);
    let app = App {
        telemetry,
        api: Arc::new(Api::new(Arc::clone(&control)).with_doctor(Arc::clone(&doctor) as _)),
        dashboard: Arc::new(dashboard.with_doctor(doctor)),
        workers,
        orphans,
        clock,
        books,
        exits,
        handlers,
        tls,
        seen: Arc::default(),
        store,
        control,
        dataplane,
        demo_only: AtomicBool::new(true),
    };
    app.load(config).await?;
    tracing::info!(edition = Zone::data_version(), "time zone data");
    Ok(app)
}

fn spool_dir(config: &Config) -> Result<PathBuf, String> {
    let spool_dir = config.data_dir.join("spool");
    make_private_dir(&spool_dir)?;
    Ok(spool_dir)
}

/// With the models that there are, where webhooks may go, who says who people are, and who brings
/// codes to their phones.
fn knowing(control: Control, config: &Config, tls: &Tls) -> Control {
    // The demo's model is one to be called only where nothing else is configured.
    let demo = config.upstreams.is_empty().then_some(&providers::models::DEMO);
    let models = providers::models::all().iter().chain(demo);
    let private = config.private_webhooks.clone();
    let may_go = move |url: &str| egress::may_post_to(url, &private);
    let control = control.with_models(models).with_webhooks(may_go);
    let fetcher = Arc::new(egress::IdentityFetcher::new(tls.clone()));
    let control = control.with_identity_providers(config.identity_providers.clone(), fetcher);
    let control = match config.stolen_passwords.clone() {
        Some(url) => control.with_stolen_passwords(Arc::new(RangeLists::new(tls.clone(), url))),
        None => control,
    };
    control.with_phones(match config.phone.clone() {
        None => PhoneDesk::Off,
        Some(Phone::Console) => PhoneDesk::Console,
        Some(Phone::Provider(it)) => {
            PhoneDesk::Provider(Arc::new(TwilioVerify::new(tls.clone(), it)))
        }
    })
}

fn control_ports(
    store: &Arc<Store>,
    dataplane: &Arc<Dataplane>,
    (outside, exits): (Outside, &Arc<Exits>),
    clock: &Arc<dyn Clock>,
) -> control::Ports {
    control::Ports {
        records: Arc::clone(store) as Arc<dyn Records>,
        people: Arc::clone(store) as Arc<dyn People>,
        certificates: Arc::clone(store) as Arc<dyn Certificates>,
        accounts: Arc::clone(store) as Arc<dyn Accounts>,
        directory: Arc::clone(store) as Arc<dyn Directory>,
        usage: Arc::clone(store) as Arc<dyn UsageStore>,
        balances: Arc::clone(store) as Arc<dyn Balances>,
        ledger: Arc::clone(store) as Arc<dyn LedgerReport>,
        clock: Arc::clone(clock),
        invalidate: Arc::clone(dataplane) as Arc<dyn Invalidate>,
        prices: Arc::new(FieldFormat),
        price_gaps: Arc::clone(dataplane) as Arc<dyn PriceGaps>,
        outbound: Arc::new(outside),
        exits: Arc::clone(exits) as Arc<dyn domain::ports::Exits>,
        care: Arc::clone(store) as Arc<dyn KeyCare>,
    }
}

impl App {
    /// What of the config can change while this runs; here for the first time.
    async fn load(&self, config: &Config) -> Result<(), String> {
        self.load_care(config);
        self.load_prices(config).await?;
        self.load_places(config).await?;
        self.load_limits(config).await
    }

    /// Puts the price book in use, with the prices that the config file names.
    ///
    /// # Errors
    /// When what is stored of prices cannot be read: calls must not run without their prices.
    pub async fn load_prices(&self, config: &Config) -> Result<(), String> {
        let declared = self.control.declare_prices(config.prices.clone()).await;
        declared.map(drop).map_err(|fault| format!("prices: {}", fault.message))
    }

    /// Who takes new secrets of keys, and whose reports of leaked ones are believed.
    pub fn load_care(&self, config: &Config) {
        self.handlers.set(&config.rotations);
        self.control.trust_leak_reports(leak_reports(&self.tls, config.leaks.as_ref()));
    }

    /// Writes the organization's zone and the spend limits that the config file names, and takes away those it no longer does.
    ///
    /// # Errors
    /// When one is for nobody: a limit that the operator wrote and that does not hold is worse
    /// than no start.
    pub async fn load_limits(&self, config: &Config) -> Result<(), String> {
        self.control.declare_advice(config.advice.clone());
        let zone = self.control.declare_zone(config.time_zone.clone()).await;
        zone.map_err(|fault| format!("[organization]: {}", fault.message))?;
        let declared = self.control.declare_limits(config.limits.clone()).await;
        declared.map_err(|fault| format!("[[limits]]: {}", fault.message))
    }

    /// Writes the declared upstreams and routes, and puts all places in use.
    ///
    /// # Errors
    /// When one cannot be used, or is this very Tollgate. When there are none any more: a config
    /// that was caught half written must not put the demo in a real provider's place.
    pub async fn load_places(&self, config: &Config) -> Result<(), String> {
        let said = |fault: Fault| fault.message.into_owned();
        // First: no upstream is used before its way out is known.
        let names: Vec<&str> = config.upstreams.iter().map(|u| u.name.as_str()).collect();
        self.control.declare_egresses(config.egresses.clone(), &names).await.map_err(said)?;
        let mut upstreams: Vec<DeclaredUpstream> = config.upstreams.iter().map(declared).collect();
        let demo_only = upstreams.is_empty();
        if demo_only && !self.demo_only.load(Ordering::Relaxed) {
            return Err("the config names no upstream any more; restart to use the demo".to_owned());
        }
        if demo_only {
            upstreams.push(demo_upstream());
        }
        let names: Vec<String> = upstreams.iter().map(|upstream| upstream.name.clone()).collect();
        let routes = config.routes.clone();
        let bad = self.control.declare_places(upstreams, routes).await.map_err(said)?;
        self.demo_only.store(demo_only, Ordering::Relaxed);
        // One that was made through the API is no reason not to start.
        for bad in &bad {
            tracing::error!(upstream = bad.upstream, why = bad.why, "an upstream cannot be used");
        }
        match bad.iter().find(|bad| names.contains(&bad.upstream)) {
            Some(bad) => Err(bad.to_string()),
            None => Ok(()),
        }
    }
}

fn declared(upstream: &UpstreamConfig) -> DeclaredUpstream {
    DeclaredUpstream {
        name: upstream.name.clone(),
        provider: upstream.provider.clone(),
        base_url: upstream.base_url.clone(),
        credentials: upstream.credentials.clone(),
        source: upstream.source,
        enabled: upstream.enabled,
        api_version: upstream.api_version.clone(),
        headers: upstream.headers.clone(),
        unowned: match &upstream.unowned {
            UnownedProject::Default => Unowned::DefaultProject,
            UnownedProject::Project(id) => Unowned::Project(id.as_str().into()),
            UnownedProject::Nobody => Unowned::Nobody,
        },
    }
}

fn demo_upstream() -> DeclaredUpstream {
    DeclaredUpstream {
        name: catalogue::DEMO.to_owned(),
        provider: catalogue::DEMO.to_owned(),
        base_url: catalogue::find(catalogue::DEMO).map_or("", |p| p.base_url).to_owned(),
        credentials: Vec::new(),
        source: UpstreamSource::Environment,
        enabled: true,
        api_version: None,
        headers: Vec::new(),
        unowned: Unowned::DefaultProject,
    }
}

fn make_private_dir(path: &Path) -> Result<(), String> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| format!("cannot make {}: {error}", path.display()))
}

fn master_key(config: &Config) -> Result<MasterKey, String> {
    match &config.master_key {
        Some(secret) => {
            MasterKey::from_secret(secret).map_err(|error| format!("TOLLGATE_MASTER_KEY: {error}"))
        }
        None => MasterKey::from_file_or_new(&config.data_dir.join("master.key"))
            .map_err(|error| error.to_string()),
    }
}

async fn open_vault(store: &Store, master: &MasterKey) -> Result<Vault, String> {
    let wrapped = store.meta(VAULT_KEYS).await.map_err(|error| error.to_string())?;
    if let Some(wrapped) = wrapped {
        return Vault::unlock(master, &WrappedKeys(wrapped)).map_err(|_| {
            "the data directory was made under another master key: cannot decrypt its keys. \
             Set TOLLGATE_MASTER_KEY, or restore master.key, as it was."
                .to_owned()
        });
    }
    let (vault, wrapped) = Vault::create(master);
    let keep = Change::PutMeta { name: VAULT_KEYS, value: wrapped.0 };
    store.apply(vec![keep], Vec::new()).await.map_err(|error| error.to_string())?;
    Ok(vault)
}

/// The organization is named in every answer; before the first start it has no name yet.
async fn organization_header(store: &Store) -> Result<HeaderValue, String> {
    let organization = store.organization().await.map_err(|error| error.to_string())?;
    let id = organization.map_or_else(|| "org-tollgate".to_owned(), |o| o.id.to_string());
    HeaderValue::from_str(&id).map_err(|error| error.to_string())
}

fn settings(config: &Config, spool_dir: &Path) -> Settings {
    let times = &config.times;
    let default = Settings::default();
    Settings {
        connect: times.connect.unwrap_or(default.connect),
        first_byte: times.first_byte.or(default.first_byte),
        gap: times.gap.or(default.gap),
        total: times.total.unwrap_or(default.total),
        patience: config.retries.wait.unwrap_or(default.patience),
        repeats: config.retries.repeats.unwrap_or(default.repeats),
        hedge_after: config.retries.hedge_after,
        drain: times.drain.unwrap_or(default.drain),
        body_pause: times.body.unwrap_or(default.body_pause),
        max_wait: config.load.max_wait.unwrap_or(default.max_wait),
        weights: config.load.weights.clone(),
        calls: config.load.calls.unwrap_or(default.calls),
        idempotency: config.idempotency,
        prompt_hashes: config.advice.prompts,
        spool_dir: spool_dir.to_owned(),
        private_hosts: config.private_upstreams.clone(),
        cache: cache_settings(config),
        trace: config.observe.traces.as_ref().map(|traces| traces.sampler),
        ..default
    }
}

/// Bytes of answers on the disk, where nothing else is said.
const DISK: u64 = 1 << 30;

/// What keeps answers behind the memory.
fn answers(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn AnswerStore>>, String> {
    if let Some(at) = &config.redis {
        let redis = AnswerRedis::start(at.clone(), Arc::clone(clock)).map_err(|e| e.to_string())?;
        return Ok(Some(Arc::new(redis)));
    }
    let budget = config.cache.disk_bytes.unwrap_or(DISK);
    if budget == 0 {
        return Ok(None);
    }
    let file = AnswerFile::start(&config.data_dir, budget, Arc::clone(clock));
    file.map(|file| Some(Arc::new(file) as Arc<dyn AnswerStore>)).map_err(|e| e.to_string())
}

fn cache_settings(config: &Config) -> CacheSettings {
    let (cache, default) = (&config.cache, CacheSettings::default());
    let bytes = cache.memory_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    // Over a network, an answer takes a little longer.
    let patience = match config.redis {
        Some(_) => Duration::from_millis(20),
        None => default.patience,
    };
    CacheSettings {
        patience,
        memory_bytes: bytes.unwrap_or(default.memory_bytes),
        longest_seconds: cache.longest_seconds.unwrap_or(default.longest_seconds),
    }
}

/// Slots for a worker a core; what a killed process left in them is posted first.
async fn slots(
    config: &Config,
    store: &Store,
    books: &Books,
    at: Timestamp,
) -> Result<(Vec<Slots>, usize), String> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    ledger::open(store, books, &config.data_dir, count, at).await
}

/// Whose ledger it is. The first start has made it by now.
async fn organization_id(store: &Store) -> Result<OrganizationId, String> {
    let organization = store.organization().await.map_err(|error| error.to_string())?;
    organization.map(|o| o.id).ok_or_else(|| "the data directory has no organization".to_owned())
}

async fn bootstrap(config: &Config, store: &Store, control: &Control) -> Result<(), String> {
    let said = |fault: Fault| fault.message.into_owned();
    let path = config.data_dir.join("admin.key");
    let written = store.meta(ADMIN_KEY_WRITTEN).await.map_err(|error| error.to_string())?.is_some();
    let mut made = control.first_start(config.admin_key.is_none()).await.map_err(said)?;
    if made.is_none() && config.admin_key.is_none() && !written && !path.exists() {
        // The first start ended between its commit and the file: that key's secret is lost.
        let permission = Permission::All;
        let draft = AdminKeyDraft { name: "admin.key".to_owned(), permission, expiry: None };
        let another = control.create_admin_key(&Author::system(), draft).await.map_err(said)?;
        made = Some(another.secret);
    }
    if let Some(secret) = made {
        write_admin_key(&path, &secret)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    if let Some(secret) = &config.admin_key {
        let registered = control.register_admin_key(secret.clone()).await;
        registered.map_err(|fault| format!("TOLLGATE_ADMIN_KEY: {}", fault.message))?;
    }
    if !written {
        let keep = Change::PutMeta { name: ADMIN_KEY_WRITTEN, value: b"1".to_vec() };
        store.apply(vec![keep], Vec::new()).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Under its own name only when it is whole: a file that is there was completed.
fn write_admin_key(path: &Path, secret: &Secret) -> std::io::Result<()> {
    let new = path.with_extension("key.new");
    let file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    crate::reveal::write_line(&file, secret)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |dir| fs::File::open(dir)?.sync_all())
}
