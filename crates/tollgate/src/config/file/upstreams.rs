//! `[upstreams.NAME]` and `[egress]`.

use domain::{Secret, UpstreamSource};
use toml_edit::{Item, Table};

use super::super::{UpstreamConfig, resolve};
use super::{Reader, UnownedProject};
use crate::outbound;

/// Stands among the names of egresses.
pub(super) const PRIVATE_HOSTS: &str = "private_hosts";

const UPSTREAM: [&str; 9] = [
    "provider",
    "base_url",
    "credential",
    "credentials",
    "unowned_project",
    "enabled",
    "api_version",
    "headers",
    "egress",
];

impl Reader<'_> {
    pub(super) fn upstreams(&mut self, root: &Table) -> Vec<UpstreamConfig> {
        let Some(all) = self.table(root, "upstreams") else { return Vec::new() };
        let mut found = Vec::new();
        for (name, item) in all {
            match item.as_table() {
                Some(table) => found.push(self.upstream(name, table)),
                None => self.mistake(item.span(), "an upstream is a table: [upstreams.NAME]"),
            }
        }
        found
    }

    fn upstream(&mut self, name: &str, table: &Table) -> UpstreamConfig {
        self.known(table, &format!("upstreams.{name}."), &UPSTREAM);
        let before = self.mistakes.len();
        let credentials = self.credentials(table);
        let readable = self.mistakes.len() == before;
        let mut upstream = UpstreamConfig {
            name: name.to_owned(),
            provider: self.string(table, "provider").unwrap_or_else(|| name.to_owned()),
            base_url: self.string(table, "base_url").unwrap_or_default(),
            credentials,
            source: UpstreamSource::File,
            unowned: match self.string(table, "unowned_project") {
                Some(project) => UnownedProject::Project(project),
                None => UnownedProject::Nobody,
            },
            enabled: self.flag(table, "enabled").unwrap_or(true),
            api_version: self.string(table, "api_version"),
            headers: self.headers(table),
        };
        for bad in upstream.complete() {
            // A credential that could not be read is told already; one that stands elsewhere is
            // not missing here.
            if bad.field != "credentials" || (readable && !self.credentials_elsewhere) {
                let span = table.get(bad.field).and_then(Item::span).or(table.span());
                self.mistake(span, &format!("`{}`: {}", bad.field, bad.why));
            }
        }
        upstream
    }

    /// `credential = "env:A"`, or `credentials = ["env:A", "file:/b"]`.
    fn credentials(&mut self, table: &Table) -> Vec<Secret> {
        let mut found: Vec<Secret> = self.secret(table, "credential").into_iter().collect();
        if let Some(item) = table.get("credentials") {
            if table.contains_key("credential") {
                self.mistake(item.span(), "write either `credential` or `credentials`");
            }
            let all = item.as_array().map(|all| all.iter().map(|one| (one.as_str(), one.span())));
            match all.map(Iterator::collect::<Vec<_>>) {
                Some(all) => {
                    for (reference, span) in all {
                        let read = reference.ok_or("it must be a string".to_owned());
                        match read.and_then(|text| resolve(text, self.environment)) {
                            Ok(secret) => found.push(secret),
                            Err(why) => self.mistake(span, &format!("`credentials`: {why}")),
                        }
                    }
                }
                None => self.mistake(item.span(), "`credentials` must be a list of references"),
            }
        }
        if found.iter().any(|secret| !outbound::may_sign(secret)) {
            let span = table.get("credentials").or(table.get("credential")).and_then(Item::span);
            let why = "a credential must be printable ASCII, without spaces around it";
            self.mistake(span, why);
        }
        found
    }

    /// `headers = { X-Title = "…" }`
    fn headers(&mut self, table: &Table) -> Vec<(String, String)> {
        let Some(item) = table.get("headers") else { return Vec::new() };
        let Some(all) = item.as_table_like() else {
            self.mistake(item.span(), "`headers` must be a table of names and values");
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, item) in all.iter() {
            match item.as_str() {
                Some(value) => found.push((name.to_owned(), value.to_owned())),
                None => self.mistake(item.span(), &format!("the header `{name}` must be a string")),
            }
        }
        found
    }

    /// The hosts that upstreams of the API may be at although their addresses are private.
    pub(super) fn private_upstreams(&mut self, root: &Table) -> Vec<String> {
        let Some(table) = self.table(root, "egress") else { return Vec::new() };
        self.hosts(table, PRIVATE_HOSTS)
    }

    /// A list of hosts, in lower case.
    pub(super) fn hosts(&mut self, table: &Table, key: &str) -> Vec<String> {
        let Some(item) = table.get(key) else { return Vec::new() };
        let hosts = item.as_array().map(|all| all.iter().map(|host| host.as_str()));
        match hosts.and_then(|all| all.collect::<Option<Vec<_>>>()) {
            Some(hosts) => hosts.into_iter().map(str::to_ascii_lowercase).collect(),
            None => {
                self.mistake(item.span(), &format!("`{key}` must be a list of host names"));
                Vec::new()
            }
        }
    }
}
