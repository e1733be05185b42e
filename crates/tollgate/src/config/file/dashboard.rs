//! `[dashboard]`: how people reach the pages.

use toml_edit::{Item, Table};

use super::Reader;

impl Reader<'_> {
    pub(super) fn public_url(&mut self, root: &Table) -> Option<String> {
        let table = self.table(root, "dashboard")?;
        self.known(table, "dashboard.", &["public_url"]);
        let url = self.string(table, "public_url")?;
        match public_url(&url) {
            Ok(url) => Some(url),
            Err(why) => {
                self.mistake(table.get("public_url").and_then(Item::span), why);
                None
            }
        }
    }
}

/// `https://tollgate.example.com`: a scheme and a host, perhaps a port, nothing behind.
pub(in crate::config) fn public_url(url: &str) -> Result<String, &'static str> {
    const WANTED: &str = "`public_url` must be the address that people see, such as \
                          \"https://tollgate.example.com\": a scheme and a host, no path";
    let url = url.trim_end_matches('/');
    let (scheme, host) = url.split_once("://").ok_or(WANTED)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if !matches!(scheme, "https" | "http") || host.is_empty() || !host.bytes().all(plain) {
        return Err(WANTED);
    }
    Ok(url.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        assert_eq!(public_url("https://Gate.Example/"), Ok("https://gate.example".to_owned()));
        for url in ["", "gate.example", "ftp://x", "https://", "https://x/y", "https://a b"] {
            assert!(public_url(url).is_err(), "{url}");
        }
    }
}
