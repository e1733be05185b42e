//! `[phone]`: who brings codes to people's phones; `[passwords]`: who knows stolen ones.

use toml_edit::{Item, Table};

use super::Reader;
use crate::config::Phone;
use crate::phones::PhoneProvider;

const TWILIO: &str = "https://verify.twilio.com";

impl Reader<'_> {
    pub(super) fn phone(&mut self, root: &Table) -> Option<Phone> {
        let table = self.table(root, "phone")?;
        let keys = ["provider", "account_sid", "auth_token", "service_sid", "base_url"];
        self.known(table, "phone.", &keys);
        match self.word(table, "provider", &["twilio", "console"]) {
            Some("console") => Some(Phone::Console),
            Some(_) => self.phone_provider(table).map(Phone::Provider),
            None => {
                if !table.contains_key("provider") {
                    let why =
                        "[phone] needs `provider`: \"twilio\", or \"console\" for development";
                    self.mistake(table.span(), why);
                }
                None
            }
        }
    }

    fn phone_provider(&mut self, table: &Table) -> Option<PhoneProvider> {
        let (account, service) =
            (self.string(table, "account_sid"), self.string(table, "service_sid"));
        let given = table.contains_key("auth_token");
        let token = self.secret(table, "auth_token");
        let plain = |text: &String| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let sound = account.as_ref().is_some_and(plain) && service.as_ref().is_some_and(plain);
        if !sound || !given {
            let why = "[phone] needs `account_sid`, `service_sid` and `auth_token`, a reference \
                       such as \"env:TWILIO_AUTH_TOKEN\"";
            self.mistake(table.span(), why);
            return None;
        }
        let url = self.string(table, "base_url").unwrap_or_else(|| TWILIO.to_owned());
        let base_url = url.trim_end_matches('/').to_owned();
        if !is_safe(&base_url) {
            let why = "`phone.base_url` must begin with https://: a password goes there";
            self.mistake(table.get("base_url").and_then(Item::span), why);
            return None;
        }
        Some(PhoneProvider { base_url, account: account?, token: token?, service: service? })
    }
}

impl Reader<'_> {
    /// `[passwords]`: where lists of stolen ones are asked.
    pub(super) fn stolen_passwords(&mut self, root: &Table) -> Option<String> {
        let table = self.table(root, "passwords")?;
        self.known(table, "passwords.", &["range_url"]);
        let url = self.string(table, "range_url")?;
        if !is_safe(&url) {
            let why = "`passwords.range_url` must begin with https://, such as \
                       \"https://api.pwnedpasswords.com/range\"";
            self.mistake(table.get("range_url").and_then(Item::span), why);
            return None;
        }
        Some(url.trim_end_matches('/').to_owned())
    }
}

/// Over TLS, or on this very machine.
fn is_safe(url: &str) -> bool {
    let here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    url.starts_with("https://") || here.iter().any(|begin| url.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn a_password_goes_over_tls_or_stays_here() {
        assert!(is_safe("https://verify.twilio.com") && is_safe("http://127.0.0.1:9"));
        assert!(!is_safe("http://verify.twilio.com") && !is_safe("http://127.0.0.1.evil:9"));
    }
}
