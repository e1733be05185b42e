//! `GET /tollgate/v1/requests` and `GET /tollgate/v1/requests/{request_id}`.

use domain::fault::catalogue;
use domain::{AttemptFilter, AttemptQuery, Fault, Outcome};
use openai::admin::{RequestAttempts, RequestPage, parse_place};

use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

/// Longer than any id or model name.
const LONGEST_TEXT: usize = 512;
const DEFAULT_ROWS: i64 = 20;
const MOST_ROWS: i64 = 1_000;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_attempts(asked(&call.query)?).await?;
    json(&RequestPage::new(&page))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let request = call.logged_request();
    let attempts = call.control.attempts_of(request.clone()).await?;
    json(&RequestAttempts::new(request.as_str(), &attempts))
}

fn asked(query: &Query) -> Result<AttemptQuery, Fault> {
    let limit = query.integer("limit", 1..=MOST_ROWS)?.unwrap_or(DEFAULT_ROWS);
    let after = query.one("after")?.filter(|after| !after.is_empty());
    let outcome = query.word("outcome", &Outcome::ALL.map(Outcome::as_str))?;
    Ok(AttemptQuery {
        filter: AttemptFilter {
            project: text(query, "project_id")?,
            key: text(query, "api_key_id")?,
            model: text(query, "model")?,
            status: query.one("status")?.map(status).transpose()?,
            outcome: outcome.and_then(Outcome::parse),
            request: text(query, "request_id")?.map(Into::into),
        },
        before: after.map(place).transpose()?,
        limit: u32::try_from(limit).map_err(|_| &catalogue::INVALID_VALUE)?,
    })
}

/// A value that is compared as a whole. None is not a value: an empty one would match nothing.
pub(super) fn text(query: &Query, name: &'static str) -> Result<Option<String>, Fault> {
    match query.one(name)? {
        Some("") => Err(invalid(name, "expected a value")),
        Some(text) if text.len() > LONGEST_TEXT => {
            Err(invalid(name, &format!("expected at most {LONGEST_TEXT} bytes")))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

/// `429`, or a class such as `5xx`.
fn status(text: &str) -> Result<(u16, u16), Fault> {
    let wrong = || invalid("status", "expected a status such as 429, or a class such as 5xx");
    let digits = text.replace("xx", "00");
    let lowest: u16 = digits.parse().map_err(|_| wrong())?;
    if digits.len() != 3 || text.len() != 3 || !(100..600).contains(&lowest) {
        return Err(wrong());
    }
    Ok((lowest, if text.ends_with("xx") { lowest + 99 } else { lowest }))
}

pub(super) fn place(after: &str) -> Result<i64, Fault> {
    let wrong = || invalid("after", "expected the last_id of an earlier page");
    parse_place(after).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_is_a_number_or_a_class() {
        assert_eq!(status("429").unwrap(), (429, 429));
        assert_eq!(status("5xx").unwrap(), (500, 599));
        for text in ["", "42", "0429", "+29", "-29", "6xx", "0xx", "xx4", "xxx", "4x0", "99", "4XX"]
        {
            assert!(status(text).is_err(), "{text}");
        }
    }
}
