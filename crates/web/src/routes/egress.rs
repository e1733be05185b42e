//! `/tollgate/v1/egress`: the proxies through which calls leave, and who takes which.

use control::{EgressDraft, EgressPatch, EgressState, ProxyCredential, ProxyDraft};
use domain::{EgressUser, Fault, ProxyChoice, Secret, SessionBy};
use openai::admin::{Deleted, Egress, EgressTest, EgressUse, List};

use crate::body::{Fields, missing};
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let all = call.control.list_egresses().await?;
    json(&List::of(all.iter().map(shape).collect(), false))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.egress(call.egress()).await?))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let name = fields.required_name("name")?;
    let patch = patch(&mut fields)?;
    fields.finish()?;
    let draft = EgressDraft {
        name,
        proxies: patch.proxies.ok_or_else(|| missing("proxies"))?,
        choice: patch.choice.unwrap_or_default(),
        session: patch.session.unwrap_or_default(),
        allow_direct: patch.allow_direct.unwrap_or(false),
        default: patch.default.unwrap_or(false),
        proxy_resolves: patch.proxy_resolves.unwrap_or_default(),
        health_url: patch.health_url.flatten(),
    };
    json(&shape(&call.control.create_egress(&call.author, draft).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = patch(&mut fields)?;
    fields.finish()?;
    json(&shape(&call.control.update_egress(&call.author, call.egress(), patch).await?))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    call.control.remove_egress(&call.author, call.egress()).await?;
    json(&Deleted::new("tollgate.egress.deleted", call.egress()))
}

/// `{"url": "…"}`, fetched through each proxy; without one, the egress's health URL.
pub(super) async fn test(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let url = fields.text("url")?;
    fields.finish()?;
    let tests = call.control.test_egress(call.egress(), url).await?;
    json(&EgressTest::new(call.egress(), &tests))
}

pub(super) async fn of_upstream(call: &AdminCall<'_>) -> Answer {
    show(call, upstream(call).await?).await
}

pub(super) async fn put_upstream(call: &AdminCall<'_>) -> Answer {
    put(call, upstream(call).await?).await
}

/// By its id or its name, as everywhere.
async fn upstream(call: &AdminCall<'_>) -> Result<EgressUser, Fault> {
    let found = call.control.upstream(call.egress()).await?;
    Ok(EgressUser::Upstream(found.upstream.id))
}

pub(super) async fn of_project(call: &AdminCall<'_>) -> Answer {
    show(call, EgressUser::Project(call.project())).await
}

pub(super) async fn put_project(call: &AdminCall<'_>) -> Answer {
    put(call, EgressUser::Project(call.project())).await
}

async fn show(call: &AdminCall<'_>, user: EgressUser) -> Answer {
    let egress = call.control.egress_of(&user).await?;
    json(&EgressUse { object: "tollgate.egress_use", id: call.egress(), egress: egress.as_deref() })
}

/// `{"egress": "NAME"}`, `"direct"`, or `null` to take it back.
async fn put(call: &AdminCall<'_>, user: EgressUser) -> Answer {
    let mut fields = call.fields()?;
    let egress = fields.clearable_name("egress")?.ok_or_else(|| missing("egress"))?;
    fields.finish()?;
    call.control.set_egress_of(&call.author, user.clone(), egress).await?;
    show(call, user).await
}

fn patch(fields: &mut Fields) -> Result<EgressPatch, Fault> {
    let choices = ProxyChoice::ALL.map(ProxyChoice::as_str);
    let sessions = SessionBy::ALL.map(SessionBy::as_str);
    Ok(EgressPatch {
        proxies: fields.objects("proxies", proxy)?,
        choice: fields.word("choice", &choices)?.and_then(ProxyChoice::parse),
        session: fields.word("session", &sessions)?.and_then(SessionBy::parse),
        allow_direct: fields.flag("allow_direct")?,
        default: fields.flag("default")?,
        proxy_resolves: fields.texts("proxy_resolves")?,
        health_url: fields.clearable_name("health_url")?,
    })
}

fn proxy(fields: &mut Fields) -> Result<ProxyDraft, Fault> {
    let url = fields.text("url")?.ok_or_else(|| missing("url"))?;
    let credential = if fields.take_null("credential") {
        ProxyCredential::None
    } else {
        let given = fields.text("credential")?;
        given.map_or(ProxyCredential::Kept, |text| ProxyCredential::New(Secret::new(text)))
    };
    Ok(ProxyDraft { url, credential })
}

fn shape(state: &EgressState) -> Egress<'_> {
    Egress::new(&state.egress, &state.figures, &state.used_by)
}
