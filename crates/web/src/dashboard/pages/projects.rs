//! Projects: the list, a new one, its name, its end.

use askama::Template;
use control::{ProjectDraft, ProjectPatch};
use domain::fault::catalogue;
use domain::{Fault, Nanos, Order, Project, ProjectId};

use super::super::figures::money;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit, href};
use super::confirm::Question;
use super::typed::{self, When, both};
use crate::routes::PROJECTS;

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage<'a> {
    frame: &'a Frame,
    may: bool,
    archived: bool,
    rows: Vec<Line>,
    older: String,
    name: &'a str,
    fault: Option<&'a Fault>,
}

struct Line {
    href: String,
    settings: String,
    name: String,
    id: String,
    /// What this month came to; empty of an archived project.
    spent: String,
    created: When,
    archived: Option<When>,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let archived = visit.query.is_checked("archived");
    let asked = typed::rows(visit, Order::Ascending);
    let page = visit.control.list_projects(asked, archived).await?;
    let last = page.rows.last().map(|project| project.id.as_str());
    let mut older = typed::older(visit, "projects", page.has_more, last);
    if archived && !older.is_empty() {
        older.push_str("&archived=1");
    }
    let months = visit.control.months_of(&page.rows).await?;
    let month = |project: &Project| months.get(project.id.as_str()).copied().unwrap_or_default();
    let rows = page.rows.iter().map(|project| line(project, month(project))).collect();
    let frame = visit.frame("Projects");
    let shown = visit.show(&ProjectsPage {
        frame: &frame,
        may: visit.may(PROJECTS),
        archived,
        rows,
        older,
        name: visit.form.text("name"),
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(project: &Project, month: Nanos) -> Line {
    Line {
        href: href(Some(&project.id), "overview"),
        settings: href(Some(&project.id), "settings"),
        name: project.name.clone(),
        id: project.id.as_str().to_owned(),
        spent: if project.archived_at.is_none() { money(month) } else { String::new() },
        created: both(project.created_at),
        archived: project.archived_at.map(both),
    }
}

/// Makes the project and goes to it.
pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let name = match typed::name(&visit.form, "name") {
        Ok(name) => name,
        Err(fault) => return listed(visit, Some(&fault)).await,
    };
    let draft = ProjectDraft { name, external_key_id: None, residency: None };
    match visit.control.create_project(&visit.author()?, draft).await {
        Ok(made) => {
            let page = Page::to(&href(Some(&made.id), "keys"));
            Ok(page.saying(format!("The project {} is made. It wants a key now.", made.name)))
        }
        Err(fault) => listed(visit, Some(&typed::onto(fault, &["name"]))).await,
    }
}

/// The project that the page is about.
pub(super) fn here<'v>(visit: &'v Visit<'_>) -> Result<&'v Project, Fault> {
    visit.project().ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
}

pub(super) fn id<'v>(visit: &'v Visit<'_>) -> Result<&'v ProjectId, Fault> {
    Ok(&here(visit)?.id)
}

/// What the project's settings page sends.
pub(super) async fn rename(visit: &Visit<'_>) -> Result<(), Fault> {
    let name = typed::name(&visit.form, "name")?;
    let patch = ProjectPatch { name: Some(name), external_key_id: None };
    visit.control.update_project(&visit.author()?, id(visit)?, patch).await.map(drop)
}

fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let project = here(visit)?;
    Ok(Question {
        title: "Archive a project",
        question: format!("Archive {}?", project.name),
        lead: "Every key of it is refused from the next call on, and nothing of it can be changed \
               any more. Its usage and its costs stay to be looked at. This cannot be undone."
            .to_owned(),
        action: visit.href("archive"),
        fields: Vec::new(),
        button: "Archive the project",
        back: visit.href("settings"),
        typed: Some(project.name.clone()),
    })
}

pub(crate) async fn ask_archive(visit: &Visit<'_>) -> Shown {
    question(visit)?.ask(visit)
}

pub(crate) async fn archive(visit: &Visit<'_>) -> Shown {
    if let Some(page) = question(visit)?.unsure(visit) {
        return page;
    }
    let project = visit.control.archive_project(&visit.author()?, id(visit)?).await?;
    let said = format!("The project {} is archived. Its keys are refused now.", project.name);
    Ok(Page::to("/projects").saying(said))
}
