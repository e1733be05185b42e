//! Nobody who signs in but the first owner, where a test says so: accounts are tested over the real
//! store.

use domain::ports::{Accounts, StoreResult};
use domain::{Identity, Link, SecretHash, Session, SignIn, Timestamp, User, UserId};

use super::World;

impl Accounts for World {
    fn session(&self, _: SecretHash) -> StoreResult<'_, Option<(Session, User)>> {
        self.ask(|state| Ok(state.session.clone().zip(state.users.first().cloned())))
    }

    fn sessions_of(&self, _: UserId) -> StoreResult<'_, Vec<Session>> {
        self.ask(|_| Ok(vec![]))
    }

    fn last_seen(&self, _: Vec<UserId>) -> StoreResult<'_, Vec<(UserId, Timestamp)>> {
        self.ask(|_| Ok(vec![]))
    }

    fn sign_in_of(&self, _: UserId) -> StoreResult<'_, SignIn> {
        self.ask(|_| Ok(SignIn::default()))
    }

    fn user_by_email(&self, _: String) -> StoreResult<'_, Option<(User, SignIn)>> {
        self.ask(|_| Ok(None))
    }

    fn user_by_identity(&self, _: String, _: String) -> StoreResult<'_, Option<(User, SignIn)>> {
        self.ask(|_| Ok(None))
    }

    fn identities_of(&self, _: UserId) -> StoreResult<'_, Vec<Identity>> {
        self.ask(|_| Ok(vec![]))
    }

    fn link(&self, _: SecretHash) -> StoreResult<'_, Option<Link>> {
        self.ask(|_| Ok(None))
    }

    fn anyone_signs_in(&self) -> StoreResult<'_, bool> {
        self.ask(|_| Ok(false))
    }
}
