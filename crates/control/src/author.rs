//! Who asks for a write, as the audit log keeps it.

use std::net::IpAddr;

use domain::{Actor, RequestId};

#[derive(Clone, Debug)]
pub struct Author {
    pub actor: Actor,
    pub request: Option<RequestId>,
    pub address: Option<IpAddr>,
}

impl Author {
    /// The process itself: first start, environment, config file.
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor::System, request: None, address: None }
    }
}
