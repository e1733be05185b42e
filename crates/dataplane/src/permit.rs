//! Whether a key may do what it asks: alive, right address, right scope, right models.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{
    Fault, HostedAsk, KeyKind, KeyView, ProjectId, Refusal, SecretHash, Stage, Timestamp,
    fault::catalogue,
};
use openai::surface::{Meter, Operation};

use crate::caller::Caller;
use crate::{proof, rate, refusal};

/// Leave to run one operation for one project. Only [`grant`] makes it.
pub(crate) struct Permit {
    pub(crate) key: Arc<KeyView>,
    pub(crate) secret: SecretHash,
    pub(crate) project: ProjectId,
    pub(crate) address: IpAddr,
}

/// Decides on everything but the body. The caller becomes the permit's, unless it is refused;
/// `stage` is told where it is for what the key is by itself.
pub(crate) fn grant(
    caller: &mut Option<Caller>,
    operation: &Operation,
    now: Timestamp,
    stage: &mut Stage,
) -> Result<Permit, Fault> {
    let nobody = || Fault::new(&catalogue::MISSING_API_KEY);
    let project = may(caller.as_ref().ok_or_else(nobody)?, operation, now, stage)?;
    let Caller { key, secret, address, .. } = caller.take().ok_or_else(nobody)?;
    Ok(Permit { key, secret, project, address })
}

fn may(
    caller: &Caller,
    operation: &Operation,
    now: Timestamp,
    stage: &mut Stage,
) -> Result<ProjectId, Fault> {
    let key = &caller.key;
    let project = match (&key.kind, &key.project) {
        (KeyKind::Project | KeyKind::ServiceAccount, Some(project)) => project.clone(),
        _ => return Err(missing_scope(operation, "Admin API keys cannot be used here.")),
    };
    key.check(now, caller.address)
        .map_err(Refusal::fault)
        .and_then(|()| {
            // What it came over is the key's as well.
            proof::check(&caller.proof, key, now)
        })
        .inspect_err(|_| *stage = Stage::Key)?;
    if !key.policy.permission.allows(operation.scope) {
        return Err(missing_scope(operation, "Check the key's permissions."));
    }
    // What a client does at the provider directly is past every rule that the key has.
    let ruled = key.has_model_list()
        || !key.denied_tools().is_empty()
        || key.policy.networks.is_some()
        || key.expires_at.is_some();
    if operation.meter == Meter::Escapes && (ruled || rate::limits(key)) {
        return Err(Fault::new(&catalogue::ROUTE_NOT_METERED));
    }
    Ok(project)
}

impl Permit {
    /// The same, for a call that is made beside this one.
    pub(crate) fn again(&self) -> Self {
        let (key, project) = (Arc::clone(&self.key), self.project.clone());
        Self { key, secret: self.secret, project, address: self.address }
    }

    /// Decides on the models that a body names: the one that decides, and all others.
    pub(crate) fn check_models(
        &self,
        operation: &Operation,
        deciding: Option<&str>,
        all: &[&str],
    ) -> Result<(), Fault> {
        if !self.key.has_model_list() {
            return Ok(());
        }
        let not_allowed = |model| refusal::model_not_allowed(model, self.project.as_str());
        // A model that the body leaves to a stored object cannot be seen, so it is not allowed. A
        // job's models stand deeper in its body, or in the file that it names.
        // What runs nothing now may name a model for later: a grader of an eval.
        let hidden = match operation.meter {
            Meter::Free => false,
            Meter::Job => all.is_empty() && operation.id != "createBatch",
            _ => deciding.is_none_or(str::is_empty),
        };
        if hidden {
            return Err(not_allowed(""));
        }
        match all.iter().find(|model| !self.key.allows_model(model)) {
            Some(model) => Err(not_allowed(model)),
            None => Ok(()),
        }
    }
}

/// Decides on the provider's own tools that a body asks for. Where some are denied, one that cannot
/// be seen for what it is may be one of them.
pub(crate) fn check_tools(key: &KeyView, ask: impl FnOnce() -> HostedAsk) -> Result<(), Fault> {
    let denied = key.denied_tools();
    if denied.is_empty() {
        return Ok(());
    }
    let project = key.project.as_ref().map_or("", ProjectId::as_str);
    let ask = ask();
    match denied.first_common(ask.tools) {
        Some(tool) => Err(refusal::tool_not_allowed(tool.as_str(), project)),
        None if ask.others => Err(refusal::tool_not_allowed("(not known)", project)),
        None => Ok(()),
    }
}

pub(crate) fn missing_scope(operation: &Operation, advice: &str) -> Fault {
    let message = format!(
        "You have insufficient permissions for this operation. Missing scopes: {}. {advice}",
        operation.scope
    );
    Fault::because(&catalogue::PERMISSION_DENIED, message)
}
