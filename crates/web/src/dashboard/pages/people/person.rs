//! One person, in the organization or in a project: their roles there, and their end.

use askama::Template;
use control::UserPatch;
use domain::{Fault, Principal, Role, RoleId, User, UserId};

use super::super::super::frame::{Frame, NavLink};
use super::super::super::page::{Page, Undo};
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
use super::super::typed::{self, When, both, invalid};
use super::{project_role, role_choices, tabs};
use crate::routes::{MEMBERS, ROLES, SEE_ROLES, USERS};

#[derive(Template)]
#[template(path = "member.html")]
struct MemberPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    path: String,
    user: &'a User,
    name: &'a str,
    since: When,
    seen: Option<When>,
    role: &'static str,
    /// The built-in roles of this place, and what they are.
    built_in: &'static [(&'static str, &'static str)],
    /// Roles that somebody made and this person has here.
    given: Vec<(String, String)>,
    /// What they can be given.
    choices: Vec<(String, String)>,
    may: bool,
    may_roles: bool,
    in_project: bool,
    fault: Option<&'a Fault>,
}

const OF_ORGANIZATION: &[(&str, &str)] = &[
    ("owner", "Owner: manages the organization and everything in it"),
    ("reader", "Reader: sees the organization and its usage"),
];
const OF_PROJECT: &[(&str, &str)] = &[
    ("owner", "Owner: manages the project and uses it"),
    ("member", "Member: uses the project"),
    ("viewer", "Viewer: sees the project"),
];

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

/// The person, their built-in role here, and since when.
async fn found(visit: &Visit<'_>) -> Result<(User, Role, When), Fault> {
    let id = visit.id::<UserId>(0);
    match visit.project_id() {
        None => {
            let user = visit.control.user(&id).await?;
            let (role, since) = (user.role, both(user.created_at));
            Ok((user, role, since))
        }
        Some(project) => {
            let member = visit.control.member(project, &id).await?;
            Ok((member.user, member.role, both(member.added_at)))
        }
    }
}

fn name(user: &User) -> &str {
    if user.name.is_empty() { &user.email } else { &user.name }
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let (user, role, since) = found(visit).await?;
    let in_project = visit.project().is_some();
    let given = match visit.may(SEE_ROLES) {
        true => custom(visit, &user).await?,
        false => Vec::new(),
    };
    let may_roles = visit.may(ROLES);
    let built_in = if in_project { OF_PROJECT } else { OF_ORGANIZATION };
    let mut choices = if may_roles { role_choices(visit).await? } else { Vec::new() };
    choices.retain(|(id, name)| {
        let basic = built_in.iter().any(|(word, _)| *word == name.as_str());
        !basic && !given.iter().any(|(has, _)| has == id)
    });
    let seen = visit.control.last_seen(vec![user.id.clone()]).await?;
    let frame = visit.frame("Member");
    let page = visit.show(&MemberPage {
        frame: &frame,
        tabs: tabs(visit, "members"),
        path: visit.href(&format!("members/{}", user.id)),
        name: name(&user),
        since,
        seen: seen.get(&user.id).copied().map(both),
        role: role.as_str(),
        built_in,
        given,
        choices,
        may: visit.may(if in_project { MEMBERS } else { USERS }),
        may_roles,
        in_project,
        user: &user,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

async fn custom(visit: &Visit<'_>, user: &User) -> Result<Vec<(String, String)>, Fault> {
    let who = Principal::User(user.id.clone());
    let rows = visit.control.assigned_roles(&who, visit.project_id(), typed::all()).await?.rows;
    let own = rows.into_iter().filter(|role| !role.built_in);
    Ok(own.map(|role| (role.id.as_str().to_owned(), role.name)).collect())
}

/// Another built-in role in place of theirs.
pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let (id, author) = (visit.id::<UserId>(0), visit.author()?);
    let text = visit.form.text("role");
    let before = found(visit).await?.1;
    let done = match visit.project_id() {
        None => match text {
            "owner" | "reader" => {
                let patch = UserPatch { role: Role::parse(text), ..UserPatch::default() };
                visit.control.update_user(&author, &id, patch).await.map(drop)
            }
            _ => Err(invalid("role", "Choose a role.")),
        },
        Some(project) => match project_role(text) {
            Ok(role) => {
                visit.control.update_member(&author, project, &id, Some(role)).await.map(drop)
            }
            Err(fault) => Err(fault.param("role")),
        },
    };
    match done {
        Ok(()) => {
            let href = visit.href(&format!("members/{id}"));
            let page = Page::to(&href);
            let said = "The role is changed. It holds at once.";
            Ok(match before {
                // Somebody with roles of their own had none of these.
                Role::None => page.saying(said),
                role => {
                    let undo = Undo::new(href, &[("role", role.as_str())]);
                    page.saying_with_undo(said, undo)
                }
            })
        }
        Err(fault) => shown(visit, Some(&typed::onto(fault, &["role"]))).await,
    }
}

pub(crate) async fn give(visit: &Visit<'_>) -> Shown {
    let (id, role) = (visit.id::<UserId>(0), RoleId::from(visit.form.text("role_id")));
    let to = Principal::User(id.clone());
    match visit.control.assign_role(&visit.author()?, &to, visit.project_id(), &role).await {
        Ok(role) => {
            let page = Page::to(&visit.href(&format!("members/{id}")));
            Ok(page.saying(format!("They have the role {} now.", role.name)))
        }
        Err(fault) => shown(visit, Some(&typed::onto(fault, &["role_id"]))).await,
    }
}

pub(crate) async fn take(visit: &Visit<'_>) -> Shown {
    let (id, role) = (visit.id::<UserId>(0), RoleId::from(visit.form.text("role_id")));
    let from = Principal::User(id.clone());
    match visit.control.unassign_role(&visit.author()?, &from, visit.project_id(), &role).await {
        Ok(()) => {
            let page = Page::to(&visit.href(&format!("members/{id}")));
            Ok(page.saying("The role is taken away."))
        }
        Err(fault) => shown(visit, Some(&typed::onto(fault, &[]))).await,
    }
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let (user, ..) = found(visit).await?;
    let path = visit.href(&format!("members/{}", user.id));
    let lead = match visit.project() {
        Some(project) => format!(
            "They lose every role in {}, and the keys that they made here end at once. They stay \
             in the organization.",
            project.name
        ),
        None => "They lose every role everywhere and cannot sign in any more, and the keys that \
                 they made end at once. This cannot be undone."
            .to_owned(),
    };
    Ok(Question {
        title: "Remove a member",
        question: format!("Remove {}?", name(&user)),
        lead,
        action: format!("{path}/remove"),
        fields: Vec::new(),
        button: "Remove them",
        back: path,
        typed: visit.project().is_none().then(|| name(&user).to_owned()),
    })
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let question = question(visit).await?;
    if let Some(page) = question.unsure(visit) {
        return page;
    }
    let (id, author) = (visit.id::<UserId>(0), visit.author()?);
    let done = match visit.project_id() {
        None => visit.control.delete_user(&author, &id).await,
        Some(project) => visit.control.remove_member(&author, project, &id).await,
    };
    match done {
        Ok(()) => Ok(Page::to(&visit.href("members")).saying("They are removed.")),
        // The last owner stays, and the page says so.
        Err(fault) => question.refused(visit, fault),
    }
}
