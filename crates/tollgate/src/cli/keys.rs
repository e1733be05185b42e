//! `tollgate keys`.

use clap::builder::NonEmptyStringValueParser;
use domain::Clock;
use serde_json::{Map, Value, json};

use super::api::{Api, Reply, path};
use super::confirm::confirm;
use super::failure::Failure;
use super::project::{Place, all, named, or_default, parse};
use super::said::Said;
use super::shapes::Key;
use super::{Env, duration, honeytokens, key_rules, key_text, keyring, own_key, reveal};
use crate::clock::SystemClock;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a key; stdout is the secret alone, which is shown this once
    #[command(after_help = "OPENAI_API_KEY=$(tollgate keys create) takes the secret and no more.")]
    Create(Create),
    /// List keys, of all projects unless one is named
    List {
        /// Id or name
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one key with each of its secrets
    Show {
        #[command(flatten)]
        key: Named,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a key a new secret; the old one works on for the grace time
    Rotate {
        #[command(flatten)]
        key: Named,
        /// How long the old secret still works: 24h, 90m, 0
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration::seconds)]
        grace: i64,
        /// Bring it to the key's handler ([[rotations]] of the config file) instead of printing it
        #[arg(long, conflicts_with = "grace")]
        hand_over: bool,
        /// Print the API's JSON, the secret included
        #[arg(long)]
        json: bool,
    },
    /// End every secret of a key but the newest, now
    EndOld {
        #[command(flatten)]
        key: Named,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a key work again that was paused or put out of use
    Resume {
        #[command(flatten)]
        key: Named,
        /// Its secrets too that leaked: whoever found them can use them again
        #[arg(long)]
        even_leaked: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a key that never works, and alarms when somebody uses it
    Honeytoken(honeytokens::Args),
    /// Show and set what is done about leaks, age, idleness and unusual use
    Rules(key_rules::Args),
    /// Revoke a key: its next call is refused
    Revoke {
        #[command(flatten)]
        key: Named,
        /// Without a question
        #[arg(long)]
        yes: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args, Default)]
pub struct Create {
    /// For people; need not be unique
    #[arg(long)]
    name: Option<String>,
    /// Id or name; else `Default project`, else the oldest
    #[arg(long)]
    project: Option<String>,
    /// What the key may do
    #[arg(long, value_parser = ["all", "read_only"], conflicts_with = "scope")]
    permission: Option<String>,
    /// Only this, such as api.chat.request; may be repeated
    #[arg(long)]
    scope: Vec<String>,
    /// Only this model, or names beginning so (gpt-4o*); may be repeated
    #[arg(long)]
    model: Vec<String>,
    /// Only from this network or address, such as 10.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR")]
    network: Vec<String>,
    /// Ends after this time: 30d, 12h, 3600; a year at most
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
    /// Keep it in the config directory, for `exec`, `env` and `connect`; it is not printed then
    #[arg(long, conflicts_with = "json")]
    save: bool,
    /// Keep it in Linux's own keyring instead, never on a disk
    #[arg(long, requires = "save")]
    keyring: bool,
    /// Print the API's JSON, the secret included
    #[arg(long)]
    json: bool,
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args)]
pub struct Named {
    /// The key's id (key_…), not its secret
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
    /// Id or name of its project; else all are searched
    #[arg(long)]
    project: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api, env: &Env) -> Result<Said, Failure> {
    let now = SystemClock.now().seconds();
    match command {
        Command::Create(args) => create(api, args, env).await,
        Command::List { project, json } => list(api, project.as_deref(), json, now).await,
        Command::Show { key, json } => show(api, &key, json, now).await,
        Command::Rotate { key, hand_over: true, json, .. } => hand_over(api, &key, json).await,
        Command::Rotate { key, grace, json, .. } => rotate(api, &key, grace, json).await,
        Command::EndOld { key, json } => end_old(api, &key, json).await,
        Command::Resume { key, even_leaked, json } => resume(api, &key, even_leaked, json).await,
        Command::Honeytoken(args) => honeytokens::run(args, api).await,
        Command::Rules(args) => key_rules::run(args, api).await,
        Command::Revoke { key, yes, json } => revoke(api, &key, yes, json).await,
    }
}

async fn create(api: &Api, args: Create, env: &Env) -> Result<Said, Failure> {
    if args.keyring {
        keyring::check()?;
    }
    let place = or_default(api, args.project.as_deref()).await?;
    let mut body = Map::new();
    for (field, value) in [
        ("name", args.name.map(Value::from)),
        ("permission", args.permission.map(Value::from)),
        ("scopes", given(args.scope)),
        ("models", given(args.model)),
        ("networks", given(args.network)),
        ("expires_in_seconds", args.expires_in.map(Value::from)),
    ] {
        body.extend(value.map(|value| (field.to_owned(), value)));
    }
    let target = path(&["v1", "organization", "projects", &place.id, "api_keys"]);
    let reply = api.post(&target, &body.into()).await?;
    let talk = |key: &Key| key_text::made(key, &place.label(), api.url());
    if args.save {
        let key: Key = reply.read()?;
        let secret = reveal::made_value(&reply.text)
            .ok_or_else(|| Failure::new(format!("{} came without a secret", key.id)))?;
        let kept = own_key::keep(env, &secret, args.keyring)?;
        return Ok(Said::talk(format!("{} is kept in {kept}.", key.id)));
    }
    show_once(&reply, args.json, talk)
}

/// What was not given is left to the server.
fn given(list: Vec<String>) -> Option<Value> {
    (!list.is_empty()).then(|| list.into())
}

