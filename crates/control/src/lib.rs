//! The only crate that changes who may do what. No HTTP here: `web` and the binary are its faces.
//!
//! Every write is a list of [`domain::Change`]s and their audit lines, applied in one transaction;
//! then the caches are told, and only then does the caller hear that it is done. So a permission,
//! a revocation or a new key holds from the next call on.
//!
//! * [`Control`]: the noun's methods are in the file of the noun.
//! * [`Author`]: who asks for a write; every write takes one.

#![forbid(unsafe_code)]

mod access;
mod admin_keys;
mod author;
mod bootstrap;
mod calendar;
mod keys;
mod networks;
mod owner;
mod projects;
mod rate_limits;
mod rotation;
mod secrets;
mod service_accounts;
mod transact;
mod upstreams;
mod usage;

use std::collections::HashSet;
use std::sync::{Arc, RwLock};

use domain::ports::{Directory, Invalidate, Records, UsageStore};
use domain::{Clock, ModelFacts, SecretHash};
use vault::Vault;

pub use access::AdminCaller;
pub use admin_keys::AdminKeyDraft;
pub use author::Author;
pub use keys::{Expiry, KeyDraft, KeyPatch, MadeKey};
pub use networks::{Network, parse_network};
pub use owner::{OwnedKey, OwnerRecord};
pub use projects::{ProjectDraft, ProjectPatch};
pub use rate_limits::{ModelRate, RateChanges, RateOwner, RatePage};
pub use service_accounts::{ServiceAccountDraft, ServiceAccountPatch};
pub use upstreams::{DeclaredUpstream, Unowned};
pub use usage::{UsageQuestion, UsageReport};

/// Accounts, projects, keys, upstreams and reports, over the ports that keep them.
pub struct Control {
    records: Arc<dyn Records>,
    directory: Arc<dyn Directory>,
    usage: Arc<dyn UsageStore>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    invalidate: Arc<dyn Invalidate>,
    /// The admin keys that this start was given. They need not have our format, and the API
    /// does not delete them: the next start would bring them back.
    registered: RwLock<HashSet<SecretHash>>,
    /// What is publicly known of models; see [`Control::with_models`].
    models: &'static [ModelFacts],
}

impl Control {
    #[must_use]
    pub fn new(
        records: Arc<dyn Records>,
        directory: Arc<dyn Directory>,
        usage: Arc<dyn UsageStore>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        invalidate: Arc<dyn Invalidate>,
    ) -> Self {
        let registered = RwLock::default();
        Self { records, directory, usage, vault, clock, invalidate, registered, models: &[] }
    }

    fn is_registered(&self, hash: SecretHash) -> bool {
        self.registered.read().is_ok_and(|hashes| hashes.contains(&hash))
    }
}
