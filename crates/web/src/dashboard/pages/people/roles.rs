//! Roles: the built-in ones, those that somebody made, and the matrix of what they allow.

use std::collections::BTreeMap;

use askama::Template;
use control::{RoleDraft, RolePatch};
use domain::{AccessRole, Fault, RoleId, Scope};
use openai::surface::OPERATIONS;

use super::super::super::form::Form;
use super::super::super::frame::{Frame, NavLink};
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
use super::super::typed;
use super::tabs;
use crate::routes::{self, ROLES, Serve};

const VERBS: [&str; 3] = ["read", "write", "request"];

struct Line {
    href: String,
    name: String,
    description: String,
    built_in: bool,
    permissions: usize,
}

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesPage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    rows: Vec<Line>,
    new: String,
    may: bool,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let roles = visit.control.list_roles(visit.project_id(), typed::all()).await?.rows;
    let line = |role: &AccessRole| Line {
        href: visit.href(&format!("roles/{}", role.id)),
        name: role.name.clone(),
        description: role.description.clone().unwrap_or_default(),
        built_in: role.built_in,
        permissions: role.permissions.len(),
    };
    let frame = visit.frame("Roles");
    visit.show(&RolesPage {
        frame: &frame,
        tabs: tabs(visit, "roles"),
        rows: roles.iter().map(line).collect(),
        new: visit.href("roles/new"),
        may: visit.may(ROLES),
    })
}

/// A thing, and for each verb its permission and whether it is ticked; `None` where nothing asks
/// for it.
struct Row {
    thing: String,
    cells: Vec<Option<(String, bool)>>,
}

/// All that operations and the Administration API ask for, and what the role has beside that.
fn matrix(has: &[String]) -> Vec<Row> {
    let mut things: BTreeMap<String, [bool; 3]> = BTreeMap::new();
    let mut note = |scope: Scope| {
        let at = VERBS.iter().position(|verb| *verb == scope.verb.as_str());
        let row = things.entry(scope.thing.to_owned()).or_default();
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            *cell = true;
        }
    };
    for route in routes::ALL {
        if let Serve::Admin(scope, _) = route.serve {
            note(scope);
        }
    }
    OPERATIONS.iter().for_each(|operation| note(operation.scope));
    // No operation asks for it: it includes every request.
    note(Scope::request("model"));
    let known = things.into_iter().map(|(thing, asked)| {
        let cell = |(verb, asked): (&str, bool)| {
            let permission = format!("api.{thing}.{verb}");
            let ticked = has.contains(&permission);
            (asked || ticked).then_some((permission, ticked))
        };
        let cells = VERBS.into_iter().zip(asked).map(cell).collect();
        Row { thing, cells }
    });
    known.collect()
}

/// What the role has and the matrix has no cell for.
fn others(rows: &[Row], has: &[String]) -> Vec<String> {
    let known = |one: &String| {
        rows.iter().flat_map(|row| row.cells.iter().flatten()).any(|(name, _)| name == one)
    };
    has.iter().filter(|one| !known(one)).cloned().collect()
}

#[derive(Template)]
#[template(path = "role.html")]
struct RolePage<'a> {
    frame: &'a Frame,
    tabs: Vec<NavLink>,
    action: String,
    title: &'a str,
    button: &'static str,
    /// Where there is one already that may be deleted.
    delete: Option<String>,
    name: String,
    description: String,
    rows: Vec<Row>,
    others: Vec<String>,
    may: bool,
    built_in: bool,
    fault: Option<&'a Fault>,
}

struct Typed {
    name: String,
    description: String,
    permissions: Vec<String>,
}

impl Typed {
    fn of(form: &Form) -> Self {
        Self {
            name: form.text("name").to_owned(),
            description: form.text("description").to_owned(),
            permissions: form.every("permission").map(str::to_owned).collect(),
        }
    }

    fn draft(self, form: &Form) -> Result<RoleDraft, Fault> {
        if self.permissions.is_empty() {
            return Err(typed::invalid("permissions", "Tick what the role allows."));
        }
        Ok(RoleDraft {
            name: typed::name(form, "name")?,
            description: Some(self.description).filter(|text| !text.is_empty()),
            permissions: self.permissions,
        })
    }
}

