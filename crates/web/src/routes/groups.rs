//! `/v1/organization/groups` and `/v1/organization/projects/{project_id}/groups`.

use domain::{GroupId, Order, RoleId, UserId};
use openai::admin::{
    Deleted, DeletedOf, Group, GroupMember, GroupUser, GroupUserAdded, NextList, ProjectGroup,
};

use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// Rows of a page, unless asked otherwise, and at most.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1000;
const PROJECT_PAGE: i64 = 20;
const LARGEST_PROJECT_PAGE: i64 = 100;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.next_page(PAGE, LARGEST_PAGE, Order::Ascending)?;
    let page = call.control.list_groups(page).await?;
    let rows = page.rows.iter().map(Group::from).collect();
    json(&NextList::of(rows, page.has_more, page.rows.last().map(|group| group.id.as_str())))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let name = name(call)?;
    json(&Group::from(&call.control.create_group(&call.author, name).await?))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&Group::from(&call.control.group(&call.at(0)).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let name = name(call)?;
    json(&Group::from(&call.control.rename_group(&call.author, &call.at(0), name).await?))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: GroupId = call.at(0);
    call.control.delete_group(&call.author, &id).await?;
    json(&Deleted::new("group.deleted", id.as_str()))
}

pub(super) async fn list_users(call: &AdminCall<'_>) -> Answer {
    let page = call.next_page(PAGE, LARGEST_PAGE, Order::Descending)?;
    let page = call.control.list_group_users(&call.at(0), page).await?;
    let rows = page.rows.iter().map(GroupUser::from).collect();
    json(&NextList::of(rows, page.has_more, page.rows.last().map(|user| user.id.as_str())))
}

pub(super) async fn add_user(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let user: UserId = fields.required_name("user_id")?.into();
    fields.finish()?;
    let group: GroupId = call.at(0);
    call.control.add_to_group(&call.author, &group, &user).await?;
    json(&GroupUserAdded::new(user.as_str(), group.as_str()))
}

pub(super) async fn get_user(call: &AdminCall<'_>) -> Answer {
    json(&GroupMember::from(&call.control.group_user(&call.at(0), &call.at(1)).await?))
}

pub(super) async fn remove_user(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    call.control.remove_from_group(&call.author, &call.at(0), &call.at(1)).await?;
    gone("group.user.deleted")
}

pub(super) async fn list_of_project(call: &AdminCall<'_>) -> Answer {
    let page = call.next_page(PROJECT_PAGE, LARGEST_PROJECT_PAGE, Order::Ascending)?;
    let project = call.project();
    let page = call.control.list_project_groups(&project, page).await?;
    let rows = page.rows.iter().map(|group| ProjectGroup::new(&project, group)).collect();
    let last = page.rows.last().map(|group| group.group.id.as_str());
    json(&NextList::of(rows, page.has_more, last))
}

pub(super) async fn add_to_project(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let group: GroupId = fields.required_name("group_id")?.into();
    let role = role_id(fields.required_name("role")?);
    fields.finish()?;
    let project = call.project();
    let added = call.control.add_project_group(&call.author, &project, &group, &role).await?;
    json(&ProjectGroup::new(&project, &added))
}

pub(super) async fn get_of_project(call: &AdminCall<'_>) -> Answer {
    call.query.word("group_type", &["group", "tenant_group"])?;
    let project = call.project();
    let group = call.control.project_group(&project, &call.at(1)).await?;
    json(&ProjectGroup::new(&project, &group))
}

pub(super) async fn remove_from_project(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    call.control.remove_project_group(&call.author, &call.project(), &call.at(1)).await?;
    gone("project.group.deleted")
}

/// OpenAI takes the id of a role here; the names of the built-in ones are taken as well.
fn role_id(role: String) -> RoleId {
    match role.as_str() {
        "owner" | "member" | "viewer" => format!("role-api-project-{role}").into(),
        _ => role.into(),
    }
}

fn name(call: &AdminCall<'_>) -> Result<String, domain::Fault> {
    let mut fields = call.fields()?;
    let name = fields.required_name("name")?;
    fields.finish().map(|()| name)
}

fn gone(object: &'static str) -> Answer {
    json(&DeletedOf::new(object))
}
