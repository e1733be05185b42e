//! Pages of buckets, as usage and cost reports come.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, query};
use super::failure::Failure;
use super::said::Said;

/// One page of buckets.
#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    next_page: Option<String>,
}

/// The buckets of all pages.
pub(super) async fn fetch(api: &Api, target: &str) -> Result<Vec<Value>, Failure> {
    let mut buckets = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let asked = match &token {
            None => target.to_owned(),
            Some(token) => {
                format!("{target}&{}", query("", &[("page", token)]).trim_start_matches('?'))
            }
        };
        let page: Page = api.get_as(&asked).await?;
        buckets.extend(page.data);
        match page.next_page {
            None => return Ok(buckets),
            next if next == token => {
                return Err(Failure::new("the report's next page is the page itself"));
            }
            next => token = next,
        }
    }
}

/// The buckets as one page, in the API's shape.
pub(super) fn one(buckets: Vec<Value>) -> Said {
    let page = json!({ "object": "page", "data": buckets, "has_more": false, "next_page": null });
    Said::data(page.to_string())
}
