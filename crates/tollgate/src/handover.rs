//! Bringing new secrets of keys to where they are used, as the config file says: to a command, a
//! file, or a Kubernetes Secret. Nothing of it can be set through the API: whoever may write there
//! must not name programs and files of this machine.

mod cluster;
mod command;
mod file;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use domain::ports::BoxFuture;
use domain::{KeyId, RotationRule, Secret, SecretHandlers};

pub use cluster::{Cluster, ClusterSecret};
pub use command::Command;
pub use file::check as check_file;

/// How one key is rotated (`[[rotations]]`).
#[derive(Clone)]
pub struct Rotation {
    pub api_key: KeyId,
    pub rule: RotationRule,
    pub handler: Handler,
}

/// Who takes the new secret.
#[derive(Clone)]
pub enum Handler {
    Command(Command),
    File(std::path::PathBuf),
    Kubernetes(ClusterSecret),
}

/// The handlers in use.
#[derive(Default)]
pub struct Handlers(RwLock<BTreeMap<KeyId, Rotation>>);

impl Handlers {
    /// Takes the place of all before.
    pub fn set(&self, rotations: &[Rotation]) {
        let all = rotations.iter().map(|it| (it.api_key.clone(), it.clone())).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    fn of(&self, key: &KeyId) -> Option<Rotation> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

impl SecretHandlers for Handlers {
    fn rule(&self, key: &KeyId) -> Option<RotationRule> {
        self.of(key).map(|rotation| rotation.rule)
    }

    fn keys(&self) -> Vec<KeyId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn hand_over<'a>(
        &'a self,
        key: &'a KeyId,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let handed = match self.of(key).map(|rotation| rotation.handler) {
                None => Err("no handler".to_owned()),
                Some(Handler::Command(command)) => command.run(key, secret.clone()).await,
                Some(Handler::File(path)) => file::write(path, secret.clone()).await,
                Some(Handler::Kubernetes(place)) => place.write(secret).await,
            };
            match &handed {
                Ok(()) => tracing::info!(%key, "a new secret was handed over"),
                Err(why) => {
                    tracing::error!(%key, why, "a new secret was not taken; it is tried again")
                }
            }
            handed
        })
    }
}
