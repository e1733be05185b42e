//! Refused calls.

use domain::RefusedFilter;

pub(crate) const ADD: &str = "INSERT INTO refused_calls (request_id, at_ms, stage, operation, \
    project_id, key_id, model, code, status, message, param, figures, total_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// All but the newest $1.
pub(crate) const FORGET: &str =
    "DELETE FROM refused_calls WHERE id <= (SELECT max(id) FROM refused_calls) - $1";

pub(crate) fn page(filter: &RefusedFilter) -> String {
    let conditions = [
        (filter.project.is_some(), "project_id"),
        (filter.key.is_some(), "key_id"),
        (filter.code.is_some(), "code"),
        (filter.request.is_some(), "request_id"),
    ];
    let mut text = "SELECT id, request_id, at_ms, stage, operation, project_id, key_id, model, \
                    code, status, message, param, figures, total_us FROM refused_calls \
                    WHERE id < $1"
        .to_owned();
    let mut place = 2;
    for (_, column) in conditions.iter().filter(|(given, _)| *given) {
        text.push_str(&format!(" AND {column} = ${place}"));
        place += 1;
    }
    text.push_str(&format!(" ORDER BY id DESC LIMIT ${place}"));
    text
}
