//! `GET /v1/models`: what this key may use, from what the provider lists and what is publicly
//! known of each model. With the provider away, what is known still answers.

use std::sync::Arc;

use domain::{Fault, ModelFacts, ObjectKind, fault::catalogue};
use egress::Answer;
use http::header::HeaderMap;
use http::{Response, StatusCode};
use openai::json::unescape;
use openai::list::Page;
use openai::view::View;
use providers::models;
use serde_json::{Value, json as value};

use crate::attempt::{self, Ready, read_whole};
use crate::body::reply::ReplyBody;
use crate::headers::X_REQUEST_ID;
use crate::owned;
use crate::plan::Plan;
use crate::reply::{answer_headers, id_value, json};
use crate::shared::Worker;
use crate::tab::{Call, End, Tab};

const MOST: usize = 16 << 20;

/// Answers both operations; `name` is the one model asked for.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
    name: Option<String>,
) -> Result<Response<ReplyBody>, Fault> {
    if let Some(name) = &name {
        check(&worker, &call, &plan, name).await?;
        if let Some(object) = routed(&worker, &call).find(|object| object["id"] == **name) {
            return Ok(alone(&call, &object));
        }
    }
    if !plan.first.upstream.provider.offers("/models") {
        let missing = || Fault::new(&catalogue::MODEL_NOT_FOUND);
        return known(&worker, &call, name.as_deref()).ok_or_else(missing);
    }
    match attempt::send(&worker, &call, &plan, ready).await {
        Ok((tab, answer)) if answer.status() == StatusCode::OK => {
            read(&worker, &call, &plan, (tab, answer), name.is_some()).await
        }
        Ok((tab, answer)) if !answer.status().is_server_error() => {
            attempt::receive(tab, answer).await
        }
        Ok((tab, answer)) => {
            let fault = Fault::new(&catalogue::UPSTREAM_ERROR);
            tracing::warn!(status = %answer.status(), "the provider's models could not be listed");
            tab.settle(End::failed(&fault));
            known(&worker, &call, name.as_deref()).ok_or(fault)
        }
        Err(fault) => known(&worker, &call, name.as_deref()).ok_or(fault),
    }
}

/// A model that the key may not use, or that is another project's, is as if it did not exist.
async fn check(worker: &Worker, call: &Call, plan: &Plan, name: &str) -> Result<(), Fault> {
    let missing = || {
        let name: String = name.chars().take(128).collect();
        let why = format!("The model `{name}` does not exist or you do not have access to it.");
        Fault::because(&catalogue::MODEL_NOT_FOUND, why)
    };
    let denied = worker.shared.places().routes.denies(&call.project, name);
    if denied || !call.key.allows_model(name) {
        return Err(missing());
    }
    if name.starts_with("ft:") {
        let named = [(ObjectKind::FineTunedModel, name.to_owned())];
        let ours = owned::check(&worker.shared, &plan.first.upstream, &call.project, &named).await;
        return ours.map_err(|_| missing());
    }
    Ok(())
}

async fn read(
    worker: &Worker,
    call: &Call,
    plan: &Plan,
    (tab, answer): (Box<Tab>, Answer),
    one: bool,
) -> Result<Response<ReplyBody>, Fault> {
    let map = answer_headers(&tab, answer.headers());
    let body = read_whole(&worker.shared, answer.into_body(), MOST).await;
    tab.settle(End::read(&body, 200));
    let body = body?;
    if one {
        return Ok(json(StatusCode::OK, map, enriched(&body)));
    }
    let unreadable =
        || Fault::because(&catalogue::UPSTREAM_ERROR, "The provider's models could not be read.");
    let page = Page::parse(&body).ok_or_else(unreadable)?;
    let ids: Vec<String> = page.elements.iter().map(|e| e.id.clone().into_owned()).collect();
    let tuned: Vec<String> = ids.iter().filter(|id| id.starts_with("ft:")).cloned().collect();
    let owners = worker.shared.claims.owners(&plan.first.upstream.id, &tuned).await;
    let owners = owners.map_err(|error| crate::refusal::store(&error))?;
    let foreign: Vec<&String> = tuned
        .iter()
        .zip(&owners)
        .filter(|(_, o)| !owned::is_ours(&plan.first.upstream, &call.project, o.as_ref()))
        .map(|(id, _)| id)
        .collect();
    let places = worker.shared.places();
    let own: Vec<Value> = routed(worker, call).collect();
    let may = |id: &String| {
        call.key.allows_model(id)
            && !foreign.contains(&id)
            && !places.routes.denies(&call.project, id)
            // A route takes the place of the provider's own model of that name.
            && own.iter().all(|object| object["id"] != **id)
    };
    let theirs = page
        .elements
        .iter()
        .zip(&ids)
        .filter(|(_, id)| may(id))
        .map(|(element, id)| (id.clone(), enriched(element.text)));
    let named = |object: &Value| {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        (id, object.to_string().into_bytes())
    };
    let kept: Vec<(String, Vec<u8>)> = own.iter().map(named).chain(theirs).collect();
    Ok(json(StatusCode::OK, map, page.render(&kept, false)))
}

