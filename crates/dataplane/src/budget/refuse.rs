//! A call that a limit does not let through: what happened, what to do, when there is more.

use domain::bound::{Bound, NoBound};
use domain::ledger::Declined;
use domain::{
    Entry, Fault, Figure, FigureUnit, Nanos, PeriodKind, ScopeKind, calendar, fault::catalogue,
};
use openai::demand::Bad;

use super::Limited;

/// A limit with less than this share left is spent for everyone, not just for one call.
const CRUMBS: i64 = 100;
/// Characters of a name that comes from a caller.
const LONGEST_NAME: usize = 128;

/// What a call asks for, as far as a refusal tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'w> {
    pub(super) bound: &'w Bound,
    /// What it asked for first: one more such call takes this of a limit that has room.
    pub(super) asked: Nanos,
    /// The field that says the most that may be written, where there is one.
    pub(super) maximum: Option<&'static str>,
}

/// Whether a fault says that a call costs more than a limit leaves.
pub(crate) fn is_spent(fault: &Fault) -> bool {
    fault.entry.status == 429 && fault.entry.kind == "insufficient_quota"
}

pub(super) fn exceeded(
    limited: &[Limited],
    declined: &[(usize, Declined)],
    wanted: &Wanted<'_>,
    left: Nanos,
    in_the_way: bool,
) -> Fault {
    let Some((at, no)) = declined.first() else {
        return Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000);
    };
    let refusal = Refusal {
        one: &limited[*at],
        no,
        wanted,
        left,
        in_the_way,
        end: period_end(limited, declined),
    };
    let why = format!("{} {}", refusal.sentences(), refusal.facts());
    let figures = declined.iter().map(|(at, no)| figure(&limited[*at], no, wanted.asked));
    let fault = Fault::because(entry(refusal.one.account.scope.kind), why);
    let fault = fault.figures(figures.collect());
    // What is only held by others comes back soon; what is spent does not.
    if in_the_way { fault.may_pass_later().retry_after_ms(1_000) } else { fault }
}

/// A limit that refuses, as it stood.
fn figure(one: &Limited, no: &Declined, asked: Nanos) -> Figure {
    let (scope, period) = (&one.account.scope, &one.account.period);
    Figure {
        scope: format!("{} {}", scope.kind.as_str(), scope.id),
        what: format!("{} spend limit", period.kind.as_str()),
        unit: FigureUnit::Nanos,
        limit: no.limit.0,
        used: no.posted.0,
        asked: asked.0,
        resets_at: period.end.filter(|_| period.kind != PeriodKind::Total),
        passed: false,
    }
}

struct Refusal<'r> {
    one: &'r Limited,
    no: &'r Declined,
    wanted: &'r Wanted<'r>,
    left: Nanos,
    in_the_way: bool,
    /// When all limits that refuse begin anew, in Unix seconds.
    end: Option<i64>,
}

