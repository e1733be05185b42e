//! `/v1/organization/users` and `/v1/organization/projects/{project_id}/users`.

use control::{MemberDraft, UserPatch, WhichUser};
use domain::{Fault, Role, UserId};
use openai::admin::{Deleted, List, ProjectUser, User};

use crate::body::{Fields, invalid, missing};
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let emails = call.query.array("emails")?;
    let page = call.control.list_users(emails, call.page()?).await?;
    json(&List::of(page.rows.iter().map(User::from).collect(), page.has_more))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&User::from(&call.control.user(&call.at(0)).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = UserPatch {
        role: fields.word("role", &["owner", "reader"])?.and_then(Role::parse),
        role_id: fields.name("role_id")?.map(Into::into),
        technical_level: fields.clearable_name("technical_level")?,
        developer_persona: fields.clearable_name("developer_persona")?,
    };
    fields.finish()?;
    json(&User::from(&call.control.update_user(&call.author, &call.at(0), patch).await?))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: UserId = call.at(0);
    call.control.delete_user(&call.author, &id).await?;
    json(&Deleted::new("organization.user.deleted", id.as_str()))
}

pub(super) async fn list_members(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_members(&call.project(), call.page()?).await?;
    json(&List::of(page.rows.iter().map(ProjectUser::from).collect(), page.has_more))
}

pub(super) async fn add_member(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let user = match (fields.name("user_id")?, fields.name("email")?) {
        (Some(id), None) => WhichUser::Id(id.into()),
        (None, Some(email)) => WhichUser::Email(email),
        (None, None) => return Err(missing("user_id")),
        (Some(_), Some(_)) => {
            return Err(invalid("email", "expected either user_id or email, not both"));
        }
    };
    let role = project_role(&mut fields)?.ok_or_else(|| missing("role"))?;
    fields.finish()?;
    let draft = MemberDraft { user, role };
    let member = call.control.add_member(&call.author, &call.project(), draft).await?;
    json(&ProjectUser::from(&member))
}

pub(super) async fn get_member(call: &AdminCall<'_>) -> Answer {
    let member = call.control.member(&call.project(), &call.at(1)).await?;
    json(&ProjectUser::from(&member))
}

pub(super) async fn update_member(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let role = project_role(&mut fields)?;
    fields.finish()?;
    let (project, user) = (call.project(), call.at(1));
    let member = call.control.update_member(&call.author, &project, &user, role).await?;
    json(&ProjectUser::from(&member))
}

pub(super) async fn remove_member(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: UserId = call.at(1);
    call.control.remove_member(&call.author, &call.project(), &id).await?;
    json(&Deleted::new("organization.project.user.deleted", id.as_str()))
}

fn project_role(fields: &mut Fields) -> Result<Option<Role>, Fault> {
    Ok(fields.word("role", &["owner", "member", "viewer"])?.and_then(Role::parse))
}
