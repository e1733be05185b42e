//! `/tollgate/v1/leaks`: keys that were found where others can read them.

use control::{LeakCheck, LeakFeedback, SignedReport};
use domain::{Fault, LeakReporter};
use openai::admin::{Leak, LeakChecked, LeakLabel, List};

use crate::body::missing;
use crate::call::{AdminCall, KeyedCall, OpenCall};
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_leaks(call.ordered_page()?).await?;
    json(&List::of(page.rows.iter().map(Leak::from).collect(), page.has_more))
}

pub(super) async fn check(call: &KeyedCall<'_>) -> Answer {
    let token = token(call)?;
    json(&shape(&call.control.check_leak(call.asker(), &token).await?))
}

pub(super) async fn revoke(call: &KeyedCall<'_>) -> Answer {
    let token = token(call)?;
    let reporter = match call.is_admin() {
        true => LeakReporter::Admin,
        false => LeakReporter::Holder,
    };
    let author = call.author();
    let asker = (call.asker(), reporter);
    json(&shape(&call.control.revoke_leaked(&author, asker, &token).await?))
}

/// What the body holds up. Whoever calls with a project's key means that key, and no other.
fn token(call: &KeyedCall<'_>) -> Result<String, Fault> {
    let mut fields = call.fields()?;
    let token = fields.text("token")?;
    fields.finish()?;
    if call.is_admin() {
        return token.ok_or_else(|| missing("token"));
    }
    let own = call.presented()?;
    match token {
        Some(token) if token != own => Err(call.not_their_own()),
        _ => Ok(own.to_owned()),
    }
}

fn shape(found: &LeakCheck) -> LeakChecked<'_> {
    let about = match (&found.key, &found.honeytoken) {
        (Some(key), _) => Some((key.id.as_str(), key.name.as_str(), key.project.as_ref())),
        (None, Some(it)) => Some((it.id.as_str(), it.name.as_str(), it.project.as_ref())),
        (None, None) => None,
    };
    LeakChecked::new(found.standing.as_str(), found.standing.is_live(), about, &found.display)
}

/// The form of a code host's report to a maker of keys.
pub(super) async fn report(call: &OpenCall<'_>) -> Answer {
    let header = |name| call.request.headers.get(name).and_then(|value| value.to_str().ok());
    let report = SignedReport {
        address: call.request.address,
        identifier: header("github-public-key-identifier").unwrap_or_default(),
        signature: header("github-public-key-signature").unwrap_or_default(),
        body: &call.request.body,
    };
    let feedback = call.control.take_report(&call.author(), report).await?;
    let label = |one: LeakFeedback| LeakLabel::new(one.token_hash, one.token_type, one.is_ours);
    json(&feedback.into_iter().map(label).collect::<Vec<_>>())
}

/// Asked before the body is read.
pub(super) fn may_report(call: &OpenCall<'_>) -> Result<(), Fault> {
    call.control.may_report(call.request.address)
}
