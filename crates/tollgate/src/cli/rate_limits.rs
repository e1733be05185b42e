//! `tollgate rate-limits`: how fast a project or a key may call. What they may spend is another
//! command's.

use domain::rate::{Measure, UNLIMITED};
use serde_json::{Map, Value, json};

use super::api::{Api, Reply, path};
use super::failure::Failure;
use super::project::or_default;
use super::said::Said;
use super::table::{Table, facts};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the limits of a project and of its models, or of a key
    Show {
        #[command(flatten)]
        of: Of,
        /// With the models that have no limit
        #[arg(long)]
        all: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Set some limits and leave the others
    #[command(after_help = "The word `none` lifts a limit; 0 lets nothing pass.")]
    Set {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        limits: Box<Limits>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Lift all limits of a project, a key, or a project's model
    Clear {
        #[command(flatten)]
        of: Of,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args, Default)]
pub struct Of {
    /// Id or name of a project; else `Default project`, else the oldest
    #[arg(long, conflicts_with = "key")]
    project: Option<String>,
    /// Only the project's calls to this model
    #[arg(long, conflicts_with = "key")]
    model: Option<String>,
    /// The key's id (key_…), not its secret
    #[arg(long)]
    key: Option<String>,
}

/// A number, or `none`.
#[derive(Clone, Copy)]
struct Limit(Option<u64>);

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        text => text.parse().map(|n| Limit(Some(n))).map_err(|_| "a number, or none".to_owned()),
    }
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args, Default)]
#[group(required = true, multiple = true)]
pub struct Limits {
    #[arg(long, value_name = "N", value_parser = limit)]
    requests_per_minute: Option<Limit>,
    #[arg(long, value_name = "N", value_parser = limit)]
    tokens_per_minute: Option<Limit>,
    #[arg(long, value_name = "N", value_parser = limit)]
    images_per_minute: Option<Limit>,
    #[arg(long, value_name = "N", value_parser = limit)]
    audio_megabytes_per_minute: Option<Limit>,
    #[arg(long, value_name = "N", value_parser = limit)]
    requests_per_day: Option<Limit>,
    /// Not for one model
    #[arg(long, value_name = "N", value_parser = limit)]
    tokens_per_day: Option<Limit>,
    /// Calls in flight; not for one model
    #[arg(long, value_name = "N", value_parser = limit)]
    concurrent: Option<Limit>,
}

impl Limits {
    fn fields(&self) -> Map<String, Value> {
        let given = [
            (Measure::RequestsPerMinute, self.requests_per_minute),
            (Measure::TokensPerMinute, self.tokens_per_minute),
            (Measure::ImagesPerMinute, self.images_per_minute),
            (Measure::AudioPerMinute, self.audio_megabytes_per_minute),
            (Measure::RequestsPerDay, self.requests_per_day),
            (Measure::TokensPerDay, self.tokens_per_day),
            (Measure::Concurrent, self.concurrent),
        ];
        let given = given.into_iter().filter_map(|(measure, limit)| Some((measure, limit?)));
        given.map(|(measure, Limit(limit))| (measure.field().to_owned(), json!(limit))).collect()
    }
}

/// Whose limits, as a command was given them.
struct Target {
    /// Where the limits are read and set.
    path: String,
    /// OpenAI's list of a project's models, where a project is meant.
    models: Option<String>,
    /// One model's row.
    model: Option<String>,
    label: String,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::Show { of, all, json } => show(api, &of, all, json).await,
        Command::Set { of, limits, json } => set(api, &of, &limits, json).await,
        Command::Clear { of, json } => clear(api, &of, json).await,
    }
}

async fn target(api: &Api, of: &Of) -> Result<Target, Failure> {
    if let Some(key) = &of.key {
        let path = path(&["tollgate", "v1", "api_keys", key, "rate_limits"]);
        return Ok(Target { path, models: None, model: None, label: format!("the key {key}") });
    }
    let place = or_default(api, of.project.as_deref()).await?;
    let models = path(&["v1", "organization", "projects", &place.id, "rate_limits"]);
    let label = format!("the project {}", place.label());
    match &of.model {
        Some(model) => Ok(Target {
            path: format!("{models}{}", path(&[&format!("rl-{model}")])),
            label: format!("{label} for {model}"),
            model: Some(model.clone()),
            models: Some(models),
        }),
        None => {
            let path = path(&["tollgate", "v1", "projects", &place.id, "rate_limits"]);
            Ok(Target { path, models: Some(models), model: None, label })
        }
    }
}

