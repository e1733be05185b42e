//! Looking after keys: leaks, honeytokens, rotation, unusual use, and telling whom it concerns.

mod flood;
mod handover;
mod honeytokens;
mod leaks;
mod notice;
mod report;
mod resume;
mod rules;
mod unusual;
mod upkeep;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, RwLock};

use domain::{KeyCare, KeyRules, LeakResponse, ProjectId, SecretHandlers, SecretHash, Trip};

use crate::Control;

pub use honeytokens::{HoneytokenDraft, MadeHoneytoken};
pub use leaks::{LeakCheck, LeakStanding};
pub use report::{LeakFeedback, LeakReports, SignedReport};
pub use rules::{MadeKeyRules, RulesPatch};

/// What the care of keys keeps in memory.
pub(crate) struct Care {
    pub(crate) store: Arc<dyn KeyCare>,
    /// All honeytokens, so that nobody who shows one is let wait for a look-up more than others.
    honeytokens: RwLock<HashSet<SecretHash>>,
    /// Those that were shown to the Administration API and not told of yet.
    trips: Mutex<Vec<Trip>>,
    alarms: Mutex<honeytokens::Alarms>,
    asked: Mutex<flood::Flood>,
    reported: Mutex<flood::Flood>,
    pasts: Mutex<unusual::Pasts>,
    pub(crate) reports: RwLock<Option<Arc<report::Desk>>>,
    pub(crate) handlers: Option<Arc<dyn SecretHandlers>>,
}

impl Care {
    pub(crate) fn new(store: Arc<dyn KeyCare>) -> Self {
        Self {
            store,
            honeytokens: RwLock::default(),
            trips: Mutex::default(),
            alarms: Mutex::default(),
            asked: Mutex::new(flood::Flood::new(leaks::QUESTIONS)),
            reported: Mutex::new(flood::Flood::new(report::REPORTS)),
            pasts: Mutex::default(),
            reports: RwLock::default(),
            handlers: None,
        }
    }
}

impl Control {
    /// Hands new secrets over to these.
    #[must_use]
    pub fn with_secret_handlers(mut self, handlers: Arc<dyn SecretHandlers>) -> Self {
        self.care.handlers = Some(handlers);
        self
    }

    /// What holds for a project's keys; without a project, for those that belong to none.
    async fn rules_over(&self, project: Option<&ProjectId>) -> Result<KeyRules, domain::Fault> {
        let organization = self.stored_key_rules(None).await?;
        match project {
            Some(project) => Ok(self.stored_key_rules(Some(project)).await?.over(&organization)),
            None => Ok(KeyRules::default().over(&organization)),
        }
    }

    async fn leak_response(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<LeakResponse, domain::Fault> {
        Ok(self.rules_over(project).await?.leak_response.unwrap_or(LeakResponse::DEFAULT))
    }
}