impl Refusal<'_> {
    /// For people: what happened, and what to do.
    fn sentences(&self) -> String {
        let (asked, left) = (self.wanted.asked, self.left);
        let of_limit = format!("of {} ${} {}", self.whose(), self.no.limit, self.during());
        if self.in_the_way {
            return format!(
                "This call may cost up to ${asked}; ${left} {of_limit} is free, and the rest is \
                 held by calls in flight: try again in a second."
            );
        }
        let affordable = self.affordable();
        if affordable == 0 && left.0 <= self.no.limit.0 / CRUMBS {
            let what = entry(self.one.account.scope.kind).what.trim_end_matches('.');
            return format!(
                "{what}: ${} {of_limit} is spent{}, and this call may cost up to ${asked}. {}",
                self.no.posted,
                self.held(),
                self.wait(),
            );
        }
        let less = match self.wanted.maximum.filter(|_| affordable > 0) {
            Some(field) => format!("Send `{field}` of at most {affordable}"),
            None => "Send less".to_owned(),
        };
        let until = self.end.map_or_else(String::new, |end| format!(" until {}", moment(end)));
        format!(
            "This call may cost up to ${asked}; ${left} {of_limit} is left{until}. {less}, or ask \
             whoever runs this Tollgate to raise the limit."
        )
    }

    /// For programs: the same names in every refusal.
    fn facts(&self) -> String {
        let account = &self.one.account;
        let resets = match self.end {
            Some(end) => format!("period_end: {end} (Unix time)."),
            None => "It does not reset.".to_owned(),
        };
        format!(
            "limit_source: {} {}, {} limit ${}, spent ${}. required: ${}, remaining: ${}, \
             max_affordable_output_tokens: {}. {resets}",
            account.scope.kind.as_str(),
            account.scope.id,
            account.period.kind.as_str(),
            self.no.limit,
            self.no.posted,
            self.wanted.asked,
            self.left,
            self.affordable(),
        )
    }

    /// Tokens of each answer that what is left would pay for.
    fn affordable(&self) -> u64 {
        let bound = self.wanted.bound;
        if bound.total(0) <= self.left { bound.affordable(self.left) } else { 0 }
    }

    fn whose(&self) -> &'static str {
        match self.one.account.scope.kind {
            ScopeKind::ApiKey => "the key's",
            ScopeKind::User => "the user's",
            ScopeKind::Project => "the project's",
            ScopeKind::Organization => "the organization's",
        }
    }

    fn during(&self) -> &'static str {
        match self.one.account.period.kind {
            PeriodKind::Day => "for the day",
            PeriodKind::Month => "for the month",
            PeriodKind::Total => "in all",
        }
    }

    /// What others hold for longer than a call: jobs, or what is on its way back from the store.
    fn held(&self) -> String {
        let held = self.no.limit.0.saturating_sub(self.no.posted.0).saturating_sub(self.left.0);
        if held > 0 {
            format!(", ${} held for work in progress", Nanos(held))
        } else {
            String::new()
        }
    }

    fn wait(&self) -> String {
        let raise = "whoever runs this Tollgate raises the limit";
        match self.end {
            Some(end) => format!("There is more from {} on, or when {raise}.", moment(end)),
            None => format!("There is more only when {raise}."),
        }
    }
}

fn moment(seconds: i64) -> String {
    format!("{} UTC", calendar::minute(seconds))
}

fn entry(scope: ScopeKind) -> &'static Entry {
    match scope {
        ScopeKind::ApiKey => &catalogue::API_KEY_SPEND_LIMIT_EXCEEDED,
        ScopeKind::User => &catalogue::USER_SPEND_LIMIT_EXCEEDED,
        ScopeKind::Project => &catalogue::PROJECT_SPEND_LIMIT_EXCEEDED,
        ScopeKind::Organization => &catalogue::ORGANIZATION_SPEND_LIMIT_EXCEEDED,
    }
}

