//! What is changed of an upstream, and what is taken away from it.

use control::{CredentialDraft, UpstreamPatch};
use domain::fault::catalogue;
use domain::{CredentialId, Fault};
use openai::admin::without_secrets;

use super::super::super::page::{Page, Undo};
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
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
    let (said, before) = match enabled {
        true => ("The upstream is switched on: calls go there again.", "no"),
        false => ("The upstream is switched off: no call goes there.", "yes"),
    };
    let undo = Undo::new(visit.request.path.to_owned(), &[("enabled", before)]);
    Ok(back(visit).saying_with_undo(said, undo))
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
    let path = format!("/upstreams/{}", upstream.id);
    let question = Question {
        title: "Remove a credential",
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
        typed: None,
    };
    question.ask(visit)
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

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let upstream = visit.control.upstream(&visit.id::<String>(0)).await?.upstream;
    let path = format!("/upstreams/{}", upstream.id);
    Ok(Question {
        title: "Remove an upstream",
        question: format!("Remove {}?", upstream.name),
        lead: "Its credentials are gone then, and calls that only it can serve are refused. What \
               was made there keeps its owners. To pause it, switch it off instead."
            .to_owned(),
        action: format!("{path}/remove"),
        fields: Vec::new(),
        button: "Remove the upstream",
        back: path,
        typed: Some(upstream.name),
    })
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

/// Only with its name typed: its credentials are gone then.
pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    if let Some(page) = question(visit).await?.unsure(visit) {
        return page;
    }
    visit.control.remove_upstream(&visit.author()?, &visit.id::<String>(0)).await?;
    Ok(Page::to("/upstreams").saying("The upstream is removed. No call goes there any more."))
}
