//! Refused calls under `/tollgate/v1/refusals`.

use domain::{Figure, FigureUnit, RefusedCall};
use serde::Serialize;

use super::logged_request::place_id;

/// One refused call.
#[derive(Serialize)]
pub struct RefusedCallShape<'a> {
    object: &'static str,
    id: String,
    request_id: &'a str,
    created_at: i64,
    /// The look that it did not pass.
    stage: &'static str,
    operation: Option<&'a str>,
    project_id: Option<&'a str>,
    api_key_id: Option<&'a str>,
    model: Option<&'a str>,
    code: &'a str,
    status: u16,
    message: &'a str,
    param: Option<&'a str>,
    /// The limits that refused it, as they stood then.
    figures: Vec<FigureShape<'a>>,
    total_us: u64,
}

#[derive(Serialize)]
struct FigureShape<'a> {
    scope: &'a str,
    what: &'a str,
    unit: &'static str,
    limit: i64,
    used: i64,
    asked: i64,
    resets_at: Option<i64>,
    passed: bool,
}

/// `nanos` of a dollar, or a plain `count`.
#[must_use]
pub fn figure_unit(unit: FigureUnit) -> &'static str {
    match unit {
        FigureUnit::Nanos => "nanos",
        FigureUnit::Count => "count",
    }
}

impl<'a> RefusedCallShape<'a> {
    #[must_use]
    pub fn new(call: &'a RefusedCall) -> Self {
        Self {
            object: "tollgate.refusal",
            id: place_id(call.place),
            request_id: call.request.as_str(),
            created_at: call.at.seconds(),
            stage: call.stage.as_str(),
            operation: call.operation.as_deref(),
            project_id: call.project.as_deref(),
            api_key_id: call.key.as_deref(),
            model: call.model.as_deref(),
            code: &call.code,
            status: call.status,
            message: &call.message,
            param: call.param.as_deref(),
            figures: call.figures.iter().map(figure).collect(),
            total_us: call.total_us,
        }
    }
}

fn figure(figure: &Figure) -> FigureShape<'_> {
    FigureShape {
        scope: &figure.scope,
        what: &figure.what,
        unit: figure_unit(figure.unit),
        limit: figure.limit,
        used: figure.used,
        asked: figure.asked,
        resets_at: figure.resets_at,
        passed: figure.passed,
    }
}

/// A page of them, newest first.
#[derive(Serialize)]
pub struct RefusedCalls<'a> {
    object: &'static str,
    data: Vec<RefusedCallShape<'a>>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl<'a> RefusedCalls<'a> {
    #[must_use]
    pub fn new(calls: &'a [RefusedCall], has_more: bool) -> Self {
        Self {
            object: "list",
            data: calls.iter().map(RefusedCallShape::new).collect(),
            first_id: calls.first().map(|call| place_id(call.place)),
            last_id: calls.last().map(|call| place_id(call.place)),
            has_more,
        }
    }
}
