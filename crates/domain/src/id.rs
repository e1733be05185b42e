//! Identifiers: opaque text, one type each, so that a project id cannot stand where a key id must.

use std::fmt;
use std::sync::Arc;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($prefix:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What a new id of this type begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id from 16 random bytes.
            #[must_use]
            pub fn mint(random: [u8; 16]) -> Self {
                Self(random_id(Self::PREFIX, random).into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Its text, shared.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// The one organization of an installation.
    OrganizationId("org-");
    /// A project: what owns keys, objects and usage.
    ProjectId("proj_");
    /// A person of the organization.
    UserId("user-");
    /// A role that people and groups can be given.
    RoleId("role_");
    /// A group of people.
    GroupId("group_");
    /// An invitation into the organization.
    InviteId("invite-");
    /// A machine identity inside a project.
    ServiceAccountId("svc_acct_");
    /// An API key's public name. Never the secret.
    KeyId("key_");
    /// Our account with a provider.
    UpstreamId("up_");
    /// A certificate that clients are held against.
    CertificateId("cert_");
    /// One of an upstream's credentials.
    CredentialId("cred_");
    /// What a public model name stands for.
    RouteId("route_");
    /// A spend alert.
    AlertId("alert_");
    /// A message of ours to one place; a webhook's receiver sees it as `webhook-id`.
    DeliveryId("msg_");
    /// A signed-in browser's public name. Never the secret that it holds.
    SessionId("sess_");
    /// One report that a key leaked.
    LeakId("leak_");
    /// One line of the audit log.
    AuditId("audit_log-");
    /// One call, as the client sees it in `x-request-id`.
    RequestId("req_");
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix` and 22 base62 digits of the 128 random bits.
#[must_use]
pub fn random_id(prefix: &str, random: [u8; 16]) -> String {
    let mut number = u128::from_be_bytes(random);
    let mut digits = [b'0'; 22];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    let mut text = String::with_capacity(prefix.len() + digits.len());
    text.push_str(prefix);
    text.extend(digits.iter().map(|&d| char::from(d)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_in_their_last_bit() {
        let mut other = [0xff; 16];
        other[15] = 0xfe;
        assert_ne!(ProjectId::mint([0xff; 16]), ProjectId::mint(other));
        assert_eq!(ProjectId::mint([0; 16]).as_str(), "proj_0000000000000000000000");
    }
}
