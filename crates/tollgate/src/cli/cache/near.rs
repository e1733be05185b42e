//! `tollgate cache matches` and `tollgate cache evaluate`.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::api::{Api, path, query};
use crate::cli::calendar::second;
use crate::cli::failure::Failure;
use crate::cli::project::{self, parse};
use crate::cli::said::Said;
use crate::cli::table::{Table, facts};

/// Rows of a page, as the API gives at most.
const PAGE: usize = 100;

/// Which matches are meant.
#[derive(clap::Args)]
pub struct Which {
    /// Only this model, as callers write it
    #[arg(long)]
    model: Option<String>,
    /// Only this project: id or name
    #[arg(long)]
    project: Option<String>,
}

#[derive(Deserialize)]
struct Match {
    created_at: i64,
    model: String,
    request_id: String,
    similarity: u16,
    given: bool,
    common_words: Option<u16>,
    texts: Option<Texts>,
}

#[derive(Deserialize)]
struct Texts {
    asked: String,
    near: String,
    stored_answer: Option<String>,
    answer: Option<String>,
}

#[derive(Deserialize)]
struct Evaluation {
    pairs: u32,
    same: u16,
    thresholds: Vec<Threshold>,
}

#[derive(Deserialize)]
struct Threshold {
    threshold: u16,
    pairs: u32,
    false_hits: u32,
    false_rate: Option<u16>,
    false_rate_at_most: Option<u16>,
}

impl Which {
    async fn filters(&self, api: &Api) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut filters = Vec::new();
        if let Some(given) = &self.project {
            filters.push(("project_id", project::named(api, given).await?.id));
        }
        filters.extend(self.model.clone().map(|model| ("model", model)));
        Ok(filters)
    }
}

pub(super) async fn matches(
    api: &Api,
    which: &Which,
    limit: u32,
    json: bool,
) -> Result<Said, Failure> {
    let filters = which.filters(api).await?;
    let filters: Vec<(&str, &str)> = filters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let at = path(&["tollgate", "v1", "cache", "matches"]);
    let rows = api.newest(&at, &filters, PAGE, limit as usize).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        let none = "No near match. A route's cache with near_model looks for them: docs/cache.md.";
        return Ok(Said::talk(none));
    }
    let shown = rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    Ok(Said::data(shown.join("\n")))
}

fn shown(row: &Value) -> Result<String, Failure> {
    let one: Match = parse(row)?;
    let what = match (one.given, one.common_words) {
        (true, _) => "given".to_owned(),
        (false, Some(common)) => {
            format!("not given; the answers have {} of their words in common", share(common))
        }
        (false, None) => "not given".to_owned(),
    };
    let mut rows = vec![
        ("time", second(one.created_at)),
        ("model", one.model),
        ("request", one.request_id),
        ("similarity", format!("{}.{:03}", one.similarity / 1_000, one.similarity % 1_000)),
        ("", what),
    ];
    if let Some(texts) = one.texts {
        rows.extend([("asked", texts.asked), ("near", texts.near)]);
        rows.extend(texts.stored_answer.map(|text| ("stored answer", text)));
        rows.extend(texts.answer.map(|text| ("provider's", text)));
    }
    Ok(facts(&rows))
}

pub(super) async fn evaluate(
    api: &Api,
    which: &Which,
    same: u16,
    json: bool,
) -> Result<Said, Failure> {
    let (filters, same) = (which.filters(api).await?, same.to_string());
    let mut asked: Vec<(&str, &str)> = filters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    asked.push(("same", &same));
    let target = query(&path(&["tollgate", "v1", "cache", "evaluation"]), &asked);
    let reply = api.get(&target).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let Evaluation { pairs, same, thresholds } = reply.read()?;
    if pairs == 0 {
        let none = "Nothing to evaluate: no question was near another while the provider was asked \
                    as well. Let a route observe: `tollgate routes set MODEL --to … --cache \
                    enabled=on,near-model=EMBEDDING-MODEL,near-observe=on`, and come back later.";
        return Ok(Said::talk(none));
    }
    let mut table = Table::new([">THRESHOLD", ">PAIRS", ">FALSE", ">RATE", ">AT MOST (95 %)"]);
    for row in thresholds {
        let told = |rate: Option<u16>| rate.map_or_else(|| "-".to_owned(), share);
        table.row([
            row.threshold.to_string(),
            row.pairs.to_string(),
            row.false_hits.to_string(),
            told(row.false_rate),
            told(row.false_rate_at_most),
        ]);
    }
    let talk = format!(
        "{pairs} questions that were near an earlier one and asked at the provider as well. A pair \
         is false where the provider's answer and the stored one have less than {} of their words \
         in common (twice the common words of all words of both). RATE is FALSE of PAIRS at or above \
         the threshold; AT MOST is the upper end of Wilson's interval.",
        share(same)
    );
    Ok(Said::data(table.render()).and_talk(talk))
}

/// Thousandths as per cent.
fn share(thousandths: u16) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}
