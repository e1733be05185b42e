//! Limits by rate on the way of a call: the last thing asked before it is sent, so that what was
//! refused for another reason took nothing. A key that no limit touches costs one look at its view.

use domain::rate::{Measure, Refusal};
use domain::{Fault, Figure, FigureUnit, KeyView, fault::catalogue};
use openai::surface::{Meter, Operation};

use crate::permit::Permit;
use crate::shared::Dataplane;

mod ask;
mod kept;
mod share;
mod shown;
mod ticket;

pub(crate) use ask::{Ask, input_tokens};
pub(crate) use kept::Rates;
pub(crate) use share::ProjectCache;
pub(crate) use shown::write as write_headers;
pub(crate) use ticket::RateTicket;

use kept::{Asked, Name};

/// Takes what the call may need from every limit that it meets, or from none.
pub(crate) fn take<'a>(
    shared: &Dataplane,
    permit: &Permit,
    operation: &Operation,
    ask: impl FnOnce() -> Ask<'a>,
) -> Result<RateTicket, Fault> {
    take_for(shared, permit, operation, ask, Takes::All)
}

/// The same for a call that no provider hears of: one request, and no tokens.
pub(crate) fn take_request<'a>(
    shared: &Dataplane,
    permit: &Permit,
    operation: &Operation,
    ask: impl FnOnce() -> Ask<'a>,
) -> Result<RateTicket, Fault> {
    take_for(shared, permit, operation, ask, Takes::OneRequest)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    All,
    OneRequest,
}

fn take_for<'a>(
    shared: &Dataplane,
    permit: &Permit,
    operation: &Operation,
    ask: impl FnOnce() -> Ask<'a>,
    takes: Takes,
) -> Result<RateTicket, Fault> {
    let Some(rules) = permit.key.rates.as_ref().filter(|_| operation.meter != Meter::Free) else {
        return Ok(RateTicket::none());
    };
    let ask = ask();
    let (project, key) = (&permit.project, &permit.key.id);
    let mut asked = Vec::with_capacity(3);
    let mut scope = |name, limits: &_| asked.push(Asked { name, limits: *limits });
    // Always in this order, so that two calls cannot wait for each other (case 59).
    if !rules.project.all.is_empty() {
        scope(Name::Project(project.clone()), &rules.project.all);
    }
    if let Some((model, limits)) = ask.model.as_deref().and_then(|m| rules.project.model(m)) {
        scope(Name::Model(project.clone(), model.clone()), limits);
    }
    if !rules.key.is_empty() {
        scope(Name::Key(key.clone()), &rules.key);
    }
    if asked.is_empty() {
        return Ok(RateTicket::none());
    }
    let counts_tokens = asked.iter().any(|a| {
        [Measure::TokensPerMinute, Measure::TokensPerDay]
            .iter()
            .any(|measure| a.limits.get(*measure).is_some())
    });
    let draw = ask.draw(operation.meter, counts_tokens && takes == Takes::All);
    shared.rates.take(&asked, &draw).map_err(|(refusal, gauges)| {
        let scope = asked.get(refusal.scope).map(|asked| &asked.name);
        let organization = shared.organization.to_str().unwrap_or("");
        refused(&refusal, scope, ask.model.as_deref(), organization).rates(Some(gauges))
    })
}

/// Whether any limit stands over a key's calls.
pub(crate) fn limits(key: &KeyView) -> bool {
    key.rates.is_some()
}

/// In OpenAI's words, with ours behind them: which limit it was (case 58).
fn refused(
    refusal: &Refusal,
    scope: Option<&Name>,
    model: Option<&str>,
    organization: &str,
) -> Fault {
    let Refusal { measure, limit, used, requested, wait_ms, .. } = *refusal;
    let model: String = model.unwrap_or("this request").chars().take(128).collect();
    let over = format!("{model} in organization {organization} on {}", measure.words());
    let whose = scope.map_or(String::new(), Name::said);
    let message = match wait_ms {
        Some(ms) => format!(
            "Rate limit reached for {over}: Limit {limit}, Used {used}, Requested {requested}. \
             Please try again in {}. It is the limit of {whose}.",
            domain::rate::duration(ms)
        ),
        None => format!(
            "Request too large for {over}: Limit {limit}, Requested {requested}. It can never \
             pass below the limit of {whose}."
        ),
    };
    let counted = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let figure = Figure {
        scope: scope.map_or_else(String::new, Name::said),
        what: measure.words().to_owned(),
        unit: FigureUnit::Count,
        limit: counted(limit),
        used: counted(used),
        asked: counted(requested),
        resets_at: None,
        passed: false,
    };
    let fault = Fault::because(&catalogue::RATE_LIMIT_EXCEEDED, message)
        .figures(vec![figure])
        .kind(if measure.is_of_tokens() { "tokens" } else { "requests" });
    match wait_ms {
        Some(ms) => fault.retry_after_ms(ms),
        None => fault.never_passes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(measure: Measure, wait_ms: Option<u64>) -> Refusal {
        Refusal { scope: 0, measure, limit: 30_000, used: 14_567, requested: 24_754, wait_ms }
    }

    #[test]
    fn case_58_a_refusal_has_openais_words_and_names_the_limit() {
        let name = Name::Model("proj_1".into(), "gpt-4o".into());
        let short = refusal(Measure::TokensPerMinute, Some(18_642));
        let fault = refused(&short, Some(&name), Some("gpt-4o"), "org-x");
        assert_eq!(
            fault.message,
            "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit \
             30000, Used 14567, Requested 24754. Please try again in 18.642s. It is the limit of \
             project `proj_1` for this model."
        );
        assert_eq!((fault.kind, fault.retry_after_ms), ("tokens", Some(18_642)));
    }

    #[test]
    fn what_never_passes_is_not_tried_again() {
        let never = refusal(Measure::RequestsPerDay, None);
        let fault = refused(&never, Some(&Name::Key("key_1".into())), None, "org-x");
        assert_eq!((fault.kind, fault.retry_after_ms), ("requests", None));
        assert_eq!(fault.retry, domain::Retry::Never);
        assert!(fault.message.ends_with("the limit of API key `key_1`."), "{}", fault.message);
    }
}