const FIELDS: [&str; 3] = ["name", "description", "permissions"];

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    form(visit, None, None)
}

fn form(visit: &Visit<'_>, role: Option<&AccessRole>, fault: Option<&Fault>) -> Shown {
    let typed = match role {
        Some(role) if fault.is_none() => Typed {
            name: role.name.clone(),
            description: role.description.clone().unwrap_or_default(),
            permissions: role.permissions.clone(),
        },
        _ => Typed::of(&visit.form),
    };
    let path = match role {
        Some(role) => visit.href(&format!("roles/{}", role.id)),
        None => visit.href("roles/new"),
    };
    let built_in = role.is_some_and(|role| role.built_in);
    let rows = matrix(&typed.permissions);
    let frame = visit.frame(if role.is_some() { "Role" } else { "Create a role" });
    let page = visit.show(&RolePage {
        frame: &frame,
        tabs: tabs(visit, "roles"),
        title: role.map_or("Create a role", |role| &role.name),
        button: if role.is_some() { "Change the role" } else { "Create the role" },
        delete: role.filter(|role| !role.built_in).map(|_| format!("{path}/delete")),
        action: path,
        others: others(&rows, &typed.permissions),
        rows,
        name: typed.name,
        description: typed.description,
        may: visit.may(ROLES) && !built_in,
        built_in,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let draft = match Typed::of(&visit.form).draft(&visit.form) {
        Ok(draft) => draft,
        Err(fault) => return form(visit, None, Some(&fault)),
    };
    match visit.control.create_role(&visit.author()?, visit.project_id(), draft).await {
        Ok(role) => {
            let said = format!("The role {} is made. Give it to people or groups.", role.name);
            Ok(Page::to(&visit.href("roles")).saying(said))
        }
        Err(fault) => form(visit, None, Some(&typed::onto(fault, &FIELDS))),
    }
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    let role = visit.control.role(visit.project_id(), &visit.id(0)).await?;
    form(visit, Some(&role), None)
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let id = visit.id::<RoleId>(0);
    let role = visit.control.role(visit.project_id(), &id).await?;
    let draft = match Typed::of(&visit.form).draft(&visit.form) {
        Ok(draft) => draft,
        Err(fault) => return form(visit, Some(&role), Some(&fault)),
    };
    let patch = RolePatch {
        name: Some(draft.name),
        description: Some(draft.description),
        permissions: Some(draft.permissions),
    };
    match visit.control.update_role(&visit.author()?, visit.project_id(), &id, patch).await {
        Ok(_) => Ok(Page::to(&visit.href(&format!("roles/{id}")))
            .saying("The role is changed, for everybody who has it.")),
        Err(fault) => form(visit, Some(&role), Some(&typed::onto(fault, &FIELDS))),
    }
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let role = visit.control.role(visit.project_id(), &visit.id(0)).await?;
    let path = visit.href(&format!("roles/{}", role.id));
    Ok(Question {
        title: "Delete a role",
        question: format!("Delete the role {}?", role.name),
        lead: "A role that somebody has is not deleted: take it from them first. This cannot be \
               undone."
            .to_owned(),
        action: format!("{path}/delete"),
        fields: Vec::new(),
        button: "Delete the role",
        back: path,
        typed: None,
    })
}

pub(crate) async fn ask_delete(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn delete(visit: &Visit<'_>) -> Shown {
    let id = visit.id::<RoleId>(0);
    match visit.control.delete_role(&visit.author()?, visit.project_id(), &id).await {
        Ok(()) => Ok(Page::to(&visit.href("roles")).saying("The role is deleted.")),
        Err(fault) => question(visit).await?.refused(visit, fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_every_permission_once_and_what_it_does_not_know_is_kept() {
        let has = ["api.groups.write".to_owned(), "of.a.later.version".to_owned()];
        let rows = matrix(&has);
        let ticked: Vec<_> = rows
            .iter()
            .flat_map(|row| row.cells.iter().flatten())
            .filter(|(_, ticked)| *ticked)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(ticked, ["api.groups.write"]);
        assert_eq!(others(&rows, &has), ["of.a.later.version"]);
        assert!(rows.iter().any(|row| row.thing == "model" && row.cells[2].is_some()));
    }
}
