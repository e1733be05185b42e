//! Queries of the answers that are kept for comparison.

use domain::ComparisonQuery;

pub(crate) const ADD: &str = "INSERT INTO comparisons
    (at, project_id, model, request, shadow_request, shadow_status, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// All of a project's but the newest.
pub(crate) const FORGET_OF: &str = "DELETE FROM comparisons WHERE project_id = $1 AND seq <= (
    SELECT seq FROM comparisons WHERE project_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)";
pub(crate) const FORGET: &str = "DELETE FROM comparisons WHERE seq <= (
    SELECT seq FROM comparisons ORDER BY seq DESC LIMIT 1 OFFSET $1)";

/// A page; the values follow in the order of the query's fields.
pub(crate) fn page(query: &ComparisonQuery) -> String {
    let filters = [
        ("project_id =", query.project.is_some()),
        ("model =", query.model.is_some()),
        ("seq <", query.before.is_some()),
    ];
    let given = filters.into_iter().filter(|(_, given)| *given);
    let wheres: Vec<String> = given.zip(1..).map(|((test, _), n)| format!("{test} ${n}")).collect();
    let (word, last) = (if wheres.is_empty() { "" } else { " WHERE " }, wheres.len() + 1);
    format!(
        "SELECT seq, at, project_id, model, request, shadow_request, shadow_status, sealed
         FROM comparisons{word}{} ORDER BY seq DESC LIMIT ${last}",
        wheres.join(" AND ")
    )
}
