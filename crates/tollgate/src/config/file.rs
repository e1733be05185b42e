//! `tollgate.toml`: walked by hand, so that every mistake is told with its line.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::price::ModelPrice;
use domain::{EgressBook, IdProvider, Secret, Zone};
use ipnet::IpNet;
use toml_edit::{Document, Item, Table};

mod advice;
mod cache;
mod care;
mod dashboard;
mod egresses;
mod idempotency;
mod load;
mod phone;
mod prices;
mod proxies;
mod rotations;
mod routes;
mod sign_in;
mod spending;
mod upstreams;

pub(super) use dashboard::public_url;
pub(crate) use routes::TARGET_FIELDS;

use super::{
    CacheConfig, Environment, Leaks, Load, Log, Phone, Retries, Smtp, Times, TlsFiles,
    UpstreamConfig, resolve,
};
use crate::handover::Rotation;
use crate::telemetry::Access;
use control::{AdviceRules, DeclaredLimit, DeclaredRoute};
use dataplane::IdempotencySettings;

/// Who owns an upstream's objects that have no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnownedProject {
    Default,
    Project(String),
    Nobody,
}

#[derive(Default)]
pub(super) struct File {
    pub(super) listen: Option<String>,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) master_key: Option<Secret>,
    pub(super) tls: Option<TlsFiles>,
    pub(super) times: Times,
    pub(super) cache: CacheConfig,
    pub(super) load: Load,
    pub(super) retries: Retries,
    pub(super) idempotency: IdempotencySettings,
    pub(super) advice: AdviceRules,
    pub(super) log: Log,
    pub(super) upstreams: Vec<UpstreamConfig>,
    pub(super) routes: Vec<DeclaredRoute>,
    pub(super) egresses: EgressBook,
    pub(super) time_zone: Option<Zone>,
    pub(super) limits: Vec<DeclaredLimit>,
    pub(super) prices: Vec<(String, ModelPrice)>,
    pub(super) verify_every: Option<Duration>,
    pub(super) private_webhooks: Vec<String>,
    pub(super) private_upstreams: Vec<String>,
    pub(super) smtp: Option<Smtp>,
    pub(super) phone: Option<Phone>,
    pub(super) stolen_passwords: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) leaks: Option<Leaks>,
    pub(super) rotations: Vec<Rotation>,
    pub(super) identity_providers: Vec<IdProvider>,
}

/// Reads a config file; what is wrong with it goes to `mistakes`.
pub(super) fn read(path: &Path, environment: &Environment, mistakes: &mut Vec<String>) -> File {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            mistakes.push(format!("{}: {error}", path.display()));
            return File::default();
        }
    };
    parse(&text, &path.display().to_string(), environment, mistakes)
}

/// What may stand at the top.
const TABLES: [&str; 28] = [
    "listen",
    "trusted_proxies",
    "data_dir",
    "master_key",
    "tls",
    "timeouts",
    "pacing",
    "cache",
    "overload",
    "retries",
    "idempotency",
    "advice",
    "log",
    "upstreams",
    "egress",
    "routes",
    "organization",
    "limits",
    "prices",
    "ledger",
    "webhooks",
    "smtp",
    "dashboard",
    "leaks",
    "rotations",
    "sign_in",
    "phone",
    "passwords",
];

