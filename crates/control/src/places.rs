//! Putting upstreams and routes in use: after every change all of them, as they are stored, before
//! whoever made the change hears of it.

use std::sync::{PoisonError, RwLock};

use domain::ports::{BadPlace, Places};
use domain::{AuditEntry, Change, Fault, Upstream, UpstreamSource};
use tokio::sync::{Mutex, MutexGuard};

use crate::Control;
use crate::transact::{Stale, Write, store_fault};

/// What the control plane itself knows of places.
#[derive(Default)]
pub(crate) struct Desk {
    /// One change at a time: each reads what it changes, and what is put in use is never older
    /// than what was.
    writing: Mutex<()>,
    /// The upstreams that environment and config file name now, in their order.
    order: RwLock<Vec<String>>,
}

impl Desk {
    pub(crate) async fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    pub(crate) fn set_order(&self, order: Vec<String>) {
        *self.order.write().unwrap_or_else(PoisonError::into_inner) = order;
    }

    /// Whether calls may go to it at all: a declared one that is named no longer only keeps its
    /// objects' owners.
    pub(crate) fn is_named(&self, upstream: &Upstream) -> bool {
        let order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        upstream.source == UpstreamSource::Api || order.contains(&upstream.name)
    }

    /// Declared ones in their order, then the API's as they were made.
    fn sort(&self, upstreams: &mut [Upstream]) {
        let order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        let place = |u: &Upstream| order.iter().position(|name| *name == u.name);
        // The demo is for whoever has nothing else: a provider that was added answers in its place.
        upstreams.sort_by_key(|u| (u.is_demo(), place(u).unwrap_or(usize::MAX)));
    }
}

impl Control {
    /// Writes a change of places, and puts them in use. The caller holds the desk's lock.
    pub(crate) async fn commit_places(
        &self,
        what: &str,
        changes: Vec<Change>,
        audit: Vec<AuditEntry>,
    ) -> Result<Vec<BadPlace>, Fault> {
        let write = Write { changes, audit, stale: Stale::Nothing };
        let written = self.commit(what, write).await;
        // After a failure as well: a store that went away may have written all the same.
        let used = self.use_places().await;
        written.and(used)
    }

    /// Puts what is stored in use; gives the upstreams that cannot be. The caller holds the desk's
    /// lock.
    pub(crate) async fn use_places(&self) -> Result<Vec<BadPlace>, Fault> {
        let mut stored = self.list_upstreams().await?;
        stored.retain(|upstream| self.places.is_named(upstream));
        self.places.sort(&mut stored);
        let routes = self.stored_routes().await?;
        let (mut upstreams, mut bad) = (Vec::with_capacity(stored.len()), Vec::new());
        for upstream in stored {
            match self.open_credentials(&upstream) {
                Ok(secrets) => upstreams.push((upstream, secrets)),
                Err(why) => bad.push(BadPlace { upstream: upstream.name, why }),
            }
        }
        bad.extend(self.invalidate.places_changed(Places { upstreams, routes }));
        Ok(bad)
    }

    pub(crate) async fn stored_routes(&self) -> Result<Vec<domain::route::Route>, Fault> {
        self.records.routes().await.map_err(|error| store_fault(error, "the routes"))
    }
}
