//! Whether a key may do what it asks: alive, right address, right scope, right models.

use std::sync::Arc;

use domain::{
    Fault, KeyKind, KeyView, ProjectId, Refusal, SecretHash, Timestamp, fault::catalogue,
};
use openai::surface::{Meter, Operation};

use crate::caller::Caller;
use crate::refusal;

/// Leave to run one operation for one project. Only [`grant`] makes it.
pub(crate) struct Permit {
    pub(crate) key: Arc<KeyView>,
    pub(crate) secret: SecretHash,
    pub(crate) project: ProjectId,
}

/// Decides on everything but the body.
pub(crate) fn grant(
    caller: Caller,
    operation: &Operation,
    now: Timestamp,
) -> Result<Permit, Fault> {
    let key = caller.key;
    let project = match (&key.kind, &key.project) {
        (KeyKind::Project | KeyKind::ServiceAccount, Some(project)) => project.clone(),
        _ => return Err(missing_scope(operation, "Admin API keys cannot be used here.")),
    };
    key.check(now, caller.address).map_err(refused)?;
    if !key.policy.permission.allows(operation.scope) {
        return Err(missing_scope(operation, "Check the key's permissions."));
    }
    // What a client does at the provider directly is past every rule that the key has.
    if operation.meter == Meter::Escapes && key.policy.models.is_some() {
        return Err(Fault::new(&catalogue::ROUTE_NOT_METERED));
    }
    Ok(Permit { key, secret: caller.secret, project })
}

impl Permit {
    /// Decides on the models that a body names. `models` is empty when it names none.
    pub(crate) fn check_models(&self, operation: &Operation, models: &[&str]) -> Result<(), Fault> {
        if self.key.policy.models.is_none() || !operation.runs_model() {
            return Ok(());
        }
        // A model that the body leaves to a stored object cannot be seen, so it is not allowed.
        let first = models.first().copied().unwrap_or("");
        if first.is_empty() {
            return Err(refusal::model_not_allowed(first, self.project.as_str()));
        }
        match models.iter().find(|m| !self.key.policy.allows_model(m)) {
            Some(model) => Err(refusal::model_not_allowed(model, self.project.as_str())),
            None => Ok(()),
        }
    }
}

fn refused(refusal: Refusal) -> Fault {
    Fault::new(match refusal {
        Refusal::Revoked => &catalogue::KEY_REVOKED,
        Refusal::Expired => &catalogue::KEY_EXPIRED,
        Refusal::ProjectArchived => &catalogue::KEY_DISABLED,
        Refusal::AddressNotAllowed => &catalogue::ADDRESS_NOT_ALLOWED,
    })
}

fn missing_scope(operation: &Operation, advice: &str) -> Fault {
    let message = format!(
        "You have insufficient permissions for this operation. Missing scopes: {}. {advice}",
        operation.scope
    );
    Fault::because(&catalogue::PERMISSION_DENIED, message)
}
