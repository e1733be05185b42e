//! The only crate that makes, seals and opens secrets.
//!
//! * [`key`]: the format of Tollgate's own keys, with a checksum that anyone can verify.
//! * [`Vault`]: keyed hashes of our keys, sealed credentials of providers.
//! * [`webhook`]: signing what we send to people's own servers.
//! * [`MasterKey`]: where the key over all of it comes from.

#![forbid(unsafe_code)]

pub mod key;
mod master;
mod sealed;
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
