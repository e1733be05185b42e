//! Who asks for a write, as the audit log keeps it.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Actor, Authority, RequestId};

#[derive(Clone, Debug)]
pub struct Author {
    pub actor: Actor,
    pub request: Option<RequestId>,
    pub address: Option<IpAddr>,
    /// What they may do, and so what they may give.
    pub authority: Arc<Authority>,
}

impl Author {
    /// The process itself: first start, environment, config file.
    #[must_use]
    pub fn system() -> Self {
        let authority = Arc::new(Authority::everything());
        Self { actor: Actor::System, request: None, address: None, authority }
    }
}
