//! `[[limits]]`, and how alerts leave: `[webhooks]` and `[smtp]`.

use control::{DeclaredLimit, DeclaredScope};
use domain::{Calendar, LimitRules, Nanos, PeriodKind, Zone};
use egress::smtp::Security;
use toml_edit::{Item, Table};

use super::super::Smtp;
use super::Reader;

/// Tokens; far above every model's.
const MOST_OUTPUT: i64 = 1_000_000_000;

const LIMIT: [&str; 12] = [
    "organization",
    "project",
    "api_key",
    "user",
    "period",
    "amount_usd",
    "clamp_output",
    "unbounded",
    "default_max_output",
    "elastic",
    "time_zone",
    "anchor_day",
];

impl Reader<'_> {
    pub(super) fn limits(&mut self, root: &Table) -> Vec<DeclaredLimit> {
        let Some(item) = root.get("limits") else { return Vec::new() };
        let Some(all) = item.as_array_of_tables() else {
            self.mistake(item.span(), "`limits` must be tables, each written [[limits]]");
            return Vec::new();
        };
        all.iter().filter_map(|table| self.limit(table)).collect()
    }

    fn limit(&mut self, table: &Table) -> Option<DeclaredLimit> {
        self.known(table, "limits.", &LIMIT);
        let scope = self.limit_scope(table);
        let period = self.word(table, "period", &PeriodKind::ALL.map(PeriodKind::as_str));
        let amount = self.string(table, "amount_usd").map(|text| Nanos::from_dollars(&text));
        if amount == Some(None) {
            let why = "`amount_usd` must be US dollars as a decimal string such as \"50.00\", from \
                       \"0\" to \"9223372036.854775807\", with at most nine decimals";
            self.mistake(table.get("amount_usd").and_then(Item::span), why);
        }
        if amount.is_none() && table.get("amount_usd").is_none() {
            self.mistake(table.span(), "a limit needs `amount_usd`; \"0\" lets nothing pass");
        }
        if table.get("period").is_none() {
            self.mistake(table.span(), "a limit needs a `period`: \"day\", \"month\" or \"total\"");
        }
        let rules = self.limit_rules(table);
        let period = PeriodKind::parse(period?)?;
        let place = self.place(table.span());
        let calendar = self.limit_calendar(table, period);
        Some(DeclaredLimit { place, scope: scope?, period, amount: amount??, rules, calendar })
    }

    fn limit_calendar(&mut self, table: &Table, period: PeriodKind) -> Calendar {
        let default = Calendar::default();
        let zone = self.zone(table, "time_zone");
        let anchor_day = self.integer(table, "anchor_day", 1, 31);
        let only = [("time_zone", PeriodKind::Total), ("anchor_day", PeriodKind::Total)];
        for (key, not) in only.into_iter().chain([("anchor_day", PeriodKind::Day)]) {
            if period == not {
                let item = table.get(key);
                let why = format!("`{key}` says nothing for the period \"{}\"", not.as_str());
                item.into_iter().for_each(|item| self.mistake(item.span(), &why));
            }
        }
        let anchor_day = anchor_day.and_then(|day| i8::try_from(day).ok());
        Calendar { zone, anchor_day: anchor_day.unwrap_or(default.anchor_day) }
    }

    /// The zone of the limits that name none of their own.
    pub(super) fn organization(&mut self, root: &Table) -> Option<Zone> {
        let table = self.table(root, "organization")?;
        self.known(table, "organization.", &["time_zone"]);
        self.zone(table, "time_zone")
    }

    /// Case 69.
    fn zone(&mut self, table: &Table, key: &str) -> Option<Zone> {
        let name = self.string(table, key)?;
        let zone = Zone::named(&name);
        if zone.is_none() {
            let why = format!(
                "`{key}` must be a zone of the IANA database ({}), such as \"Europe/Zurich\"",
                Zone::data_version(),
            );
            self.mistake(table.get(key).and_then(Item::span), &why);
        }
        zone
    }

    fn limit_scope(&mut self, table: &Table) -> Option<DeclaredScope> {
        let mut scopes = Vec::new();
        if let Some(item) = table.get("organization") {
            match item.as_bool() {
                Some(true) => scopes.push(DeclaredScope::Organization),
                _ => self.mistake(item.span(), "`organization` must be true, or left out"),
            }
        }
        scopes.extend(self.string(table, "project").map(DeclaredScope::Project));
        scopes.extend(self.string(table, "api_key").map(DeclaredScope::ApiKey));
        scopes.extend(self.string(table, "user").map(DeclaredScope::User));
        if scopes.len() != 1 {
            let why = "a limit needs one of `organization = true`, `project`, `api_key`, `user`";
            self.mistake(table.span(), why);
            return None;
        }
        scopes.pop()
    }

    fn limit_rules(&mut self, table: &Table) -> LimitRules {
        let default = LimitRules::default();
        let unbounded = self.word(table, "unbounded", &["refuse", "allow"]);
        let most = self.integer(table, "default_max_output", 1, MOST_OUTPUT);
        LimitRules {
            clamp_output: self.flag(table, "clamp_output").unwrap_or(default.clamp_output),
            allow_unbounded: unbounded == Some("allow"),
            default_max_output: most.map(i64::cast_unsigned),
            elastic: self.flag(table, "elastic").unwrap_or(default.elastic),
        }
    }

    /// The hosts that webhooks may go to although their addresses are private.
    pub(super) fn private_webhooks(&mut self, root: &Table) -> Vec<String> {
        let Some(table) = self.table(root, "webhooks") else { return Vec::new() };
        self.known(table, "webhooks.", &["private_hosts"]);
        self.hosts(table, super::upstreams::PRIVATE_HOSTS)
    }

    pub(super) fn smtp(&mut self, root: &Table) -> Option<Smtp> {
        let table = self.table(root, "smtp")?;
        self.known(table, "smtp.", &["host", "port", "security", "user", "password", "from"]);
        let security = match self.word(table, "security", &["tls", "starttls", "none"]) {
            Some("starttls") => Security::StartTls,
            Some("none") => Security::None,
            _ => Security::Tls,
        };
        let port = self.integer(table, "port", 1, 65_535).and_then(|port| u16::try_from(port).ok());
        let user = self.string(table, "user");
        let login = user.zip(self.secret(table, "password"));
        if login.is_none() && (table.contains_key("user") || table.contains_key("password")) {
            self.mistake(table.span(), "[smtp] needs both `user` and `password`, or neither");
        }
        let (host, from) = (self.string(table, "host"), self.string(table, "from"));
        if host.is_none() || from.is_none() {
            self.mistake(table.span(), "[smtp] needs `host`, and `from`, the sender's address");
        }
        Some(Smtp {
            host: host?,
            port: port.unwrap_or(security.port()),
            security,
            login,
            from: from?,
        })
    }

    pub(super) fn word<'w>(
        &mut self,
        table: &Table,
        key: &str,
        words: &[&'w str],
    ) -> Option<&'w str> {
        let text = self.string(table, key)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let why = format!("`{key}` must be one of {}", words.join(", "));
            self.mistake(table.get(key).and_then(Item::span), &why);
        }
        found
    }

    pub(super) fn flag(&mut self, table: &Table, key: &str) -> Option<bool> {
        let item = table.get(key)?;
        let flag = item.as_bool();
        if flag.is_none() {
            self.mistake(item.span(), &format!("`{key}` must be true or false"));
        }
        flag
    }

    pub(super) fn integer(
        &mut self,
        table: &Table,
        key: &str,
        least: i64,
        most: i64,
    ) -> Option<i64> {
        let item = table.get(key)?;
        let number = item.as_integer().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.mistake(item.span(), &format!("`{key}` must be whole, {least} to {most}"));
        }
        number
    }
}
