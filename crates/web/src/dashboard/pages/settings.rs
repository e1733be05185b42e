//! Settings: the organization's zone and retention; a project's name, retention, models and tools.

use askama::Template;
use control::{MailServer, known_zone};
use domain::{
    Fault, HostedTool, HostedTools, ModelMode, ModelPattern, ModelPermissions, ProjectId,
    ProjectRule, ProjectRules, Retention,
};

use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::{Page, Undo};
use super::super::visit::{Shown, Visit};
use super::egress::Chosen;
use super::projects;
use super::typed::{self, invalid, words};
use crate::routes::{PROJECTS, SEE_ADMIN_KEYS, WRITE};

/// A choice of a `select`, or a box to tick: value, words, whether it is chosen.
type Choice = (&'static str, &'static str, bool);

const KEPT: [(Retention, &str); 5] = [
    (Retention::ModifiedAbuseMonitoring, "Modified abuse monitoring: the usual"),
    (Retention::Zero, "Zero data retention: not even the end user's label"),
    (Retention::EnhancedModifiedAbuseMonitoring, "Enhanced modified abuse monitoring"),
    (Retention::EnhancedZero, "Enhanced zero data retention"),
    (Retention::None, "None"),
];

fn retentions(chosen: Option<Retention>, of_project: bool) -> Vec<Choice> {
    let follow = ("", "As the organization has it", chosen.is_none());
    let kept = KEPT.iter().filter(|(it, _)| of_project || *it != Retention::None);
    let kept = kept.map(|(it, words)| (it.as_str(), *words, chosen == Some(*it)));
    of_project.then_some(follow).into_iter().chain(kept).collect()
}

#[derive(Template)]
#[template(path = "settings.html")]
struct OrganizationPage<'a> {
    frame: &'a Frame,
    name: String,
    id: String,
    zone: String,
    of_file: bool,
    retentions: Vec<Choice>,
    alerts: String,
    see_admin_keys: bool,
    /// Who takes mail; without one it stays here.
    mail: Option<&'a MailServer>,
    /// Messages that did not arrive yet and are tried again.
    late: usize,
    /// The reader's address.
    email: &'a str,
    may: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let page = match visit.project_id() {
        None => of_organization(visit, fault).await?,
        Some(project) => of_project(visit, project, fault).await?,
    };
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

async fn of_organization(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let state = visit.control.organization().await?;
    let retention = visit.control.organization_retention().await?;
    let zone = state.zone.name().to_owned();
    let frame = visit.frame("Settings");
    visit.show(&OrganizationPage {
        frame: &frame,
        name: visit.form.some("name").unwrap_or(&state.organization.name).to_owned(),
        id: state.organization.id.as_str().to_owned(),
        zone: visit.form.some("time_zone").map_or(zone, str::to_owned),
        of_file: state.of_file,
        retentions: retentions(Some(retention), false),
        alerts: visit.href("alerts"),
        see_admin_keys: visit.may(SEE_ADMIN_KEYS),
        mail: visit.control.mail_server(),
        late: visit.control.undelivered().await?,
        email: &visit.who()?.user.email,
        may: visit.may(WRITE),
        fault,
    })
}

#[derive(Template)]
#[template(path = "project_settings.html")]
struct ProjectPage<'a> {
    frame: &'a Frame,
    path: String,
    id: String,
    archived: bool,
    name: String,
    retentions: Vec<Choice>,
    modes: [Choice; 3],
    models: String,
    tools: Vec<Choice>,
    alerts: String,
    archive: String,
    egress: Chosen,
    may: bool,
    may_project: bool,
    fault: Option<&'a Fault>,
}

