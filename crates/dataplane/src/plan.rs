//! Where a call goes: the upstream that holds the objects it names, else the first.

use std::sync::Arc;

use domain::{Fault, ProjectId, fault::catalogue};

use crate::refusal;
use crate::shared::Dataplane;
use crate::upstreams::LiveUpstream;

/// The chosen upstream.
pub(crate) struct Plan {
    pub(crate) upstream: Arc<LiveUpstream>,
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
        return Ok(Plan { upstream: Arc::clone(first) });
    };
    let asked = [object.to_owned()];
    for upstream in upstreams.iter() {
        let owners = shared.claims.owners(&upstream.id, &asked).await;
        let owner = owners.map_err(|e| refusal::store(&e))?.pop().flatten();
        if owner.as_ref() == Some(project) {
            return Ok(Plan { upstream: Arc::clone(upstream) });
        }
    }
    // Without a record it can only be on an upstream whose old objects are this project's.
    let old = upstreams.iter().find(|u| u.unowned_project.as_ref() == Some(project));
    Ok(Plan { upstream: Arc::clone(old.unwrap_or(first)) })
}
