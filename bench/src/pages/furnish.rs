//! People, projects, keys, limits and all else that pages list, by the Administration API.

use std::sync::Arc;

use bytes::Bytes;
use domain::ledger::Payer;
use http::{Method, Uri};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::made::House;
use crate::Result;
use crate::load::{Connection, Target};

const PROJECTS: usize = 20;
const PEOPLE: usize = 150;
/// Of every other kind of thing that a page lists.
const SOME: usize = 60;
/// Keys with a spend limit of their own.
const LIMITED: usize = 500;
/// Connections that make keys.
const AT_ONCE: usize = 16;

pub(super) async fn setup_token(target: &Target) -> Result<String> {
    let mut api = Connection::open(target).await?;
    let made = ask(&mut api, "POST", "/tollgate/v1/setup_link", &json!({})).await?;
    let token = made["url"].as_str().and_then(|url| url.split("token=").nth(1));
    Ok(token.ok_or("a setup link without its token")?.to_owned())
}

pub(super) async fn furnish(target: &Target, keys: u64) -> Result<House> {
    let mut api = Connection::open(target).await?;
    let mut projects = Vec::new();
    for n in 1..=PROJECTS {
        let body = json!({ "name": format!("Project {n} of the platform") });
        projects.push(made(&mut api, "/v1/organization/projects", &body).await?);
    }
    let organization = ask(&mut api, "GET", "/tollgate/v1/organization", &Value::Null).await?;
    let organization = organization["id"].as_str().unwrap_or_default().to_owned();
    people(&mut api, &projects).await?;
    providers(&mut api).await?;
    let keys = all_keys(target, &projects, &organization, keys).await?;
    rules(&mut api, &projects, &keys).await?;
    Ok(House { projects, keys })
}

