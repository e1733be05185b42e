//! Groups of people, who is in them, and what they may in the organization.

use askama::Template;
use domain::{Fault, Group, GroupId, Order, Principal, RoleId, UserId};

use super::super::super::frame::{Frame, NavLink};
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
use super::super::typed::{self, When, both, invalid};
use super::{email, role_choices, tabs};
use crate::routes::{GROUPS, ROLES, SEE_ROLES};

#[derive(Template)]
#[template(path = "groups.html")]
struct GroupsPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    rows: Vec<(String, String, When)>,
    older: String,
    may: bool,
    name: &'a str,
    fault: Option<&'a Fault>,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let page = visit.control.list_groups(typed::rows(visit, Order::Ascending)).await?;
    let last = page.rows.last().map(|group| group.id.as_str());
    let line = |it: &Group| (path(&it.id), it.name.clone(), both(it.created_at));
    let frame = visit.frame("Groups");
    let shown = visit.show(&GroupsPage {
        frame: &frame,
        tabs: tabs(visit, "groups"),
        older: typed::older(visit, "groups", page.has_more, last),
        rows: page.rows.iter().map(line).collect(),
        may: visit.may(GROUPS),
        name: visit.form.text("name"),
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn path(id: &GroupId) -> String {
    format!("/groups/{id}")
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let name = match typed::name(&visit.form, "name") {
        Ok(name) => name,
        Err(fault) => return listed(visit, Some(&fault)).await,
    };
    match visit.control.create_group(&visit.author()?, name).await {
        Ok(group) => Ok(Page::to(&path(&group.id)).saying("The group is made. Add its people.")),
        Err(fault) => listed(visit, Some(&typed::onto(fault, &["name"]))).await,
    }
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    path: String,
    group: &'a Group,
    people: Vec<(String, String, String)>,
    given: Vec<(String, String)>,
    choices: Vec<(String, String)>,
    may: bool,
    may_roles: bool,
    name: &'a str,
    email: &'a str,
    fault: Option<&'a Fault>,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let group = visit.control.group(&visit.id(0)).await?;
    let people = visit.control.list_group_users(&group.id, typed::all()).await?.rows;
    let who = Principal::Group(group.id.clone());
    let given = match visit.may(SEE_ROLES) {
        true => visit.control.assigned_roles(&who, None, typed::all()).await?.rows,
        false => Vec::new(),
    };
    let may_roles = visit.may(ROLES);
    let mut choices = if may_roles { role_choices(visit).await? } else { Vec::new() };
    choices.retain(|(id, _)| !given.iter().any(|role| role.id.as_str() == id));
    let frame = visit.frame("Group");
    let person = |it: domain::User| (it.id.as_str().to_owned(), it.name, it.email);
    let page = visit.show(&GroupPage {
        frame: &frame,
        tabs: tabs(visit, "groups"),
        path: path(&group.id),
        people: people.into_iter().map(person).collect(),
        given: given.into_iter().map(|it| (it.id.as_str().to_owned(), it.name)).collect(),
        choices,
        may: visit.may(GROUPS),
        may_roles,
        name: visit.form.some("name").unwrap_or(&group.name),
        email: visit.form.text("email"),
        group: &group,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Back to the group with a sentence, or with the fault.
async fn done(visit: &Visit<'_>, done: Result<(), Fault>, said: &str) -> Shown {
    match done {
        Ok(()) => Ok(Page::to(&path(&visit.id(0))).saying(said)),
        Err(fault) => shown(visit, Some(&typed::onto(fault, &["name", "email"]))).await,
    }
}

pub(crate) async fn rename(visit: &Visit<'_>) -> Shown {
    let (author, id) = (visit.author()?, visit.id::<GroupId>(0));
    let renamed = match typed::name(&visit.form, "name") {
        Ok(name) => visit.control.rename_group(&author, &id, name).await.map(drop),
        Err(fault) => Err(fault),
    };
    done(visit, renamed, "The group has its new name.").await
}

pub(crate) async fn add(visit: &Visit<'_>) -> Shown {
    let added = added(visit).await;
    done(visit, added, "They are in the group now, with all that it has.").await
}

async fn added(visit: &Visit<'_>) -> Result<(), Fault> {
    let (author, id) = (visit.author()?, visit.id::<GroupId>(0));
    let users = visit.control.list_users(vec![email(visit)?], typed::all()).await?.rows;
    let nobody =
        || invalid("email", "Nobody in the organization has this address. Invite them first.");
    let user = users.into_iter().next().ok_or_else(nobody)?;
    visit.control.add_to_group(&author, &id, &user.id).await
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let (author, id) = (visit.author()?, visit.id::<GroupId>(0));
    let user = UserId::from(visit.form.text("user"));
    let removed = visit.control.remove_from_group(&author, &id, &user).await;
    done(visit, removed, "They are not in the group any more.").await
}

pub(crate) async fn give(visit: &Visit<'_>) -> Shown {
    let to = Principal::Group(visit.id(0));
    let role = RoleId::from(visit.form.text("role_id"));
    let given = visit.control.assign_role(&visit.author()?, &to, None, &role).await.map(drop);
    done(visit, given, "The group has the role now.").await
}

pub(crate) async fn take(visit: &Visit<'_>) -> Shown {
    let from = Principal::Group(visit.id(0));
    let role = RoleId::from(visit.form.text("role_id"));
    let taken = visit.control.unassign_role(&visit.author()?, &from, None, &role).await;
    done(visit, taken, "The role is taken away.").await
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let group = visit.control.group(&visit.id(0)).await?;
    Ok(Question {
        title: "Delete a group",
        question: format!("Delete {}?", group.name),
        lead: "Its people stay in the organization, without what the group gave them. This cannot \
               be undone."
            .to_owned(),
        action: format!("{}/delete", path(&group.id)),
        fields: Vec::new(),
        button: "Delete the group",
        back: path(&group.id),
        typed: Some(group.name),
    })
}

pub(crate) async fn ask_delete(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn delete(visit: &Visit<'_>) -> Shown {
    let question = question(visit).await?;
    if let Some(page) = question.unsure(visit) {
        return page;
    }
    match visit.control.delete_group(&visit.author()?, &visit.id(0)).await {
        Ok(()) => Ok(Page::to("/groups").saying("The group is deleted.")),
        Err(fault) => question.refused(visit, fault),
    }
}
