//! Upstreams: our accounts with providers, how they stand, their credentials by their last four
//! characters, and what the doctor finds on the way to them.

mod change;
mod test;

use askama::Template;
use control::{CredentialDraft, UpstreamDraft, UpstreamState};
use domain::{Fault, UpstreamId, UpstreamSource};
use openai::admin::without_secrets;

use super::super::figures::{instant, when};
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::WRITE;
use super::egress::Chosen;

pub(crate) use change::{
    add_credential, ask_remove, ask_remove_credential, remove, remove_credential, switch, update,
};
pub(crate) use test::{found, run};

#[derive(Template)]
#[template(path = "upstreams.html")]
struct UpstreamsPage<'a> {
    frame: &'a Frame,
    may: bool,
    rows: Vec<UpstreamView>,
    demo_only: bool,
}

/// An upstream as people see it.
struct UpstreamView {
    id: String,
    name: String,
    provider: String,
    address: String,
    mood: &'static str,
    state: &'static str,
    enabled: bool,
    /// Who owns it, in words; empty where it may be changed here.
    owner: &'static str,
    credentials: Vec<CredentialView>,
    api_version: String,
    /// Names of the headers that are sent along.
    headers: String,
    created: (String, String),
}

struct CredentialView {
    id: String,
    masked: String,
    weight: u32,
    created: (String, String),
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let avoided = visit.control.avoided_upstreams();
    let states = visit.control.upstream_states().await?;
    let demo_only = states.iter().all(|state| state.upstream.is_demo());
    let frame = visit.frame("Upstreams");
    visit.show(&UpstreamsPage {
        frame: &frame,
        may: visit.may(WRITE),
        rows: states.iter().map(|state| view(state, &avoided)).collect(),
        demo_only,
    })
}

fn view(state: &UpstreamState, avoided: &[UpstreamId]) -> UpstreamView {
    let upstream = &state.upstream;
    let (mood, words) = match () {
        () if !state.is_named => ("", "Named no longer"),
        () if !upstream.enabled => ("", "Switched off"),
        () if avoided.contains(&upstream.id) => ("bad", "Failing, avoided for now"),
        () => ("good", "In use"),
    };
    let credentials = upstream.credentials.iter().map(|one| CredentialView {
        id: one.id.as_str().to_owned(),
        masked: format!("…{}", one.last_four),
        weight: one.weight,
        created: (instant(one.created_at), when(one.created_at)),
    });
    let headers: Vec<&str> = upstream.headers.iter().map(|(name, _)| name.as_str()).collect();
    UpstreamView {
        id: upstream.id.as_str().to_owned(),
        name: upstream.name.clone(),
        provider: upstream.provider.clone(),
        address: match upstream.is_demo() {
            true => "within Tollgate".to_owned(),
            false => without_secrets(&upstream.base_url),
        },
        mood,
        state: words,
        enabled: upstream.enabled,
        owner: match upstream.source {
            _ if !state.is_named => "",
            UpstreamSource::Environment => "environment",
            UpstreamSource::File => "config file",
            UpstreamSource::Api => "",
        },
        credentials: credentials.collect(),
        api_version: upstream.api_version.clone().unwrap_or_default(),
        headers: headers.join(", "),
        created: (instant(upstream.created_at), when(upstream.created_at)),
    }
}

#[derive(Template)]
#[template(path = "upstream_new.html")]
struct NewPage<'a> {
    frame: &'a Frame,
    providers: Vec<Offer>,
    name: &'a str,
    base_url: &'a str,
    api_version: &'a str,
    fault: Option<&'a Fault>,
}

/// A provider to choose.
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) chosen: bool,
}

pub(super) fn offers(visit: &Visit<'_>) -> Vec<Offer> {
    let chosen = visit.form.some("provider").unwrap_or("openai");
    let all = visit.control.providers().into_iter();
    all.map(|it| Offer { name: it.name, address: it.base_url, chosen: it.name == chosen }).collect()
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    form(visit, None)
}

fn form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Add an upstream");
    let page = visit.show(&NewPage {
        frame: &frame,
        providers: offers(visit),
        name: visit.form.text("name"),
        base_url: visit.form.text("base_url"),
        api_version: visit.form.text("api_version"),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Makes it, and asks it at once whether it is there.
pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    match visit.control.create_upstream(&visit.author()?, draft(&visit.form)).await {
        Ok(made) => {
            let id = made.upstream.id.as_str();
            let page = Page::to(&format!("/upstreams/{id}"));
            Ok(match probed(visit, id).await? {
                Ok(answered) => page.saying(format!("The upstream is added. {answered}")),
                Err(why) => page.warning(format!("The upstream is added, but {why}")),
            })
        }
        Err(fault) => form(visit, Some(&at_its_field(fault))),
    }
}

/// A new upstream as its form has it.
pub(super) fn draft(form: &Form) -> UpstreamDraft {
    let provider = form.some("provider").unwrap_or("openai").to_owned();
    let credentials = form.some("credential").map(|typed| CredentialDraft {
        secret: domain::Secret::from(typed),
        weight: domain::route::Target::WEIGHT,
    });
    UpstreamDraft {
        name: form.some("name").unwrap_or(&provider).to_owned(),
        provider,
        base_url: form.some("base_url").map(str::to_owned),
        credentials: credentials.into_iter().collect(),
        enabled: true,
        api_version: form.some("api_version").map(str::to_owned),
        headers: Vec::new(),
        unowned_project: None,
    }
}

/// The form has one field for what the API takes as a list.
pub(super) fn at_its_field(mut fault: Fault) -> Fault {
    if fault.param.as_deref() == Some("credentials") {
        fault.param = Some("credential".into());
    }
    fault
}

/// How it answered a question that costs nothing: a sentence, or what is wrong.
pub(super) async fn probed(visit: &Visit<'_>, id: &str) -> Result<Result<String, String>, Fault> {
    let probed = visit.control.test_upstream(id).await?;
    Ok(match (probed.problem, probed.models) {
        (Some(why), _) => Err(format!("its test failed: {why}")),
        (None, Some(models)) => {
            Ok(format!("It answered in {} ms and lists {models} models.", probed.took_ms))
        }
        (None, None) => Ok(format!("It answered in {} ms.", probed.took_ms)),
    })
}

#[derive(Template)]
#[template(path = "upstream.html")]
struct UpstreamPage<'a> {
    frame: &'a Frame,
    upstream: UpstreamView,
    path: String,
    may: bool,
    base_url: String,
    api_version: String,
    weight: String,
    egress: Chosen,
    /// Whether it is not the config file that says its egress.
    egress_is_ours: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let state = visit.control.upstream(&visit.id::<String>(0)).await?;
    let upstream = view(&state, &visit.control.avoided_upstreams());
    let typed = |name: &str, stands: &str| match fault {
        Some(_) if visit.form.is_checked(name) => visit.form.text(name).to_owned(),
        _ => stands.to_owned(),
    };
    let frame = visit.frame("Upstream");
    let page = visit.show(&UpstreamPage {
        frame: &frame,
        path: format!("/upstreams/{}", upstream.id),
        may: visit.may(WRITE),
        base_url: typed("base_url", &upstream.address),
        api_version: typed("api_version", &upstream.api_version),
        weight: typed("weight", "1"),
        egress: Chosen::of_upstream(visit, &state.upstream.id).await?,
        egress_is_ours: state.upstream.source != UpstreamSource::File || !state.is_named,
        upstream,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}