async fn of_project(visit: &Visit<'_>, id: &ProjectId, fault: Option<&Fault>) -> Shown {
    let project = projects::here(visit)?;
    let rules = visit.control.project_rules(id).await?;
    let (mode, models) = typed_models(&visit.form, &rules);
    let archived = project.archived_at.is_some();
    let frame = visit.frame("Project settings");
    visit.show(&ProjectPage {
        frame: &frame,
        path: visit.href("settings"),
        id: id.as_str().to_owned(),
        archived,
        name: visit.form.some("name").unwrap_or(&project.name).to_owned(),
        retentions: retentions(rules.retention, true),
        modes: MODES.map(|(value, words)| (value, words, value == mode)),
        models,
        tools: tools(&rules),
        alerts: visit.href("alerts"),
        archive: visit.href("archive"),
        egress: Chosen::of_project(visit, id).await?,
        may: visit.may(WRITE) && !archived,
        may_project: visit.may(PROJECTS) && !archived,
        fault,
    })
}

const MODES: [(&str, &str); 3] = [
    ("", "Every model that there is a route for"),
    ("allow_list", "Only those below"),
    ("deny_list", "All but those below"),
];

/// As they were typed, or else as they are.
fn typed_models(form: &Form, rules: &ProjectRules) -> (String, String) {
    if form.is_checked("models") {
        return (form.text("mode").to_owned(), form.text("models").to_owned());
    }
    let Some(set) = &rules.models else { return Default::default() };
    let names: Vec<_> = set.models.iter().map(|model| model.0.as_str()).collect();
    (set.mode.as_str().to_owned(), names.join("\n"))
}

fn tools(rules: &ProjectRules) -> Vec<Choice> {
    let words = |tool: HostedTool| match tool {
        HostedTool::FileSearch => "File search",
        HostedTool::WebSearch => "Web search",
        HostedTool::ImageGeneration => "Image generation",
        HostedTool::Mcp => "MCP servers",
        HostedTool::CodeInterpreter => "Code interpreter",
    };
    let choice = |tool: HostedTool| (tool.as_str(), words(tool), !rules.denied_tools.has(tool));
    HostedTool::ALL.map(choice).into_iter().collect()
}

const FIELDS: [&str; 5] = ["name", "time_zone", "retention", "models", "mode"];

/// Back to the settings with a sentence, or with the fault at its field.
async fn done(visit: &Visit<'_>, done: Result<(), Fault>, said: &str) -> Shown {
    match done {
        Ok(()) => Ok(Page::to(&visit.href("settings")).saying(said)),
        Err(fault) => shown(visit, Some(&typed::onto(fault, &FIELDS))).await,
    }
}

/// The same of a form with one field, which had this value before.
async fn changed(
    visit: &Visit<'_>,
    done: Result<(), Fault>,
    said: &str,
    before: (&str, &str),
) -> Shown {
    match done {
        Ok(()) => {
            let undo = Undo::new(visit.request.path.to_owned(), &[before]);
            Ok(Page::to(&visit.href("settings")).saying_with_undo(said, undo))
        }
        Err(fault) => shown(visit, Some(&typed::onto(fault, &FIELDS))).await,
    }
}

pub(crate) async fn zone(visit: &Visit<'_>) -> Shown {
    let author = visit.author()?;
    let before = visit.control.organization().await?.zone;
    let set = match known_zone(visit.form.text("time_zone"), "time_zone") {
        Ok(zone) => visit.control.set_zone(&author, zone).await.map(drop),
        Err(fault) => Err(fault),
    };
    let said = "The time zone is set. Periods that run now run to their ends.";
    changed(visit, set, said, ("time_zone", before.name())).await
}

pub(crate) async fn retention(visit: &Visit<'_>) -> Shown {
    let author = visit.author()?;
    let text = visit.form.text("retention");
    let asked = Retention::parse(text);
    let before = match visit.project_id() {
        None => Some(visit.control.organization_retention().await?),
        Some(project) => visit.control.project_rules(project).await?.retention,
    };
    let unknown = || invalid("retention", "Choose what is kept.");
    let set = match visit.project_id() {
        None => match asked.filter(|it| *it != Retention::None) {
            Some(it) => visit.control.set_organization_retention(&author, it).await.map(drop),
            None => Err(unknown()),
        },
        Some(_) if asked.is_none() && !text.is_empty() => Err(unknown()),
        Some(project) => {
            let rule = ProjectRule::Retention(asked);
            visit.control.set_project_rule(&author, project, rule).await.map(drop)
        }
    };
    let said = "What is kept is set. It holds from the next call on.";
    changed(visit, set, said, ("retention", before.map_or("", Retention::as_str))).await
}