async fn show(api: &Api, of: &Of, all: bool, json: bool) -> Result<Said, Failure> {
    let target = target(api, of).await?;
    let mut rows = match &target.models {
        Some(models) => api.list(models, &[]).await?,
        None => Vec::new(),
    };
    let wanted = |row: &Value| match &target.model {
        Some(model) => row["model"] == model.as_str(),
        None => all || limited(row).next().is_some(),
    };
    rows.retain(wanted);
    if target.model.is_some() {
        let row = rows.first().ok_or_else(|| {
            Failure::new(format!("there are no rate limits of {}", target.label))
                .next("`tollgate rate-limits show --all` names every model.")
        })?;
        return Ok(if json { Said::data(row.to_string()) } else { one(row, &target.label) });
    }
    let own: Value = api.get_as(&target.path).await?;
    if json {
        let document = match &target.models {
            Some(_) => json!({ "project": own, "models": rows }),
            None => own,
        };
        return Ok(Said::data(document.to_string()));
    }
    if rows.is_empty() {
        return Ok(one(&own, &target.label));
    }
    let mut table = Table::new(["MODEL", "LIMIT", ">MOST"]);
    let none = rows.iter().filter(|row| limited(row).next().is_none());
    let none: Vec<&Value> = none.collect();
    for row in [&own].into_iter().chain(&rows) {
        let model = row["model"].as_str().unwrap_or("(all calls)");
        for (field, limit) in limited(row) {
            table.row([model, field, &limit.to_string()]);
        }
    }
    for row in none {
        table.row([row["model"].as_str().unwrap_or(""), "none", ""]);
    }
    Ok(Said::data(table.render()))
}

/// The limits that are set.
fn limited(row: &Value) -> impl Iterator<Item = (&'static str, u64)> + '_ {
    let limit = |measure: Measure| Some((measure.field(), row[measure.field()].as_u64()?));
    Measure::ALL.into_iter().filter_map(limit).filter(|(_, limit)| *limit != UNLIMITED)
}

fn one(row: &Value, label: &str) -> Said {
    let lines: Vec<_> = limited(row).map(|(field, limit)| (field, limit.to_string())).collect();
    match lines.is_empty() {
        true => Said::talk(format!("No rate limits of {label}.")),
        false => Said::data(facts(&lines)),
    }
}

async fn set(api: &Api, of: &Of, limits: &Limits, json: bool) -> Result<Said, Failure> {
    let target = target(api, of).await?;
    let named = limits.fields();
    let reply = match target.model {
        Some(_) => api.post(&target.path, &named.into()).await?,
        None => {
            let own: Value = api.get_as(&target.path).await?;
            let kept = limited(&own).map(|(field, limit)| (field.to_owned(), limit.into()));
            let body: Map<String, Value> = kept.chain(named).collect();
            api.put(&target.path, &body.into()).await?
        }
    };
    done(reply, json, format!("Set the rate limits of {}.", target.label))
}

async fn clear(api: &Api, of: &Of, json: bool) -> Result<Said, Failure> {
    let target = target(api, of).await?;
    let reply = match target.model {
        Some(_) => {
            let none = Measure::OPENAI.map(|measure| (measure.field().to_owned(), Value::Null));
            api.post(&target.path, &Map::from_iter(none).into()).await?
        }
        None => api.delete(&target.path).await?,
    };
    done(reply, json, format!("Lifted the rate limits of {}.", target.label))
}

fn done(reply: Reply, json: bool, talk: String) -> Result<Said, Failure> {
    Ok(if json { Said::data(reply.text) } else { Said::talk(talk) })
}

#[cfg(test)]
mod tests;
