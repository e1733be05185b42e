//! `[leaks]`: whose reports of leaked keys are believed.

use toml_edit::Table;
use vault::report::SignerKey;

use super::super::Leaks;
use super::Reader;

impl Reader<'_> {
    pub(super) fn leaks(&mut self, root: &Table) -> Option<Leaks> {
        let table = self.table(root, "leaks")?;
        self.known(table, "leaks.", &["keys_url", "keys"]);
        let keys_url = self.string(table, "keys_url");
        if let Some(url) = &keys_url
            && let Err(why) = egress::check_url(url)
        {
            let span = table.get("keys_url").and_then(toml_edit::Item::span);
            self.mistake(span, &format!("`keys_url`: {why}"));
        }
        let mut pinned = Vec::new();
        if let Some(item) = table.get("keys") {
            match item.as_array_of_tables() {
                Some(all) => pinned.extend(all.iter().filter_map(|one| self.signer(one))),
                None => self.mistake(item.span(), "`keys` must be tables, written [[leaks.keys]]"),
            }
        }
        if keys_url.is_none() && table.get("keys").is_none() {
            let why = "[leaks] needs `keys_url`, where signers' keys are published, or keys of its \
                       own, each written [[leaks.keys]]";
            self.mistake(table.span(), why);
        }
        Some(Leaks { keys_url, pinned })
    }

    fn signer(&mut self, table: &Table) -> Option<(String, SignerKey)> {
        self.known(table, "leaks.keys.", &["identifier", "key"]);
        let identifier = self.string(table, "identifier");
        let key = self.string(table, "key").map(|pem| SignerKey::from_pem(&pem));
        if key == Some(None) {
            let span = table.get("key").and_then(toml_edit::Item::span);
            self.mistake(span, "`key` must be a P-256 public key in PEM");
        }
        if identifier.is_none() || table.get("key").is_none() {
            self.mistake(table.span(), "[[leaks.keys]] needs `identifier` and `key`");
        }
        identifier.zip(key?)
    }
}
