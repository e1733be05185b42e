//! What is changed of an upstream, and what is taken away from it.

use askama::Template;
use control::{CredentialDraft, UpstreamPatch};
use domain::fault::catalogue;
use domain::{CredentialId, Fault};
use openai::admin::without_secrets;

use super::super::super::frame::Frame;
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::limits::ConfirmPage;
use super::{at_its_field, shown};

const WEIGHTS: std::ops::RangeInclusive<u32> = 0..=1_000_000;

fn back(visit: &Visit<'_>) -> Page {
    Page::to(&format!("/upstreams/{}", visit.id::<String>(0)))
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let id: String = visit.id(0);
    let stands = visit.control.upstream(&id).await?.upstream;
    let typed = visit.form.text("base_url");
    let patch = UpstreamPatch {
        // What people see has no user name in it: left as it stood, it stays as it is.
        base_url: (typed != without_secrets(&stands.base_url)).then(|| typed.to_owned()),
        api_version: Some(visit.form.some("api_version").map(str::to_owned)),
        ..UpstreamPatch::default()
    };
    match visit.control.update_upstream(&visit.author()?, &id, patch).await {
        Ok(_) => Ok(back(visit).saying("The upstream is changed.")),
        Err(fault) => shown(visit, Some(&at_its_field(fault))).await,
    }
}

/// On or off.
pub(crate) async fn switch(visit: &Visit<'_>) -> Shown {
    let enabled = visit.form.text("enabled") == "yes";
    let patch = UpstreamPatch { enabled: Some(enabled), ..UpstreamPatch::default() };
    visit.control.update_upstream(&visit.author()?, &visit.id::<String>(0), patch).await?;
    Ok(back(visit).saying(match enabled {
        true => "The upstream is switched on: calls go there again.",
        false => "The upstream is switched off: no call goes there.",
    }))
}

pub(crate) async fn add_credential(visit: &Visit<'_>) -> Shown {
    let wrong =
        |field, why: &'static str| Fault::because(&catalogue::INVALID_VALUE, why).param(field);
    let weight = visit.form.some("weight").unwrap_or("1").parse().ok();
    let Some(weight) = weight.filter(|weight| WEIGHTS.contains(weight)) else {
        let fault = wrong("weight", "Give a whole number from 0 to 1,000,000.");
        return shown(visit, Some(&fault)).await;
    };
    let Some(typed) = visit.form.some("credential") else {
        let fault = wrong("credential", "Paste the provider's key. It is shown to nobody again.");
        return shown(visit, Some(&fault)).await;
    };
    let draft = CredentialDraft { secret: domain::Secret::from(typed), weight };
    match visit.control.add_credential(&visit.author()?, &visit.id::<String>(0), draft).await {
        Ok(_) => Ok(back(visit).saying("The credential is added. Calls use it from now on.")),
        Err(fault) => shown(visit, Some(&at_its_field(fault))).await,
    }
}

pub(crate) async fn ask_remove_credential(visit: &Visit<'_>) -> Shown {
    let state = visit.control.upstream(&visit.id::<String>(0)).await?;
    let (upstream, wanted) = (state.upstream, visit.id::<CredentialId>(1));
    let found = upstream.credentials.iter().find(|one| one.id == wanted);
    let one = found.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))?;
    let frame = visit.frame("Remove a credential");
    let path = format!("/upstreams/{}", upstream.id);
    visit.show(&ConfirmPage {
        frame: &frame,
        question: format!("Remove the credential that ends in {}?", one.last_four),
        lead: format!(
            "Calls to {} are no longer signed with it. It is not kept; to use it again, paste it \
             again.",
            upstream.name
        ),
        action: format!("{path}/credentials/{}/remove", one.id),
        fields: Vec::new(),
        button: "Remove the credential",
        back: path,
    })
}

pub(crate) async fn remove_credential(visit: &Visit<'_>) -> Shown {
    let (id, credential) = (visit.id::<String>(0), visit.id::<CredentialId>(1));
    match visit.control.remove_credential(&visit.author()?, &id, &credential).await {
        Ok(_) => Ok(back(visit).saying("The credential is removed.")),
        // It is the last one, which the provider wants.
        Err(fault) if fault.param.is_some() => {
            let why = format!("It stays. {}", fault.message);
            Ok(back(visit).warning(why))
        }
        Err(fault) => Err(fault),
    }
}

#[derive(Template)]
#[template(path = "upstream_remove.html")]
struct RemovePage<'a> {
    frame: &'a Frame,
    name: String,
    path: String,
    fault: Option<&'a Fault>,
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    removing(visit, None).await
}

async fn removing(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let upstream = visit.control.upstream(&visit.id::<String>(0)).await?.upstream;
    let frame = visit.frame("Remove an upstream");
    let path = format!("/upstreams/{}", upstream.id);
    let page = visit.show(&RemovePage { frame: &frame, name: upstream.name, path, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Only with its name typed: its credentials are gone then.
pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let id: String = visit.id(0);
    let upstream = visit.control.upstream(&id).await?.upstream;
    if visit.form.text("typed") != upstream.name {
        let why = "Type the name as it stands above.";
        let fault = Fault::because(&catalogue::INVALID_VALUE, why).param("typed");
        return removing(visit, Some(&fault)).await;
    }
    visit.control.remove_upstream(&visit.author()?, &id).await?;
    Ok(Page::to("/upstreams").saying("The upstream is removed. No call goes there any more."))
}
