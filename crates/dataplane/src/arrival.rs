//! A call as it arrives: who is at the other end, which operation, when.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::{Fault, fault::catalogue};
use http::Method;
use http::request::Parts;
use openai::surface::{self, Found, Missed};
use openai::target::{self, BadTarget};

use crate::proof::Proof;

/// The other end of a connection.
#[derive(Clone)]
pub struct Peer {
    /// The socket's own, or what a proxy says whom the operator trusts; no other header changes it.
    pub address: IpAddr,
    pub proof: Proof,
}

/// Refuses targets that two readers could understand differently, before anything else is done.
pub(crate) fn check_target(head: &Parts) -> Result<(), Fault> {
    if head.uri.scheme().is_some()
        || head.uri.authority().is_some() && head.method == Method::CONNECT
    {
        // HTTP/2 carries scheme and authority beside the path; there they are no trick.
        if head.version != http::Version::HTTP_2 {
            return Err(Fault::new(&catalogue::BAD_REQUEST_TARGET));
        }
    }
    target::check(head.uri.path(), head.uri.query()).map_err(|bad| match bad {
        BadTarget::Path => Fault::new(&catalogue::BAD_REQUEST_TARGET),
        BadTarget::KeyInQuery => Fault::new(&catalogue::KEY_IN_QUERY_NOT_ALLOWED),
    })
}

/// The operation that a path names.
pub(crate) fn classify(head: &Parts) -> Result<Found<'_>, Fault> {
    let path = head.uri.path();
    let behind = path.strip_prefix("/v1").unwrap_or("");
    surface::find(&head.method, behind).map_err(|missed| {
        let message = format!("Invalid URL ({} {path})", head.method);
        match missed {
            Missed::Path => Fault::because(&catalogue::NOT_FOUND, message),
            Missed::Method => Fault::because(
                &catalogue::METHOD_NOT_ALLOWED,
                format!("Not allowed to {} on {path}.", head.method),
            ),
        }
    })
}

/// The object that the path names, decoded.
pub(crate) fn named_object<'p>(found: &Found<'p>) -> Option<Cow<'p, str>> {
    found.operation.names.and(found.id).and_then(target::decode)
}
