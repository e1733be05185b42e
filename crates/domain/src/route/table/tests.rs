use proptest::prelude::*;

use super::*;
use crate::{Timestamp, UpstreamSource};

fn route(id: &str, model: &str, to: &[(&str, Option<&str>)]) -> Route {
    let target = |&(upstream, model): &(&str, Option<&str>)| Target {
        model: model.map(Into::into),
        ..Target::at(upstream)
    };
    Route {
        id: id.into(),
        project: None,
        model: model.to_owned(),
        aliases: Vec::new(),
        targets: to.iter().map(target).collect(),
        deny: false,
        deny_upstreams: Vec::new(),
        cache: crate::RouteCache::default(),
        source: UpstreamSource::Api,
        created_at: Timestamp(0),
    }
}

fn of(project: &str, route: Route) -> Route {
    Route { project: Some(project.into()), ..route }
}

/// Which route decides, and what the model is called at its first target.
fn led<'r>(routes: &'r Routes, project: &str, model: &'r str) -> Option<(&'r str, String)> {
    let found = routes.find(&project.into(), model)?;
    let name = found.model_at(&found.route.targets[0]);
    Some((found.route.id.as_str(), name.map_or_else(|| model.to_owned(), |n| n.to_string())))
}

#[test]
fn the_closest_route_decides() {
    let fast = Route { aliases: vec!["quick".into()], ..route("fast", "fast", &[("a", None)]) };
    let routes = Routes::new(vec![
        route("all", "*", &[("a", None)]),
        route("gpt", "gpt-*", &[("b", None)]),
        route("groq", "groq/*", &[("g", Some("*"))]),
        route("tuned", "my/*", &[("g", Some("big-*"))]),
        fast,
        of("p", route("own", "gpt-*", &[("c", Some("small"))])),
        of("p", route("own-all", "*", &[("c", None)])),
    ]);
    let to = |project, model| led(&routes, project, model).unwrap();
    let is = |id: &'static str, model: &str| (id, model.to_owned());
    assert_eq!(to("o", "gpt-4o"), is("gpt", "gpt-4o"));
    assert_eq!(to("o", "gpt"), is("all", "gpt"));
    assert_eq!(to("o", "groq/llama/3"), is("groq", "llama/3"));
    assert_eq!(to("o", "my/one"), is("tuned", "big-one"));
    assert_eq!(to("o", "quick"), is("fast", "fast"), "an alias means the route's own name");
    assert_eq!(to("o", "fast"), is("fast", "fast"));
    // A project's own routes stand before all of the organization's.
    assert_eq!(to("p", "gpt-4o"), is("own", "small"));
    assert_eq!(to("p", "fast"), is("own-all", "fast"));
    assert_eq!(routes.names(&"o".into()).collect::<Vec<_>>(), ["fast", "quick"]);
}

#[test]
fn every_fitting_route_denies() {
    let no = Route { deny: true, ..route("no", "o1*", &[]) };
    let away = Route { deny_upstreams: vec!["a".into()], ..route("away", "*", &[]) };
    let routes = Routes::new(vec![
        no,
        of("p", away),
        route("fast", "fast", &[("a", None)]),
        route("o1", "o1-mini", &[("a", None)]),
    ]);
    let (o, p) = ("o".into(), "p".into());
    assert!(routes.denies(&o, "o1-mini") && routes.denies(&p, "o1") && !routes.denies(&o, "o2"));
    assert!(routes.denies_upstream(&p, "fast", "a") && routes.denies_upstream(&p, "", "a"));
    assert!(!routes.denies_upstream(&o, "fast", "a") && !routes.denies_upstream(&p, "x", "b"));
    // A route that only denies leads nowhere, and does not hide one that leads.
    assert_eq!(led(&routes, "p", "fast"), Some(("fast", "fast".to_owned())));
    assert_eq!(led(&routes, "o", "o2"), None);
    assert_eq!(routes.names(&o).collect::<Vec<_>>(), ["fast"]);
}

proptest! {
    /// What is found is what a plain look through all routes would find.
    #[test]
    fn the_table_finds_what_a_search_would(
        shape in prop::collection::vec(("[ab]{0,2}\\*?", 0_u8..3, prop::bool::ANY), 0..10),
        model in "[ab]{0,3}",
        project in 0_u8..3,
    ) {
        let make = |(at, (model, project, leads)): (usize, &(String, u8, bool))| {
            let to: &[_] = if *leads { &[("a", None)] } else { &[] };
            let made = route(&at.to_string(), model, to);
            if *project == 0 { made } else { of(&project.to_string(), made) }
        };
        let all: Vec<Route> = shape.iter().enumerate().map(make).collect();
        let project: ProjectId = project.to_string().as_str().into();
        let mut fitting: Vec<&Route> = all
            .iter()
            .filter(|r| !r.targets.is_empty() && is_for(r, &project))
            .filter(|r| ModelPattern(r.model.clone()).matches(&model))
            .collect();
        // Stable: of two alike, the earlier.
        fitting.sort_by_key(|r| (r.project.is_none(), r.model.ends_with('*'), usize::MAX - r.model.len()));
        let wanted = fitting.first().map(|r| r.id.clone());
        let routes = Routes::new(all.clone());
        prop_assert_eq!(routes.find(&project, &model).map(|f| f.route.id.clone()), wanted);
    }
}
