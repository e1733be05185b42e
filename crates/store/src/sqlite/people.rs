//! Reads of people and invitations.

use domain::ports::{People, StoreResult};
use domain::{
    AccessRole, Grant, Group, GroupId, Invite, InviteId, Member, PageQuery, Paged, Principal,
    ProjectGroup, ProjectId, Role, RoleId, User, UserId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::failure::Failure;
use super::query::{all, id, one, optional_time, text, time};
use super::records::{read_page, read_role, read_user};
use super::{Store, access};
use crate::columns::unreadable;
use crate::sql::people as sql;

impl People for Store {
    fn users(&self, emails: Vec<String>, page: PageQuery) -> StoreResult<'_, Paged<User>> {
        self.reports.ask(move |db| {
            let list = sql::users(emails.len());
            let of = emails.into_iter().map(|email| Value::from(email.to_lowercase())).collect();
            read_page(db, &list, "users", of, &page, read_user)
        })
    }

    fn members(&self, project: ProjectId, page: PageQuery) -> StoreResult<'_, Paged<Member>> {
        self.reports.ask(move |db| {
            let of = vec![Value::from(project.as_str().to_owned())];
            read_ordered(db, &sql::members(&page), of, &page, read_member)
        })
    }

    fn member(&self, project: ProjectId, user: UserId) -> StoreResult<'_, Option<Member>> {
        self.reports.ask(move |db| {
            one(db, &sql::member(), params![project.as_str(), user.as_str()], read_member)
        })
    }

    fn invites(&self, page: PageQuery) -> StoreResult<'_, Paged<Invite>> {
        self.reports
            .ask(move |db| read_ordered(db, &sql::invites(&page), vec![], &page, read_invite))
    }

    fn invite(&self, id: InviteId) -> StoreResult<'_, Option<Invite>> {
        self.reports.ask(move |db| one(db, sql::INVITE, params![id.as_str()], read_invite))
    }

    fn roles(
        &self,
        project: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<AccessRole>> {
        self.reports.ask(move |db| access::roles(db, project.as_ref(), &page))
    }

    fn role(&self, project: Option<ProjectId>, id: RoleId) -> StoreResult<'_, Option<AccessRole>> {
        self.reports.ask(move |db| access::role(db, project.as_ref(), &id))
    }

    fn groups(&self, page: PageQuery) -> StoreResult<'_, Paged<Group>> {
        self.reports.ask(move |db| access::groups(db, &page))
    }

    fn group(&self, id: GroupId) -> StoreResult<'_, Option<Group>> {
        self.reports.ask(move |db| access::group(db, &id))
    }

    fn group_users(&self, group: GroupId, page: PageQuery) -> StoreResult<'_, Paged<User>> {
        self.reports.ask(move |db| access::group_users(db, &group, &page))
    }

    fn group_user(&self, group: GroupId, user: UserId) -> StoreResult<'_, Option<User>> {
        self.reports.ask(move |db| access::group_user(db, &group, &user))
    }

    fn project_groups(
        &self,
        project: ProjectId,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<ProjectGroup>> {
        self.reports.ask(move |db| access::project_groups(db, &project, &page))
    }

    fn project_group(
        &self,
        project: ProjectId,
        group: GroupId,
    ) -> StoreResult<'_, Option<ProjectGroup>> {
        self.reports.ask(move |db| access::project_group(db, &project, &group))
    }

    fn assigned(
        &self,
        to: Principal,
        project: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<AccessRole>> {
        self.reports.ask(move |db| access::assigned(db, &to, project.as_ref(), &page))
    }

    fn assigned_role(
        &self,
        to: Principal,
        project: Option<ProjectId>,
        role: RoleId,
    ) -> StoreResult<'_, Option<AccessRole>> {
        self.reports.ask(move |db| access::assigned_role(db, &to, project.as_ref(), &role))
    }

    fn grants(&self, of: Principal) -> StoreResult<'_, Vec<Grant>> {
        self.reports.ask(move |db| access::grants(db, &of))
    }
}

/// Runs a query that is whole but for its cursor and limit. One row more than asked tells whether
/// there are more.
pub(crate) fn read_ordered<T>(
    db: &Connection,
    query: &str,
    mut params: Vec<Value>,
    page: &PageQuery,
    read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Paged<T>, Failure> {
    params.extend(page.after.clone().map(Value::from));
    params.push(Value::from(i64::from(page.limit) + 1));
    let mut rows = all(db, query, params_from_iter(params), read)?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Paged { rows, has_more })
}

fn read_member(row: &Row<'_>) -> Result<Member, Failure> {
    Ok(Member { user: read_user(row)?, role: read_role(row, 7)?, added_at: time(row, 8)? })
}

pub(crate) fn read_invite(row: &Row<'_>) -> Result<Invite, Failure> {
    let projects: Vec<(String, String)> =
        serde_json::from_str(text(row, 3)?).map_err(|_| unreadable("invite"))?;
    let projects = projects.into_iter().map(|(project, role)| {
        Ok((project.into(), Role::parse(&role).ok_or_else(|| unreadable("role"))?))
    });
    Ok(Invite {
        id: id(row, 0)?,
        email: row.get(1)?,
        role: read_role(row, 2)?,
        projects: projects.collect::<Result<_, Failure>>()?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        accepted_at: optional_time(row, 6)?,
    })
}
