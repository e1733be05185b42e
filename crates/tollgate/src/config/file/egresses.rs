//! `[egress.NAME]`, and which upstream takes which.

use domain::{
    DIRECT, Egress, EgressBook, EgressSource, EgressUser, Proxy, ProxyAddress, ProxyChoice, Secret,
    SessionBy, Timestamp, is_egress_name,
};
use toml_edit::{Item, Table, TableLike};

use super::Reader;
use super::upstreams::PRIVATE_HOSTS;

const EGRESS: [&str; 8] = [
    "proxies",
    "credential",
    "choice",
    "session",
    "allow_direct",
    "default",
    "proxy_resolves",
    "health_url",
];

impl Reader<'_> {
    pub(super) fn egresses(&mut self, root: &Table) -> EgressBook {
        let mut book = EgressBook::default();
        for (name, item) in self.table(root, "egress").into_iter().flatten() {
            if name == PRIVATE_HOSTS {
                continue;
            }
            match item.as_table() {
                Some(table) => book.egresses.extend(self.egress(name, table)),
                None => self.mistake(item.span(), "an egress is a table: [egress.NAME]"),
            }
        }
        if book.egresses.iter().filter(|egress| egress.default).count() > 1 {
            let span = root.get("egress").and_then(Item::span);
            self.mistake(span, "only one egress can be the `default`");
        }
        let upstreams = root.get("upstreams").and_then(Item::as_table);
        for (name, item) in upstreams.into_iter().flatten() {
            let Some(table) = item.as_table() else { continue };
            if let Some(egress) = self.string(table, "egress") {
                let user = EgressUser::UpstreamNamed(name.to_owned());
                book.uses.push((user, egress));
            }
        }
        book
    }

    fn egress(&mut self, name: &str, table: &Table) -> Option<Egress<Secret>> {
        self.known(table, &format!("egress.{name}."), &EGRESS);
        if !is_egress_name(name) {
            let why = "an egress's name takes small letters, digits, - and _, at most 64, and is \
                       not `direct`";
            self.mistake(table.span(), why);
        }
        let choice = self.word(table, "choice", &ProxyChoice::ALL.map(ProxyChoice::as_str));
        let session = self.word(table, "session", &SessionBy::ALL.map(SessionBy::as_str));
        let health_url = self.string(table, "health_url");
        if let Some(url) = &health_url
            && let Err(error) = egress::check_url(url)
        {
            let span = table.get("health_url").and_then(Item::span);
            self.mistake(span, &format!("`health_url`: {error}"));
        }
        let proxies = self.proxies(table);
        if proxies.is_empty() {
            let why = "an egress needs `proxies`: a list of URLs such as \"socks5://host:1080\"";
            self.mistake(table.span(), why);
        }
        Some(Egress {
            name: name.to_owned(),
            source: EgressSource::File,
            proxies,
            choice: choice.and_then(ProxyChoice::parse).unwrap_or_default(),
            session: session.and_then(SessionBy::parse).unwrap_or_default(),
            allow_direct: self.flag(table, "allow_direct").unwrap_or(false),
            default: self.flag(table, "default").unwrap_or(false),
            proxy_resolves: self.hosts(table, "proxy_resolves"),
            health_url,
            created_at: Timestamp(0),
        })
    }

    /// URLs, or tables of a `url` and a `credential`; the egress's own is for those without one.
    fn proxies(&mut self, table: &Table) -> Vec<Proxy<Secret>> {
        let shared = self.secret(table, "credential");
        let Some(item) = table.get("proxies") else { return Vec::new() };
        let Some(all) = item.as_array() else {
            self.mistake(item.span(), "`proxies` must be a list");
            return Vec::new();
        };
        let mut proxies: Vec<Proxy<Secret>> = Vec::new();
        for value in all {
            let span = value.span();
            let (url, own) = match (value.as_str(), value.as_inline_table()) {
                (Some(url), _) => (Some(url.to_owned()), None),
                (None, Some(inside)) => self.proxy_table(inside),
                (None, None) => (None, None),
            };
            let Some(url) = url else {
                let why = "a proxy is a URL, or { url = \"…\", credential = \"env:NAME\" }";
                self.mistake(span, why);
                continue;
            };
            let address = match ProxyAddress::parse(&url) {
                Ok(address) => address,
                Err(error) => {
                    self.mistake(span, &format!("a proxy's URL is refused: {error}"));
                    continue;
                }
            };
            let credential = own.or_else(|| shared.clone());
            if let Some(secret) = &credential
                && let Err(why) = egress::check_credential(&address, secret)
            {
                self.mistake(span.clone(), &format!("the credential of {address}: {why}"));
            }
            if proxies.iter().any(|proxy| proxy.address == address) {
                self.mistake(span, &format!("the proxy {address} is named twice"));
            }
            proxies.push(Proxy { address, credential });
        }
        proxies
    }

    fn proxy_table(&mut self, inside: &toml_edit::InlineTable) -> (Option<String>, Option<Secret>) {
        let strange =
            TableLike::iter(inside).find(|(key, _)| !matches!(*key, "url" | "credential"));
        if let Some((key, item)) = strange {
            let why = format!("unknown key `{key}` of a proxy. Known here: url, credential");
            self.mistake(item.span(), &why);
        }
        let text = |key| inside.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let span = inside.get("credential").and_then(toml_edit::Value::span);
        let secret =
            text("credential").and_then(|reference| self.resolved("credential", &reference, span));
        (text("url"), secret)
    }

    /// Every egress that is named must be there. Those made through the API are not known yet.
    pub(super) fn check_uses(&mut self, root: &Table, book: &EgressBook) {
        let known = |name: &str| name == DIRECT || book.egresses.iter().any(|e| e.name == name);
        for (user, egress) in book.uses.iter().filter(|(_, egress)| !known(egress)) {
            let EgressUser::UpstreamNamed(name) = user else { continue };
            let upstream = root.get("upstreams").and_then(|all| all.get(name));
            let span = upstream.and_then(|table| table.get("egress")).and_then(Item::span);
            let why = format!(
                "no [egress.{egress}] is in this file. An upstream of the file takes an egress of \
                 the file, or \"{DIRECT}\""
            );
            self.mistake(span, &why);
        }
    }
}
