//! Routes: which upstream models a public model name leads to.

use domain::fault::catalogue;
use domain::ports::Explained;
use domain::route::{Route, Target};
use domain::{AuditEntry, Change, Fault, ProjectId, RouteCache, RouteId, UpstreamSource};
use serde_json::{Value, json};

use crate::route_rules::{mistakes, shared_name};
use crate::transact::{invalid, not_found};
use crate::{Author, Control};

/// Routes of an installation: all are in memory.
const MOST: usize = 10_000;

/// A route as it is asked for.
#[derive(Clone, Debug)]
pub struct RouteDraft {
    pub project: Option<ProjectId>,
    pub model: String,
    pub aliases: Vec<String>,
    pub targets: Vec<Target>,
    pub deny: bool,
    pub deny_upstreams: Vec<String>,
    pub cache: RouteCache,
}

impl RouteDraft {
    /// Everything that is wrong with it: the field, and why.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        mistakes(&made("".into(), self.clone(), UpstreamSource::File, domain::Timestamp(0)))
    }
}

/// A route as the config file names it.
#[derive(Clone, Debug)]
pub struct DeclaredRoute {
    /// Where the file has it, for whoever must mend it: `tollgate.toml:12`.
    pub place: String,
    /// A project by its id or its name.
    pub project: Option<String>,
    pub draft: RouteDraft,
}

/// A route, and which of the upstreams it names are not there.
pub struct RouteState {
    pub route: Route,
    pub missing: Vec<String>,
}

impl Control {
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_routes(&self, project: Option<&ProjectId>) -> Result<Vec<RouteState>, Fault> {
        let mut routes = self.stored_routes().await?;
        if let Some(project) = project {
            self.project(project).await?;
            routes.retain(|route| route.project.as_ref() == Some(project));
        }
        let names = self.usable_names().await?;
        Ok(routes.into_iter().map(|route| state(route, &names)).collect())
    }

    /// # Errors
    /// 404 for an unknown one.
    pub async fn route(&self, id: &RouteId) -> Result<RouteState, Fault> {
        let found = self.stored_routes().await?.into_iter().find(|route| route.id == *id);
        let route = found.ok_or_else(|| not_found(id.as_str()))?;
        Ok(state(route, &self.usable_names().await?))
    }

    /// # Errors
    /// 400 for what cannot be one, 404 for an unknown project, 409 for a name that has a route.
    pub async fn create_route(
        &self,
        author: &Author,
        draft: RouteDraft,
    ) -> Result<RouteState, Fault> {
        let _writing = self.places.lock().await;
        let id = RouteId::mint(vault::random());
        let route = made(id, draft, UpstreamSource::Api, self.clock.now());
        self.put_route(author, "route.created", route).await
    }

    /// # Errors
    /// As [`Control::create_route`]; 404 for an unknown one, 409 for one of the config file.
    pub async fn update_route(
        &self,
        author: &Author,
        id: &RouteId,
        draft: RouteDraft,
    ) -> Result<RouteState, Fault> {
        let _writing = self.places.lock().await;
        let old = self.own_route(id).await?;
        let route = made(old.id, draft, UpstreamSource::Api, old.created_at);
        self.put_route(author, "route.updated", route).await
    }

    /// # Errors
    /// 404 for an unknown one, 409 for one of the config file.
    pub async fn remove_route(&self, author: &Author, id: &RouteId) -> Result<(), Fault> {
        let _writing = self.places.lock().await;
        let route = self.own_route(id).await?;
        let audit = self.audit(author, "route.deleted", route.project.as_ref(), &payload(&route));
        let change = Change::RemoveRoute(route.id.clone());
        self.commit_places(id.as_str(), vec![change], vec![audit]).await?;
        Ok(())
    }

