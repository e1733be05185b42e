//! What the operator set: command line over environment over config file over defaults.
//!
//! A first reading gathers every mistake, so that one start tells of all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::{AdviceRules, DeclaredLimit, DeclaredRoute};
use dataplane::IdempotencySettings;
use domain::ports::BadField;
use domain::price::ModelPrice;
use domain::{
    EgressBook, IdProvider, SealedCredential, Secret, Timestamp, Upstream, UpstreamSource, Zone,
};
use ipnet::IpNet;
use providers::catalogue;
use store::RedisAt;
use vault::report::SignerKey;
use web::DashboardSettings;

use crate::handover::Rotation;
use crate::outbound;
use crate::phones::PhoneProvider;
use crate::telemetry::Access;

mod dotenv;
mod env;
mod file;
mod observe;

pub use env::{Environment, secret_file};
pub(crate) use file::TARGET_FIELDS;
pub use file::UnownedProject;
pub use observe::Observe;

pub const DEFAULT_LISTEN: &str = "127.0.0.1:8655";
const VERIFY_EVERY: Duration = Duration::from_secs(60);
const DEFAULT_DATA_DIR: &str = "./tollgate-data";

/// All settings of a process.
pub struct Config {
    pub listen: String,
    /// Whether the operator chose the address; quickstart may move only from the default.
    pub listen_chosen: bool,
    /// Where proxies are whose word on their clients' addresses is taken.
    pub trusted_proxies: Vec<IpNet>,
    pub data_dir: PathBuf,
    pub admin_key: Option<Secret>,
    pub master_key: Option<Secret>,
    pub metrics_token: Option<Secret>,
    pub upstreams: Vec<UpstreamConfig>,
    pub routes: Vec<DeclaredRoute>,
    /// The file's egresses, and which upstream (by name) takes which.
    pub egresses: EgressBook,
    /// The zone of the limits that name none of their own.
    pub time_zone: Option<Zone>,
    pub limits: Vec<DeclaredLimit>,
    /// By model.
    pub prices: Vec<(String, ModelPrice)>,
    /// Between two looks at whether the ledger adds up.
    pub verify_every: Duration,
    /// Hosts in lower case that webhooks may go to although their addresses are private.
    pub private_webhooks: Vec<String>,
    /// Hosts in lower case that upstreams of the API may be at although their addresses are
    /// private.
    pub private_upstreams: Vec<String>,
    pub smtp: Option<Smtp>,
    /// Where lists of stolen passwords are asked, without a slash at its end.
    pub stolen_passwords: Option<String>,
    /// Who brings codes to phones; absent where phones are not checked.
    pub phone: Option<Phone>,
    pub dashboard: DashboardSettings,
    /// Whose reports of leaked keys are believed; nobody's where it is absent.
    pub leaks: Option<Leaks>,
    /// The keys that are rotated by themselves.
    pub rotations: Vec<Rotation>,
    pub identity_providers: Vec<IdProvider>,
    pub tls: Option<TlsFiles>,
    pub extra_roots: Option<PathBuf>,
    pub times: Times,
    pub cache: CacheConfig,
    /// Where stored answers are shared (`TOLLGATE_REDIS_URL`).
    pub redis: Option<RedisAt>,
    pub load: Load,
    pub retries: Retries,
    pub idempotency: IdempotencySettings,
    /// Which models stand in for which.
    pub advice: AdviceRules,
    pub log: Log,
    pub observe: Observe,
    /// The config file that was read, to be watched.
    pub file: Option<PathBuf>,
    /// What a person should hear at the start.
    pub notes: Vec<String>,
}

/// An upstream of the environment or the config file, its secret resolved.
pub struct UpstreamConfig {
    pub name: String,
    pub provider: String,
    pub base_url: String,
    pub credentials: Vec<Secret>,
    pub source: UpstreamSource,
    pub unowned: UnownedProject,
    pub enabled: bool,
    pub api_version: Option<String>,
    pub headers: Vec<(String, String)>,
}

impl UpstreamConfig {
    /// Puts in what may be left out; everything that is wrong with it.
    fn complete(&mut self) -> Vec<BadField> {
        let sealed = |_: &Secret| SealedCredential {
            id: "".into(),
            sealed: Vec::new(),
            last_four: String::new(),
            weight: 1,
            created_at: Timestamp(0),
        };
        let mut upstream = Upstream {
            id: "".into(),
            name: self.name.clone(),
            provider: self.provider.clone(),
            base_url: self.base_url.clone(),
            credentials: self.credentials.iter().map(sealed).collect(),
            source: self.source,
            enabled: self.enabled,
            api_version: self.api_version.clone(),
            headers: self.headers.clone(),
            unowned_project: None,
            created_at: Timestamp(0),
        };
        let bad = outbound::complete(&mut upstream);
        self.base_url = upstream.base_url;
        bad
    }
}