fn parse(text: &str, name: &str, environment: &Environment, mistakes: &mut Vec<String>) -> File {
    let document = match Document::parse(text.to_owned()) {
        Ok(document) => document,
        Err(error) => {
            mistakes.push(format!("{name}: {error}"));
            return File::default();
        }
    };
    let mut reader = Reader { text, name, environment, mistakes, credentials_elsewhere: false };
    let root = document.as_table();
    reader.known(root, "", &TABLES);
    let egresses = reader.egresses(root);
    reader.check_uses(root, &egresses);
    File {
        egresses,
        listen: reader.string(root, "listen"),
        trusted_proxies: reader.trusted_proxies(root),
        data_dir: reader.string(root, "data_dir").map(PathBuf::from),
        master_key: reader.secret(root, "master_key"),
        tls: reader.tls(root),
        times: reader.times(root),
        cache: reader.cache(root),
        load: reader.load(root),
        retries: reader.retries(root),
        idempotency: reader.idempotency(root),
        advice: reader.advice(root),
        log: reader.log(root),
        upstreams: reader.upstreams(root),
        routes: reader.routes(root),
        time_zone: reader.organization(root),
        limits: reader.limits(root),
        prices: reader.prices(root),
        verify_every: reader.verify_every(root),
        private_webhooks: reader.private_webhooks(root),
        private_upstreams: reader.private_upstreams(root),
        smtp: reader.smtp(root),
        phone: reader.phone(root),
        stolen_passwords: reader.stolen_passwords(root),
        public_url: reader.public_url(root),
        leaks: reader.leaks(root),
        rotations: reader.rotations(root),
        identity_providers: reader.identity_providers(root),
    }
}

/// The upstreams and routes of a file that `tollgate apply` reads: as in a config file, but that an
/// upstream may leave its credential to whoever made it.
pub(super) fn places(
    text: &str,
    name: &str,
    environment: &Environment,
    mistakes: &mut Vec<String>,
) -> (Vec<UpstreamConfig>, Vec<DeclaredRoute>) {
    let document = match Document::parse(text.to_owned()) {
        Ok(document) => document,
        Err(error) => {
            mistakes.push(format!("{name}: {error}"));
            return Default::default();
        }
    };
    let mut reader = Reader { text, name, environment, mistakes, credentials_elsewhere: true };
    let root = document.as_table();
    (reader.upstreams(root), reader.routes(root))
}

struct Reader<'a> {
    text: &'a str,
    name: &'a str,
    environment: &'a Environment,
    mistakes: &'a mut Vec<String>,
    /// Whether an upstream without a credential may have one all the same.
    credentials_elsewhere: bool,
}

