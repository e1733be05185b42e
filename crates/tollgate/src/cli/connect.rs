//! `tollgate connect CLIENT`: another program's settings, changed so that it can be undone.
//!
//! No key goes into a settings file: the client takes it from its environment, where
//! `tollgate exec -- CLIENT` puts it.

mod client;
mod difference;
mod json_file;
mod record;
mod trial;
mod yaml_file;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use client::{CLIENTS, Client};
use record::Record;

use super::api;
use super::failure::Failure;
use super::own_key::KeyFrom;
use super::said::Said;
use super::table::{Table, plain};
use super::{Env, models_here, own_key};

#[derive(clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// The tool; without it, which there are
    client: Option<String>,
    /// Show the change and make none
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Put the settings back as they were
    #[arg(long)]
    undo: bool,
    /// The model that it uses; else the first that chats
    #[arg(long)]
    model: Option<String>,
    /// Make no call to try it
    #[arg(long)]
    no_call: bool,
    #[command(flatten)]
    key: KeyFrom,
}

const AFTER: &str = "\
The change is shown, the old file is kept with the record of the change in the config directory, and
then a call is made in the client's own form. --undo puts the file back, if nobody has changed it
since. Tollgate speaks OpenAI's dialect: clients that speak only Anthropic's cannot be connected yet.";

/// A key that is made for the trial alone.
const LASTS: i64 = 600;

pub(super) async fn run(args: Args, env: &Env) -> Result<Said, Failure> {
    let Some(name) = &args.client else { return Ok(list()) };
    let client = client::find(name).ok_or_else(|| {
        Failure::new(format!("no client is named '{name}'")).next("`tollgate connect` shows them.")
    })?;
    if let Some(why) = client.refused {
        return Err(Failure::new(why));
    }
    if args.undo {
        return undo(client, env);
    }
    let model = model(&args, env).await?;
    let change = Change::plan(client, env, &model)?;
    if args.dry_run {
        return Ok(Said::data(change.difference()).and_talk("Nothing was changed."));
    }
    let shown = change.difference();
    change.make(client, env)?;
    let said = Said::data(shown).and_talk(format!(
        "{} is set up. Start it with: tollgate exec -- {}\n`tollgate connect {} --undo` puts {} back.",
        client.name,
        client.program,
        client.id,
        change.path.display(),
    ));
    if args.no_call {
        return Ok(said);
    }
    Ok(match trial::call(&args.key, env, client, &model).await {
        Ok(answer) => said.add_talk(format!("A call in its form was answered: {}", plain(&answer))),
        Err(failure) => {
            said.add_talk("A call in its form failed; the settings stay.").and_failure(failure)
        }
    })
}

fn list() -> Said {
    let mut table = Table::new(["NAME", "FOR", "CHANGES"]);
    for client in &CLIENTS {
        let changes = if client.refused.is_some() { "not yet" } else { client.file };
        table.row([client.id, client.name, changes]);
    }
    Said::data(table.render())
}

async fn model(args: &Args, env: &Env) -> Result<String, Failure> {
    match &args.model {
        Some(model) => Ok(model.clone()),
        // Only what is not tried can do without a model that is known to be there.
        None if args.no_call || args.dry_run => Ok(models_here::proposed(&args.key, env).await),
        None => trial::first_model(&args.key, env).await,
    }
}

/// One file, before and after.
struct Change {
    path: PathBuf,
    before: Option<String>,
    after: String,
}

impl Change {
    fn plan(client: &Client, env: &Env, model: &str) -> Result<Self, Failure> {
        let home = env.home.as_deref().ok_or_else(|| Failure::new("HOME is not set"))?;
        // A link may lead into somebody's collection of settings: that file is the one to change.
        let path = home.join(client.file);
        let path = fs::canonicalize(&path).unwrap_or(path);
        let before = read(&path)?;
        let with_v1 = format!("{}/v1", api::url(env));
        let after = (client.edit)(before.as_deref().unwrap_or_default(), &with_v1, model)
            .map_err(|why| Failure::new(format!("{}: {why}", path.display())))?;
        Ok(Self { path, before, after })
    }

    fn difference(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        difference::of(&self.path.display().to_string(), before, &self.after)
    }

    fn make(&self, client: &Client, env: &Env) -> Result<(), Failure> {
        if self.before.as_deref() == Some(self.after.as_str()) {
            return Ok(());
        }
        let failed =
            |error: std::io::Error| Failure::new(format!("{}: {error}", self.path.display()));
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        // The way back is there before the change is.
        Record::write(env, client.id, self)?;
        record::replace(&self.path, &self.after).map_err(failed)
    }
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
    }
}

fn undo(client: &Client, env: &Env) -> Result<Said, Failure> {
    let record = Record::read(env, client.id)?.ok_or_else(|| {
        Failure::new(format!("{} was not set up by `tollgate connect`", client.name))
    })?;
    let path = record.put_back()?;
    Record::forget(env, client.id)?;
    Ok(Said::talk(format!("{} is as it was.", path.display())))
}

/// Where records are kept.
fn folder(env: &Env) -> Result<PathBuf, Failure> {
    let key = own_key::kept_at(env)?;
    Ok(key.with_file_name("connect"))
}

#[cfg(test)]
mod tests;