/// The mail server that takes our messages.
#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: egress::smtp::Security,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
}

/// Who brings codes to people's phones.
#[derive(Clone)]
pub enum Phone {
    /// Nobody; the codes are where mail is that does not leave.
    Console,
    Provider(PhoneProvider),
}

/// Whose reports of leaked keys are believed.
#[derive(Clone)]
pub struct Leaks {
    /// Where signers' keys are published.
    pub keys_url: Option<String>,
    /// Identifiers and keys of signers.
    pub pinned: Vec<(String, SignerKey)>,
}

#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Deadlines that may be set (`[timeouts]`, seconds).
#[derive(Clone, Debug, Default)]
pub struct Times {
    pub connect: Option<Duration>,
    pub first_byte: Option<Duration>,
    pub gap: Option<Duration>,
    pub total: Option<Duration>,
    pub drain: Option<Duration>,
    pub body: Option<Duration>,
    pub drain_delay: Option<Duration>,
}

/// How much of answers is kept (`[cache]`).
#[derive(Clone, Debug, Default)]
pub struct CacheConfig {
    pub memory_bytes: Option<u64>,
    /// 0: no file.
    pub disk_bytes: Option<u64>,
    pub longest_seconds: Option<u32>,
}

/// How much at once, and who waits for how long (`[pacing]`, `[overload]`).
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// For a turn at an upstream's rate limit.
    pub max_wait: Option<Duration>,
    /// By a project's id.
    pub weights: BTreeMap<String, u32>,
    /// Calls in flight.
    pub calls: Option<usize>,
}

/// How a call is made again at the same upstream (`[retries]`).
#[derive(Clone, Debug, Default)]
pub struct Retries {
    /// At most.
    pub repeats: Option<u32>,
    /// The longest pause before one.
    pub wait: Option<Duration>,
    /// Silence after which another place is asked as well.
    pub hedge_after: Option<Duration>,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    /// A `tracing` filter.
    pub filter: Option<String>,
    pub json: Option<bool>,
    /// Which calls have a line.
    pub access: Option<Access>,
}

/// Everything that is wrong, each with its place and what to do.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// What the command line may set.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
}

impl Config {
    /// Reads everything.
    ///
    /// # Errors
    /// [`Mistakes`], all at once.
    pub fn read(flags: &Flags, environment: &Environment) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let path = flags.config.clone().or_else(|| environment.path("TOLLGATE_CONFIG"));
        let file = match &path {
            Some(path) => file::read(path, environment, &mut mistakes),
            None => file::File::default(),
        };
        refuse_other_stores(environment, &mut mistakes);
        let observe = Observe::read(environment, &file, &mut mistakes);
        let mut secret = |name: &str| environment.secret(name, &mut mistakes);
        let admin_key = secret("TOLLGATE_ADMIN_KEY");
        let master_key = secret("TOLLGATE_MASTER_KEY").or(file.master_key);
        let metrics_token = secret("TOLLGATE_METRICS_TOKEN");
        let mut upstreams = from_environment(environment, &mut mistakes);
        for upstream in file.upstreams {
            upstreams.retain(|u| u.name != upstream.name);
            upstreams.push(upstream);
        }
        let public_url = public_url(environment, &mut mistakes).or(file.public_url);
        let redis = redis(environment, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let chosen =
            flags.listen.clone().or_else(|| environment.get("TOLLGATE_LISTEN")).or(file.listen);
        Ok(Self {
            listen_chosen: chosen.is_some(),
            listen: chosen.unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            trusted_proxies: file.trusted_proxies,
            data_dir: flags
                .data_dir
                .clone()
                .or_else(|| environment.path("TOLLGATE_DATA_DIR"))
                .or(file.data_dir)
                .unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR)),
            admin_key,
            master_key,
            metrics_token,
            upstreams,
            routes: file.routes,
            egresses: file.egresses,
            time_zone: file.time_zone,
            limits: file.limits,
            prices: file.prices,
            verify_every: file.verify_every.unwrap_or(VERIFY_EVERY),
            private_webhooks: file.private_webhooks,
            private_upstreams: file.private_upstreams,
            smtp: file.smtp,
            phone: file.phone,
            stolen_passwords: file.stolen_passwords,
            identity_providers: file.identity_providers,
            dashboard: DashboardSettings { public_url, tls: file.tls.is_some() },
            leaks: file.leaks,
            rotations: file.rotations,
            tls: file.tls,
            extra_roots: environment.path("SSL_CERT_FILE"),
            times: file.times,
            observe,
            cache: file.cache,
            redis,
            load: file.load,
            retries: file.retries,
            idempotency: file.idempotency,
            advice: file.advice,
            log: log(environment, file.log),
            file: path,
            notes: environment.notes.clone(),
        })
    }
}

