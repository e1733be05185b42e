//! `[[sign_in]]`: the providers of identities that people may sign in with.

use domain::IdProvider;
use toml_edit::{Item, Table};

use super::Reader;

impl Reader<'_> {
    pub(super) fn identity_providers(&mut self, root: &Table) -> Vec<IdProvider> {
        let Some(item) = root.get("sign_in") else { return Vec::new() };
        let Some(tables) = item.as_array_of_tables() else {
            self.mistake(item.span(), "`sign_in` must be tables, each written [[sign_in]]");
            return Vec::new();
        };
        let mut found: Vec<IdProvider> = Vec::new();
        for table in tables {
            if let Some(provider) = self.identity_provider(table) {
                if found.iter().any(|other| other.name == provider.name) {
                    self.mistake(table.span(), "two [[sign_in]] have one name");
                }
                found.push(provider);
            }
        }
        found
    }

    fn identity_provider(&mut self, table: &Table) -> Option<IdProvider> {
        let keys =
            ["name", "label", "issuer", "tenant", "client_id", "client_secret", "trust_email"];
        self.known(table, "sign_in.", &keys);
        let name = self.string(table, "name")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
            let why = "`sign_in.name` stands in addresses: small letters, digits and dashes";
            self.mistake(table.get("name").and_then(Item::span), why);
            return None;
        }
        let tenant = self.string(table, "tenant");
        let issuer = match (self.string(table, "issuer"), name.as_str(), tenant) {
            (Some(issuer), ..) => issuer,
            (None, "google", _) => "https://accounts.google.com".to_owned(),
            (None, "microsoft", Some(tenant)) => {
                format!("https://login.microsoftonline.com/{tenant}/v2.0")
            }
            _ => {
                let why = "[[sign_in]] needs `issuer`; only the name \"google\" needs none, and \
                           \"microsoft\" takes the id of your `tenant` instead";
                self.mistake(table.span(), why);
                return None;
            }
        };
        let Some(client_id) = self.string(table, "client_id") else {
            self.mistake(table.span(), "[[sign_in]] needs `client_id`");
            return None;
        };
        let label = self.string(table, "label").unwrap_or_else(|| capital(&name));
        let client_secret = self.secret(table, "client_secret");
        let trust_email = table.get("trust_email").and_then(Item::as_bool).unwrap_or(false);
        Some(IdProvider { name, label, issuer, client_id, client_secret, trust_email })
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
