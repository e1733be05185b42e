//! Roles of the organization and of projects, and who has them.

use control::{RoleDraft, RolePatch};
use domain::{Fault, PageQuery, Principal, RoleId};
use openai::admin::{AssignedRole, Deleted, DeletedOf, GroupRole, NextList, Role, UserRole};

use crate::body::missing;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// Rows of a page, unless asked otherwise, and at most.
const PAGE: i64 = 1000;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let project = call.place();
    let page = call.control.list_roles(project.as_ref(), pages(call)?).await?;
    let rows = page.rows.iter().map(Role::from).collect();
    json(&NextList::of(rows, page.has_more, page.rows.last().map(|role| role.id.as_str())))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = RoleDraft {
        name: fields.required_name("role_name")?,
        description: fields.name("description")?,
        permissions: fields.texts("permissions")?.ok_or_else(|| missing("permissions"))?,
    };
    fields.finish()?;
    let project = call.place();
    json(&Role::from(&call.control.create_role(&call.author, project.as_ref(), draft).await?))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&Role::from(&call.control.role(call.place().as_ref(), &call.last()).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = RolePatch {
        name: fields.name("role_name")?,
        description: fields.clearable_name("description")?,
        permissions: fields.texts("permissions")?,
    };
    fields.finish()?;
    let (project, id) = (call.place(), call.last());
    let role = call.control.update_role(&call.author, project.as_ref(), &id, patch).await?;
    json(&Role::from(&role))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: RoleId = call.last();
    call.control.delete_role(&call.author, call.place().as_ref(), &id).await?;
    json(&Deleted::new("role.deleted", id.as_str()))
}

pub(super) async fn list_assigned(call: &AdminCall<'_>) -> Answer {
    let (to, project) = (principal(call), call.place());
    let page = call.control.assigned_roles(&to, project.as_ref(), pages(call)?).await?;
    let rows = page.rows.iter().map(AssignedRole::from).collect();
    json(&NextList::of(rows, page.has_more, page.rows.last().map(|role| role.id.as_str())))
}

pub(super) async fn assign(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let role: RoleId = fields.required_name("role_id")?.into();
    fields.finish()?;
    let (to, project) = (principal(call), call.place());
    let given = call.control.assign_role(&call.author, &to, project.as_ref(), &role).await?;
    match &to {
        Principal::User(id) => json(&UserRole::new(&call.control.user(id).await?, &given)),
        Principal::Group(id) => json(&GroupRole::new(&call.control.group(id).await?, &given)),
    }
}

pub(super) async fn get_assigned(call: &AdminCall<'_>) -> Answer {
    let (to, project) = (principal(call), call.place());
    let role = call.control.assigned_role(&to, project.as_ref(), &call.last()).await?;
    json(&AssignedRole::from(&role))
}

pub(super) async fn unassign(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let (from, project) = (principal(call), call.place());
    call.control.unassign_role(&call.author, &from, project.as_ref(), &call.last()).await?;
    json(&DeletedOf::new(match from {
        Principal::User(_) => "user.role.deleted",
        Principal::Group(_) => "group.role.deleted",
    }))
}

/// Whom the path names: behind the project, where there is one.
fn principal(call: &AdminCall<'_>) -> Principal {
    let place = usize::from(call.place().is_some());
    // `/v1/organization/groups/…`, `/v1/projects/{project_id}/groups/…`
    match call.request.path.split('/').nth(3 + place) {
        Some("groups") => Principal::Group(call.at(place)),
        _ => Principal::User(call.at(place)),
    }
}

fn pages(call: &AdminCall<'_>) -> Result<PageQuery, Fault> {
    call.next_page(PAGE, PAGE, domain::Order::Ascending)
}
