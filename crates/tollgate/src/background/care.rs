//! Looking after keys, beside the calls: honeytokens that were used, secrets on their way to their
//! handlers, and the age of keys.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use control::Control;
use dataplane::Dataplane;
use domain::{KeyId, KeySeen, ProjectId, UsageRecord, network_of, network_words};

use crate::app::App;
use crate::server::Stop;

const SECOND: Duration = Duration::from_secs(1);
/// Between two looks at the age of all keys: it counts in days.
const AGES: Duration = Duration::from_secs(300);

/// Between two looks at how keys are used.
const WATCH: Duration = Duration::from_secs(60);
/// What is noted between two looks; more of it waits for the next call.
const NOTED: usize = 50_000;
/// Characters of a model's name: it is the caller's.
const LONGEST_MODEL: usize = 128;

/// What was settled since the last look: key, project, network and model, each once.
#[derive(Default)]
pub struct SeenKeys(Mutex<HashSet<Noted>>);

type Noted = (KeyId, ProjectId, IpAddr, Option<Arc<str>>);

impl SeenKeys {
    /// Called for each settled attempt, beside the calls.
    pub(super) fn note(&self, record: &UsageRecord, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        let (key, project) = (record.key.clone(), record.project.clone());
        let noted = (key, project, network_of(address), record.model_asked.clone());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < NOTED {
            all.insert(noted);
        }
    }

    fn take(&self) -> BTreeSet<KeySeen> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let seen = |(key, project, network, model): Noted| KeySeen {
            key,
            project,
            network: network_words(network),
            model: model.map(|model| model.chars().take(LONGEST_MODEL).collect()),
        };
        noted.into_iter().map(seen).collect()
    }
}

/// Looks after keys.
pub struct Care {
    control: Arc<Control>,
    dataplane: Arc<Dataplane>,
    seen: Arc<SeenKeys>,
}

impl Care {
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self {
            control: Arc::clone(&app.control),
            dataplane: Arc::clone(&app.dataplane),
            seen: Arc::clone(&app.seen),
        }
    }

    /// Runs until `quit` is called. A step may be dropped: each is one transaction.
    pub async fn run(&self, quit: &Stop) {
        let telling = async {
            loop {
                tokio::time::sleep(SECOND).await;
                self.tell_of_trips().await;
            }
        };
        // Apart: a handler that hangs must not keep anything else from being done.
        let handing_over = async {
            loop {
                tokio::time::sleep(SECOND).await;
                if let Err(fault) = self.control.hand_over_due().await {
                    tracing::warn!(why = %fault.message, "secrets on their way wait");
                }
            }
        };
        let ages = async {
            loop {
                self.look_after_ages().await;
                tokio::time::sleep(AGES).await;
            }
        };
        let watching = async {
            loop {
                tokio::time::sleep(WATCH).await;
                self.watch().await;
            }
        };
        tokio::select! {
            () = telling => {}
            () = watching => {}
            () = handing_over => {}
            () = ages => {}
            () = quit.called() => {}
        }
    }

    async fn look_after_ages(&self) {
        match self.control.look_after_ages().await {
            Ok(0) => {}
            Ok(done) => tracing::info!(done, "keys were rotated, put out of use or warned of"),
            Err(fault) => tracing::warn!(why = %fault.message, "the age of keys is not looked at"),
        }
    }

    async fn watch(&self) {
        match self.control.watch_keys(&self.seen.take()).await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(told, "keys were used in an unusual way"),
            Err(fault) => tracing::warn!(why = %fault.message, "the use of keys is not looked at"),
        }
    }

    async fn tell_of_trips(&self) {
        match self.control.tell_of_trips(self.dataplane.take_trips()).await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(told, "honeytokens were used"),
            Err(fault) => tracing::error!(why = %fault.message, "a honeytoken's use is untold"),
        }
    }
}
