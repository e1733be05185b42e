//! The one file of this crate that looks at a secret: to hash it, and to compare two.

use domain::fault::catalogue;
use domain::{
    Fault, IdProvider, IdProviderFacts, KeyKind, KeySecret, Secret, SecretHash, Timestamp,
};
use vault::Vault;

mod common_passwords;
use common_passwords as common;

/// A shorter admin key could be guessed.
const SHORTEST_ADMIN_KEY: usize = 32;
/// A longer one would not fit a header that every client can send.
pub(crate) const LONGEST_KEY: usize = 512;

/// A new secret, and what is kept of it.
pub(crate) fn mint(vault: &Vault, kind: KeyKind, now: Timestamp) -> (Secret, KeySecret) {
    let secret = vault::key::mint(kind);
    let kept = keep(vault, &secret, now);
    (secret, kept)
}

/// What is kept of an admin key that the operator chose. Any printable text will do.
pub(crate) fn adopt(vault: &Vault, secret: &Secret, now: Timestamp) -> Result<KeySecret, Fault> {
    let text = secret.expose();
    let length = text.chars().count();
    let edges = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if length < SHORTEST_ADMIN_KEY || text.len() > LONGEST_KEY {
        return Err(refuse(format!(
            "The admin key must have at least {SHORTEST_ADMIN_KEY} characters and at most \
             {LONGEST_KEY} bytes; it has {length} characters. Make one with: openssl rand -base64 48"
        )));
    }
    if edges || text.contains(char::is_control) {
        return Err(refuse(
            "The admin key must be printable, without line breaks or spaces around it.".to_owned(),
        ));
    }
    Ok(keep(vault, secret, now))
}

fn refuse(message: String) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, message).param("TOLLGATE_ADMIN_KEY")
}

fn keep(vault: &Vault, secret: &Secret, now: Timestamp) -> KeySecret {
    KeySecret {
        hash: vault.hash(secret.expose()),
        display: vault::key::display(secret),
        created_at: now,
        ends_at: None,
        last_used_at: None,
        leaked_at: None,
    }
}

/// Whether two credentials are the same. Compared as hashes, so that time tells nothing.
pub(crate) fn same(vault: &Vault, one: &Secret, other: &Secret) -> bool {
    vault.hash(one.expose()) == vault.hash(other.expose())
}

/// What an error may say of a key that was presented: nothing of a short one.
pub(crate) fn masked(presented: &str) -> String {
    if presented.len() < 20 {
        return "***".to_owned();
    }
    vault::key::display(&Secret::from(presented))
}

/// A credential's last characters, by which its owner tells it from others. Nothing of one so
/// short that they would be a good part of it.
#[must_use]
pub fn last_four(secret: &Secret) -> String {
    let text = secret.expose();
    let start = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    if text.chars().count() < 16 { String::new() } else { text[start..].to_owned() }
}

pub(crate) fn characters(secret: &Secret) -> usize {
    secret.expose().chars().count()
}

pub(crate) fn is_longer(secret: &Secret, bytes: usize) -> bool {
    secret.expose().len() > bytes
}

/// Whether a password is one that is tried first.
pub(crate) fn is_common(password: &Secret, known: &[&str]) -> bool {
    common::is_common(password.expose(), known)
}

/// What is kept of a one-time link or of what a browser holds.
pub(crate) fn token_hash(vault: &Vault, token: &Secret) -> SecretHash {
    vault.hash(token.expose())
}

/// The address that a one-time link has.
pub(crate) fn link_text(base: &str, path: &str, token: &Secret) -> Secret {
    Secret::new(format!("{base}{path}?token={}", token.expose()))
}

/// What is kept of a recovery code, however it was typed.
pub(crate) fn recovery_hash(vault: &Vault, code: &Secret) -> SecretHash {
    vault.hash(vault::totp::plain_recovery_code(code.expose()).expose())
}

/// The half minute of a second factor's code, where it fits and is a new one.
pub(crate) fn totp_step(secret: &Secret, code: &str, now: Timestamp, last: i64) -> Option<i64> {
    vault::totp::verify(secret, code, now, last)
}

/// Where a browser goes to sign in with a provider: nothing in it is kept by anybody but hashed.
pub(crate) fn oidc_ask(
    facts: &IdProviderFacts,
    provider: &IdProvider,
    redirect: &str,
    (state, nonce, verifier): (&Secret, &Secret, &Secret),
) -> String {
    let fields = [
        ("response_type", "code"),
        ("scope", "openid email profile"),
        ("client_id", &provider.client_id),
        ("redirect_uri", redirect),
        ("state", state.expose()),
        ("nonce", nonce.expose()),
        ("code_challenge", &vault::id_token::challenge(verifier)),
        ("code_challenge_method", "S256"),
    ];
    let separator = if facts.authorization_endpoint.contains('?') { '&' } else { '?' };
    format!("{}{separator}{}", facts.authorization_endpoint, encoded(&fields))
}

/// A nonce as the token must have it.
pub(crate) fn nonce_text(nonce: &Secret) -> String {
    nonce.expose().to_owned()
}

/// What a code is redeemed with.
pub(crate) fn code_form(
    provider: &IdProvider,
    redirect: &str,
    code: &Secret,
    verifier: &Secret,
) -> Secret {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", redirect),
        ("client_id", provider.client_id.as_str()),
        ("code_verifier", verifier.expose()),
    ];
    if let Some(secret) = &provider.client_secret {
        fields.push(("client_secret", secret.expose()));
    }
    Secret::new(encoded(&fields))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match plain(byte) {
                true => out.push(char::from(byte)),
                false => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}