async fn list(api: &Api, project: Option<&str>, json: bool, now: i64) -> Result<Said, Failure> {
    let places: Vec<Place> = match project {
        Some(given) => vec![named(api, given).await?],
        None => all(api, false).await?.into_iter().map(Place::from).collect(),
    };
    let mut rows = Vec::new();
    for place in &places {
        let target = path(&["v1", "organization", "projects", &place.id, "api_keys"]);
        for mut row in api.list(&target, &[]).await? {
            // A key's own document does not name its project.
            if let Some(members) = row.as_object_mut() {
                members.insert("project_id".to_owned(), place.id.as_str().into());
            }
            rows.push((place, row));
        }
    }
    if json {
        let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No key. `tollgate keys create` makes one."));
    }
    let parsed = rows.iter().map(|(place, row)| Ok((*place, parse(row)?)));
    let keys = parsed.collect::<Result<Vec<_>, Failure>>()?;
    Ok(Said::data(key_text::table(&keys, now)))
}

async fn show(api: &Api, named: &Named, json: bool, now: i64) -> Result<Said, Failure> {
    let (place, reply) = find(api, named).await?;
    match json {
        true => Ok(Said::data(reply.text)),
        false => Ok(Said::data(key_text::detail(&reply.read()?, &place.label(), now))),
    }
}

async fn rotate(api: &Api, named: &Named, grace: i64, json: bool) -> Result<Said, Failure> {
    let (place, before) = find(api, named).await?;
    let before: Key = before.read()?;
    let target = path(&["tollgate", "v1", "projects", &place.id, "api_keys", &named.id, "rotate"]);
    let reply = api.post(&target, &json!({ "grace_seconds": grace })).await?;
    show_once(&reply, json, |key| key_text::rotated(key, grace, &before))
}

async fn hand_over(api: &Api, named: &Named, json: bool) -> Result<Said, Failure> {
    let (place, _) = find(api, named).await?;
    let target =
        path(&["tollgate", "v1", "projects", &place.id, "api_keys", &named.id, "hand_over"]);
    let reply = api.post(&target, &json!({})).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let key: Key = reply.read()?;
    Ok(Said::talk(format!(
        "{} has a new secret, on its way to its handler; the old one works until it is there.",
        key.id
    )))
}

async fn end_old(api: &Api, named: &Named, json: bool) -> Result<Said, Failure> {
    let (place, _) = find(api, named).await?;
    let target =
        path(&["tollgate", "v1", "projects", &place.id, "api_keys", &named.id, "end_old_secrets"]);
    let reply = api.post(&target, &json!({})).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let key: Key = reply.read()?;
    Ok(Said::talk(format!("Only {} of {} works now.", key.redacted_value, key.id)))
}

async fn resume(api: &Api, named: &Named, even_leaked: bool, json: bool) -> Result<Said, Failure> {
    let (place, _) = find(api, named).await?;
    let target = path(&["tollgate", "v1", "projects", &place.id, "api_keys", &named.id, "resume"]);
    let reply = api.post(&target, &json!({ "even_leaked": even_leaked })).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let key: Key = reply.read()?;
    Ok(Said::talk(format!("{} \"{}\" works again.", key.id, key.name)))
}

async fn revoke(api: &Api, named: &Named, yes: bool, json: bool) -> Result<Said, Failure> {
    let (place, reply) = find(api, named).await?;
    let key: Key = reply.read()?;
    let what = format!("{} \"{}\" in {}", key.id, key.name, place.label());
    confirm(&format!("Revoke {what}? Its calls fail from now on."), yes)?;
    let target = path(&["v1", "organization", "projects", &place.id, "api_keys", &key.id]);
    let reply = api.delete(&target).await?;
    Ok(match json {
        true => Said::data(reply.text),
        false => Said::talk(format!("Revoked {what}.")),
    })
}

/// The key and its project. Archived projects are searched too, the last.
async fn find(api: &Api, key: &Named) -> Result<(Place, Reply), Failure> {
    if key.id.starts_with("sk-") {
        // It would end up in the logs of whatever stands between.
        return Err(Failure::new("that is a secret, not a key's id; it was not sent")
            .next("`tollgate keys list` shows the ids beside the secrets' last characters."));
    }
    let places: Vec<Place> = match &key.project {
        Some(given) => vec![named(api, given).await?],
        None => {
            let mut projects = all(api, true).await?;
            projects.sort_by_key(|project| project.archived_at.is_some());
            projects.into_iter().map(Place::from).collect()
        }
    };
    for place in places {
        let target = path(&["tollgate", "v1", "projects", &place.id, "api_keys", &key.id]);
        match api.get(&target).await {
            Ok(reply) => return Ok((place, reply)),
            Err(failure) if failure.is("not_found") => {}
            Err(failure) => return Err(failure),
        }
    }
    let failure = match &key.project {
        Some(project) => Failure::new(format!("no key '{}' in project '{project}'", key.id)),
        None => Failure::new(format!("no key '{}' in any project", key.id)),
    };
    Err(failure.next("`tollgate keys list` shows the ids."))
}

/// A reply that holds a new secret: printed once, and if that fails, said so.
fn show_once(
    reply: &Reply,
    json: bool,
    talk: impl FnOnce(&Key) -> String,
) -> Result<Said, Failure> {
    let key: Key = reply.read()?;
    let said = match (json, reveal::made_value(&reply.text)) {
        (true, _) => Said::data(reply.text.as_str()),
        (false, Some(secret)) => reveal::only_key(&secret).and_talk(talk(&key)),
        (false, None) => return Err(Failure::new(format!("{} came without a secret", key.id))),
    };
    let lost = "has a new secret, but it could not be printed and cannot be shown again; rotate it";
    Ok(said.only_once(format!("{} {lost}", key.id)))
}

#[cfg(test)]
mod tests;
