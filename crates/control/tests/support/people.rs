//! Nobody but the first owner: people are tested over the real store.

use domain::ports::{People, StoreResult};
use domain::{Invite, InviteId, Member, PageQuery, Paged, ProjectId, User, UserId};

use super::World;

fn none<T: Send + 'static>() -> Paged<T> {
    Paged { rows: vec![], has_more: false }
}

impl People for World {
    fn users(&self, _: Vec<String>, _: PageQuery) -> StoreResult<'_, Paged<User>> {
        self.ask(|state| Ok(Paged { rows: state.users.clone(), has_more: false }))
    }

    fn members(&self, _: ProjectId, _: PageQuery) -> StoreResult<'_, Paged<Member>> {
        self.ask(|_| Ok(none()))
    }

    fn member(&self, _: ProjectId, _: UserId) -> StoreResult<'_, Option<Member>> {
        self.ask(|_| Ok(None))
    }

    fn invites(&self, _: PageQuery) -> StoreResult<'_, Paged<Invite>> {
        self.ask(|_| Ok(none()))
    }

    fn invite(&self, _: InviteId) -> StoreResult<'_, Option<Invite>> {
        self.ask(|_| Ok(None))
    }
}
