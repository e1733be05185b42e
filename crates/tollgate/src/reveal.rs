//! The few places of the binary where a secret is shown: once each, to its owner.

use std::io::Write;

use domain::Secret;

/// Writes a secret on a line of its own.
pub fn write_line(mut out: impl Write, secret: &Secret) -> std::io::Result<()> {
    writeln!(out, "{}", secret.expose())
}

/// Writes a secret and nothing else, for the program or file that takes it.
pub fn write_exactly(mut out: impl Write, secret: &Secret) -> std::io::Result<()> {
    out.write_all(secret.expose().as_bytes())
}

/// One entry of a Kubernetes Secret, on its way to the cluster's API.
pub fn entry(name: &str, secret: &Secret) -> serde_json::Value {
    let mut entry = serde_json::Map::new();
    entry.insert(name.to_owned(), secret.expose().into());
    entry.into()
}

/// The value of an Authorization header for a call to ourselves.
pub fn bearer(secret: &Secret) -> String {
    format!("Bearer {}", secret.expose())
}

/// Puts a fresh key into a text for the person who asked for it.
pub fn fill(template: &str, secret: &Secret) -> String {
    template.replace("{key}", secret.expose())
}

/// Whether a presented token is the one that was set. Compared without an early end.
pub fn is_token(presented: &str, token: &Secret) -> bool {
    let (a, b) = (presented.as_bytes(), token.expose().as_bytes());
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

/// A mail's text with its one-time link, for whoever it is to.
pub fn with_link(text: &str, link: &Secret) -> String {
    text.replace("{link}", link.expose())
}
