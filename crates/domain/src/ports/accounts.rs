//! Reads of how people sign in. What changes is a [`crate::SignInChange`].

use super::{BoxFuture, StoreResult};
use crate::{
    Identity, Link, PhoneNumber, Secret, SecretHash, Session, SignIn, Timestamp, User, UserId,
};

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

/// Lists of stolen passwords that are asked by the first of a hash, so that nobody learns which one
/// was meant.
pub trait StolenPasswords: Send + Sync {
    /// All that is listed under five hexadecimal digits of a SHA-1 hash: a line for each, with the
    /// other 35 digits, a colon, and how often it was seen. `None`: nobody answers; whoever asked
    /// has said why in the log.
    fn range<'a>(&'a self, digits: &'a str) -> BoxFuture<'a, Option<String>>;
}

/// Why a phone could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneFailure {
    /// Nothing is sent to this number.
    Refused,
    /// The provider has sent or compared too often.
    TooMany,
    /// No answer, or none that makes sense; whoever asked has said why in the log.
    Away,
}

/// Sends codes to phones, and compares what people type. The provider keeps the code.
pub trait PhoneCheck: Send + Sync {
    fn send<'a>(&'a self, to: &'a PhoneNumber) -> BoxFuture<'a, Result<(), PhoneFailure>>;

    /// Whether it is the code that was sent there last. None is taken twice.
    fn fits<'a>(
        &'a self,
        to: &'a PhoneNumber,
        code: &'a str,
    ) -> BoxFuture<'a, Result<bool, PhoneFailure>>;
}
