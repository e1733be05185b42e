//! Advice on cost.

use domain::advice::Finding;
use domain::{Nanos, Timestamp};
use serde::Serialize;

/// `tollgate.advice`.
#[derive(Serialize)]
pub struct AdviceShape<'a> {
    object: &'static str,
    start_time: i64,
    end_time: i64,
    findings: Vec<FindingShape<'a>>,
    /// What could not be looked at, and why.
    notes: &'a [String],
}

/// One line. Amounts are US dollars as decimal text.
#[derive(Serialize)]
struct FindingShape<'a> {
    kind: &'static str,
    what: &'a str,
    arithmetic: &'a str,
    project_id: Option<&'a str>,
    api_key_id: Option<&'a str>,
    model: Option<&'a str>,
    other_model: Option<&'a str>,
    basis: Option<&'static str>,
    calls: Option<u64>,
    of_calls: Option<u64>,
    cost: Option<String>,
    otherwise: Option<String>,
    saves: Option<String>,
    at: Option<i64>,
}

impl<'a> AdviceShape<'a> {
    #[must_use]
    pub fn new((from, to): (i64, i64), findings: &'a [Finding], notes: &'a [String]) -> Self {
        Self {
            object: "tollgate.advice",
            start_time: from,
            end_time: to,
            findings: findings.iter().map(FindingShape::from).collect(),
            notes,
        }
    }
}

impl<'a> From<&'a Finding> for FindingShape<'a> {
    fn from(one: &'a Finding) -> Self {
        let dollars = |amount: Option<Nanos>| amount.map(|amount| amount.to_string());
        Self {
            kind: one.kind.as_str(),
            what: &one.what,
            arithmetic: &one.arithmetic,
            project_id: one.project.as_deref(),
            api_key_id: one.key.as_deref(),
            model: one.model.as_deref(),
            other_model: one.other_model.as_deref(),
            basis: one.basis,
            calls: one.calls,
            of_calls: one.of_calls,
            cost: dollars(one.cost),
            otherwise: dollars(one.otherwise),
            saves: dollars(one.saves),
            at: one.at.map(Timestamp::seconds),
        }
    }
}
