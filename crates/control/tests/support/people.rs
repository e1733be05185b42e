//! Nobody but the first owner, and no certificates: both are tested over the real store.

use domain::ports::{Certificates, People, StoreResult};
use domain::{
    AccessRole, Certificate, CertificateId, Grant, Group, GroupId, Invite, InviteId, Member,
    OWNER_ROLE, PageQuery, Paged, PlacedCertificate, Principal, ProjectGroup, ProjectId, RoleId,
    User, UserId,
};

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

    fn roles(&self, _: Option<ProjectId>, _: PageQuery) -> StoreResult<'_, Paged<AccessRole>> {
        self.ask(|_| Ok(none()))
    }

    fn role(&self, _: Option<ProjectId>, _: RoleId) -> StoreResult<'_, Option<AccessRole>> {
        self.ask(|_| Ok(None))
    }

    fn groups(&self, _: PageQuery) -> StoreResult<'_, Paged<Group>> {
        self.ask(|_| Ok(none()))
    }

    fn group(&self, _: GroupId) -> StoreResult<'_, Option<Group>> {
        self.ask(|_| Ok(None))
    }

    fn group_users(&self, _: GroupId, _: PageQuery) -> StoreResult<'_, Paged<User>> {
        self.ask(|_| Ok(none()))
    }

    fn group_user(&self, _: GroupId, _: UserId) -> StoreResult<'_, Option<User>> {
        self.ask(|_| Ok(None))
    }

    fn project_groups(&self, _: ProjectId, _: PageQuery) -> StoreResult<'_, Paged<ProjectGroup>> {
        self.ask(|_| Ok(none()))
    }

    fn project_group(&self, _: ProjectId, _: GroupId) -> StoreResult<'_, Option<ProjectGroup>> {
        self.ask(|_| Ok(None))
    }

    fn assigned(
        &self,
        _: Principal,
        _: Option<ProjectId>,
        _: PageQuery,
    ) -> StoreResult<'_, Paged<AccessRole>> {
        self.ask(|_| Ok(none()))
    }

    fn assigned_role(
        &self,
        _: Principal,
        _: Option<ProjectId>,
        _: RoleId,
    ) -> StoreResult<'_, Option<AccessRole>> {
        self.ask(|_| Ok(None))
    }

    /// The first owner's: nobody else has an admin key here.
    fn grants(&self, _: Principal) -> StoreResult<'_, Vec<Grant>> {
        let permissions = ["api.management.write".to_owned()].into();
        self.ask(|_| Ok(vec![Grant { project: None, role: OWNER_ROLE.into(), permissions }]))
    }
}

impl Certificates for World {
    fn certificate(&self, _: CertificateId) -> StoreResult<'_, Option<Certificate>> {
        self.ask(|_| Ok(None))
    }

    fn certificates(
        &self,
        _: Option<ProjectId>,
        _: PageQuery,
    ) -> StoreResult<'_, Paged<PlacedCertificate>> {
        self.ask(|_| Ok(none()))
    }

    fn certificates_named(
        &self,
        _: Option<ProjectId>,
        _: Vec<CertificateId>,
    ) -> StoreResult<'_, Vec<PlacedCertificate>> {
        self.ask(|_| Ok(vec![]))
    }

    fn certificate_places(&self, _: CertificateId) -> StoreResult<'_, Vec<Option<ProjectId>>> {
        self.ask(|_| Ok(vec![]))
    }
}