/// The names that routes lead from, as models that the key may use.
fn routed(worker: &Worker, call: &Call) -> impl Iterator<Item = Value> {
    let places = worker.shared.places();
    let allowed = |name: &&str| call.key.allows_model(name);
    let object = |name: &str| {
        let found = places.routes.find(&call.project, name)?;
        let target = found.route.targets.first()?;
        let sent = found.model_at(target);
        let known = places.named(&target.upstream).filter(|u| u.provider.openai_models);
        let facts = known.and_then(|_| models::find(sent.as_deref().unwrap_or(name)));
        let created = found.route.created_at.seconds();
        let mut object =
            value!({"id": name, "object": "model", "created": created, "owned_by": "tollgate"});
        if let (Some(map), Some(facts)) = (object.as_object_mut(), facts)
            && let Value::Object(more) = more(facts)
        {
            map.extend(more);
        }
        Some(object)
    };
    let all: Vec<Value> =
        places.routes.names(&call.project).filter(allowed).filter_map(object).collect();
    all.into_iter()
}

fn alone(call: &Call, object: &Value) -> Response<ReplyBody> {
    let mut map = HeaderMap::new();
    map.insert(X_REQUEST_ID, id_value(&call.request));
    json(StatusCode::OK, map, object.to_string())
}

/// A provider's model object with what is known of the model behind its own fields.
fn enriched(object: &[u8]) -> Vec<u8> {
    let scanned = openai::answer::Scan::whole(object);
    let id = scanned.id.as_ref().and_then(|raw| unescape(raw));
    let facts = id.as_deref().and_then(models::find);
    let end = object.iter().rposition(|&b| b == b'}');
    let sound = View::of(object).is_ok();
    let (Some(facts), Some(end), true) = (facts, end, sound) else { return object.to_vec() };
    let more = more(facts).to_string();
    let inner = &more[1..more.len() - 1];
    [&object[..end], b",", inner.as_bytes(), &object[end..]].concat()
}

fn more(facts: &ModelFacts) -> Value {
    let count = |n: u32| if n == 0 { Value::Null } else { value!(n) };
    value!({
        "display_name": facts.name,
        "mode": facts.mode,
        "context_window": count(facts.max_input),
        "max_input_tokens": count(facts.max_input),
        "max_output_tokens": count(facts.max_output),
    })
}

/// The answer from the built-in table alone.
fn known(worker: &Worker, call: &Call, name: Option<&str>) -> Option<Response<ReplyBody>> {
    let object = |facts: &ModelFacts| {
        let mut object =
            value!({"id": facts.name, "object": "model", "created": 0, "owned_by": "openai"});
        if let (Some(map), Value::Object(more)) = (object.as_object_mut(), more(facts)) {
            map.extend(more);
        }
        object
    };
    let body = match name {
        Some(name) => object(models::find(name)?),
        None => {
            // A row "ft:…" is the base of others' models, none that could be called.
            let allowed = models::all()
                .iter()
                .filter(|m| call.key.allows_model(m.name) && !m.name.starts_with("ft:"));
            let all = routed(worker, call).chain(allowed.map(object));
            value!({"object": "list", "data": all.collect::<Vec<_>>()})
        }
    };
    Some(alone(call, &body))
}
