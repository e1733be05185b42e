//! Honeytokens, as the way of a call sees them: keys that nobody knows, whose use is noted.
//!
//! Looked at for every key that is not in memory, before it is looked up, so that one is refused
//! exactly as any unknown key is, and as fast.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError, RwLock};

use domain::{SecretHash, Trip};

/// Trips that wait to be told of.
const WAITING: usize = 256;

#[derive(Default)]
pub(crate) struct Honeytokens {
    secrets: RwLock<HashSet<SecretHash>>,
    trips: Mutex<Vec<Trip>>,
}

impl Honeytokens {
    pub(crate) fn set(&self, secrets: HashSet<SecretHash>) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    /// Notes the use of one, where there is room; what is no honeytoken is passed over.
    pub(crate) fn look(&self, secret: SecretHash, trip: impl FnOnce() -> Trip) {
        if self.secrets.read().unwrap_or_else(PoisonError::into_inner).contains(&secret) {
            let mut trips = self.trips.lock().unwrap_or_else(PoisonError::into_inner);
            if trips.len() < WAITING {
                trips.push(trip());
            }
        }
    }

    pub(crate) fn take(&self) -> Vec<Trip> {
        std::mem::take(&mut *self.trips.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
