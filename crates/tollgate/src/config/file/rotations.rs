//! `[[rotations]]`: which keys are rotated by themselves, and who takes their new secrets.

use std::path::PathBuf;
use std::time::Duration;

use domain::{KeyId, RotationRule};
use toml_edit::{Item, Table};

use super::Reader;
use crate::handover::{self, Cluster, ClusterSecret, Command, Handler, Rotation};

const KEYS: [&str; 10] = [
    "api_key",
    "every_days",
    "grace_seconds",
    "command",
    "timeout_seconds",
    "file",
    "kubernetes_secret",
    "kubernetes_entry",
    "kubernetes_api",
    "kubernetes_account",
];
const DAY: i64 = 86_400;
/// Seconds that the old secret works on.
const GRACE: i64 = DAY;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Where a pod finds its own account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const ENTRY: &str = "OPENAI_API_KEY";

impl Reader<'_> {
    pub(super) fn rotations(&mut self, root: &Table) -> Vec<Rotation> {
        let Some(item) = root.get("rotations") else { return Vec::new() };
        let Some(all) = item.as_array_of_tables() else {
            self.mistake(item.span(), "`rotations` must be tables, each written [[rotations]]");
            return Vec::new();
        };
        let mut found: Vec<Rotation> = Vec::new();
        for table in all {
            let Some(rotation) = self.rotation(table) else { continue };
            if found.iter().any(|it| it.api_key == rotation.api_key) {
                self.mistake(table.span(), "a key has one rotation; this one is named twice");
            }
            found.push(rotation);
        }
        found
    }

    fn rotation(&mut self, table: &Table) -> Option<Rotation> {
        self.known(table, "rotations.", &KEYS);
        let id = self.string(table, "api_key");
        if !id.as_deref().is_some_and(|id| id.starts_with(KeyId::PREFIX)) {
            self.mistake(table.span(), "a rotation needs `api_key`, a key's id (key_…)");
            return None;
        }
        let every = self.integer(table, "every_days", 1, 3_650);
        let grace = self.integer(table, "grace_seconds", 0, 31_536_000);
        let rule = RotationRule {
            every_seconds: every.map(|days| days * DAY),
            grace_seconds: grace.unwrap_or(GRACE),
        };
        let handler = self.handler(table)?;
        Some(Rotation { api_key: id?.into(), rule, handler })
    }

    fn handler(&mut self, table: &Table) -> Option<Handler> {
        let timeout = self.seconds(table, "timeout_seconds").unwrap_or(TIMEOUT);
        let mut found = Vec::new();
        if let Some(item) = table.get("command") {
            found.push(self.command(item, timeout).map(Handler::Command));
        }
        if let Some(path) = self.string(table, "file").map(PathBuf::from) {
            if let Err(why) = handover::check_file(&path) {
                self.mistake(table.get("file").and_then(Item::span), &format!("`file`: {why}"));
            }
            found.push(Some(Handler::File(path)));
        }
        if let Some(name) = self.string(table, "kubernetes_secret") {
            found.push(self.cluster_secret(table, &name).map(Handler::Kubernetes));
        }
        if found.len() != 1 {
            let why = "a rotation needs one of `command`, `file`, `kubernetes_secret`: who takes \
                       the new secret";
            self.mistake(table.span(), why);
            return None;
        }
        found.pop().flatten()
    }

    fn command(&mut self, item: &Item, timeout: Duration) -> Option<Command> {
        let words = item.as_array().map(|all| all.iter().map(|word| word.as_str()));
        let words: Option<Vec<&str>> = words.and_then(Iterator::collect);
        let Some((program, arguments)) = words.as_deref().and_then(<[&str]>::split_first) else {
            let why = "`command` must be a list: the program and its arguments. No shell reads it; \
                       the secret comes on its standard input";
            self.mistake(item.span(), why);
            return None;
        };
        Some(Command {
            program: (*program).to_owned(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            timeout,
            path: self.environment.get("PATH"),
        })
    }

    fn cluster_secret(&mut self, table: &Table, place: &str) -> Option<ClusterSecret> {
        let span = table.get("kubernetes_secret").and_then(Item::span);
        let named = place.split_once('/').filter(|(a, b)| is_name(a) && is_name(b));
        let Some((namespace, name)) = named else {
            self.mistake(span, "`kubernetes_secret` must be \"namespace/name\"");
            return None;
        };
        let entry = self.string(table, "kubernetes_entry").unwrap_or_else(|| ENTRY.to_owned());
        if entry.is_empty()
            || !entry.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        {
            let why = "`kubernetes_entry` takes letters, digits, -, _ and .";
            self.mistake(table.get("kubernetes_entry").and_then(Item::span), why);
        }
        let Some(api) = self.string(table, "kubernetes_api").or_else(|| self.cluster_api()) else {
            let why = "no Kubernetes cluster is around this process; name its API with \
                       `kubernetes_api`";
            self.mistake(span, why);
            return None;
        };
        if !api.starts_with("https://") || egress::check_url(&api).is_err() {
            let why = "`kubernetes_api` must be an https:// URL";
            self.mistake(table.get("kubernetes_api").and_then(Item::span), why);
        }
        let account = self.string(table, "kubernetes_account");
        let account = PathBuf::from(account.unwrap_or_else(|| ACCOUNT.to_owned()));
        let cluster = Cluster { api: api.trim_end_matches('/').to_owned(), account };
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Some(ClusterSecret { cluster, namespace, name, entry })
    }

    /// As every pod is told.
    fn cluster_api(&self) -> Option<String> {
        let host = self.environment.get("KUBERNETES_SERVICE_HOST")?;
        let port = self.environment.get("KUBERNETES_SERVICE_PORT")?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Some(format!("https://{host}:{port}"))
    }
}

/// A DNS name, as Kubernetes names things.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !text.is_empty() && text.len() <= 253 && text.chars().all(plain) && !text.contains("..")
}