/// The first project has half of them, the next a quarter, and so on: as it is with projects.
async fn all_keys(
    target: &Target,
    projects: &[String],
    organization: &str,
    count: u64,
) -> Result<Vec<Payer>> {
    let count = usize::try_from(count)?;
    let mut work = tokio::task::JoinSet::new();
    for lane in 0..AT_ONCE {
        let (target, projects) = (target.clone(), projects.to_vec());
        let organization: Arc<str> = organization.into();
        work.spawn(async move {
            let mut api = Connection::open(&target).await?;
            let mut keys = Vec::new();
            for n in (lane..count).step_by(AT_ONCE) {
                let place = (n + 1).trailing_zeros() as usize % projects.len();
                let project: Arc<str> = projects[place].as_str().into();
                let organization = Arc::clone(&organization);
                keys.push((n, key(&mut api, n, project, organization).await?));
            }
            Ok::<_, crate::Error>(keys)
        });
    }
    let mut keys = Vec::new();
    while let Some(lane) = work.join_next().await {
        keys.extend(lane??);
    }
    keys.sort_by_key(|(n, _)| *n);
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

async fn key(
    api: &mut Connection,
    n: usize,
    project: Arc<str>,
    organization: Arc<str>,
) -> Result<Payer> {
    let at = format!("/v1/organization/projects/{project}");
    // One in fifty is a service account's.
    if n.is_multiple_of(50) {
        let body = json!({ "name": format!("Nightly job {n}") });
        let made = ask(api, "POST", &format!("{at}/service_accounts"), &body).await?;
        let text = |value: &Value| value["id"].as_str().unwrap_or_default().into();
        let (api_key, user) = (text(&made["api_key"]), text(&made));
        return Ok(Payer { api_key, user, project, organization });
    }
    let body = json!({ "name": format!("Backend of search {n}") });
    let made = ask(api, "POST", &format!("{at}/api_keys"), &body).await?;
    let user = made["owner"]["user"]["id"].as_str().unwrap_or_default().into();
    let api_key = made["id"].as_str().ok_or("a key without an id")?.into();
    Ok(Payer { api_key, user, project, organization })
}

async fn people(api: &mut Connection, projects: &[String]) -> Result<()> {
    for n in 0..PEOPLE {
        let body = json!({ "email": format!("person{n}@example.com"), "role": "reader" });
        let invite = made(api, "/v1/organization/invites", &body).await?;
        // The others have not come yet.
        if n < SOME {
            continue;
        }
        let accept = format!("/tollgate/v1/invites/{invite}/accept");
        let user = made(api, &accept, &json!({ "name": format!("Person {n}") })).await?;
        let body = json!({ "user_id": user, "role": "member" });
        made(api, &format!("/v1/organization/projects/{}/users", projects[0]), &body).await?;
    }
    for n in 0..SOME {
        let group = json!({ "name": format!("Group {n}") });
        let group = made(api, "/v1/organization/groups", &group).await?;
        let body = json!({ "group_id": group, "role": "role-api-project-viewer" });
        let path = format!("/v1/organization/projects/{}/groups", projects[0]);
        ask(api, "POST", &path, &body).await?;
        let name = format!("Role {n}");
        let role = json!({ "role_name": name, "permissions": ["api.usage.read"] });
        made(api, "/v1/organization/roles", &role).await?;
        made(api, &format!("/v1/projects/{}/roles", projects[0]), &role).await?;
        let admin = json!({ "name": format!("Administration {n}") });
        made(api, "/v1/organization/admin_api_keys", &admin).await?;
    }
    Ok(())
}

async fn providers(api: &mut Connection) -> Result<()> {
    for n in 0..SOME {
        let upstream = json!({
            "name": format!("provider-{n}"), "provider": "compatible",
            "base_url": format!("https://provider-{n}.invalid/v1"),
            "credential": format!("sk-of-no-provider-{n:030}"),
        });
        made(api, "/tollgate/v1/upstreams", &upstream).await?;
        let target = json!({ "upstream": format!("provider-{n}"), "step": 0 });
        let route = json!({ "model": format!("model-{n}-large"), "targets": [target] });
        made(api, "/tollgate/v1/routes", &route).await?;
        let proxy = json!({ "url": format!("http://proxy-{n}.invalid:3128") });
        let egress = json!({ "name": format!("way-{n}"), "proxies": [proxy] });
        ask(api, "POST", "/tollgate/v1/egress", &egress).await?;
    }
    Ok(())
}

/// Limits that bind nobody, and alerts.
async fn rules(api: &mut Connection, projects: &[String], keys: &[Payer]) -> Result<()> {
    let organization = [json!({ "type": "organization" })];
    let projects = projects.iter().map(|id| json!({ "type": "project", "id": id }));
    let keys = keys.iter().take(LIMITED);
    let keys = keys.map(|key| json!({ "type": "api_key", "id": &*key.api_key }));
    for scope in organization.into_iter().chain(projects).chain(keys) {
        let limit =
            json!({ "scope": scope, "period": "month", "amount_nanos": 90_000_000_000_000_i64 });
        ask(api, "PUT", "/tollgate/v1/limits", &limit).await?;
    }
    for n in 1..=SOME {
        let alert = json!({
            "threshold_amount": 5_000_000 * n, "currency": "USD", "interval": "month",
            "notification_channel": { "type": "email", "recipients": ["books@example.com"] },
        });
        made(api, "/v1/organization/spend_alerts", &alert).await?;
    }
    Ok(())
}

/// The id of what a call makes.
async fn made(api: &mut Connection, path: &str, body: &Value) -> Result<String> {
    let made = ask(api, "POST", path, body).await?;
    let id = made["id"].as_str().ok_or_else(|| format!("{path}: nothing with an id: {made}"))?;
    Ok(id.to_owned())
}

async fn ask(api: &mut Connection, method: &str, path: &str, body: &Value) -> Result<Value> {
    let method = Method::from_bytes(method.as_bytes())?;
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let response = api.send(method, path.parse::<Uri>()?, body).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(serde_json::from_slice(&body)?)
}
