//! All routes, ready to be looked into on the way of a call.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Route, Target};
use crate::{ModelPattern, ProjectId};

/// The routes of an installation. Never changed: a new table takes its place.
#[derive(Debug, Default)]
pub struct Routes {
    all: Vec<Route>,
    /// By whole name and alias.
    named: HashMap<Box<str>, Vec<usize>>,
    /// For beginnings, the longest first.
    beginnings: Vec<usize>,
    denies: bool,
}

/// The route that decides for a call, and how its name fits.
#[derive(Clone, Copy, Debug)]
pub struct Found<'r> {
    pub route: &'r Route,
    /// What the route's `*` stands for; `None` for a whole name.
    rest: Option<&'r str>,
    is_alias: bool,
}

impl Routes {
    #[must_use]
    pub fn new(all: Vec<Route>) -> Self {
        let mut named: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        let mut beginnings = Vec::new();
        for (at, route) in all.iter().enumerate() {
            if route.model.ends_with('*') {
                beginnings.push(at);
                continue;
            }
            for name in std::iter::once(&route.model).chain(&route.aliases) {
                named.entry(name.as_str().into()).or_default().push(at);
            }
        }
        beginnings.sort_by_key(|&at| std::cmp::Reverse(all[at].model.len()));
        let denies = all.iter().any(|route| route.deny || !route.deny_upstreams.is_empty());
        Self { all, named, beginnings, denies }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    #[must_use]
    pub fn all(&self) -> &[Route] {
        &self.all
    }

    /// The route that says where a project's calls of a model go, if any does.
    #[must_use]
    pub fn find<'r>(&'r self, project: &ProjectId, model: &'r str) -> Option<Found<'r>> {
        let leads = |route: &&Route| !route.targets.is_empty();
        let own = self.fitting(project, model).filter(leads).find(|r| r.project.is_some());
        let route = own.or_else(|| self.fitting(project, model).find(leads))?;
        let start = route.model.strip_suffix('*');
        let rest = start.and_then(|start| model.strip_prefix(start));
        Some(Found { route, rest, is_alias: rest.is_none() && route.model != model })
    }

    /// Whether a project may not use a model, under whatever name.
    #[must_use]
    pub fn denies(&self, project: &ProjectId, model: &str) -> bool {
        self.denies && self.fitting(project, model).any(|route| route.deny)
    }

    /// Whether a project's calls of a model may not go to an upstream. Calls without a model go by
    /// what is said of all models.
    #[must_use]
    pub fn denies_upstream(&self, project: &ProjectId, model: &str, upstream: &str) -> bool {
        let names = |route: &Route| route.deny_upstreams.iter().any(|name| name == upstream);
        self.denies && self.fitting(project, model).any(names)
    }

    /// The whole names that lead somewhere for a project, without those that are denied to it.
    pub fn names<'r>(&'r self, project: &'r ProjectId) -> impl Iterator<Item = &'r str> {
        let leads = |route: &&Route| !route.targets.is_empty() && !route.model.ends_with('*');
        let routes = self.all.iter().filter(move |route| is_for(route, project)).filter(leads);
        let names = routes.flat_map(|route| std::iter::once(&route.model).chain(&route.aliases));
        names.map(String::as_str).filter(|name| !self.denies(project, name))
    }

    /// Every route that fits, a whole name before beginnings, longer ones before shorter.
    fn fitting<'r, 'a>(
        &'r self,
        project: &'a ProjectId,
        model: &'a str,
    ) -> impl Iterator<Item = &'r Route> + use<'r, 'a> {
        let named = self.named.get(model).map_or(&[][..], Vec::as_slice).iter();
        let fits = move |at: &&usize| ModelPattern::fits(&self.all[**at].model, model);
        let beginnings = self.beginnings.iter().filter(fits);
        named.chain(beginnings).map(|&at| &self.all[at]).filter(move |r| is_for(r, project))
    }
}

fn is_for(route: &Route, project: &ProjectId) -> bool {
    route.project.as_ref().is_none_or(|own| own == project)
}

impl Found<'_> {
    /// What a target's provider calls the model; `None`: what the caller wrote.
    #[must_use]
    pub fn model_at(&self, target: &Target) -> Option<Arc<str>> {
        match &target.model {
            Some(model) => match (model.strip_suffix('*'), self.rest) {
                (Some(start), Some(rest)) => Some([start, rest].concat().into()),
                _ => Some(Arc::clone(model)),
            },
            None => self.is_alias.then(|| self.route.model.as_str().into()),
        }
    }
}

#[cfg(test)]
mod tests;
