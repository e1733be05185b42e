//! The one place where a new secret leaves: in the reply to whoever made it.

use control::{MadeHoneytoken, MadeKey};
use domain::Secret;
use openai::admin::{KeyRules, KeyRulesMade, Revealed, SpendAlert, SpendAlertMade};

/// A shape with the secret beside it. The reply must be `reply::secret_json`.
pub(crate) fn reveal<T>(shape: T, made: &MadeKey) -> Revealed<T> {
    Revealed { shape, value: made.secret.expose().to_owned() }
}

/// An alert with its webhook's new signing secret. The reply must be `reply::secret_json`.
pub(crate) fn reveal_webhook<'a>(alert: SpendAlert<'a>, secret: &Secret) -> SpendAlertMade<'a> {
    SpendAlertMade { alert, webhook_secret: secret.expose().to_owned() }
}

/// What a browser or a link holds, for the cookie or the address that it goes into.
pub(crate) fn token(secret: &Secret) -> String {
    secret.expose().to_owned()
}

/// A honeytoken's text, to be planted. The reply must be `reply::secret_json`.
pub(crate) fn reveal_honeytoken<T>(shape: T, made: &MadeHoneytoken) -> Revealed<T> {
    Revealed { shape, value: made.secret.expose().to_owned() }
}

/// Rules with their webhook's new signing secret. The reply must be `reply::secret_json`.
pub(crate) fn reveal_key_rules<'a>(rules: KeyRules<'a>, secret: &Secret) -> KeyRulesMade<'a> {
    KeyRulesMade { rules, webhook_secret: secret.expose().to_owned() }
}
