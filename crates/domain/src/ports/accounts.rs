//! Reads of how people sign in. What changes is a [`crate::SignInChange`].

use super::{BoxFuture, StoreResult};
use crate::{Identity, Link, Secret, SecretHash, Session, SignIn, Timestamp, User, UserId};

/// Speaks to providers of identities. Follows no redirect; an answer has 256 KiB at most.
pub trait IdentityWire: Send + Sync {
    /// The body of a 200; else why there is none. `near` is the configured issuer: its own host may
    /// be at a private address, every other must not.
    fn get<'a>(&'a self, near: &'a str, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>>;

    /// The same of a form that is posted.
    fn post_form<'a>(
        &'a self,
        near: &'a str,
        url: &'a str,
        form: Secret,
    ) -> BoxFuture<'a, Result<Vec<u8>, String>>;
}

/// People's ways in, and their sessions. A user who was deleted has none.
pub trait Accounts: Send + Sync {
    /// The session whose secret has this hash, live or ended, and whose it is.
    fn session(&self, hash: SecretHash) -> StoreResult<'_, Option<(Session, User)>>;

    /// Somebody's sessions, the newest first.
    fn sessions_of(&self, user: UserId) -> StoreResult<'_, Vec<Session>>;

    /// When each of these people was last signed in, to a few minutes; nothing of who never was.
    fn last_seen(&self, users: Vec<UserId>) -> StoreResult<'_, Vec<(UserId, Timestamp)>>;

    fn sign_in_of(&self, user: UserId) -> StoreResult<'_, SignIn>;

    /// Whose address it is, in whatever case, and their ways in.
    fn user_by_email(&self, email: String) -> StoreResult<'_, Option<(User, SignIn)>>;

    /// Whose identity it is at a provider, and their ways in.
    fn user_by_identity(
        &self,
        issuer: String,
        subject: String,
    ) -> StoreResult<'_, Option<(User, SignIn)>>;

    /// Who somebody is elsewhere.
    fn identities_of(&self, user: UserId) -> StoreResult<'_, Vec<Identity>>;

    /// A link that was not used yet; it may have ended.
    fn link(&self, hash: SecretHash) -> StoreResult<'_, Option<Link>>;

    /// Whether anybody can sign in with a password or otherwise: whether the first owner is there.
    fn anyone_signs_in(&self) -> StoreResult<'_, bool>;
}
