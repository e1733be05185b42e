//! What stands around every page: navigation, places, the person, messages.

use std::sync::atomic::{AtomicU64, Ordering};

use super::assets;
use super::cookies::Theme;
use super::page::Flash;
use super::pages::{NAVIGATION, Tab};
use super::visit::{Visit, href};

/// Given to every template as its field `frame`.
pub struct Frame {
    pub title: String,
    /// Groups of links; none for somebody who is not signed in.
    pub groups: Vec<NavGroup>,
    /// The organization, then the projects.
    pub places: Vec<NavLink>,
    /// The place that this page is about.
    pub place: String,
    in_project: bool,
    pub person: Option<Person>,
    pub flash: Option<Flash>,
    /// Goes into every form as `_proof`.
    pub proof: String,
    /// Goes into every form as `_form`: which sending of it this is.
    pub form: String,
    pub theme: &'static str,
    pub here: String,
}

pub struct Person {
    pub name: String,
    pub email: String,
}

pub struct NavGroup {
    pub label: &'static str,
    pub links: Vec<NavLink>,
}

pub struct NavLink {
    pub href: String,
    pub label: String,
    pub current: bool,
}

/// Forms differ by their number within this process and by what randomness it began with.
static FORMS: AtomicU64 = AtomicU64::new(0);

impl Frame {
    pub(crate) fn of(visit: &Visit<'_>, title: &str) -> Self {
        let who = visit.who.as_ref();
        let place = visit.project().map_or("Organization", |project| project.name.as_str());
        let number = FORMS.fetch_add(1, Ordering::Relaxed);
        Self {
            title: title.to_owned(),
            groups: if who.is_some() { groups(visit) } else { Vec::new() },
            places: if who.is_some() { places(visit) } else { Vec::new() },
            place: place.to_owned(),
            in_project: visit.project().is_some(),
            person: who
                .map(|who| Person { name: who.user.name.clone(), email: who.user.email.clone() }),
            flash: visit.cookies.flash.clone(),
            proof: visit.proof(),
            form: format!("{}.{number}", visit.request.request_id),
            theme: visit.cookies.theme.as_str(),
            here: visit.here(),
        }
    }

    /// What kind of place it is.
    #[must_use]
    pub fn place_kind(&self) -> &'static str {
        if self.in_project { "Project" } else { "All projects" }
    }

    #[must_use]
    pub fn style(&self) -> &'static str {
        assets::style()
    }

    #[must_use]
    pub fn script(&self) -> &'static str {
        assets::script()
    }

    #[must_use]
    pub fn icon(&self) -> &'static str {
        assets::icon()
    }

    /// The stored choice, but for the system's.
    #[must_use]
    pub fn chosen_theme(&self) -> Option<&'static str> {
        (self.theme != Theme::System.as_str()).then_some(self.theme)
    }
}

/// The pages that somebody may see in this place.
fn groups(visit: &Visit<'_>) -> Vec<NavGroup> {
    let in_project = visit.project().is_some();
    let link = |tab: &Tab| {
        let offered = if in_project { tab.in_project() } else { tab.in_organization() };
        (offered && visit.may(tab.scope())).then(|| NavLink {
            href: visit.href(tab.path()),
            label: tab.label().to_owned(),
            current: visit.tab == Some(*tab),
        })
    };
    let group = |(label, tabs): &(&'static str, &'static [Tab])| NavGroup {
        label,
        links: tabs.iter().filter_map(link).collect(),
    };
    let groups = NAVIGATION.iter().map(group);
    groups.filter(|group| !group.links.is_empty()).collect()
}

/// The same page in other places; where it is not offered, their first page.
fn places(visit: &Visit<'_>) -> Vec<NavLink> {
    let tab = visit.tab.unwrap_or(Tab::Overview);
    let path = |offered: bool| if offered { tab.path() } else { Tab::Overview.path() };
    let of_all =
        visit.who.as_ref().is_some_and(|who| who.authority.allows(Tab::Overview.scope(), None));
    let organization = of_all.then(|| NavLink {
        href: href(None, path(tab.in_organization())),
        label: "Organization".to_owned(),
        current: visit.project().is_none(),
    });
    let projects = visit.projects().iter().map(|project| NavLink {
        href: href(Some(&project.id), path(tab.in_project())),
        label: project.name.clone(),
        current: visit.project_id() == Some(&project.id),
    });
    organization.into_iter().chain(projects).collect()
}