/// What cannot be bounded is not for a scope with a limit. `maximum` is the field that says the
/// most that may be written.
pub(super) fn unbounded(no: &NoBound, model: Option<&str>, maximum: Option<&'static str>) -> Fault {
    match no {
        NoBound::Unpriced => unpriced(model),
        NoBound::NoMaximum => no_maximum(model, maximum),
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

fn unpriced(model: Option<&str>) -> Fault {
    let model = name(model);
    let why = format!(
        "A spend limit applies, and the model `{model}`, or something that this call uses of it, \
         has no price here. Whoever runs this Tollgate can give it one: `tollgate prices set \
         {model} input_cost_per_token=… output_cost_per_token=…`."
    );
    Fault::because(&catalogue::MODEL_PRICE_UNKNOWN, why).param("model")
}

fn no_maximum(model: Option<&str>, maximum: Option<&'static str>) -> Fault {
    let field = maximum.unwrap_or("max_completion_tokens");
    let why = format!(
        "A spend limit applies, and neither the request nor what is known of the model `{}` says \
         how much may be written. Send `{field}`, or give the limit a default: `tollgate limits \
         set … --default-max-output N`.",
        name(model),
    );
    Fault::because(&catalogue::FEATURE_NOT_ALLOWED_WITH_HARD_LIMIT, why).param(field)
}

/// A model's name as it may stand in a message.
fn name(model: Option<&str>) -> String {
    let plain = |c: &char| !c.is_control();
    model.unwrap_or_default().chars().filter(plain).take(LONGEST_NAME).collect()
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

#[cfg(test)]
mod tests {
    use domain::ledger::AccountId;
    use domain::{Calendar, LimitRules, ScopeId, SpendLimit, Timestamp};

    use super::*;

    /// 2026-11-23.
    const NOW: Timestamp = Timestamp(1_795_437_000_000);
    const CENT: i64 = 10_000_000;

    fn limited(kind: ScopeKind, period: PeriodKind) -> Limited {
        let scope = ScopeId { kind, id: "proj_1".into() };
        Limited {
            account: AccountId { scope: scope.clone(), period: period.around(NOW) },
            place: 0,
            limit: SpendLimit {
                scope,
                period,
                amount: Nanos(CENT),
                rules: LimitRules::default(),
                calendar: Calendar::default(),
                updated_at: NOW,
            },
        }
    }

    /// A refusal of a call for 1,000 nano-dollars a token of output and 500 for its input.
    fn told(one: Limited, posted: i64, left: i64, in_the_way: bool) -> Fault {
        let bound = Bound {
            fixed_picos: 500_000,
            per_output_token_picos: 1_000_000,
            max_output: Some(20_000),
        };
        let no = Declined { limit: Nanos(CENT), posted: Nanos(posted), leased: Nanos(0) };
        let maximum = Some("max_completion_tokens");
        let wanted = Wanted { bound: &bound, asked: bound.whole(), maximum };
        exceeded(&[one], &[(0, no)], &wanted, Nanos(left), in_the_way)
    }

    #[test]
    fn case_20_a_refusal_says_what_would_fit_and_until_when() {
        let month = limited(ScopeKind::Project, PeriodKind::Month);
        let fault = told(month, 78_000, CENT - 78_000, false);
        assert_eq!(
            fault.message,
            "This call may cost up to $0.0200005; $0.009922 of the project's $0.01 for the month \
             is left until 2026-12-01 00:00 UTC. Send `max_completion_tokens` of at most 9921, or \
             ask whoever runs this Tollgate to raise the limit. limit_source: project proj_1, \
             month limit $0.01, spent $0.000078. required: $0.0200005, remaining: $0.009922, \
             max_affordable_output_tokens: 9921. period_end: 1796083200 (Unix time)."
        );
        assert_eq!(
            (fault.entry.code, fault.retry),
            ("project_spend_limit_exceeded", domain::Retry::Never)
        );
    }

    #[test]
    fn case_20_a_limit_is_reached_only_where_nothing_fits() {
        let day = limited(ScopeKind::ApiKey, PeriodKind::Day);
        let fault = told(day, CENT - 100, 100, false);
        assert!(
            fault.message.starts_with(
                "The API key has reached its spend limit: $0.0099999 of the key's $0.01 for the \
                 day is spent, and this call may cost up to $0.0200005. There is more from \
                 2026-11-24 00:00 UTC on, or when whoever runs this Tollgate raises the limit. "
            ),
            "{}",
            fault.message
        );
        let total = limited(ScopeKind::User, PeriodKind::Total);
        let fault = told(total, CENT - 400, 100, false);
        assert!(
            fault.message.contains("$0.0000003 held for work in progress"),
            "{}",
            fault.message
        );
        assert!(fault.message.contains("There is more only when"), "{}", fault.message);
        assert!(fault.message.ends_with("It does not reset."), "{}", fault.message);
    }

    #[test]
    fn case_20_calls_in_flight_are_named_where_they_alone_stand_in_the_way() {
        let fault = told(limited(ScopeKind::Organization, PeriodKind::Month), 0, 100, true);
        assert!(
            fault.message.starts_with(
                "This call may cost up to $0.0200005; $0.0000001 of the organization's $0.01 for \
                 the month is free, and the rest is held by calls in flight: try again in a second."
            ),
            "{}",
            fault.message
        );
        assert!(!fault.message.contains("reached"));
        assert_eq!((fault.retry, fault.retry_after_ms), (domain::Retry::Later, Some(1_000)));
    }

    #[test]
    fn case_25_a_model_without_a_price_is_named_with_what_to_do() {
        let fault = unbounded(&NoBound::Unpriced, Some("odd\nmodel"), None);
        assert!(
            fault.message.contains("`tollgate prices set oddmodel input_"),
            "{}",
            fault.message
        );
        let long = "m".repeat(10_000);
        assert!(unbounded(&NoBound::Unpriced, Some(&long), None).message.len() < 1_000);
    }

    #[test]
    fn case_22_a_maximum_that_nobody_knows_is_asked_for_by_its_field() {
        let fault = unbounded(&NoBound::NoMaximum, Some("m"), Some("max_output_tokens"));
        assert_eq!(fault.param.as_deref(), Some("max_output_tokens"));
        assert!(fault.message.contains("Send `max_output_tokens`, or"), "{}", fault.message);
        assert!(fault.message.contains("--default-max-output"), "{}", fault.message);
    }
}