impl Config {
    /// Whether somebody else ends TLS for us, and we do not hear from them whom it is for.
    #[must_use]
    pub fn trusts_nobody_before_it(&self) -> bool {
        let public = self.dashboard.public_url.as_deref();
        let ended_before = public.is_some_and(|url| url.starts_with("https://"));
        ended_before && self.tls.is_none() && self.trusted_proxies.is_empty()
    }
}

/// The upstreams and routes of a file for `tollgate apply`.
///
/// # Errors
/// [`Mistakes`], all at once.
pub fn places(
    text: &str,
    name: &str,
    environment: &Environment,
) -> Result<(Vec<UpstreamConfig>, Vec<DeclaredRoute>), Mistakes> {
    let mut mistakes = Vec::new();
    let found = file::places(text, name, environment, &mut mistakes);
    if mistakes.is_empty() { Ok(found) } else { Err(Mistakes(mistakes)) }
}

fn log(environment: &Environment, of_file: Log) -> Log {
    Log {
        access: of_file.access,
        filter: environment.get("RUST_LOG").or(of_file.filter),
        json: match environment.get("TOLLGATE_LOG_FORMAT").as_deref() {
            Some("json") => Some(true),
            Some("text") => Some(false),
            _ => of_file.json,
        },
    }
}

fn public_url(environment: &Environment, mistakes: &mut Vec<String>) -> Option<String> {
    let url = environment.get("TOLLGATE_PUBLIC_URL")?;
    let checked = file::public_url(&url);
    checked.map_err(|why| mistakes.push(format!("TOLLGATE_PUBLIC_URL: {why}"))).ok()
}

fn refuse_other_stores(environment: &Environment, mistakes: &mut Vec<String>) {
    if environment.get("TOLLGATE_DATABASE_URL").is_some() {
        let why = "TOLLGATE_DATABASE_URL is set, but this version keeps its records in its data \
                   directory and does not use PostgreSQL yet. Unset it.";
        mistakes.push(why.to_owned());
    }
}

/// Where stored answers are shared.
fn redis(environment: &Environment, mistakes: &mut Vec<String>) -> Option<RedisAt> {
    let url = environment.get("TOLLGATE_REDIS_URL")?;
    let told = |why: &str| mistakes.push(format!("TOLLGATE_REDIS_URL cannot be used: {why}."));
    RedisAt::parse(&url).map_err(told).ok()
}

/// The upstreams that the environment makes: one for each provider whose usual key name is set.
fn from_environment(environment: &Environment, mistakes: &mut Vec<String>) -> Vec<UpstreamConfig> {
    let mut made = Vec::new();
    for provider in catalogue::PROVIDERS {
        let first = |names: &[&str]| names.iter().find_map(|name| environment.get(name));
        let keys = provider.key_variables.iter();
        let credential = keys.filter_map(|name| environment.secret(name, mistakes)).next();
        let url = first(provider.url_variables);
        // Where no credential is wanted, saying where it is makes one.
        let is_named = credential.is_some() || (provider.keyless && url.is_some());
        if !is_named {
            continue;
        }
        let mut upstream = UpstreamConfig {
            name: provider.name.to_owned(),
            provider: provider.name.to_owned(),
            base_url: url.unwrap_or_else(|| provider.base_url.to_owned()),
            credentials: credential.into_iter().collect(),
            source: UpstreamSource::Environment,
            unowned: UnownedProject::Default,
            enabled: true,
            api_version: provider.version_variable.and_then(|name| environment.get(name)),
            headers: Vec::new(),
        };
        for bad in upstream.complete() {
            let names = [provider.key_variables, provider.url_variables].concat().join(", ");
            mistakes.push(format!("{} (of {names}): {}", provider.name, bad.why));
        }
        made.push(upstream);
    }
    made
}

/// Names to values, as the environment and `.env` files give them.
pub type Variables = BTreeMap<String, String>;

/// A secret by reference: `env:NAME` or `file:PATH`. A literal is refused with advice.
fn resolve(reference: &str, environment: &Environment) -> Result<Secret, String> {
    if let Some(name) = reference.strip_prefix("env:") {
        return match environment.get(name) {
            Some(value) => Ok(Secret::new(value)),
            None => Err(format!("the environment has no {name}")),
        };
    }
    if let Some(path) = reference.strip_prefix("file:") {
        return env::secret_file(Path::new(path));
    }
    Err("a secret must not stand in the config file, where backups and version control see it. \
         Write a reference instead: \"env:NAME\" or \"file:/path/to/secret\""
        .to_owned())
}

#[cfg(test)]
mod tests;
