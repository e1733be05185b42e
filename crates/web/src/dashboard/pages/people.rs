//! People: the organization's, a project's, who is invited; and the groups of a project.

pub(crate) mod groups;
mod person;
pub(crate) mod roles;

use std::collections::HashMap;

use askama::Template;
use control::{InviteDraft, MemberDraft, WhichUser};
use domain::{
    Fault, GroupId, InviteId, InviteStatus, Order, Principal, Role, RoleId, Timestamp, User, UserId,
};

use super::super::frame::{Frame, NavLink};
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::projects;
use super::typed::{self, When, both, invalid};
use crate::routes::{GROUPS, INVITES, MEMBERS, SEE_GROUPS, SEE_INVITES, SEE_ROLES};

pub(crate) use person::{ask_remove, give, one, remove, take, update};

/// The pages that are about people, as links above each of them.
fn tabs(visit: &Visit<'_>, current: &str) -> Vec<NavLink> {
    let in_project = visit.project().is_some();
    let all =
        [("members", "People", true), ("groups", "Groups", !in_project && visit.may(SEE_GROUPS))];
    let roles = ("roles", "Roles", visit.may(SEE_ROLES));
    let shown = all.into_iter().chain([roles]).filter(|(_, _, shown)| *shown);
    let link = |(path, label, _): (&str, &str, bool)| NavLink {
        href: visit.href(path),
        label: label.to_owned(),
        current: path == current,
    };
    shown.map(link).collect()
}

struct Line {
    href: String,
    name: String,
    email: String,
    role: &'static str,
    since: When,
    /// When they were last signed in; nothing of who never was.
    seen: Option<When>,
}

type Seen = HashMap<UserId, Timestamp>;

fn line(visit: &Visit<'_>, user: &User, role: Role, since: When, seen: &Seen) -> Line {
    let name = if user.name.is_empty() { &user.email } else { &user.name };
    Line {
        href: visit.href(&format!("members/{}", user.id)),
        name: name.clone(),
        email: user.email.clone(),
        role: if role == Role::None { "by roles of their own" } else { role.as_str() },
        since,
        seen: seen.get(&user.id).copied().map(both),
    }
}

struct Invited {
    id: String,
    email: String,
    role: &'static str,
    mood: &'static str,
    state: &'static str,
    until: When,
    pending: bool,
}

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    rows: Vec<Line>,
    older: String,
    invites: Vec<Invited>,
    see_invites: bool,
    may: bool,
    projects: Vec<(String, String)>,
    email: &'a str,
    role: String,
    project: String,
    fault: Option<&'a Fault>,
}