    /// How a model's calls would go.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn explain_route(
        &self,
        project: Option<&ProjectId>,
        model: &str,
    ) -> Result<Explained, Fault> {
        if let Some(project) = project {
            self.project(project).await?;
        }
        Ok(self.outbound.explain(project, model))
    }

    /// Adds what is to be written so that the file's routes are those that it names.
    pub(crate) async fn declared_routes(
        &self,
        declared: Vec<DeclaredRoute>,
        changes: &mut Vec<Change>,
        audit: &mut Vec<AuditEntry>,
    ) -> Result<(), Fault> {
        let stored = self.stored_routes().await?;
        let (mut kept, author) = (Vec::<Route>::new(), Author::system());
        for DeclaredRoute { place, project, mut draft } in declared {
            let at = |mut fault: Fault| {
                fault.message = format!("{place}: {}", fault.message).into();
                fault
            };
            if let Some(given) = project {
                let named = self.project_named("project", &given).await.map_err(at)?;
                draft.project = Some(named.as_str().into());
            }
            let old =
                stored.iter().find(|r| (&r.project, &r.model) == (&draft.project, &draft.model));
            let (id, since) = match old {
                Some(old) if old.source == UpstreamSource::File => (old.id.clone(), old.created_at),
                _ => (RouteId::mint(vault::random()), self.clock.now()),
            };
            let route = made(id, draft, UpstreamSource::File, since);
            check(&route).map_err(at)?;
            let of_api = stored.iter().filter(|other| other.source == UpstreamSource::Api);
            refuse_taken(&route, of_api.chain(&kept)).map_err(at)?;
            if old != Some(&route) {
                let project = route.project.as_ref();
                audit.push(self.audit(&author, "route.updated", project, &payload(&route)));
                changes.push(Change::PutRoute(route.clone()));
            }
            kept.push(route);
        }
        let gone = stored.iter().filter(|route| route.source == UpstreamSource::File);
        for route in gone.filter(|route| kept.iter().all(|kept| kept.id != route.id)) {
            let project = route.project.as_ref();
            audit.push(self.audit(&author, "route.deleted", project, &payload(route)));
            // First: its name may be another's now.
            changes.insert(0, Change::RemoveRoute(route.id.clone()));
        }
        Ok(())
    }

    async fn put_route(
        &self,
        author: &Author,
        event: &'static str,
        route: Route,
    ) -> Result<RouteState, Fault> {
        check(&route)?;
        if let Some(project) = &route.project {
            self.active_project(project).await?;
        }
        let stored = self.stored_routes().await?;
        if stored.len() >= MOST {
            return Err(invalid("model", format!("There are at most {MOST} routes.")));
        }
        refuse_taken(&route, &stored)?;
        let audit = self.audit(author, event, route.project.as_ref(), &payload(&route));
        let change = Change::PutRoute(route.clone());
        self.commit_places(route.id.as_str(), vec![change], vec![audit]).await?;
        Ok(state(route, &self.usable_names().await?))
    }

    async fn own_route(&self, id: &RouteId) -> Result<Route, Fault> {
        let route = self.route(id).await?.route;
        if route.source == UpstreamSource::Api {
            return Ok(route);
        }
        let why = format!(
            "The route of '{}' stands in the config file, so it cannot be changed here. Change \
             its [[routes]] there; what is written is reloaded.",
            route.model
        );
        Err(Fault::because(&catalogue::MANAGED_BY_FILE, why))
    }

    async fn usable_names(&self) -> Result<Vec<String>, Fault> {
        let all = self.upstream_states().await?;
        let usable = all.into_iter().filter(|state| state.is_named && state.upstream.enabled);
        Ok(usable.map(|state| state.upstream.name).collect())
    }
}

fn made(id: RouteId, draft: RouteDraft, source: UpstreamSource, at: domain::Timestamp) -> Route {
    let RouteDraft { project, model, aliases, targets, deny, deny_upstreams, cache } = draft;
    Route {
        id,
        project,
        model,
        aliases,
        targets,
        deny,
        deny_upstreams,
        cache,
        source,
        created_at: at,
    }
}

fn state(route: Route, names: &[String]) -> RouteState {
    let missing = |target: &&Target| !names.contains(&target.upstream);
    let missing = route.targets.iter().filter(missing).map(|t| t.upstream.clone()).collect();
    RouteState { route, missing }
}

fn check(route: &Route) -> Result<(), Fault> {
    let wrong = mistakes(route);
    let Some((field, _)) = wrong.first() else { return Ok(()) };
    let whys: Vec<String> = wrong.iter().map(|(field, why)| format!("'{field}': {why}")).collect();
    Err(invalid(field, format!("Invalid value for {}.", whys.join("; "))))
}

fn refuse_taken<'r>(
    route: &Route,
    others: impl IntoIterator<Item = &'r Route>,
) -> Result<(), Fault> {
    match others.into_iter().find_map(|other| shared_name(route, other)) {
        Some(name) => {
            let why = format!("'{name}' has a route already.");
            Err(Fault::because(&catalogue::CONFLICT, why).param("model"))
        }
        None => Ok(()),
    }
}

fn payload(route: &Route) -> Value {
    let target = |target: &Target| {
        json!({
            "upstream": target.upstream, "model": target.model.as_deref(),
            "weight": target.weight, "step": target.step,
        })
    };
    json!({
        "id": route.id.as_str(),
        "data": {
            "model": route.model,
            "aliases": route.aliases,
            "targets": route.targets.iter().map(target).collect::<Vec<_>>(),
            "deny": route.deny,
            "deny_upstreams": route.deny_upstreams,
            "cache": {
                "enabled": route.cache.enabled,
                "ttl_seconds": route.cache.ttl_seconds,
                "stale_seconds": route.cache.stale_seconds,
                "replay": route.cache.replay.map(domain::Replay::as_str),
                "near_model": route.cache.near_model.as_deref(),
                "near_threshold": route.cache.near_threshold,
                "near_observe": route.cache.near_observe,
            },
            "source": route.source.as_str(),
        },
    })
}