impl Reader<'_> {
    fn mistake(&mut self, span: Option<std::ops::Range<usize>>, why: &str) {
        let place = self.place(span);
        self.mistakes.push(format!("{place}: {why}"));
    }

    /// The file, and the line where a span begins.
    fn place(&self, span: Option<std::ops::Range<usize>>) -> String {
        let line =
            span.map(|s| self.text[..s.start.min(self.text.len())].matches('\n').count() + 1);
        line.map_or_else(|| self.name.to_owned(), |line| format!("{}:{line}", self.name))
    }

    fn known(&mut self, table: &Table, place: &str, keys: &[&str]) {
        for (key, item) in table {
            if !keys.contains(&key) {
                let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
                self.mistake(
                    span,
                    &format!("unknown key `{place}{key}`. Known here: {}", keys.join(", ")),
                );
            }
        }
    }

    fn string(&mut self, table: &Table, key: &str) -> Option<String> {
        let item = table.get(key)?;
        let text = item.as_str().map(str::to_owned);
        if text.is_none() {
            self.mistake(item.span(), &format!("`{key}` must be a string"));
        }
        text
    }

    fn secret(&mut self, table: &Table, key: &str) -> Option<Secret> {
        let reference = self.string(table, key)?;
        self.resolved(key, &reference, table.get(key).and_then(Item::span))
    }

    fn resolved(
        &mut self,
        key: &str,
        reference: &str,
        span: Option<std::ops::Range<usize>>,
    ) -> Option<Secret> {
        let resolved = resolve(reference, self.environment);
        resolved.map_err(|why| self.mistake(span, &format!("`{key}`: {why}"))).ok()
    }

    fn table<'t>(&mut self, root: &'t Table, key: &str) -> Option<&'t Table> {
        let item = root.get(key)?;
        let table = item.as_table();
        if table.is_none() {
            self.mistake(item.span(), &format!("`{key}` must be a table, written [{key}]"));
        }
        table
    }

    fn tls(&mut self, root: &Table) -> Option<TlsFiles> {
        let table = self.table(root, "tls")?;
        self.known(table, "tls.", &["cert", "key"]);
        match (self.string(table, "cert"), self.string(table, "key")) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert: cert.into(), key: key.into() }),
            _ => {
                self.mistake(table.span(), "[tls] needs both `cert` and `key`, paths of PEM files");
                None
            }
        }
    }

    fn times(&mut self, root: &Table) -> Times {
        let Some(table) = self.table(root, "timeouts") else { return Times::default() };
        let keys = [
            "connect_seconds",
            "first_byte_seconds",
            "gap_seconds",
            "drain_seconds",
            "body_seconds",
            "total_seconds",
            "drain_delay_seconds",
        ];
        self.known(table, "timeouts.", &keys);
        let mut seconds = |key| self.seconds(table, key);
        Times {
            connect: seconds(keys[0]),
            first_byte: seconds(keys[1]),
            gap: seconds(keys[2]),
            drain: seconds(keys[3]),
            body: seconds(keys[4]),
            total: seconds(keys[5]),
            drain_delay: seconds(keys[6]),
        }
    }

    fn retries(&mut self, root: &Table) -> Retries {
        let Some(table) = self.table(root, "retries") else { return Retries::default() };
        self.known(table, "retries.", &["repeats", "wait_seconds", "hedge_after_ms"]);
        let item = table.get("repeats");
        let repeats = item.and_then(Item::as_integer).and_then(|number| u32::try_from(number).ok());
        let repeats = repeats.filter(|number| *number <= 10);
        if let (Some(item), None) = (item, repeats) {
            self.mistake(item.span(), "`repeats` must be a whole number, 0 to 10");
        }
        let item = table.get("hedge_after_ms");
        let hedge = item.and_then(Item::as_integer).and_then(|number| u64::try_from(number).ok());
        let hedge = hedge.filter(|number| (1..=600_000).contains(number));
        if let (Some(item), None) = (item, hedge) {
            self.mistake(item.span(), "`hedge_after_ms` must be whole milliseconds, 1 to 600000");
        }
        let hedge_after = hedge.map(Duration::from_millis);
        Retries { repeats, wait: self.seconds(table, "wait_seconds"), hedge_after }
    }

    fn seconds(&mut self, table: &Table, key: &str) -> Option<Duration> {
        let item = table.get(key)?;
        let number = item.as_integer().and_then(|number| u64::try_from(number).ok());
        let number = number.filter(|number| (1..=86_400).contains(number));
        if number.is_none() {
            self.mistake(item.span(), &format!("`{key}` must be whole seconds, 1 to 86400"));
        }
        number.map(Duration::from_secs)
    }

    fn verify_every(&mut self, root: &Table) -> Option<Duration> {
        let table = self.table(root, "ledger")?;
        self.known(table, "ledger.", &["verify_seconds"]);
        self.seconds(table, "verify_seconds")
    }

    fn log(&mut self, root: &Table) -> Log {
        let Some(table) = self.table(root, "log") else { return Log::default() };
        self.known(table, "log.", &["filter", "format", "access"]);
        let json = match self.string(table, "format").as_deref() {
            Some("json") => Some(true),
            Some("text") => Some(false),
            Some(_) => {
                let span = table.get("format").and_then(Item::span);
                self.mistake(span, "`log.format` must be \"json\" or \"text\"");
                None
            }
            None => None,
        };
        let access = self.string(table, "access").and_then(|text| {
            let access = Access::parse(&text);
            if access.is_none() {
                let span = table.get("access").and_then(Item::span);
                self.mistake(span, "`log.access` must be \"off\", \"sampled\" or \"all\"");
            }
            access
        });
        Log { filter: self.string(table, "filter"), json, access }
    }
}

#[cfg(test)]
pub(super) fn parse_for_test(text: &str, environment: &Environment) -> (File, Vec<String>) {
    let mut mistakes = Vec::new();
    let file = parse(text, "tollgate.toml", environment, &mut mistakes);
    (file, mistakes)
}
