//! `tollgate limits`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::api::{Api, path, query};
use super::calendar::minute;
use super::failure::Failure;
use super::project::{all, named, parse};
use super::said::Said;
use super::shapes::{Limit, LimitScope};
use super::table::Table;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show limits with what is spent, held and left; all of them unless one scope is named
    Show {
        #[command(flatten)]
        whose: Filter,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a limit; it holds from the next call on
    #[command(
        after_help = "Amounts are US dollars: `tollgate limits set --project Web --month 50.00`.\n\
                      0 lets nothing pass. Days and months are those of --time-zone.\n\
                      It replaces the limit with all its rules: a rule that is not named goes back \
                      to its default."
    )]
    Set(Set),
    /// Clear a limit
    Clear {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        periods: Periods,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args, Default)]
#[group(id = "filter", multiple = false)]
pub struct Filter {
    /// A project, by id or name
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// An API key, by id (key_…)
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// A user or service account, by id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The organization
    #[arg(long)]
    organization: bool,
}

#[derive(clap::Args, Default)]
#[group(id = "whose", required = true, multiple = false)]
pub struct Whose {
    /// A project, by id or name
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// An API key, by id (key_…)
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// A user or service account, by id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The organization
    #[arg(long)]
    organization: bool,
}

impl From<Whose> for Filter {
    fn from(whose: Whose) -> Self {
        let Whose { project, key, user, organization } = whose;
        Self { project, key, user, organization }
    }
}

#[derive(clap::Args, Default)]
#[group(id = "periods", required = true, multiple = true)]
pub struct Periods {
    /// Its limit of each day
    #[arg(long)]
    day: bool,
    /// Its limit of each month
    #[arg(long)]
    month: bool,
    /// Its limit for ever
    #[arg(long)]
    total: bool,
}

#[derive(clap::Args, Default)]
pub struct Set {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    amounts: Amounts,
    /// Refuse a call that does not fit, rather than cut its maximum output to what is left
    #[arg(long)]
    no_clamp: bool,
    /// Begin streams with a part of their bound held, where the provider stops at a hang-up
    #[arg(long)]
    elastic: bool,
    /// Let through what cannot be bounded in money; such a call may pass the limit
    #[arg(long)]
    allow_unbounded: bool,
    /// The maximum output, in tokens, of calls that name none
    #[arg(long, value_name = "TOKENS")]
    default_max_output: Option<u64>,
    /// Where its days and months begin, such as Europe/Zurich; else the organization's zone
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The day that its months begin on, 1 to 31; the last of a shorter month
    #[arg(long, value_name = "DAY", value_parser = clap::value_parser!(i8).range(1..=31))]
    anchor_day: Option<i8>,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Default)]
#[group(id = "amounts", required = true, multiple = false)]
pub struct Amounts {
    /// For each day
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    day: Option<String>,
    /// For each month
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    month: Option<String>,
    /// For ever
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    total: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::Show { whose, json } => show(api, &whose, json).await,
        Command::Set(args) => set(api, args).await,
        Command::Clear { whose, periods, json } => clear(api, &whose.into(), &periods, json).await,
    }
}

/// A scope as the API names it: its type, and its id unless it is the organization.
pub(super) struct Scope {
    kind: &'static str,
    id: Option<String>,
    /// For people.
    label: String,
}

impl Scope {
    /// As a body names it.
    pub(super) fn named(&self) -> Map<String, Value> {
        let mut named = Map::from_iter([("type".to_owned(), Value::from(self.kind))]);
        named.extend(self.id.clone().map(|id| ("id".to_owned(), id.into())));
        named
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let id = self.id.as_deref().map(|id| ("scope_id", id));
        [("scope_type", self.kind)].into_iter().chain(id).collect()
    }
}

