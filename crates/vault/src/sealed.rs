//! Sealing and hashing under keys that are themselves sealed under the master key.
//!
//! Two random 32-byte keys are made once: one seals credentials (XChaCha20-Poly1305), one hashes
//! API keys (HMAC-SHA-256). They are stored wrapped under the master key, so that a new master
//! key means re-wrapping 64 bytes, not every row. A stolen database holds none of the three (P11).

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::{Fingerprint, Secret, SecretHash};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::MasterKey;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const WRAP_CONTEXT: &str = "tollgate data keys v1";

/// The vault's keys as the store keeps them: sealed under the master key.
pub struct WrappedKeys(pub Vec<u8>);

/// A sealed value did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenError;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value was sealed under another key, or for another place, or is damaged")
    }
}

impl std::error::Error for OpenError {}

/// Hashes our keys and seals other people's.
pub struct Vault {
    sealer: XChaCha20Poly1305,
    hasher: Hmac<Sha256>,
}

impl Vault {
    /// Fresh keys, and their wrapped form for the store.
    #[must_use]
    pub fn create(master: &MasterKey) -> (Self, WrappedKeys) {
        let keys = Zeroizing::new(crate::random::<64>());
        let wrapped = seal_with(&cipher(&master.0), WRAP_CONTEXT, keys.as_slice());
        (Self::from_keys(&keys), WrappedKeys(wrapped))
    }

    /// The vault whose keys were wrapped earlier.
    ///
    /// # Errors
    /// [`OpenError`] when the master key is another one (case 121).
    pub fn unlock(master: &MasterKey, wrapped: &WrappedKeys) -> Result<Self, OpenError> {
        let plain = open_with(&cipher(&master.0), WRAP_CONTEXT, &wrapped.0)?;
        let keys: [u8; 64] = plain.as_slice().try_into().map_err(|_| OpenError)?;
        Ok(Self::from_keys(&Zeroizing::new(keys)))
    }

    fn from_keys(keys: &Zeroizing<[u8; 64]>) -> Self {
        let mut seal = Zeroizing::new([0; 32]);
        seal.copy_from_slice(&keys[..32]);
        let mut hash = Zeroizing::new([0; 32]);
        hash.copy_from_slice(&keys[32..]);
        Self { sealer: cipher(&seal), hasher: keyed_hasher(&hash) }
    }

    /// What is kept of one of our keys.
    #[must_use]
    pub fn hash(&self, secret: &str) -> SecretHash {
        let mut hasher = self.hasher.clone();
        hasher.update(secret.as_bytes());
        SecretHash(hasher.finalize().into_bytes().into())
    }

    /// Begins a keyed hash of what is compared and never read back. `context` keeps hashes of
    /// different things apart, whatever their bytes.
    #[must_use]
    pub fn fingerprint(&self, context: &str) -> Fingerprinter {
        let mut hasher = self.hasher.clone();
        // No secret of ours begins so.
        hasher.update(b"fingerprint\0");
        let mut fingerprinter = Fingerprinter(hasher);
        fingerprinter.part(context.as_bytes());
        fingerprinter
    }

    /// Seals bytes that came out of a call for one place.
    #[must_use]
    pub fn seal_bytes(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        seal_with(&self.sealer, context, plain)
    }

    /// Opens what [`Vault::seal_bytes`] sealed for the same place.
    ///
    /// # Errors
    /// [`OpenError`] for another key, another place or a changed byte.
    pub fn open_bytes(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        open_with(&self.sealer, context, sealed).map(|mut plain| std::mem::take(&mut *plain))
    }

    /// Seals a credential for one place; `context` says which (an upstream's id).
    #[must_use]
    pub fn seal(&self, context: &str, secret: &Secret) -> Vec<u8> {
        seal_with(&self.sealer, context, secret.expose().as_bytes())
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`OpenError`] for another key, another place or a changed byte.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Secret, OpenError> {
        let plain = open_with(&self.sealer, context, sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| OpenError)?;
        Ok(Secret::from(text))
    }
}

/// A keyed hash in the making.
#[derive(Clone)]
pub struct Fingerprinter(Hmac<Sha256>);

impl Fingerprinter {
    /// Adds bytes; in how many pieces they come is all the same.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds a part whose end is known, so that two parts cannot pass for two others.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into_bytes().into())
    }
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

#[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed_hasher(key: &Zeroizing<[u8; 32]>) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("any key length")
}

/// `version ∥ nonce ∥ ciphertext and tag`.
#[allow(clippy::expect_used, reason = "encryption of a short buffer in memory cannot fail")]
fn seal_with(cipher: &XChaCha20Poly1305, context: &str, plain: &[u8]) -> Vec<u8> {
    let nonce = crate::random::<NONCE>();
    let payload = Payload { msg: plain, aad: context.as_bytes() };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).expect("sealing in memory");
    [&[VERSION], nonce.as_slice(), &sealed].concat()
}

fn open_with(
    cipher: &XChaCha20Poly1305,
    context: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (version, rest) = sealed.split_first().ok_or(OpenError)?;
    if *version != VERSION {
        return Err(OpenError);
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(OpenError)?;
    let payload = Payload { msg: body, aad: context.as_bytes() };
    cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(text: &str) -> MasterKey {
        MasterKey::from_secret(&Secret::from(text)).ok().unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs() {
        let (vault, _) = Vault::create(&master("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp"));
        let sealed = vault.seal("up_1", &Secret::from("sk-provider"));
        assert!(vault.open("up_1", &sealed).is_ok_and(|s| s.expose() == "sk-provider"));
        assert!(vault.open("up_2", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(vault.open("up_1", &changed).is_err());
        assert!(!sealed.windows(4).any(|w| w == b"prov"));
    }

    #[test]
    fn fingerprints_differ_by_context_by_parts_and_by_installation() {
        let (vault, _) = Vault::create(&master("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp"));
        let (other, _) = Vault::create(&master("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp"));
        let print = |vault: &Vault, context: &str, parts: &[&str]| {
            let mut making = vault.fingerprint(context);
            parts.iter().for_each(|part| making.part(part.as_bytes()));
            making.finish()
        };
        let first = print(&vault, "a", &["b", "c"]);
        assert_eq!(first, print(&vault, "a", &["b", "c"]));
        for another in [
            print(&vault, "ab", &["c"]),
            print(&vault, "a", &["bc"]),
            print(&vault, "a", &["", "bc"]),
            print(&other, "a", &["b", "c"]),
        ] {
            assert_ne!(first, another);
        }
        assert_ne!(first.0, vault.hash("abc").0);
    }

    #[test]
    fn case_121_another_master_key_opens_nothing() {
        let first = master("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp");
        let (vault, wrapped) = Vault::create(&first);
        let again = Vault::unlock(&first, &wrapped).ok().unwrap();
        assert_eq!(vault.hash("sk-tg-x"), again.hash("sk-tg-x"));
        assert!(Vault::unlock(&master("other-q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6J"), &wrapped).is_err());
    }
}
