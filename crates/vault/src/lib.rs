//! The only crate that makes, seals and opens secrets, and says whether a client is who it shows.
//!
//! * [`certificate`]: certificates of clients, and those they are held against.
//! * [`key`]: the format of Tollgate's own keys, with a checksum that anyone can verify.
//! * [`Vault`]: keyed hashes of our keys, sealed credentials of providers.
//! * [`leaks`]: what leaked secrets look like, ours and others'.
//! * [`report`]: whether a report of leaked keys is signed by who it says.
//! * [`webhook`]: signing what we send to people's own servers.
//! * [`MasterKey`]: where the key over all of it comes from.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod id_token;
pub mod key;
pub mod leaks;
mod master;
pub mod password;
pub mod report;
mod sealed;
pub mod token;
pub mod totp;
pub mod webhook;

pub use master::{MasterKey, MasterKeyError};
pub use sealed::{Fingerprinter, OpenError, Vault, WrappedKeys};

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give: nothing secret can be made then.
#[must_use]
#[allow(clippy::expect_used, reason = "no secret may be made from anything weaker")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