/// The scope that was named; `None` when none was.
pub(super) async fn scope(api: &Api, whose: &Filter) -> Result<Option<Scope>, Failure> {
    let of = |kind, id: &str, label| Some(Scope { kind, id: Some(id.to_owned()), label });
    if let Some(given) = &whose.project {
        let place = named(api, given).await?;
        return Ok(of("project", &place.id, format!("project {}", place.label())));
    }
    if let Some(id) = &whose.key {
        if id.starts_with("sk-") {
            return Err(Failure::new("that is a secret, not a key's id; it was not sent")
                .next("`tollgate keys list` shows the ids."));
        }
        return Ok(of("api_key", id, format!("key {id}")));
    }
    if let Some(id) = &whose.user {
        return Ok(of("user", id, format!("user {id}")));
    }
    let label = "the organization".to_owned();
    Ok(whose.organization.then_some(Scope { kind: "organization", id: None, label }))
}

async fn show(api: &Api, whose: &Filter, json: bool) -> Result<Said, Failure> {
    let scope = scope(api, whose).await?;
    let asked = scope.as_ref().map(Scope::pairs).unwrap_or_default();
    let rows = api.list(&target(), &asked).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        let whose = scope.map_or_else(String::new, |scope| format!(" for {}", scope.label));
        let how = "tollgate limits set --project \"Default project\" --month 50";
        return Ok(Said::talk(format!("No limit{whose}. One is set so: {how}")));
    }
    let limits = rows.iter().map(parse).collect::<Result<Vec<Limit>, _>>()?;
    let names = project_names(api, limits.iter().map(|limit| &limit.scope)).await?;
    let flagged = limits.iter().any(|limit| !limit.overage_acknowledged);
    let talk = "OVERAGE: calls cost more than was held for them. Check the prices; `tollgate ledger \
                acknowledge` takes note of it.";
    Ok(Said::data(table(&limits, &names)).and_talk(if flagged { talk } else { "" }))
}

async fn set(api: &Api, args: Set) -> Result<Said, Failure> {
    let Some(scope) = scope(api, &args.whose.into()).await? else { return Err(nobody()) };
    let Amounts { day, month, total } = args.amounts;
    let given = [("day", day), ("month", month), ("total", total)];
    let given = given.into_iter().find_map(|(period, amount)| Some((period, amount?)));
    let Some((period, amount)) = given else { return Err(nobody()) };
    let mut body = json!({
        "scope": scope.named(),
        "period": period,
        "amount_usd": amount.trim_start_matches('$'),
        "clamp_output": !args.no_clamp,
        "elastic": args.elastic,
        "unbounded": if args.allow_unbounded { "allow" } else { "refuse" },
        "default_max_output": args.default_max_output,
    });
    if let Some(zone) = args.time_zone {
        body["time_zone"] = zone.into();
    }
    if let Some(day) = args.anchor_day {
        body["anchor_day"] = day.into();
    }
    let reply = api.put(&target(), &body).await?;
    if args.json {
        return Ok(Said::data(reply.text));
    }
    let limit: Limit = reply.read()?;
    let (amount, every) = (dollars(&limit.amount_usd), every(&limit.period));
    Ok(Said::talk(format!(
        "{} may spend {amount} {every}: {} spent, {} held, {} left. Rules: {}.",
        scope.label,
        dollars(&limit.spent_usd),
        dollars(&limit.held_usd),
        dollars(&limit.left_usd),
        all_rules(&limit),
    )))
}

/// What a key may spend in all, with the rules that are the default.
pub(super) async fn set_total(api: &Api, key: &str, amount: &str) -> Result<(), Failure> {
    let body = json!({
        "scope": { "type": "api_key", "id": key },
        "period": "total",
        "amount_usd": amount.trim_start_matches('$'),
    });
    api.put(&target(), &body).await.map(drop)
}

async fn clear(api: &Api, whose: &Filter, periods: &Periods, json: bool) -> Result<Said, Failure> {
    let Some(scope) = scope(api, whose).await? else { return Err(nobody()) };
    let given = [("day", periods.day), ("month", periods.month), ("total", periods.total)];
    let (mut replies, mut cleared) = (Vec::new(), Vec::new());
    for (period, _) in given.into_iter().filter(|(_, given)| *given) {
        let mut pairs = scope.pairs();
        pairs.push(("period", period));
        replies.push(api.delete(&query(&target(), &pairs)).await?.text);
        cleared.push(period);
    }
    Ok(match json {
        true => Said::data(replies.join("\n")),
        false => {
            let (what, periods) = (&scope.label, cleared.join(", "));
            Said::talk(format!("Cleared the limit of {what} ({periods})."))
        }
    })
}

