//! The master key: from the environment, or a file of mode 0600, made at first start.

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::Secret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const SHORTEST: usize = 32;

/// The 32 bytes over everything sealed here.
pub struct MasterKey(pub(crate) Zeroizing<[u8; 32]>);

/// Why there is no usable master key. Every message says what to do.
#[derive(Debug, PartialEq, Eq)]
pub enum MasterKeyError {
    TooShort,
    Weak,
    Readable(PathBuf),
    File(PathBuf, String),
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(
                f,
                "the master key is empty or shorter than {SHORTEST} characters. \
                 Make one with: openssl rand -base64 48"
            ),
            Self::Weak => write!(
                f,
                "the master key is a placeholder or repeats itself. \
                 Make one with: openssl rand -base64 48"
            ),
            Self::Readable(path) => write!(
                f,
                "{} can be read by others. Run: chmod 600 {}",
                path.display(),
                path.display()
            ),
            Self::File(path, why) => write!(f, "cannot use {}: {why}", path.display()),
        }
    }
}

impl std::error::Error for MasterKeyError {}

impl MasterKey {
    /// From what the operator set. At least 32 characters with at least 10 different ones.
    ///
    /// # Errors
    /// [`MasterKeyError::TooShort`] or [`MasterKeyError::Weak`] (case 16).
    pub fn from_secret(secret: &Secret) -> Result<Self, MasterKeyError> {
        let text = secret.expose().trim();
        if text.len() < SHORTEST {
            return Err(MasterKeyError::TooShort);
        }
        let mut seen = [false; 256];
        text.bytes().for_each(|b| seen[usize::from(b)] = true);
        let placeholder = ["changeme", "change-me", "change_me", "password", "secretkey"];
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        if seen.iter().filter(|s| **s).count() < 10 || placeholder.iter().any(|p| lower.contains(p))
        {
            return Err(MasterKeyError::Weak);
        }
        let mut hash = Sha256::new();
        hash.update(b"tollgate master key v1\0");
        hash.update(text.as_bytes());
        Ok(Self(Zeroizing::new(hash.finalize().into())))
    }

    /// From a file that only its owner can read.
    ///
    /// # Errors
    /// When the file is missing, readable by others (P29), or holds no usable key.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        let fail = |error: std::io::Error| MasterKeyError::File(path.into(), error.to_string());
        let mode = fs::metadata(path).map_err(fail)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Readable(path.into()));
        }
        Self::from_secret(&Secret::new(fs::read_to_string(path).map_err(fail)?))
    }

    /// From a file, made with fresh randomness (mode 0600) when it is not there.
    ///
    /// # Errors
    /// As [`MasterKey::from_file`], or when the file cannot be written.
    pub fn from_file_or_new(path: &Path) -> Result<Self, MasterKeyError> {
        if !path.exists() {
            let hex: String = crate::random::<48>().iter().map(|b| format!("{b:02x}")).collect();
            let hex = Zeroizing::new(hex);
            write_private(path, &hex)
                .map_err(|error| MasterKeyError::File(path.into(), error.to_string()))?;
        }
        Self::from_file(path)
    }
}

/// Writes a new file that only its owner can read, and makes it durable.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_16_empty_short_and_placeholder_keys_are_refused() {
        let from = |text: &str| MasterKey::from_secret(&Secret::from(text)).err();
        assert_eq!(from(""), Some(MasterKeyError::TooShort));
        assert_eq!(from("short"), Some(MasterKeyError::TooShort));
        assert_eq!(from(&"a".repeat(64)), Some(MasterKeyError::Weak));
        assert_eq!(from("changeme-0123456789-abcdefghijklmnop"), Some(MasterKeyError::Weak));
        assert_eq!(from("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp"), None);
    }
}
