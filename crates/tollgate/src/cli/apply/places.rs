//! What differs of upstreams and routes. Their credentials are compared by the last characters, all
//! that the API shows of them.

use std::collections::BTreeMap;

use control::{DeclaredRoute, RouteDraft, last_four};
use domain::route::{MaxPrice, Target};
use serde_json::{Map, Value, json};

use super::file::Wanted;
use super::plan::{Act, Step, Whose, of_name};
use super::told;
use crate::cli::api::{Api, path};
use crate::cli::failure::Failure;
use crate::cli::project::parse;
use crate::cli::shapes::{Project, Upstream};
use crate::config::{UnownedProject, UpstreamConfig};

/// An upstream of the file, and which of its fields the file names.
struct Named<'a> {
    upstream: &'a UpstreamConfig,
    names: &'a Map<String, Value>,
    /// The id of `unowned_project`.
    unowned: Option<String>,
}

pub(super) async fn upstreams(
    api: &Api,
    wanted: &Wanted,
    known: &[Project],
) -> Result<Vec<Step>, Failure> {
    if wanted.upstreams.is_empty() {
        return Ok(Vec::new());
    }
    let rows = api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await?;
    let none = Map::new();
    let mut steps = Vec::new();
    for upstream in &wanted.upstreams {
        let names = wanted.value["upstreams"][&upstream.name].as_object().unwrap_or(&none);
        let unowned = match &upstream.unowned {
            UnownedProject::Project(given) => Some(project_id(known, given)?.ok_or_else(|| {
                Failure::new(format!("upstreams.{}: no project '{given}'", upstream.name))
            })?),
            _ => None,
        };
        let named = Named { upstream, names, unowned };
        let Some(row) = rows.iter().find(|row| row["name"] == *upstream.name) else {
            steps.push(named.make());
            steps.extend(named.egress(&Value::Null));
            continue;
        };
        let there: Upstream = parse(row)?;
        if upstream.provider != there.provider {
            let (name, is, be) = (&upstream.name, &there.provider, &upstream.provider);
            let why = format!("upstreams.{name}: its provider is {is}, and cannot become {be}");
            return Err(
                Failure::new(why).next("Call the new one otherwise, or remove the old one.")
            );
        }
        let mut found = named.changes(row);
        found.extend(named.credentials(&there));
        if !found.is_empty() && there.in_use && there.source != "api" {
            let (name, source) = (&upstream.name, &there.source);
            let why = format!("upstreams.{name}: the server's {source} says otherwise of it");
            return Err(Failure::new(why).next("Change it there, or call the new one otherwise."));
        }
        if names.contains_key("egress") {
            let target = path(&["tollgate", "v1", "upstreams", &upstream.name, "egress"]);
            let now: Value = api.get_as(&target).await?;
            found.extend(named.egress(&now["egress"]));
        }
        steps.append(&mut found);
    }
    Ok(steps)
}

impl Named<'_> {
    fn step(&self, what: &str, before: &Value, after: &Value, act: Act) -> Step {
        let name = &self.upstream.name;
        let what = if what.is_empty() { String::new() } else { format!(".{what}") };
        step(format!("upstreams.{name}{what}"), before, after, None, act)
    }

    /// All that the file says but secrets, as the API takes it.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let up = self.upstream;
        let headers: BTreeMap<_, _> = up.headers.iter().cloned().collect();
        let all = [
            ("base_url", json!(up.base_url)),
            ("enabled", json!(up.enabled)),
            ("api_version", json!(up.api_version)),
            ("headers", json!(headers)),
            ("unowned_project", json!(self.unowned)),
        ];
        all.into_iter().filter(|(field, _)| self.names.contains_key(*field)).collect()
    }

    fn make(&self) -> Step {
        let up = self.upstream;
        let mut body = json!({ "name": up.name, "provider": up.provider });
        for (field, value) in self.fields() {
            body[field] = value;
        }
        let after = json!(format!("{} at {}", up.provider, up.base_url));
        let act = Act::Upstream(up.name.clone(), body, up.credentials.clone());
        self.step("", &Value::Null, &after, act)
    }

    fn changes(&self, row: &Value) -> Vec<Step> {
        let differs = self.fields().into_iter().filter(|(field, value)| row[*field] != *value);
        let change = |(field, value): (&str, Value)| {
            let mut body = json!({});
            body[field] = value.clone();
            let act = Act::ChangeUpstream(self.upstream.name.clone(), body);
            self.step(field, &row[field], &value, act)
        };
        differs.map(change).collect()
    }

    /// The list is the whole: a credential that it does not hold is taken away.
    fn credentials(&self, there: &Upstream) -> Option<Step> {
        let up = self.upstream;
        if up.credentials.is_empty() {
            return None;
        }
        let mut left: Vec<_> = there.credentials.iter().collect();
        let mut add = Vec::new();
        for secret in &up.credentials {
            let ends = last_four(secret);
            match left.iter().position(|one| one.last_four == ends) {
                Some(at) => drop(left.remove(at)),
                None => add.push(secret.clone()),
            }
        }
        if add.is_empty() && left.is_empty() {
            return None;
        }
        let shown = |ends: Vec<String>| {
            let ends = ends.iter().map(|end| match end.as_str() {
                "" => "(short)".to_owned(),
                end => format!("…{end}"),
            });
            json!(ends.collect::<Vec<_>>().join(", "))
        };
        let before = shown(there.credentials.iter().map(|one| one.last_four.clone()).collect());
        let after = shown(up.credentials.iter().map(last_four).collect());
        let remove = left.iter().map(|one| one.id.clone()).collect();
        let act = Act::Credentials { upstream: up.name.clone(), add, remove };
        Some(self.step("credentials", &before, &after, act))
    }

    fn egress(&self, now: &Value) -> Option<Step> {
        let wanted = self.names.get("egress").filter(|wanted| *wanted != now)?;
        let act = Act::Egress(self.upstream.name.clone(), json!({ "egress": wanted }));
        Some(self.step("egress", now, wanted, act))
    }
}

