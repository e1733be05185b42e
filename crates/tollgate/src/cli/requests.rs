//! `tollgate requests`: the request log.

mod refusals;

use refusals::RefusedArgs;

use super::api::{Api, path};
use super::calendar::second;
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::shapes::{LoggedRequest, RequestAttempts};
use super::table::{Table, facts};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List calls, newest first, one line an attempt
    List(ListArgs),
    /// List calls that were refused before they were sent, newest first
    Refused(RefusedArgs),
    /// Say why a call was refused: every look, how limits stood then, and how they stand now
    Why {
        /// Its `x-request-id`
        request_id: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one call with all its attempts
    Show {
        /// Its `x-request-id`
        request_id: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// Only this project (id or name)
    #[arg(long)]
    project: Option<String>,
    /// Only this key (id)
    #[arg(long)]
    key: Option<String>,
    /// Only this model, as asked for or as served
    #[arg(long)]
    model: Option<String>,
    /// Only this status, such as 429, or a class, such as 5xx
    #[arg(long)]
    status: Option<String>,
    /// Only calls that ended so
    #[arg(long, value_parser = ["completed", "refused", "client_gone", "upstream_failed"])]
    outcome: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print the API's JSON, the pages as one
    #[arg(long)]
    json: bool,
}

/// The most rows of a page.
const PAGE: usize = 1_000;

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List(args) => list(args, api).await,
        Command::Refused(args) => refusals::list(args, api).await,
        Command::Why { request_id, json } => refusals::why(&request_id, json, api).await,
        Command::Show { request_id, json } => show(&request_id, json, api).await,
    }
}

async fn list(args: ListArgs, api: &Api) -> Result<Said, Failure> {
    let project = match &args.project {
        Some(given) => Some(named(api, given).await?.id),
        None => None,
    };
    let filters = [
        ("project_id", project),
        ("api_key_id", args.key),
        ("model", args.model),
        ("status", args.status),
        ("outcome", args.outcome),
    ];
    let filters: Vec<(&str, &str)> =
        filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let rows = api.newest(&path(&["tollgate", "v1", "requests"]), &filters, PAGE, most).await?;
    if args.json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk(none(&filters)));
    }
    let mut table = Table::new([
        "TIME (UTC)",
        "REQUEST",
        "MODEL",
        ">STATUS",
        "OUTCOME",
        ">TOKENS",
        ">USD",
        ">MS",
    ]);
    for row in &rows {
        table.row(cells(&parse::<LoggedRequest>(row)?));
    }
    Ok(Said::data(table.render()))
}

/// What was refused before it was sent is looked for here, and is elsewhere.
fn none(filters: &[(&str, &str)]) -> String {
    let by_end = filters.iter().any(|(name, _)| ["status", "outcome"].contains(name));
    let elsewhere = "\nThe log has attempts at providers. What Tollgate itself refused is not among \
                     them: see `tollgate requests refused`.";
    format!("No such calls in the log.{}", if by_end { elsewhere } else { "" })
}

fn cells(row: &LoggedRequest) -> [String; 8] {
    let usage = &row.usage;
    [
        second(row.created_at),
        row.request_id.clone(),
        row.model_served.as_ref().or(row.model.as_ref()).map_or("-", String::as_str).to_owned(),
        row.status.to_string(),
        row.outcome.clone(),
        usage.input_tokens.saturating_add(usage.output_tokens).to_string(),
        row.cost.as_ref().map_or_else(|| "-".to_owned(), |cost| cost.usd.clone()),
        (row.times.total_us / 1_000).to_string(),
    ]
}

async fn show(id: &str, json: bool, api: &Api) -> Result<Said, Failure> {
    let reply = api.get(&path(&["tollgate", "v1", "requests", id])).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let call: RequestAttempts = reply.read()?;
    let shown = call.attempts.iter().map(attempt).collect::<Vec<_>>().join("\n");
    Ok(Said::data(shown).and_talk(format!(
        "{} attempts, {} US dollars.",
        call.attempts.len(),
        call.cost
    )))
}

