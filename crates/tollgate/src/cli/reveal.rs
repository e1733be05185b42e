//! The one place of the commands where a secret is seen: it signs their requests, and a key that
//! was just made is printed once.

use domain::Secret;
use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::said::Said;

/// The `Authorization` header; `None` when the key has characters that a header cannot hold.
pub(super) fn authorization(key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A body with a provider's credential in it, on its way to the gateway that will seal it.
pub(super) fn with_credential(mut body: Value, credential: &Secret) -> Value {
    body["credential"] = Value::from(credential.expose());
    body
}

/// A body with a leaked secret in it, on its way to the gateway that will look it up.
pub(super) fn with_token(mut body: Value, secret: &Secret) -> Value {
    body["token"] = Value::from(secret.expose());
    body
}

/// The `value` of an answer that made a key.
pub(super) fn made_value(answer: &str) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Made {
        value: String,
    }
    serde_json::from_str::<Made>(answer).ok().map(|made| Secret::new(made.value))
}

/// The key alone on stdout.
pub(super) fn only_key(key: &Secret) -> Said {
    Said::data(key.expose())
}