/// `new`: the projects that the file names.
pub(super) async fn routes(
    api: &Api,
    wanted: &Wanted,
    known: &[Project],
    new: &[&str],
) -> Result<Vec<Step>, Failure> {
    if wanted.routes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = api.list(&path(&["tollgate", "v1", "routes"]), &[]).await?;
    let mut steps = Vec::new();
    let mut seen: Vec<(&str, Option<&str>)> = Vec::new();
    for DeclaredRoute { place, project, draft } in &wanted.routes {
        let key = (draft.model.as_str(), project.as_deref());
        if seen.contains(&key) {
            return Err(Failure::new(format!("{place}: '{}' has a route already", draft.model)));
        }
        seen.push(key);
        let whose = match project {
            None => None,
            Some(given) => Some(match project_id(known, given)? {
                Some(id) => Whose::There(id),
                None if new.contains(&given.as_str()) => Whose::New(given.clone()),
                None => return Err(Failure::new(format!("{place}: no project '{given}'"))),
            }),
        };
        let id = match &whose {
            None => Value::Null,
            Some(Whose::There(id)) => json!(id),
            // No route can be there.
            Some(Whose::New(_)) => json!(""),
        };
        let row = rows.iter().find(|row| row["model"] == *draft.model && row["project_id"] == id);
        let (body, now) = (body(draft), row.map_or(Value::Null, without_state));
        if body == now {
            continue;
        }
        if row.is_some_and(|row| row["source"] != "api") {
            let why = format!("{place}: the server's config file has a route of '{}'", draft.model);
            return Err(Failure::new(why).next("Change it there, or take it out here."));
        }
        let there = row.and_then(|row| row["id"].as_str()).map(str::to_owned);
        let of = project.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        let what = format!("{of}routes.{}", draft.model);
        let act = Act::Route(there, body.clone());
        steps.push(step(what, &told_route(&now), &told_route(&body), whose, act));
    }
    Ok(steps)
}

fn step(what: String, before: &Value, after: &Value, project: Option<Whose>, act: Act) -> Step {
    Step { what, before: told(before), after: told(after), project, act }
}

/// By id or by name.
fn project_id(known: &[Project], given: &str) -> Result<Option<String>, Failure> {
    match known.iter().find(|project| project.id == given) {
        Some(project) => Ok(Some(project.id.clone())),
        None => of_name(known, given),
    }
}

/// A route as the API takes it, without its project.
fn body(draft: &RouteDraft) -> Value {
    let target = |target: &Target| {
        let most = target.max_price.unwrap_or_default();
        let when = target.when.as_deref().copied().unwrap_or_default();
        json!({
            "upstream": target.upstream,
            "model": target.model.as_deref(),
            "weight": target.weight,
            "step": target.step,
            "on": target.on.names().collect::<Vec<_>>(),
            "max_input_price": most.input.map(MaxPrice::show),
            "max_output_price": most.output.map(MaxPrice::show),
            "min_input_tokens": when.min_input_tokens,
            "max_input_tokens": when.max_input_tokens,
            "tools": when.tools,
            "images": when.images,
            "share": when.share.map(|share| share.percent),
            "share_by": when.share.map(|share| share.by.as_str()),
            "near_limit": when.near_limit,
            "shadow": target.shadow,
        })
    };
    json!({
        "model": draft.model,
        "aliases": draft.aliases,
        "targets": draft.targets.iter().map(target).collect::<Vec<_>>(),
        "deny": draft.deny,
        "deny_upstreams": draft.deny_upstreams,
        "cache": openai::admin::RouteCache::of(&draft.cache),
    })
}

/// A row of the list, without what nobody sets.
fn without_state(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(fields) = row.as_object_mut() {
        fields.retain(|name, _| {
            ["model", "aliases", "targets", "deny", "deny_upstreams", "cache"]
                .contains(&name.as_str())
        });
    }
    for target in row["targets"].as_array_mut().into_iter().flatten() {
        target.as_object_mut().map(|fields| fields.remove("broken"));
    }
    row
}

/// A route in few words, as the difference shows it.
fn told_route(route: &Value) -> Value {
    if route.is_null() {
        return Value::Null;
    }
    if route["deny"] == true {
        return json!("denied");
    }
    let place = |target: &Value| {
        let mut text = target["upstream"].as_str().unwrap_or_default().to_owned();
        if let Some(model) = target["model"].as_str() {
            text = format!("{text}={model}");
        }
        for (name, usual) in [("step", 0), ("weight", i64::from(Target::WEIGHT))] {
            if target[name] != usual {
                text = format!("{text} {name} {}", target[name]);
            }
        }
        text
    };
    let targets = route["targets"].as_array().into_iter().flatten().map(place);
    let denied = route["deny_upstreams"].as_array().into_iter().flatten();
    let denied = denied.filter_map(Value::as_str).map(|name| format!("not {name}"));
    let aliases = route["aliases"].as_array().into_iter().flatten();
    let aliases = aliases.filter_map(Value::as_str).map(|name| format!("also {name}"));
    let cache = route["cache"].as_object().into_iter().flatten();
    let cache = cache.filter(|(_, said)| !said.is_null());
    let cache = cache.map(|(name, said)| format!("cache {name} {}", told(said)));
    json!(targets.chain(denied).chain(aliases).chain(cache).collect::<Vec<_>>().join(", "))
}
