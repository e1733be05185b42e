//! Routes: what public model names lead to, and what a name comes to right now.

mod cache;
mod draft;

use askama::Template;
use control::RouteState;
use domain::ports::Explained;
use domain::route::MaxPrice;
use domain::{Fault, RouteId, UpstreamSource};

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::WRITE;
use super::confirm::Question;
use draft::Typed;

#[derive(Template)]
#[template(path = "routes.html")]
struct RoutesPage<'a> {
    frame: &'a Frame,
    here: String,
    /// Routes are changed from the organization's page.
    may: bool,
    rows: Vec<RouteView>,
    name: &'a str,
    tried: Option<Tried>,
}

struct RouteView {
    href: String,
    model: String,
    aliases: String,
    project: String,
    targets: Vec<String>,
    denies: String,
    missing: String,
    of_file: bool,
}

/// What a name leads to.
struct Tried {
    denied: bool,
    routed: bool,
    places: Vec<(String, String, String)>,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let all = visit.control.list_routes(None).await?;
    // A project sees its own and those of all.
    let here = |state: &&RouteState| {
        let of = state.route.project.as_ref();
        visit.project_id().is_none_or(|project| of.is_none_or(|of| of == project))
    };
    let name = visit.query.text("model");
    let tried = match name {
        "" => None,
        name => Some(tried(&visit.control.explain_route(visit.project_id(), name).await?)),
    };
    let frame = visit.frame("Routes");
    visit.show(&RoutesPage {
        frame: &frame,
        here: visit.href("routes"),
        may: visit.project().is_none() && visit.may(WRITE),
        rows: all.iter().filter(here).map(|state| view(visit, state)).collect(),
        name,
        tried,
    })
}

fn tried(explained: &Explained) -> Tried {
    let places = explained.places.iter().map(|place| {
        let then = match &place.passed {
            Some(why) => format!("Passed over: {why}"),
            None => format!("Step {}, share {}", place.step, place.weight),
        };
        (place.upstream.clone(), place.model.clone(), then)
    });
    Tried { denied: explained.denied, routed: explained.route.is_some(), places: places.collect() }
}

fn view(visit: &Visit<'_>, state: &RouteState) -> RouteView {
    let route = &state.route;
    let target = |target: &domain::route::Target| {
        let model = target.model.as_deref().unwrap_or("as asked");
        let mut text =
            format!("Step {}: {} → {model}, share {}", target.step, target.upstream, target.weight);
        for (what, most) in [
            ("input", target.max_price.and_then(|most| most.input)),
            ("output", target.max_price.and_then(|most| most.output)),
        ] {
            if let Some(most) = most {
                text.push_str(&format!(", {what} at most ${}", MaxPrice::show(most)));
            }
        }
        text
    };
    let project = route.project.as_ref().map_or_else(
        || "all".to_owned(),
        |id| {
            let found = visit.projects().iter().find(|project| project.id == *id);
            found.map_or_else(|| id.as_str().to_owned(), |project| project.name.clone())
        },
    );
    RouteView {
        href: format!("/routes/{}", route.id),
        model: route.model.clone(),
        aliases: route.aliases.join(", "),
        project,
        targets: route.targets.iter().map(target).collect(),
        denies: match (route.deny, route.deny_upstreams.is_empty()) {
            (true, _) => "Denied".to_owned(),
            (false, true) => String::new(),
            (false, false) => format!("Not to {}", route.deny_upstreams.join(", ")),
        },
        missing: state.missing.join(", "),
        of_file: route.source != UpstreamSource::Api,
    }
}

#[derive(Template)]
#[template(path = "route_edit.html")]
struct EditPage<'a> {
    frame: &'a Frame,
    title: &'static str,
    action: String,
    /// Where it is taken away; none for a new one.
    remove: Option<String>,
    upstreams: Vec<String>,
    projects: Vec<(String, String)>,
    typed: Typed,
    of_file: bool,
    may: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    edit(visit, None, Typed::anew(visit.query.text("model")), None).await
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let typed = Typed::of(&visit.form);
    let made = match typed.draft() {
        Ok(draft) => visit.control.create_route(&visit.author()?, draft).await,
        Err(fault) => Err(fault),
    };
    match made {
        Ok(_) => Ok(Page::to("/routes").saying("The route is made. It holds from the next call.")),
        Err(fault) => edit(visit, None, typed, Some(&fault)).await,
    }
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    let state = visit.control.route(&visit.id(0)).await?;
    let typed = Typed::from_route(&state.route);
    edit(visit, Some(&state), typed, None).await
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let id: RouteId = visit.id(0);
    let typed = Typed::of(&visit.form);
    let state = visit.control.route(&id).await?;
    let changed = match typed.draft() {
        Ok(mut draft) => {
            draft::keep_rules(&mut draft, &state.route);
            visit.control.update_route(&visit.author()?, &id, draft).await
        }
        Err(fault) => Err(fault),
    };
    match changed {
        Ok(_) => Ok(Page::to("/routes").saying("The route is changed, from the next call on.")),
        Err(fault) => edit(visit, Some(&state), typed, Some(&fault)).await,
    }
}

async fn edit(
    visit: &Visit<'_>,
    state: Option<&RouteState>,
    typed: Typed,
    fault: Option<&Fault>,
) -> Shown {
    let upstreams = visit.control.list_upstreams().await?;
    let mut names: Vec<String> = upstreams.into_iter().map(|upstream| upstream.name).collect();
    // One that is gone stays named until somebody chooses another.
    for target in &typed.targets {
        if !target.upstream.is_empty() && !names.contains(&target.upstream) {
            names.push(target.upstream.clone());
        }
    }
    let path = state.map(|state| format!("/routes/{}", state.route.id));
    let frame = visit.frame("Route");
    let page = visit.show(&EditPage {
        frame: &frame,
        title: if path.is_some() { "A route" } else { "Make a route" },
        action: path.clone().unwrap_or_else(|| "/routes/new".to_owned()),
        remove: path.map(|path| format!("{path}/remove")),
        upstreams: names,
        projects: visit
            .projects()
            .iter()
            .map(|project| (project.id.as_str().to_owned(), project.name.clone()))
            .collect(),
        typed,
        of_file: state.is_some_and(|state| state.route.source != UpstreamSource::Api),
        may: visit.may(WRITE),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    let route = visit.control.route(&visit.id(0)).await?.route;
    let question = Question {
        title: "Remove a route",
        question: format!("Remove the route of {}?", route.model),
        lead: "Its calls then go to the first upstream, under the name that is asked for; what it \
               denied is allowed."
            .to_owned(),
        action: format!("/routes/{}/remove", route.id),
        fields: Vec::new(),
        button: "Remove the route",
        back: format!("/routes/{}", route.id),
        typed: None,
    };
    question.ask(visit)
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    visit.control.remove_route(&visit.author()?, &visit.id(0)).await?;
    Ok(Page::to("/routes").saying("The route is removed."))
}
