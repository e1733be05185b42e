//! What is the call's own of a cost that others pay a part of.

use domain::Cost;

use super::{End, Tab};
use crate::cache::Divided;
use crate::detach::Gone;

impl Tab {
    /// What is left of a cost where others pay a part of it: not of one whose answer they do not get.
    pub(super) fn own_part(&self, cost: Cost, end: &End) -> Cost {
        match &self.call.keeping {
            Some(keeping) if self.divided && !self.gone.as_ref().is_some_and(Gone::get) => {
                let served = end.count.model.as_deref().or(self.model.as_deref());
                let (upstream, request) = (&self.upstream.id, self.upstream_request());
                keeping.divide(cost, &Divided { upstream, served, request })
            }
            _ => cost,
        }
    }
}