/// Everybody in the organization.
pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let page = visit.control.list_users(Vec::new(), typed::rows(visit, Order::Ascending)).await?;
    let last = page.rows.last().map(|user| user.id.as_str());
    let see_invites = visit.may(SEE_INVITES);
    let seen = visit.control.last_seen(page.rows.iter().map(|it| it.id.clone()).collect()).await?;
    let line = |it: &User| line(visit, it, it.role, both(it.created_at), &seen);
    let frame = visit.frame("Members");
    let projects = visit.projects().iter();
    let shown = visit.show(&MembersPage {
        frame: &frame,
        tabs: tabs(visit, "members"),
        older: typed::older(visit, "members", page.has_more, last),
        rows: page.rows.iter().map(line).collect(),
        invites: if see_invites { invited(visit).await? } else { Vec::new() },
        see_invites,
        may: visit.may(INVITES),
        projects: projects.map(|it| (it.id.as_str().to_owned(), it.name.clone())).collect(),
        email: visit.form.text("email"),
        role: visit.form.some("role").unwrap_or("reader").to_owned(),
        project: visit.form.text("project").to_owned(),
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Invitations that still say something: accepted ones are people.
async fn invited(visit: &Visit<'_>) -> Result<Vec<Invited>, Fault> {
    let asked = domain::PageQuery { order: Order::Descending, ..typed::all() };
    let (all, now) = (visit.control.list_invites(asked).await?.rows, visit.control.now());
    let open = all.iter().filter(|it| it.status(now) != InviteStatus::Accepted);
    let line = |invite: &domain::Invite| {
        let pending = invite.status(now) == InviteStatus::Pending;
        Invited {
            id: invite.id.as_str().to_owned(),
            email: invite.email.clone(),
            role: invite.role.as_str(),
            mood: if pending { "near" } else { "" },
            state: if pending { "Waiting" } else { "Over" },
            until: both(invite.expires_at),
            pending,
        }
    };
    Ok(open.map(line).collect())
}

pub(crate) async fn invite(visit: &Visit<'_>) -> Shown {
    match invitation(visit) {
        Ok(draft) => match visit.control.create_invite(&visit.author()?, draft).await {
            Ok(invite) => {
                let said = format!(
                    "{} is invited, for seven days. The link goes by mail; without a mail server, `tollgate mail` prints it.",
                    invite.email
                );
                Ok(Page::to(&visit.href("members")).saying(said))
            }
            Err(fault) => {
                let fault = typed::onto(fault, &["email", "role", "project"]);
                listed(visit, Some(&fault)).await
            }
        },
        Err(fault) => listed(visit, Some(&fault)).await,
    }
}

fn invitation(visit: &Visit<'_>) -> Result<InviteDraft, Fault> {
    let form = &visit.form;
    let role = match form.text("role") {
        "owner" => Role::Owner,
        "reader" => Role::Reader,
        _ => return Err(invalid("role", "Choose a role.")),
    };
    let projects = match form.some("project") {
        None => Some(Vec::new()),
        Some(id) => Some(vec![(id.into(), project_role(form.text("project_role"))?)]),
    };
    Ok(InviteDraft { email: email(visit)?, role, projects })
}

/// As the API takes it.
fn email(visit: &Visit<'_>) -> Result<String, Fault> {
    let email = visit.form.text("email");
    let whole = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let plain = !email.contains(|c: char| c.is_control() || c.is_whitespace());
    if whole && plain && email.len() <= 254 {
        return Ok(email.to_owned());
    }
    Err(invalid("email", "Enter one e-mail address, such as ada@example.com."))
}

fn project_role(text: &str) -> Result<Role, Fault> {
    match text {
        "owner" => Ok(Role::Owner),
        "member" => Ok(Role::Member),
        "viewer" => Ok(Role::Viewer),
        _ => Err(invalid("project_role", "Choose a role in the project.")),
    }
}

/// Nobody loses anything: it can be sent again.
pub(crate) async fn withdraw(visit: &Visit<'_>) -> Shown {
    let id = visit.id::<InviteId>(0);
    visit.control.delete_invite(&visit.author()?, &id).await?;
    Ok(Page::to(&visit.href("members")).saying("The invitation is withdrawn."))
}

#[derive(Template)]
#[template(path = "project_members.html")]
struct ProjectPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    here: String,
    rows: Vec<Line>,
    older: String,
    groups: Vec<GroupLine>,
    see_groups: bool,
    may: bool,
    may_groups: bool,
    /// What may be given: groups of the organization, roles of the project.
    choices: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    email: &'a str,
    project_role: String,
    fault: Option<&'a Fault>,
}

struct GroupLine {
    id: String,
    name: String,
    roles: String,
    since: When,
}

/// Who has a place in a project, and which groups.
pub(crate) async fn of_project(visit: &Visit<'_>) -> Shown {
    shown_of_project(visit, None).await
}

async fn shown_of_project(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let project = projects::id(visit)?;
    let asked = typed::rows(visit, Order::Ascending);
    let page = visit.control.list_members(project, asked).await?;
    let last = page.rows.last().map(|member| member.user.id.as_str());
    let (see_groups, may_groups) = (visit.may(SEE_GROUPS), visit.may(GROUPS));
    let frame = visit.frame("Members");
    let ids = page.rows.iter().map(|it| it.user.id.clone()).collect();
    let seen = visit.control.last_seen(ids).await?;
    let line = |it: &domain::Member| line(visit, &it.user, it.role, both(it.added_at), &seen);
    let shown = visit.show(&ProjectPage {
        frame: &frame,
        tabs: tabs(visit, "members"),
        here: visit.href("members"),
        older: typed::older(visit, "members", page.has_more, last),
        rows: page.rows.iter().map(line).collect(),
        groups: if see_groups { project_groups(visit).await? } else { Vec::new() },
        see_groups,
        may: visit.may(MEMBERS),
        may_groups,
        choices: if may_groups { group_choices(visit).await? } else { Vec::new() },
        roles: if may_groups { role_choices(visit).await? } else { Vec::new() },
        email: visit.form.text("email"),
        project_role: visit.form.some("project_role").unwrap_or("member").to_owned(),
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

async fn project_groups(visit: &Visit<'_>) -> Result<Vec<GroupLine>, Fault> {
    let project = projects::id(visit)?;
    let mut found = Vec::new();
    for row in visit.control.list_project_groups(project, typed::all()).await?.rows {
        let group = Principal::Group(row.group.id.clone());
        let given = visit.control.assigned_roles(&group, Some(project), typed::all()).await?.rows;
        let names: Vec<_> = given.into_iter().map(|role| role.name).collect();
        found.push(GroupLine {
            id: row.group.id.as_str().to_owned(),
            name: row.group.name,
            roles: names.join(", "),
            since: both(row.added_at),
        });
    }
    Ok(found)
}

async fn group_choices(visit: &Visit<'_>) -> Result<Vec<(String, String)>, Fault> {
    let rows = visit.control.list_groups(typed::all()).await?.rows;
    Ok(rows.into_iter().map(|it| (it.id.as_str().to_owned(), it.name)).collect())
}

/// The roles that can be given in this place.
async fn role_choices(visit: &Visit<'_>) -> Result<Vec<(String, String)>, Fault> {
    let rows = visit.control.list_roles(visit.project_id(), typed::all()).await?.rows;
    Ok(rows.into_iter().map(|it| (it.id.as_str().to_owned(), it.name)).collect())
}

/// Somebody of the organization gets a place in the project.
pub(crate) async fn add(visit: &Visit<'_>) -> Shown {
    let draft = match (email(visit), project_role(visit.form.text("project_role"))) {
        (Ok(email), Ok(role)) => MemberDraft { user: WhichUser::Email(email), role },
        (Err(fault), _) | (_, Err(fault)) => return shown_of_project(visit, Some(&fault)).await,
    };
    match visit.control.add_member(&visit.author()?, projects::id(visit)?, draft).await {
        Ok(member) => {
            let said = format!("{} is in the project now.", member.user.email);
            Ok(Page::to(&visit.href("members")).saying(said))
        }
        Err(fault) if fault.param.as_deref() == Some("email") => {
            let fault = invalid(
                "email",
                "Nobody in the organization has this address. Invite them under the \
                 organization's members first.",
            );
            shown_of_project(visit, Some(&fault)).await
        }
        Err(fault) => shown_of_project(visit, Some(&typed::onto(fault, &["email"]))).await,
    }
}

pub(crate) async fn add_group(visit: &Visit<'_>) -> Shown {
    let (group, role): (GroupId, RoleId) =
        (visit.form.text("group").into(), visit.form.text("role").into());
    let author = visit.author()?;
    match visit.control.add_project_group(&author, projects::id(visit)?, &group, &role).await {
        Ok(added) => {
            let said = format!("The group {} has a role here now.", added.group.name);
            Ok(Page::to(&visit.href("members")).saying(said))
        }
        Err(fault) => shown_of_project(visit, Some(&typed::onto(fault, &[]))).await,
    }
}

pub(crate) async fn remove_group(visit: &Visit<'_>) -> Shown {
    let group: GroupId = visit.form.text("group").into();
    let author = visit.author()?;
    visit.control.remove_project_group(&author, projects::id(visit)?, &group).await?;
    Ok(Page::to(&visit.href("members")).saying("The group has no role here any more."))
}
