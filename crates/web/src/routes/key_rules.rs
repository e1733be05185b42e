//! `/tollgate/v1/key_rules` and `/tollgate/v1/projects/{project_id}/key_rules`: how keys are looked
//! after.

use control::RulesPatch;
use domain::{Fault, LeakResponse, ProjectId, UnusualResponse};
use openai::admin::KeyRules;

use crate::body::Fields;
use crate::call::AdminCall;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal_key_rules;

/// Ten years.
const LONGEST: i64 = 3_650;

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let project = project(call);
    let rules = call.control.key_rules(project.as_ref()).await?;
    json(&KeyRules::new(project.as_ref(), &rules))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let no_webhook = fields.take_null("webhook_url").then_some(None);
    let patch = RulesPatch {
        leak_response: word(&mut fields, "leak_response", LeakResponse::parse, &RESPONSES)?,
        max_age_days: days(&mut fields, "max_age_days")?,
        idle_days: days(&mut fields, "idle_days")?,
        remind_days: days(&mut fields, "remind_days")?,
        unusual_network: unusual(&mut fields, "unusual_network")?,
        unusual_model: unusual(&mut fields, "unusual_model")?,
        unusual_spend: unusual(&mut fields, "unusual_spend")?,
        unusual_requests: unusual(&mut fields, "unusual_requests")?,
        recipients: fields.texts("recipients")?,
        webhook_url: no_webhook.or(fields.text("webhook_url")?.map(Some)),
    };
    fields.finish()?;
    let project = project(call);
    let made = call.control.set_key_rules(&call.author, project.as_ref(), patch).await?;
    let shape = KeyRules::new(project.as_ref(), &made.rules);
    match &made.secret {
        Some(secret) => secret_json(&reveal_key_rules(shape, secret)),
        None => json(&shape),
    }
}

const RESPONSES: [&str; 3] = ["alert", "quarantine", "rotate"];
const UNUSUAL: [&str; 3] = ["off", "alert", "pause"];

fn project(call: &AdminCall<'_>) -> Option<ProjectId> {
    call.request.path.contains("/projects/").then(|| call.project())
}

fn unusual(
    fields: &mut Fields,
    name: &'static str,
) -> Result<Option<Option<UnusualResponse>>, Fault> {
    word(fields, name, UnusualResponse::parse, &UNUSUAL)
}

/// `null` takes the word back.
fn word<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: fn(&str) -> Option<T>,
    words: &[&'static str],
) -> Result<Option<Option<T>>, Fault> {
    if fields.take_null(name) {
        return Ok(Some(None));
    }
    Ok(fields.word(name, words)?.map(parse))
}

fn days(fields: &mut Fields, name: &'static str) -> Result<Option<Option<u32>>, Fault> {
    if fields.take_null(name) {
        return Ok(Some(None));
    }
    let days = fields.integer(name, 1..=LONGEST)?;
    Ok(days.map(|days| u32::try_from(days).ok()))
}