/// A mail to whoever asks for it.
pub(crate) async fn test_mail(visit: &Visit<'_>) -> Shown {
    let who = visit.who()?;
    match visit.control.send_test_mail(&visit.visitor(), who).await {
        Ok(()) => {
            let said = match visit.control.mail_server() {
                Some(_) => format!("A mail is on its way to {}.", who.user.email),
                None => "There is no mail server: `tollgate mail` shows the mail.".to_owned(),
            };
            Ok(Page::to("/settings").saying(&said))
        }
        Err(fault) => shown(visit, Some(&fault)).await,
    }
}

pub(crate) async fn organization_name(visit: &Visit<'_>) -> Shown {
    let author = visit.author()?;
    let before = visit.control.organization().await?.organization.name;
    let renamed = match typed::name(&visit.form, "name") {
        Ok(name) => visit.control.rename_organization(&author, name).await,
        Err(fault) => Err(fault),
    };
    changed(visit, renamed, "The organization has its new name.", ("name", &before)).await
}

pub(crate) async fn name(visit: &Visit<'_>) -> Shown {
    let renamed = projects::rename(visit).await;
    let before = &projects::here(visit)?.name;
    changed(visit, renamed, "The project has its new name.", ("name", before)).await
}

pub(crate) async fn models(visit: &Visit<'_>) -> Shown {
    let set = match models_rule(&visit.form) {
        Ok(rule) => {
            let (author, project) = (visit.author()?, projects::id(visit)?);
            visit.control.set_project_rule(&author, project, rule).await.map(drop)
        }
        Err(fault) => Err(fault),
    };
    done(visit, set, "The models are set. They hold from the next call on.").await
}

fn models_rule(form: &Form) -> Result<ProjectRule, Fault> {
    let text = form.text("mode");
    if text.is_empty() {
        return Ok(ProjectRule::Models(None));
    }
    let mode = ModelMode::parse(text).ok_or_else(|| invalid("mode", "Choose which models."))?;
    let words = words(form.text("models"));
    if words.is_empty() && mode == ModelMode::AllowList {
        return Err(invalid(
            "models",
            "Name at least one model: with none, every call is refused.",
        ));
    }
    if words.iter().any(|word| word.strip_suffix('*').unwrap_or(word).contains('*')) {
        return Err(invalid("models", "A * may stand only at the end of a name: gpt-4o*"));
    }
    let models = words.into_iter().map(|word| ModelPattern(word.to_owned())).collect();
    Ok(ProjectRule::Models(Some(ModelPermissions { mode, models })))
}

pub(crate) async fn set_tools(visit: &Visit<'_>) -> Shown {
    let (author, project) = (visit.author()?, projects::id(visit)?);
    let (mut allow, mut deny) = (HostedTools::default(), HostedTools::default());
    for tool in HostedTool::ALL {
        match visit.form.every("tool").any(|name| name == tool.as_str()) {
            true => allow = allow.with(tool),
            false => deny = deny.with(tool),
        }
    }
    let rule = ProjectRule::Tools { allow, deny };
    let set = visit.control.set_project_rule(&author, project, rule).await.map(drop);
    done(visit, set, "The tools are set. They hold from the next call on.").await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<ProjectRule, Fault> {
        models_rule(&Form::parse(text).unwrap())
    }

    #[test]
    fn models_are_read_as_they_were_typed_and_an_empty_list_refuses_nothing_by_mistake() {
        assert!(matches!(rule("mode=&models=gpt-4o").unwrap(), ProjectRule::Models(None)));
        let ProjectRule::Models(Some(set)) = rule("mode=allow_list&models=gpt-4o*%0Ao1").unwrap()
        else {
            panic!("a list");
        };
        assert!(set.allows("gpt-4o-mini") && set.allows("o1") && !set.allows("o3"));
        for bad in ["mode=allow_list&models=+", "mode=deny_list&models=g*t", "mode=x&models=o1"] {
            assert!(rule(bad).unwrap_err().param.is_some(), "{bad}");
        }
    }
}
