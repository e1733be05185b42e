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
use serde_json::json as value;

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
    ready: Ready,
    name: Option<String>,
) -> Result<Response<ReplyBody>, Fault> {
    if let Some(name) = &name {
        check(&worker, &call, &plan, name).await?;
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
            known(&call, name.as_deref()).ok_or(fault)
        }
        Err(fault) => known(&call, name.as_deref()).ok_or(fault),
    }
}

/// A model that the key may not use, or that is another project's, is as if it did not exist.
async fn check(worker: &Worker, call: &Call, plan: &Plan, name: &str) -> Result<(), Fault> {
    let missing = || {
        let name: String = name.chars().take(128).collect();
        let why = format!("The model `{name}` does not exist or you do not have access to it.");
        Fault::because(&catalogue::MODEL_NOT_FOUND, why)
    };
    if !call.key.allows_model(name) {
        return Err(missing());
    }
    if name.starts_with("ft:") {
        let named = [(ObjectKind::FineTunedModel, name.to_owned())];
        let ours = owned::check(&worker.shared, &plan.upstream, &call.project, &named).await;
        return ours.map_err(|_| missing());
    }
    Ok(())
}

async fn read(
    worker: &Worker,
    call: &Call,
    plan: &Plan,
    (tab, answer): (Tab, Answer),
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
    let owners = worker.shared.claims.owners(&plan.upstream.id, &tuned).await;
    let owners = owners.map_err(|error| crate::refusal::store(&error))?;
    let foreign: Vec<&String> = tuned
        .iter()
        .zip(&owners)
        .filter(|(_, o)| !owned::is_ours(&plan.upstream, &call.project, o.as_ref()))
        .map(|(id, _)| id)
        .collect();
    let kept: Vec<(String, Vec<u8>)> = page
        .elements
        .iter()
        .zip(&ids)
        .filter(|(_, id)| call.key.allows_model(id) && !foreign.contains(id))
        .map(|(element, id)| (id.clone(), enriched(element.text)))
        .collect();
    Ok(json(StatusCode::OK, map, page.render(&kept, false)))
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

fn more(facts: &ModelFacts) -> serde_json::Value {
    let count = |n: u32| if n == 0 { serde_json::Value::Null } else { value!(n) };
    value!({
        "display_name": facts.name,
        "mode": facts.mode,
        "context_window": count(facts.max_input),
        "max_input_tokens": count(facts.max_input),
        "max_output_tokens": count(facts.max_output),
    })
}

/// The answer from the built-in table alone.
fn known(call: &Call, name: Option<&str>) -> Option<Response<ReplyBody>> {
    let object = |facts: &ModelFacts| {
        let mut object =
            value!({"id": facts.name, "object": "model", "created": 0, "owned_by": "openai"});
        if let (Some(map), serde_json::Value::Object(more)) = (object.as_object_mut(), more(facts))
        {
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
            value!({"object": "list", "data": allowed.map(object).collect::<Vec<_>>()})
        }
    };
    let mut map = HeaderMap::new();
    map.insert(X_REQUEST_ID, id_value(&call.request));
    Some(json(StatusCode::OK, map, body.to_string()))
}
