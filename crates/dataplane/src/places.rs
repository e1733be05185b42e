//! The upstreams and routes in use, both of one moment.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::ports::{self, BadPlace};
use domain::route::Routes;
use domain::{Fault, ProjectId, UpstreamId};
use egress::InProcess;

use crate::refusal;
use crate::upstreams::LiveUpstream;

/// All that calls may go to. Never changed: new ones take its place.
pub(crate) struct Places {
    /// In the order in which they stand for calls without a route.
    pub(crate) upstreams: Arc<[Arc<LiveUpstream>]>,
    pub(crate) routes: Routes,
}

impl Default for Places {
    fn default() -> Self {
        Self { upstreams: Arc::from([]), routes: Routes::default() }
    }
}

impl Places {
    /// Makes all live. What has not changed stays the very same: its connections, and how it has
    /// fared.
    pub(crate) fn new(
        given: ports::Places,
        before: &Self,
        how: (&InProcess, &[String]),
    ) -> (Self, Vec<BadPlace>) {
        let (mut upstreams, mut bad) = (Vec::with_capacity(given.upstreams.len()), Vec::new());
        for (stored, secrets) in given.upstreams {
            if let Some(same) = before.upstreams.iter().find(|old| old.is_made_from(&stored)) {
                upstreams.push(Arc::clone(same));
                continue;
            }
            match LiveUpstream::new(stored, &secrets, how) {
                Ok(mut live) => {
                    before.upstreams.iter().for_each(|old| live.goes_on_from(old));
                    upstreams.push(Arc::new(live));
                }
                Err(why) => bad.push(why),
            }
        }
        (Self { upstreams: upstreams.into(), routes: Routes::new(given.routes) }, bad)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<LiveUpstream>> {
        self.upstreams.iter().find(|upstream| upstream.name() == name)
    }

    /// Refuses models that are denied to a project.
    pub(crate) fn check_models<T: AsRef<str>>(
        &self,
        project: &ProjectId,
        models: impl IntoIterator<Item = T>,
    ) -> Result<(), Fault> {
        let denied = |model: &T| self.routes.denies(project, model.as_ref());
        match models.into_iter().find(denied) {
            Some(model) => Err(refusal::model_not_allowed(model.as_ref(), project.as_str())),
            None => Ok(()),
        }
    }
}

/// Upstreams that others took the place of. A call that began before keeps what it has.
#[derive(Default)]
pub(crate) struct Left(Mutex<Vec<(UpstreamId, Weak<LiveUpstream>)>>);

impl Left {
    pub(crate) fn note(&self, before: &Places, now: &Places) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|(_, upstream)| upstream.strong_count() > 0);
        let stays = |old: &Arc<LiveUpstream>| now.upstreams.iter().any(|new| Arc::ptr_eq(new, old));
        let gone = before.upstreams.iter().filter(|old| !stays(old));
        left.extend(gone.map(|old| (old.id.clone(), Arc::downgrade(old))));
    }

    /// Whether nobody uses it any more as it was.
    pub(crate) fn is_drained(&self, id: &UpstreamId) -> bool {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !left.iter().any(|(of, upstream)| of == id && upstream.strong_count() > 0)
    }
}
