//! A person's keys in the keyring of Linux itself: in the kernel's memory, never on a disk, for this
//! user alone, without a daemon. One for each Tollgate, so that a key never goes to another.
//!
//! A key is gone when the machine restarts, and when nobody used it for three days (the kernel's
//! `persistent_keyring_expiry`). Why no other keyring is linked: ADR 7.

use domain::Secret;

use super::failure::Failure;

/// Whether it can be used: asked before a key is made that would be lost otherwise.
pub(super) fn check() -> Result<(), Failure> {
    kernel::check().map_err(unusable)
}

/// Keeps the key of the Tollgate at `url`, in the place of the one before.
pub(super) fn keep(url: &str, key: &Secret) -> Result<(), Failure> {
    kernel::keep(&entry(url), key).map_err(unusable)
}

fn unusable(why: String) -> Failure {
    Failure::new(format!("this system's keyring cannot be used: {why}")).next(
        "Without --keyring the key is kept in a file of mode 0600; another keyring comes in by \
         --key-command.",
    )
}

/// The key that is kept for the Tollgate at `url`. Where there is no keyring, none is.
pub(super) fn kept(url: &str) -> Option<Secret> {
    kernel::kept(&entry(url))
}

/// Whether there was one.
pub(super) fn forget(url: &str) -> bool {
    kernel::forget(&entry(url))
}

fn entry(url: &str) -> String {
    format!("tollgate:{url}")
}

#[cfg(target_os = "linux")]
mod kernel {
    use domain::Secret;
    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use super::super::reveal;

    /// More than any key has.
    const LONGEST: usize = 4096;

    /// This user's own, over all sessions. The link by which this process may read it ends with the
    /// process: a program that it becomes has none.
    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::get_persistent(KeyRingIdentifier::Process)
    }

    pub(super) fn check() -> Result<(), String> {
        ring().map(drop).map_err(words)
    }

    pub(super) fn keep(entry: &str, key: &Secret) -> Result<(), String> {
        ring().and_then(|ring| reveal::into_keyring(&ring, entry, key)).map_err(words)
    }

    fn words(error: KeyError) -> String {
        match error {
            KeyError::PermissionDenied | KeyError::AccessDenied => {
                "the system does not allow it, as is usual in containers".to_owned()
            }
            // ENOSYS: a kernel without it.
            KeyError::OperationNotSupported | KeyError::Unknown(38) => {
                "its kernel has none".to_owned()
            }
            other => other.to_string(),
        }
    }

    pub(super) fn kept(entry: &str) -> Option<Secret> {
        let key = ring().ok()?.search(entry).ok()?;
        let mut bytes = Zeroizing::new([0; LONGEST]);
        let length = key.read(&mut *bytes).ok()?;
        // The kernel gives the whole length where the room is too small.
        std::str::from_utf8(bytes.get(..length)?).ok().map(Secret::from)
    }

    pub(super) fn forget(entry: &str) -> bool {
        let found = ring().and_then(|ring| ring.search(entry).map(|key| (ring, key)));
        found.is_ok_and(|(ring, key)| ring.unlink_key(key).is_ok())
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use domain::Secret;

    pub(super) fn check() -> Result<(), String> {
        Err("only Linux's own is known".to_owned())
    }

    pub(super) fn keep(_: &str, _: &Secret) -> Result<(), String> {
        check()
    }

    pub(super) fn kept(_: &str) -> Option<Secret> {
        None
    }

    pub(super) fn forget(_: &str) -> bool {
        false
    }
}
