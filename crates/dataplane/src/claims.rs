//! Who owns which object: a bounded memory over the store's records.
//!
//! Only what is known to be owned is remembered; that an id has no record is asked each time, so
//! that a record made elsewhere is seen at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::{Objects, StoreError};
use domain::{ObjectKind, ObjectRecord, ProjectId, UpstreamId};

/// Owners kept in memory.
const KEPT: usize = 65_536;

type Known = HashMap<(UpstreamId, String), ProjectId>;

pub(crate) struct Claims {
    objects: Arc<dyn Objects>,
    known: Mutex<Known>,
}

impl Claims {
    pub(crate) fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects, known: Mutex::new(HashMap::new()) }
    }

    /// The owner of each object, in order.
    pub(crate) async fn owners(
        &self,
        upstream: &UpstreamId,
        objects: &[String],
    ) -> Result<Vec<Option<ProjectId>>, StoreError> {
        let mut owners: Vec<Option<ProjectId>> = {
            let known = self.lock();
            let find = |o: &String| known.get(&(upstream.clone(), o.clone())).cloned();
            objects.iter().map(find).collect()
        };
        let missing: Vec<String> = objects
            .iter()
            .zip(&owners)
            .filter(|(_, owner)| owner.is_none())
            .map(|(object, _)| object.clone())
            .collect();
        if missing.is_empty() {
            return Ok(owners);
        }
        let mut found = self.objects.owners(upstream.clone(), missing).await?.into_iter();
        for (object, owner) in objects.iter().zip(&mut owners) {
            if owner.is_none() {
                *owner = found.next().flatten();
                if let Some(project) = owner {
                    self.remember(upstream, object, project);
                }
            }
        }
        Ok(owners)
    }

    /// Remembers new objects, durably before it returns. The first project keeps an object.
    pub(crate) async fn claim(&self, records: Vec<ObjectRecord>) -> Result<(), StoreError> {
        if records.is_empty() { Ok(()) } else { self.objects.claim(records).await }
    }

    /// Forgets an object that its upstream has deleted.
    pub(crate) async fn forget(
        &self,
        upstream: UpstreamId,
        object: String,
    ) -> Result<(), StoreError> {
        self.lock().remove(&(upstream.clone(), object.clone()));
        self.objects.forget(upstream, object).await
    }

    pub(crate) async fn count(
        &self,
        upstream: &UpstreamId,
        project: &ProjectId,
        kind: ObjectKind,
    ) -> Result<u64, StoreError> {
        self.objects.count(upstream.clone(), project.clone(), kind).await
    }

    fn remember(&self, upstream: &UpstreamId, object: &str, project: &ProjectId) {
        let mut known = self.lock();
        if known.len() >= KEPT {
            let out: Vec<_> = known.keys().take(KEPT / 8).cloned().collect();
            out.iter().for_each(|key| drop(known.remove(key)));
        }
        known.insert((upstream.clone(), object.to_owned()), project.clone());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
