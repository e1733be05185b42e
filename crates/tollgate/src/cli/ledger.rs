//! `tollgate ledger`.

use serde_json::{Map, Value};

use super::api::{Api, path};
use super::calendar::{date, minute, second};
use super::failure::Failure;
use super::limits::{Filter, Whose, dollars, project_names, scope};
use super::project::parse;
use super::said::Said;
use super::shapes::{
    LedgerAccount, LedgerBreach, LedgerCorrection, LedgerEntry, LedgerVerification,
};
use super::table::Table;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show accounts: what is spent, held, past its hold, orphaned, forfeited, corrected
    Accounts {
        #[command(flatten)]
        whose: Filter,
        /// Only this kind of period
        #[arg(long, value_parser = ["day", "month", "total"])]
        period: Option<String>,
        /// Also the periods that have ended
        #[arg(long)]
        all: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// List entries, newest first
    Entries(Entries),
    /// Read every entry and say which accounts do not add up; 1 when there is one
    Verify {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Put something right; it is one more entry, and an audit line (`tollgate audit list`)
    #[command(
        after_help = "An orphan whose bill was smaller: `tollgate ledger correct --entry entry_7 \
                      --amount=-0.40 --reason …`;\nwithout an amount, all of it is taken back. \
                      An account that does not add up: `--account ID --trust entries`\n(posted \
                      becomes their sum), `--trust posted` (an entry makes up the difference) or \
                      `--trust leases`."
    )]
    Correct(Correct),
    /// Take note of a scope's overage: it is not flagged any more until there is more
    Acknowledge {
        #[command(flatten)]
        whose: Whose,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args, Default)]
pub struct Entries {
    #[command(flatten)]
    whose: Filter,
    /// Only those that count in this account (`project:proj_…:month:1698796800`)
    #[arg(long, value_name = "ID", conflicts_with = "filter")]
    account: Option<String>,
    /// Only these
    #[arg(long, value_parser = ["settled", "orphan", "forfeit", "correction", "overage"])]
    reason: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print the API's JSON, the pages as one
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Default)]
#[group(id = "what", required = true, multiple = false, args = ["entry", "account"])]
pub struct Correct {
    /// An entry, by id (entry_…); it can be corrected once
    #[arg(long, value_name = "ID")]
    entry: Option<String>,
    /// One account alone, by id (`project:proj_…:month:1698796800`)
    #[arg(long, value_name = "ID", requires = "how")]
    account: Option<String>,
    #[command(flatten)]
    how: How,
    /// Why; it stays in the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Default)]
#[group(id = "how", multiple = false)]
pub struct How {
    /// US dollars to add; below zero takes back, at most what an entry cost
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    amount: Option<String>,
    /// The side to believe where the account does not add up
    #[arg(long, value_parser = ["posted", "entries", "leases"], conflicts_with = "entry")]
    trust: Option<String>,
}

/// The most rows of a page of entries.
const PAGE: usize = 1_000;

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::Accounts { whose, period, all, json } => {
            accounts(api, &whose, period.as_deref(), all, json).await
        }
        Command::Entries(args) => entries(api, args).await,
        Command::Verify { json } => verify(api, json).await,
        Command::Correct(args) => correct(api, args).await,
        Command::Acknowledge { whose, json } => acknowledge(api, &whose.into(), json).await,
    }
}

fn target(noun: &str) -> String {
    path(&["tollgate", "v1", "ledger", noun])
}

async fn accounts(
    api: &Api,
    whose: &Filter,
    period: Option<&str>,
    all: bool,
    json: bool,
) -> Result<Said, Failure> {
    let scope = scope(api, whose).await?;
    let mut asked = scope.as_ref().map(super::limits::Scope::pairs).unwrap_or_default();
    asked.extend(period.map(|period| ("period", period)));
    asked.extend(all.then_some(("all", "true")));
    let rows = api.list(&target("accounts"), &asked).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No such account: nothing was spent there yet."));
    }
    let accounts = rows.iter().map(parse).collect::<Result<Vec<LedgerAccount>, _>>()?;
    let names = project_names(api, accounts.iter().map(|account| &account.scope)).await?;
    let mut table = Table::new([
        "SCOPE",
        "PERIOD",
        ">LIMIT",
        ">POSTED",
        ">HELD",
        ">OVERAGE",
        ">ORPHANS",
        ">FORFEITED",
        ">CORRECTED",
        "STATE",
    ]);
    for account in &accounts {
        table.row([
            account.scope.label(&names),
            period_name(account),
            account.limit_usd.as_deref().map_or_else(|| "none".to_owned(), dollars),
            dollars(&account.posted_usd),
            dollars(&account.held_usd),
            dollars(&account.overage_usd),
            orphans(account),
            dollars(&account.forfeited_usd),
            dollars(&account.corrected_usd),
            if account.frozen { "FROZEN" } else { "" }.to_owned(),
        ]);
    }
    Ok(Said::data(table.render()))
}

