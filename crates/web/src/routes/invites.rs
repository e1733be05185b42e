//! `/v1/organization/invites`, and our way to accept one.

use control::InviteDraft;
use domain::{Fault, InviteId, ProjectId, Role};
use openai::admin::{Deleted, Invite, List, User};

use crate::body::{Fields, invalid, missing};
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_invites(call.page()?).await?;
    let now = call.control.now();
    let rows = page.rows.iter().map(|invite| Invite::new(invite, now)).collect();
    json(&List::of(rows, page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = InviteDraft {
        email: email(&mut fields)?,
        role: fields
            .word("role", &["owner", "reader"])?
            .and_then(Role::parse)
            .ok_or_else(|| missing("role"))?,
        projects: fields.objects("projects", project)?,
    };
    fields.finish()?;
    let invite = call.control.create_invite(&call.author, draft).await?;
    json(&Invite::new(&invite, call.control.now()))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let invite = call.control.invite(&call.at(0)).await?;
    json(&Invite::new(&invite, call.control.now()))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: InviteId = call.at(0);
    call.control.delete_invite(&call.author, &id).await?;
    json(&Deleted::new("organization.invite.deleted", id.as_str()))
}

/// For whoever adds people by hand: the invited person becomes a user now.
pub(super) async fn accept(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let name = fields.name("name")?;
    fields.finish()?;
    let id: InviteId = call.at(0);
    let name = match name {
        Some(name) => name,
        // What stands before the @ is what is known of them.
        None => {
            let email = call.control.invite(&id).await?.email;
            email.split('@').next().unwrap_or_default().to_owned()
        }
    };
    json(&User::from(&call.control.accept_invite(&call.author, &id, name).await?))
}

fn project(fields: &mut Fields) -> Result<(ProjectId, Role), Fault> {
    let id = fields.required_name("id")?;
    let role = fields.word("role", &["member", "owner"])?.and_then(Role::parse);
    Ok((id.into(), role.ok_or_else(|| missing("role"))?))
}

fn email(fields: &mut Fields) -> Result<String, Fault> {
    let email = fields.required_name("email")?;
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    match email.split_once('@') {
        Some((name, host)) if plain(name) && plain(host) && !host.contains('@') => Ok(email),
        _ => Err(invalid("email", "expected an email address such as ada@example.com")),
    }
}
