//! `tollgate routes compare`.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::api::{Api, path};
use crate::cli::failure::Failure;
use crate::cli::project::parse;
use crate::cli::said::Said;
use crate::cli::table::facts;

/// Rows of a page, as the API gives at most.
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Comparison {
    created_at: i64,
    project_id: String,
    model: String,
    request: Option<String>,
    answer: Compared,
    shadow: Compared,
}

#[derive(Deserialize)]
struct Compared {
    request_id: String,
    status: u16,
    model: Option<String>,
    input_tokens: u64,
    output_tokens: u64,
    cost: Option<String>,
    total_ms: u64,
    text: Option<String>,
}

pub(super) async fn run(
    api: &Api,
    (model, project): (Option<&str>, Option<&str>),
    limit: u32,
    json: bool,
) -> Result<Said, Failure> {
    let filters = [("model", model), ("project_id", project)];
    let filters: Vec<(&str, &str)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let at = path(&["tollgate", "v1", "comparisons"]);
    let rows = api.newest(&at, &filters, PAGE, limit as usize).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk(
            "Nothing to compare. A target with `shadow` gets copies of a route's calls: \
             docs/routes.md.",
        ));
    }
    let shown = rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    Ok(Said::data(shown.join("\n")))
}

fn shown(row: &Value) -> Result<String, Failure> {
    let Comparison { created_at, project_id, model, request, answer, shadow } = parse(row)?;
    let asked = request.unwrap_or_else(|| "(not kept: the project retains nothing)".to_owned());
    let mut rows = vec![
        ("time", crate::cli::calendar::second(created_at)),
        ("project", project_id),
        ("model", model),
        ("asked", asked),
    ];
    for (name, one) in [("answer", answer), ("shadow", shadow)] {
        let cost = one.cost.map_or_else(|| "unpriced".to_owned(), |cost| format!("{cost} USD"));
        let model = one.model.unwrap_or_else(|| "-".to_owned());
        rows.push((
            name,
            format!(
                "{model}  {}  {} in  {} out  {cost}  {} ms  {}",
                one.status, one.input_tokens, one.output_tokens, one.total_ms, one.request_id
            ),
        ));
        rows.push(("", one.text.unwrap_or_else(|| "(not kept)".to_owned())));
    }
    Ok(facts(&rows))
}