fn target() -> String {
    path(&["tollgate", "v1", "limits"])
}

/// The parser lets nobody come here.
fn nobody() -> Failure {
    Failure::new("no scope or no period was named").next("`tollgate limits --help`")
}

/// The names of the projects in the rows, if there are any.
pub(super) async fn project_names<'a>(
    api: &Api,
    mut scopes: impl Iterator<Item = &'a LimitScope>,
) -> Result<HashMap<String, String>, Failure> {
    if !scopes.any(|scope| scope.kind == "project") {
        return Ok(HashMap::new());
    }
    Ok(all(api, true).await?.into_iter().map(|project| (project.id, project.name)).collect())
}

fn table(limits: &[Limit], names: &HashMap<String, String>) -> String {
    let mut table = Table::new([
        "SCOPE",
        "PERIOD",
        ">LIMIT",
        ">SPENT",
        ">HELD",
        ">LEFT",
        "RESETS (UTC)",
        "RULES",
    ]);
    for limit in limits {
        table.row([
            limit.scope.label(names),
            limit.period.clone(),
            dollars(&limit.amount_usd),
            dollars(&limit.spent_usd),
            dollars(&limit.held_usd),
            dollars(&limit.left_usd),
            limit.resets_at.map_or_else(|| "never".to_owned(), minute),
            rules(limit),
        ]);
    }
    table.render()
}

fn rules(limit: &Limit) -> String {
    let mut rules = Vec::new();
    if !limit.overage_acknowledged {
        rules.push(format!("OVERAGE {}", dollars(&limit.overage_usd)));
    }
    if limit.source == "file" {
        rules.push("config file".to_owned());
    }
    if !limit.clamp_output {
        rules.push("no clamp".to_owned());
    }
    if limit.elastic {
        rules.push("elastic".to_owned());
    }
    if limit.unbounded == "allow" {
        rules.push("allows unbounded".to_owned());
    }
    rules.extend(limit.default_max_output.map(|tokens| format!("default output {tokens}")));
    rules.extend(limit.time_zone.clone());
    rules.extend(limit.anchor_day.filter(|day| *day > 1).map(|day| format!("from day {day}")));
    rules.join(", ")
}

/// Every rule in words, as it is set now.
fn all_rules(limit: &Limit) -> String {
    let clamp = if limit.clamp_output { "cuts output to what is left" } else { "no clamp" };
    let unbounded = if limit.unbounded == "allow" { "allows" } else { "refuses" };
    let output = limit.default_max_output;
    let output = output.map_or_else(|| "the model's".to_owned(), |tokens| tokens.to_string());
    let elastic = if limit.elastic { ", elastic" } else { "" };
    format!("{clamp}, {unbounded} unbounded, default output {output}{elastic}")
}

fn every(period: &str) -> &str {
    match period {
        "day" => "a day",
        "month" => "a month",
        _ => "in all",
    }
}

/// With at least the cents: `$12.50`, `$0.00004125`, `-$1.00`.
pub(super) fn dollars(decimal: &str) -> String {
    let (sign, decimal) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("-", rest));
    let (whole, places) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{sign}${whole}.{places:0<2}")
}

impl LimitScope {
    /// For people: `project Web (proj_1)`.
    pub(super) fn label(&self, names: &HashMap<String, String>) -> String {
        match (self.kind.as_str(), names.get(&self.id)) {
            ("organization", _) => "organization".to_owned(),
            ("project", Some(name)) => format!("project {name} ({})", self.id),
            (kind, _) => format!("{kind} {}", self.id),
        }
    }
}

#[cfg(test)]
mod tests;
