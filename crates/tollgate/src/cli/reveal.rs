//! The one place of the commands where a secret is seen: it signs their requests, and a key that
//! was just made is printed once.

use std::io::Write;
use std::process::Command;

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

/// A body that asks about a secret by its value, on its way to the gateway that made it.
pub(super) fn token_body(secret: &Secret) -> Value {
    serde_json::json!({ "token": secret.expose() })
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

/// One variable of a program that is about to be started.
pub(super) fn variable(command: &mut Command, name: &str, key: &Secret) {
    command.env(name, key.expose());
}

/// The text of a file that holds a key alone.
pub(super) fn line(key: &Secret) -> Secret {
    Secret::new(format!("{}\n", key.expose()))
}

/// Into a keyring of the kernel's.
#[cfg(target_os = "linux")]
pub(super) fn into_keyring(
    ring: &linux_keyutils::KeyRing,
    entry: &str,
    key: &Secret,
) -> Result<(), linux_keyutils::KeyError> {
    ring.add_key(entry, key.expose().as_bytes()).map(drop)
}

/// Into a file that the caller has made private.
pub(super) fn write(file: &mut dyn Write, text: &Secret) -> std::io::Result<()> {
    file.write_all(text.expose().as_bytes())
}

/// `NAME=key`, between what stands before and behind it in a file.
pub(super) fn between(before: &str, name: &str, key: &Secret, behind: &str) -> Secret {
    Secret::new(format!("{before}{name}={}\n{behind}", key.expose()))
}
