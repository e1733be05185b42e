//! What all keys of a project have alike, kept once however many of them are in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::rate::{ProjectRates, RateRules};
use domain::{KeyView, ProjectId, TrustedCertificate};

/// Projects kept; more are not shared.
const MOST: usize = 4_096;

#[derive(Default)]
pub(crate) struct ProjectCache {
    rates: Known<ProjectRates>,
    certificates: Known<[TrustedCertificate]>,
}

impl ProjectCache {
    /// Puts the copies that other keys of the project have in the place of this one's own.
    pub(crate) fn share(&self, mut view: KeyView) -> KeyView {
        let Some(project) = &view.project else { return view };
        if let Some(rules) = &view.rates {
            let shared = self.rates.same(project, &rules.project);
            view.rates = Some(Arc::new(RateRules { key: rules.key, project: shared }));
        }
        if let Some(certificates) = &view.certificates {
            view.certificates = Some(self.certificates.same(project, certificates));
        }
        view
    }

    pub(crate) fn clear(&self) {
        self.rates.clear();
        self.certificates.clear();
    }
}

/// By project.
struct Known<T: ?Sized>(Mutex<HashMap<ProjectId, Arc<T>>>);

impl<T: ?Sized> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: ?Sized + PartialEq> Known<T> {
    /// The copy that is known where it is the same, else this one, which is known from then on.
    fn same(&self, project: &ProjectId, own: &Arc<T>) -> Arc<T> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(project) {
            Some(same) if same == own => return Arc::clone(same),
            _ if known.len() < MOST || known.contains_key(project) => {
                known.insert(project.clone(), Arc::clone(own));
            }
            _ => {}
        }
        Arc::clone(own)
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