fn attempt(row: &LoggedRequest) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let usage = &row.usage;
    let counted = if usage.estimated { ", estimated" } else { "" };
    let tokens = format!(
        "{} in ({} cached), {} out{counted}",
        usage.input_tokens, usage.input_cached_tokens, usage.output_tokens
    );
    let cost = row.cost.as_ref().map_or_else(|| "unpriced".to_owned(), |cost| cost.usd.clone());
    let times = &row.times;
    let ms = |us: u64| format!("{}.{} ms", us / 1_000, us % 1_000 / 100);
    facts(&[
        ("request", row.request_id.clone()),
        ("attempt", row.attempt.to_string()),
        ("time", format!("{} UTC", second(row.created_at))),
        ("operation", row.operation.clone()),
        ("project", row.project_id.clone()),
        ("key", row.api_key_id.clone()),
        ("model", text(&row.model)),
        ("served", text(&row.model_served)),
        ("upstream", row.upstream_id.clone()),
        ("upstream id", text(&row.upstream_request_id)),
        ("status", row.status.to_string()),
        ("outcome", row.outcome.clone()),
        ("error", text(&row.error)),
        ("tokens", tokens),
        ("cost", cost),
        ("first byte", ms(times.first_byte_us)),
        ("total", ms(times.total_us)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::{Fake, Route};

    const ROW: &str = r#"{"id":"log_2","request_id":"req_1","attempt":1,"created_at":1709208059,
        "operation":"createChatCompletion","project_id":"proj_1","api_key_id":"key_1",
        "model":"gpt","model_served":"gpt-2026","upstream_id":"up_1","upstream_request_id":null,
        "status":200,"outcome":"completed","error":null,
        "usage":{"estimated":true,"input_tokens":9,"input_cached_tokens":4,"output_tokens":3},
        "cost":{"usd":"0.00004"},"times":{"first_byte_us":2500,"total_us":12345}}"#;

    fn routes(bodies: [(&'static str, String); 2]) -> &'static [Route] {
        let route = |(line, body): (&'static str, String)| (line, 200, &*body.leak());
        bodies.map(route).to_vec().leak()
    }

    #[tokio::test]
    async fn a_list_goes_on_where_a_page_found_nothing() {
        let fake = Fake::start(routes([
            (
                "GET /tollgate/v1/requests?project_id=proj_1&status=5xx&limit=20",
                r#"{"data":[],"has_more":true,"last_id":"log_9"}"#.to_owned(),
            ),
            (
                "GET /tollgate/v1/requests?project_id=proj_1&status=5xx&limit=20&after=log_9",
                format!(r#"{{"data":[{ROW}],"has_more":false,"last_id":"log_2"}}"#),
            ),
        ]))
        .await;
        let args = ListArgs {
            project: Some("proj_1".to_owned()),
            key: None,
            model: None,
            status: Some("5xx".to_owned()),
            outcome: None,
            limit: 20,
            json: false,
        };
        let said = run(Command::List(args), &fake.api).await.unwrap().into_parts();
        assert_eq!(
            said.0,
            "TIME (UTC)           REQUEST  MODEL     STATUS  OUTCOME    TOKENS      USD  MS\n\
             2024-02-29 12:00:59  req_1    gpt-2026     200  completed      12  0.00004  12\n"
        );
    }

    #[test]
    fn a_list_that_finds_none_by_their_end_says_where_refusals_are() {
        let refused = "tollgate requests refused";
        assert!(none(&[("status", "429")]).contains(refused));
        assert!(none(&[("model", "m"), ("outcome", "refused")]).contains(refused));
        assert_eq!(none(&[("model", "m")]), "No such calls in the log.");
    }

    #[tokio::test]
    async fn a_call_is_shown_attempt_by_attempt() {
        let body = format!(r#"{{"attempts":[{ROW}],"cost":"0.00004"}}"#);
        let fake = Fake::start(routes([
            ("GET /tollgate/v1/requests/req_1", body),
            ("GET /", String::new()),
        ]))
        .await;
        let show = |id: &str| Command::Show { request_id: id.to_owned(), json: false };
        let said = run(show("req_1"), &fake.api).await.unwrap().into_parts();
        assert!(said.0.contains("tokens       9 in (4 cached), 3 out, estimated\n"), "{}", said.0);
        assert!(said.0.contains("total        12.3 ms\n"), "{}", said.0);
        assert_eq!(said.1, "1 attempts, 0.00004 US dollars.\n");
        assert!(run(show("req_2"), &fake.api).await.is_err());
    }
}
