//! Queries of the answers that are kept for comparison.

use domain::{ComparisonQuery, NearQuery};

pub(crate) const ADD: &str = "INSERT INTO comparisons
    (at, project_id, model, request, shadow_request, shadow_status, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// All of a project's but the newest.
pub(crate) const FORGET_OF: &str = "DELETE FROM comparisons WHERE project_id = $1 AND seq <= (
    SELECT seq FROM comparisons WHERE project_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)";
pub(crate) const FORGET: &str = "DELETE FROM comparisons WHERE seq <= (
    SELECT seq FROM comparisons ORDER BY seq DESC LIMIT 1 OFFSET $1)";

pub(crate) const ADD_MATCH: &str = "INSERT INTO near_matches
    (at, project_id, model, request, key, similarity, given, common, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(crate) const FORGET_MATCHES_OF: &str = "DELETE FROM near_matches WHERE project_id = $1 AND
    seq <= (SELECT seq FROM near_matches WHERE project_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)";
pub(crate) const FORGET_MATCHES: &str = "DELETE FROM near_matches WHERE seq <= (
    SELECT seq FROM near_matches ORDER BY seq DESC LIMIT 1 OFFSET $1)";

/// A page; the values follow in the order of the query's fields.
pub(crate) fn page(query: &ComparisonQuery) -> String {
    let given = [query.project.is_some(), query.model.is_some(), query.before.is_some()];
    let columns = "seq, at, project_id, model, request, shadow_request, shadow_status, sealed";
    newest(columns, "comparisons", given)
}

/// The same of near matches.
pub(crate) fn matches(query: &NearQuery) -> String {
    let given = [query.project.is_some(), query.model.is_some(), query.before.is_some()];
    let columns = "seq, at, project_id, model, request, key, similarity, given, common, sealed";
    newest(columns, "near_matches", given)
}

fn newest(columns: &str, table: &str, given: [bool; 3]) -> String {
    let filters = ["project_id =", "model =", "seq <"].into_iter().zip(given);
    let given = filters.filter(|(_, given)| *given);
    let wheres: Vec<String> = given.zip(1..).map(|((test, _), n)| format!("{test} ${n}")).collect();
    let (word, last) = (if wheres.is_empty() { "" } else { " WHERE " }, wheres.len() + 1);
    format!(
        "SELECT {columns} FROM {table}{word}{} ORDER BY seq DESC LIMIT ${last}",
        wheres.join(" AND ")
    )
}
