//! Where a call goes: the upstream that holds the objects it names, else the first.

use std::sync::Arc;

use domain::route::Reasons;
use domain::{Fault, ProjectId, fault::catalogue};

use crate::refusal;
use crate::shared::Dataplane;
use crate::upstreams::LiveUpstream;

/// One place a call may go.
#[allow(dead_code, reason = "routes and attempts read it next")]
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) upstream: Arc<LiveUpstream>,
    /// Which of the upstream's credentials: an index into [`LiveUpstream::credentials`].
    pub(crate) credential: usize,
    /// What the provider calls the model; `None`: as the caller wrote it.
    pub(crate) model: Option<Arc<str>>,
    /// For which reasons a call may come here after another place failed it.
    pub(crate) on: Reasons,
}

/// The places a call may go, in the order to be tried.
#[allow(dead_code, reason = "routes and attempts read it next")]
pub(crate) struct Plan {
    pub(crate) first: Candidate,
    pub(crate) others: Vec<Candidate>,
}

impl Plan {
    fn only(upstream: &Arc<LiveUpstream>) -> Self {
        let upstream = Arc::clone(upstream);
        let first = Candidate { upstream, credential: 0, model: None, on: Reasons::ALL };
        Self { first, others: Vec::new() }
    }
}

/// Chooses. `object` is an id that the path or body names, if it names one.
pub(crate) async fn choose(
    shared: &Dataplane,
    project: &ProjectId,
    object: Option<&str>,
) -> Result<Plan, Fault> {
    let upstreams = shared.upstreams();
    let Some(first) = upstreams.first() else {
        return Err(Fault::new(&catalogue::NO_UPSTREAM_AVAILABLE));
    };
    let Some(object) = object.filter(|_| upstreams.len() > 1) else {
        return Ok(Plan::only(first));
    };
    let asked = [object.to_owned()];
    for upstream in upstreams.iter() {
        let owners = shared.claims.owners(&upstream.id, &asked).await;
        let owner = owners.map_err(|e| refusal::store(&e))?.pop().flatten();
        if owner.as_ref() == Some(project) {
            return Ok(Plan::only(upstream));
        }
    }
    // Without a record it can only be on an upstream whose old objects are this project's.
    let old = upstreams.iter().find(|u| u.unowned_project.as_ref() == Some(project));
    Ok(Plan::only(old.unwrap_or(first)))
}