fn period_name(account: &LedgerAccount) -> String {
    match account.period.as_str() {
        "total" => "total".to_owned(),
        // One of a limit's own calendar may begin at any hour.
        kind if account.period_start % 86_400 != 0 => {
            format!("{kind} {}", minute(account.period_start))
        }
        kind => format!("{kind} {}", date(account.period_start)),
    }
}

fn orphans(account: &LedgerAccount) -> String {
    match account.num_orphans {
        0 => dollars(&account.orphaned_usd),
        count => format!("{} ({count})", dollars(&account.orphaned_usd)),
    }
}

async fn entries(api: &Api, args: Entries) -> Result<Said, Failure> {
    let scope = scope(api, &args.whose).await?;
    let mut filters = scope.as_ref().map(super::limits::Scope::pairs).unwrap_or_default();
    filters.extend(args.account.as_deref().map(|id| ("account_id", id)));
    filters.extend(args.reason.as_deref().map(|reason| ("reason", reason)));
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let rows = api.newest(&target("entries"), &filters, PAGE, most).await?;
    if args.json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No such entries."));
    }
    let mut table =
        Table::new(["ENTRY", "TIME (UTC)", "REASON", ">CALLS", ">COST", ">OVERAGE", "OF", "NOTE"]);
    for row in &rows {
        let entry: LedgerEntry = parse(row)?;
        table.row([
            entry.id.clone(),
            second(entry.created_at),
            entry.reason.clone(),
            entry.num_attempts.to_string(),
            dollars(&entry.cost_usd),
            dollars(&entry.overage_usd),
            of(&entry),
            note(&entry),
        ]);
    }
    Ok(Said::data(table.render()))
}

/// What it counts in: one account, or all of a call's.
fn of(entry: &LedgerEntry) -> String {
    if let Some(account) = &entry.account_id {
        return account.clone();
    }
    let parts = [entry.project_id.as_deref(), entry.api_key_id.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn note(entry: &LedgerEntry) -> String {
    let mut notes = Vec::new();
    notes.extend(entry.request_id.clone());
    notes.extend(entry.corrects.as_ref().map(|id| format!("corrects {id}")));
    notes.extend(entry.correction_reason.as_ref().map(|why| format!("\"{why}\"")));
    notes.extend(entry.corrected_by.as_ref().map(|id| format!("corrected by {id}")));
    notes.join(", ")
}

async fn verify(api: &Api, json: bool) -> Result<Said, Failure> {
    let reply = api.post(&target("verify"), &Value::Object(Map::new())).await?;
    let found: LedgerVerification = reply.read()?;
    if found.breaches.is_empty() {
        return Ok(match json {
            true => Said::data(reply.text),
            false => Said::talk("Every account adds up."),
        });
    }
    let told = if json { reply.text } else { breaches(&found.breaches) };
    let count = found.breaches.len();
    let failure = Failure::new(format!("{count} sums of the ledger do not agree"))
        .next("Nothing is let through under these scopes. `tollgate ledger correct --help`");
    Ok(Said::data(told).and_failure(failure))
}

fn breaches(found: &[LedgerBreach]) -> String {
    let mut table = Table::new(["ACCOUNT", "SUM OF", ">ACCOUNT SAYS", ">SUM IS"]);
    for breach in found {
        table.row([
            breach.account.id.clone(),
            breach.sum.clone(),
            dollars(&breach.kept_usd),
            dollars(&breach.summed_usd),
        ]);
    }
    table.render()
}

async fn correct(api: &Api, args: Correct) -> Result<Said, Failure> {
    let what = args.entry.clone().or_else(|| args.account.clone()).unwrap_or_default();
    let given = [
        ("entry_id", args.entry),
        ("account_id", args.account),
        ("amount_usd", args.how.amount.map(|amount| amount.replacen('$', "", 1))),
        ("trust", args.how.trust),
        ("reason", Some(args.reason)),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let body: Map<String, Value> =
        given.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let reply = api.post(&target("corrections"), &Value::Object(body)).await?;
    if args.json {
        return Ok(Said::data(reply.text));
    }
    let made: LedgerCorrection = reply.read()?;
    let mut talk = format!("Corrected {what} by {}: {}.", dollars(&made.amount_usd), made.id);
    if !made.breaches.is_empty() {
        talk.push_str(&format!("\n{} sums do not agree still.", made.breaches.len()));
    }
    Ok(Said::talk(talk))
}

async fn acknowledge(api: &Api, whose: &Filter, json: bool) -> Result<Said, Failure> {
    let scope = scope(api, whose).await?;
    let scope = scope.ok_or_else(|| Failure::new("no scope was named"))?;
    let body = serde_json::json!({ "scope": scope.named() });
    let reply = api.post(&target("acknowledgements"), &body).await?;
    Ok(match json {
        true => Said::data(reply.text),
        false => Said::talk(format!("Taken note of the overage of {}.", scope.label())),
    })
}

#[cfg(test)]
mod tests;
