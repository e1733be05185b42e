//! `tollgate keys rules`: how keys are looked after.

use serde_json::{Map, Value};

use super::api::{Api, path};
use super::failure::Failure;
use super::project::named;
use super::said::Said;
use super::table::facts;

#[derive(clap::Args)]
#[command(
    after_help = "Without a change it shows what is set. `none` takes a word back: of a project \
                  the organization's holds then.\nMore: docs/key-hygiene.md."
)]
pub struct Args {
    /// Of this project (id or name); else of the organization
    #[arg(long)]
    project: Option<String>,
    /// What is done with a key that leaked: alert, quarantine, rotate
    #[arg(long, value_name = "WHAT")]
    leak_response: Option<String>,
    /// Days that a secret may be used
    #[arg(long, value_name = "DAYS")]
    max_age_days: Option<String>,
    /// Days without a call after which a key is out of use
    #[arg(long, value_name = "DAYS")]
    idle_days: Option<String>,
    /// Days of warning before either
    #[arg(long, value_name = "DAYS")]
    remind_days: Option<String>,
    /// A network that the key was never used from: off, alert, pause
    #[arg(long, value_name = "WHAT")]
    unusual_network: Option<String>,
    /// A model that the key never used: off, alert, pause
    #[arg(long, value_name = "WHAT")]
    unusual_model: Option<String>,
    /// Far more money in an hour than ever: off, alert, pause
    #[arg(long, value_name = "WHAT")]
    unusual_spend: Option<String>,
    /// Far more calls in an hour than ever: off, alert, pause
    #[arg(long, value_name = "WHAT")]
    unusual_requests: Option<String>,
    /// Who is told, beside a key's owner; may be repeated, `none` for nobody
    #[arg(long = "tell", value_name = "ADDRESS")]
    recipients: Vec<String>,
    /// Told as well; its secret is printed this once
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

const NONE: &str = "none";

pub(super) async fn run(args: Args, api: &Api) -> Result<Said, Failure> {
    let target = match &args.project {
        Some(project) => {
            let id = named(api, project).await?.id;
            path(&["tollgate", "v1", "projects", &id, "key_rules"])
        }
        None => path(&["tollgate", "v1", "key_rules"]),
    };
    let json = args.json;
    let body = changes(args)?;
    let reply = match body.is_empty() {
        true => api.get(&target).await?,
        false => api.post(&target, &body.into()).await?,
    };
    if json {
        return Ok(Said::data(reply.text));
    }
    let rules: Map<String, Value> = reply.read()?;
    let shown = |value: &Value| match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => NONE.to_owned(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let rows: Vec<(&str, String)> = FIELDS
        .iter()
        .filter_map(|(field, label)| Some((*label, shown(rules.get(*field)?))))
        .collect();
    Ok(Said::data(facts(&rows)))
}

const FIELDS: [(&str, &str); 11] = [
    ("leak_response", "a leaked key"),
    ("max_age_days", "maximum age, days"),
    ("idle_days", "idle, days"),
    ("remind_days", "warning, days"),
    ("unusual_network", "a new network"),
    ("unusual_model", "a new model"),
    ("unusual_spend", "sudden spending"),
    ("unusual_requests", "sudden calls"),
    ("recipients", "told"),
    ("webhook_url", "webhook"),
    ("webhook_secret", "its secret"),
];

fn changes(args: Args) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    for (field, given) in [
        ("leak_response", args.leak_response),
        ("unusual_network", args.unusual_network),
        ("unusual_model", args.unusual_model),
        ("unusual_spend", args.unusual_spend),
        ("unusual_requests", args.unusual_requests),
        ("webhook_url", args.webhook),
    ] {
        let value = given.map(|text| if text == NONE { Value::Null } else { Value::from(text) });
        body.extend(value.map(|value| (field.to_owned(), value)));
    }
    for (field, given) in [
        ("max_age_days", args.max_age_days),
        ("idle_days", args.idle_days),
        ("remind_days", args.remind_days),
    ] {
        let Some(text) = given else { continue };
        let value = match text.as_str() {
            NONE => Value::Null,
            days => days.parse::<u32>().map(Value::from).map_err(|_| {
                Failure::new(format!("'{days}' is no number of days, nor `{NONE}`"))
            })?,
        };
        body.insert(field.to_owned(), value);
    }
    if !args.recipients.is_empty() {
        let all = args.recipients.into_iter().filter(|address| address != NONE);
        body.insert("recipients".to_owned(), all.map(Value::from).collect());
    }
    Ok(body)
}
