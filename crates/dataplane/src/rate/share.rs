//! A project's limits, kept once however many of its keys are in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::rate::{ProjectRates, RateRules};
use domain::{KeyView, ProjectId};

/// Projects kept; more are not shared.
const MOST: usize = 4_096;

#[derive(Default)]
pub(crate) struct ProjectCache(Mutex<HashMap<ProjectId, Arc<ProjectRates>>>);

impl ProjectCache {
    /// Puts the copy that other keys of the project have in the place of this one's own.
    pub(crate) fn share(&self, mut view: KeyView) -> KeyView {
        let (Some(rules), Some(project)) = (&view.rates, &view.project) else { return view };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(project) {
            Some(same) if *same == rules.project => {
                let rules = RateRules { key: rules.key, project: Arc::clone(same) };
                view.rates = Some(Arc::new(rules));
            }
            _ if known.len() < MOST || known.contains_key(project) => {
                known.insert(project.clone(), Arc::clone(&rules.project));
            }
            _ => {}
        }
        view
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
