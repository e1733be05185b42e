//! Nothing crosses projects: an object is used by the project whose call made it.
//!
//! An id without a record belongs to the project that the operator named for the upstream; for
//! every other project it is as if it did not exist.

use std::sync::Arc;

use domain::{Fault, ObjectKind, ObjectRecord, ProjectId};
use openai::answer::derived;
use openai::surface::{Meter, Operation};

use crate::plan::{Candidate, Plan};
use crate::refusal;
use crate::shared::Dataplane;
use crate::tab::Call;
use crate::upstreams::LiveUpstream;

/// Refuses a call that names an object of another project, in its path or its body.
pub(crate) async fn check(
    shared: &Dataplane,
    upstream: &LiveUpstream,
    project: &ProjectId,
    named: &[(ObjectKind, String)],
) -> Result<(), Fault> {
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = named.iter().map(|(_, id)| id.clone()).collect();
    let owners = shared.claims.owners(&upstream.id, &ids).await;
    let owners = owners.map_err(|error| refusal::store(&error))?;
    for ((kind, id), owner) in named.iter().zip(owners) {
        if !is_ours(upstream, project, owner.as_ref()) {
            return Err(refusal::no_such(*kind, id));
        }
    }
    Ok(())
}

/// Refuses items that are given again in full, but are known to be another project's. Most ids
/// here have no record: what was not stored, or came from elsewhere, may be given by anybody.
pub(crate) async fn check_replayed(
    shared: &Dataplane,
    upstream: &LiveUpstream,
    project: &ProjectId,
    ids: &[String],
) -> Result<(), Fault> {
    let owners = shared.claims.owners(&upstream.id, ids).await;
    let owners = owners.map_err(|error| refusal::store(&error))?;
    let strange = |owner: &Option<ProjectId>| owner.as_ref().is_some_and(|o| o != project);
    match ids.iter().zip(owners).find(|(_, owner)| strange(owner)) {
        Some((id, _)) => Err(refusal::no_such(ObjectKind::Item, id)),
        None => Ok(()),
    }
}

/// Refuses the same for a plan's first place, and leaves out the others where they would be.
pub(crate) async fn without_strangers(
    shared: &Dataplane,
    plan: Plan,
    project: &ProjectId,
    ids: &[String],
) -> Result<Plan, Fault> {
    let Plan { first, others, .. } = plan;
    check_replayed(shared, &first.upstream, project, ids).await?;
    let mut plan =
        Plan { first, others: Vec::with_capacity(others.len()), shadow: None, cache: None };
    for other in others {
        let same = |known: &Candidate| Arc::ptr_eq(&known.upstream, &other.upstream);
        if same(&plan.first)
            || plan.others.iter().any(same)
            || check_replayed(shared, &other.upstream, project, ids).await.is_ok()
        {
            plan.others.push(other);
        }
    }
    Ok(plan)
}

/// Whether an object with this owner on record is the project's.
pub(crate) fn is_ours(
    upstream: &LiveUpstream,
    project: &ProjectId,
    owner: Option<&ProjectId>,
) -> bool {
    owner.or(upstream.unowned_project.as_ref()) == Some(project)
}

/// The records that a whole answer asks for: the object it made, and the objects it brings along.
pub(crate) fn made(
    call: &Call,
    upstream: &LiveUpstream,
    answer: &[u8],
    id: Option<String>,
) -> Vec<ObjectRecord> {
    let record = |kind: ObjectKind, object: String| ObjectRecord {
        upstream: upstream.id.clone(),
        object,
        kind,
        project: call.project.clone(),
        created_at: call.at,
    };
    let mut records = Vec::new();
    if let Some((kind, "id")) = call.operation.makes
        && let Some(id) = id
    {
        records.push(record(kind, id));
    }
    if brings_objects(call) {
        // An item of an answer that is not stored cannot be referred to.
        let items = call.claims && has_items(call.operation);
        records.extend(derived(answer, items).into_iter().map(|(kind, id)| record(kind, id)));
    }
    records
}

/// Whether an answer may hold ids of further objects. A response that is not stored may still
/// have opened a container.
pub(crate) fn brings_objects(call: &Call) -> bool {
    call.claims || call.operation.names.is_some() || call.operation.meter == Meter::Responses
}

/// Whether the elements of an answer can be referred to by their own ids.
fn has_items(operation: &Operation) -> bool {
    operation.meter == Meter::Responses
        || operation.path.starts_with("/conversations")
        || operation.path.ends_with("/input_items")
}
