//! `tollgate prices`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::api::{Api, path, query};
use super::failure::Failure;
use super::said::Said;
use super::table::{Table, facts};

#[cfg(test)]
mod tests;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List what models cost, in US dollars for a million tokens
    List {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show all of a model's prices, in US dollars a token or unit
    Show {
        model: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Take over a price file in the field's JSON format; a file with a mistake is refused whole
    #[command(
        after_help = "A file that drops a model or changes a price more than tenfold is held until \
                      `tollgate prices approve`."
    )]
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Take rows of all providers, not only OpenAI's
        #[arg(long)]
        all_providers: bool,
        /// Take it over even if it would be held
        #[arg(long)]
        approve: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Take over the price file that is held
    Approve {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a model's price; it takes the place of all of the model's prices
    #[command(
        after_help = "Prices are US dollars a token (or image, second, character), not for a \
                      million, under the names of the field's format:\n\
                      tollgate prices set my-model input_cost_per_token=0.0000025 \
                      output_cost_per_token=1e-5\n\
                      What costs nothing: tollgate prices set my-model --free"
    )]
    Set {
        model: String,
        /// Such as input_cost_per_token=2.5e-6
        #[arg(value_name = "KEY=VALUE", required_unless_present = "free")]
        prices: Vec<String>,
        /// The model costs nothing
        #[arg(long, conflicts_with = "prices")]
        free: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a price that was set; the imported or built-in one holds again
    Remove {
        model: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Deserialize)]
struct Price {
    id: String,
    source: String,
    price: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Listed {
    data: Vec<Price>,
    #[serde(default)]
    unpriced: Vec<Unpriced>,
    import_held_at: Option<i64>,
}

#[derive(Deserialize)]
struct Unpriced {
    model: String,
    reason: String,
    attempts: u64,
}

#[derive(Deserialize)]
struct Imported {
    status: String,
    models: u64,
    left_out: u64,
    warnings: Vec<String>,
    alarms: Vec<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { json } => list(api, json).await,
        Command::Show { model, json } => show(api, &model, json).await,
        Command::Import { file, all_providers, approve, json } => {
            let asked = [("all_providers", all_providers), ("approve", approve)];
            import(api, read(&file)?, &asked, json).await
        }
        Command::Approve { json } => import(api, String::new(), &[("approve", true)], json).await,
        Command::Set { model, prices, free, json } => set(api, &model, &prices, free, json).await,
        Command::Remove { model, json } => remove(api, &model, json).await,
    }
}

fn at(model: &str) -> String {
    let mut segments = vec!["tollgate", "v1", "prices"];
    // A name may have slashes of its own.
    segments.extend(model.split('/'));
    path(&segments)
}

async fn list(api: &Api, json: bool) -> Result<Said, Failure> {
    let reply = api.get(&path(&["tollgate", "v1", "prices"])).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let Listed { data, unpriced, import_held_at } = reply.read()?;
    let mut table = Table::new(["MODEL", ">INPUT", ">CACHED", ">OUTPUT", "FROM"]);
    for Price { id, source, price } in data {
        let million = |key: &str| price.get(key).map_or_else(String::new, per_million);
        let free = price.get("free").is_some();
        let input = if free { "free".to_owned() } else { million("input_cost_per_token") };
        let cached = million("cache_read_input_token_cost");
        table.row([id, input, cached, million("output_cost_per_token"), source]);
    }
    let told = unpriced.iter().map(|it| {
        format!("{} was called {} times without a cost: {}.\n", it.model, it.attempts, it.reason)
    });
    let told: String = told.collect();
    let mut talk = format!("US dollars per million tokens.\n{told}");
    if !told.is_empty() {
        talk.push_str("Set what is missing with `tollgate prices set`.\n");
    }
    if import_held_at.is_some() {
        talk.push_str("A price file is held; take it over with `tollgate prices approve`.\n");
    }
    Ok(Said::data(table.render()).and_talk(talk))
}

/// Dollars a token as dollars for a million: the point moves, no digit changes.
fn per_million(price: &Value) -> String {
    let text = price.to_string();
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let shift = 6 + exponent.parse::<i32>().unwrap_or(0);
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).unwrap_or(0) + shift;
    let (whole, fraction) = match usize::try_from(point) {
        Ok(point) if point >= all.len() => {
            (format!("{all}{}", "0".repeat(point - all.len())), String::new())
        }
        Ok(point) => (all[..point].to_owned(), all[point..].to_owned()),
        Err(_) => {
            let zeros = usize::try_from(-point).unwrap_or(0);
            (String::new(), format!("{}{all}", "0".repeat(zeros)))
        }
    };
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

async fn show(api: &Api, model: &str, json: bool) -> Result<Said, Failure> {
    let reply = api.get(&at(model)).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    #[derive(Deserialize)]
    struct Shown<'a> {
        id: String,
        source: String,
        #[serde(borrow)]
        price: std::collections::BTreeMap<String, &'a RawValue>,
    }
    let Shown { id, source, price } = reply.read()?;
    let mut lines = vec![("model", id), ("from", source)];
    lines.extend(price.iter().map(|(key, value)| (key.as_str(), value.get().to_owned())));
    Ok(Said::data(facts(&lines)))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
}

async fn import(
    api: &Api,
    text: String,
    asked: &[(&str, bool)],
    json: bool,
) -> Result<Said, Failure> {
    let asked: Vec<_> =
        asked.iter().filter(|(_, set)| *set).map(|(name, _)| (*name, "true")).collect();
    let target = query(&path(&["tollgate", "v1", "prices", "import"]), &asked);
    let reply = api.post_text(&target, text).await?;
    let Imported { status, models, left_out, warnings, alarms } = reply.read()?;
    if status == "held" {
        let why = format!(
            "the file is held, and the old prices stay: {} (tell of {} in all)",
            alarms.iter().take(5).cloned().collect::<Vec<_>>().join("; "),
            alarms.len()
        );
        let next = "Look at it; then `tollgate prices approve`, or import another.";
        return Err(Failure::new(why).next(next));
    }
    if json {
        return Ok(Said::data(reply.text));
    }
    let mut talk = format!("{models} models have new prices; {left_out} rows were left out.");
    for warning in &warnings {
        talk.push_str(&format!("\nnot used: {warning}"));
    }
    Ok(Said::talk(talk))
}

async fn set(
    api: &Api,
    model: &str,
    prices: &[String],
    free: bool,
    json: bool,
) -> Result<Said, Failure> {
    let reply =
        api.post_text(&path(&["tollgate", "v1", "prices"]), body(model, prices, free)?).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    Ok(Said::talk(format!("{model} costs what you set, from the next call on.")))
}

/// Numbers go as they were typed: no digit is lost on the way.
fn body(model: &str, prices: &[String], free: bool) -> Result<String, Failure> {
    let mut text = format!("{{\"model\":{}", Value::from(model));
    if free {
        text.push_str(",\"free\":true");
    }
    for pair in prices {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::new(format!("`{pair}` is no KEY=VALUE"))
                .next("Write it like input_cost_per_token=2.5e-6."));
        };
        // What is no JSON by itself is a word, such as a mode.
        let literal = serde_json::from_str::<&RawValue>(value).is_ok();
        let value = if literal { value.to_owned() } else { Value::from(value).to_string() };
        text.push_str(&format!(",{}:{value}", Value::from(key)));
    }
    text.push('}');
    Ok(text)
}

async fn remove(api: &Api, model: &str, json: bool) -> Result<Said, Failure> {
    let reply = api.delete(&at(model)).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    Ok(Said::talk(format!("The price that was set for {model} is removed.")))
}
