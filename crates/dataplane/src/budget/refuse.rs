//! A call that a limit does not let through: which limit, what is left, when there is more.

use domain::bound::{Bound, NoBound};
use domain::ledger::Declined;
use domain::{Entry, Fault, Nanos, PeriodKind, ScopeKind, fault::catalogue};
use openai::demand::Bad;

use super::Limited;

pub(super) fn exceeded(
    limited: &[Limited],
    declined: &[(usize, Declined)],
    bound: &Bound,
    asked: Nanos,
    left: Nanos,
    in_the_way: bool,
) -> Fault {
    let Some((at, no)) = declined.first() else {
        return Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000);
    };
    let one = &limited[*at];
    let (scope, period) = (one.account.scope.kind, one.account.period.kind);
    let entry = entry(scope);
    let affordable = if bound.total(0) <= left { bound.affordable(left) } else { 0 };
    let resets = match period_end(limited, declined) {
        Some(end) => format!("period_end: {end} (Unix time)."),
        None => "It does not reset.".to_owned(),
    };
    let waits = if in_the_way { " Calls in flight hold the rest." } else { "" };
    let why = format!(
        "{} limit_source: {} {}, {} limit ${}, spent ${}. required: ${asked}, remaining: ${left}, \
         max_affordable_output_tokens: {affordable}.{waits} {resets}",
        entry.what,
        scope.as_str(),
        one.account.scope.id,
        period.as_str(),
        no.limit,
        no.posted,
    );
    let fault = Fault::because(entry, why);
    // What is only held by others comes back soon; what is spent does not.
    if in_the_way { fault.may_pass_later().retry_after_ms(1_000) } else { fault }
}

fn entry(scope: ScopeKind) -> &'static Entry {
    match scope {
        ScopeKind::ApiKey => &catalogue::API_KEY_SPEND_LIMIT_EXCEEDED,
        ScopeKind::User => &catalogue::USER_SPEND_LIMIT_EXCEEDED,
        ScopeKind::Project => &catalogue::PROJECT_SPEND_LIMIT_EXCEEDED,
        ScopeKind::Organization => &catalogue::ORGANIZATION_SPEND_LIMIT_EXCEEDED,
    }
}

/// What cannot be bounded is not for a scope with a limit.
pub(super) fn unbounded(no: &NoBound) -> Fault {
    match no {
        NoBound::Unpriced => Fault::new(&catalogue::MODEL_PRICE_UNKNOWN).param("model"),
        NoBound::Unbounded(unbounded) => match unbounded.field {
            None => {
                let why = format!("A spend limit applies, and {}.", unbounded.why);
                Fault::because(&catalogue::ROUTE_NOT_METERED, why)
            }
            Some(field) => {
                let why = format!("A spend limit applies, and {}.", unbounded.why);
                Fault::because(&catalogue::FEATURE_NOT_ALLOWED_WITH_HARD_LIMIT, why).param(field)
            }
        },
    }
}

/// A number that a limit needs, and that is none.
pub(super) fn bad(bad: &Bad) -> Fault {
    let entry =
        if bad.maximum { &catalogue::INVALID_MAX_TOKENS } else { &catalogue::INVALID_VALUE };
    Fault::because(entry, format!("`{}` {}", bad.field, bad.why)).param(bad.field)
}

/// The latest end of the periods that refuse, for whoever wants to come again.
fn period_end(limited: &[Limited], declined: &[(usize, Declined)]) -> Option<i64> {
    let ends = declined.iter().map(|(at, _)| match limited[*at].account.period.kind {
        PeriodKind::Total => None,
        PeriodKind::Day | PeriodKind::Month => limited[*at].account.period.end,
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}
