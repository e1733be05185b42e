//! How one call leaves the house.

use std::sync::Arc;

use crate::balance::Balance;

/// Directly, or through an egress in somebody's session. [`crate::Exits::way`] says which.
#[derive(Clone, Default)]
pub struct Way {
    egress: Option<Arc<Balance>>,
    subject: u64,
}

impl Way {
    /// Without a proxy. Right for what the operator runs himself, and for tools; a call of an
    /// upstream's asks [`crate::Exits`].
    #[must_use]
    pub const fn direct() -> Self {
        Self { egress: None, subject: 0 }
    }

    pub(crate) fn through(egress: Arc<Balance>, subject: u64) -> Self {
        Self { egress: Some(egress), subject }
    }

    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.egress.is_none()
    }

    /// The egress's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.egress.as_ref().map(|egress| egress.name.as_str())
    }

    pub(crate) fn egress(&self) -> Option<&Balance> {
        self.egress.as_deref()
    }

    pub(crate) fn subject(&self) -> u64 {
        self.subject
    }
}
