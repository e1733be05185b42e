//! `tollgate import`: what another gateway's config file says, as a file for `tollgate apply`.

mod litellm;
mod made;
mod reasons;
mod yaml;

use std::path::PathBuf;

use super::api::Api;
use super::failure::Failure;
use super::said::Said;
use super::{Env, apply};
use crate::config::Environment;

#[cfg(test)]
mod tests;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make the upstreams, routes and limits that LiteLLM's config.yaml names
    #[command(
        after_help = "tollgate import litellm config.yaml --dry-run > tollgate-models.toml\n\
                            What was not taken, and why, is told line by line on stderr. Keys are \
                            taken by reference (os.environ/NAME); a file with one in it is refused."
    )]
    Litellm(Litellm),
}

#[derive(clap::Args)]
pub struct Litellm {
    /// LiteLLM's config file (YAML)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only print the file that `tollgate apply -f` would take; asks no server
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(command: Command, env: &Env) -> Result<Said, Failure> {
    let Command::Litellm(Litellm { file, dry_run }) = command;
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(&file).map_err(|error| Failure::new(format!("{name}: {error}")))?;
    let environment = Environment::read();
    let made = read(&text, &name, &environment)?;
    let told = made.told(&name);
    if !made.literals.is_empty() {
        let failure = Failure::new(made.refusal(&name)).next(
            "Put each into a variable, or a file, of its own, write os.environ/NAME in its place, \
             and change it with its provider: whoever has read this file has it.",
        );
        return Ok(Said::talk(told).and_failure(failure));
    }
    let toml = made.toml(&name);
    if dry_run {
        return Ok(Said::data(toml).and_talk(told));
    }
    let api = Api::connect(env)?;
    let said = apply::make_so(&api, &toml, &format!("what was made of {name}"), false).await;
    // What was left out is as much worth knowing where the rest could not be made.
    said.map(|said| said.and_first(&told)).map_err(|failure| failure.after(&told))
}

fn read(text: &str, name: &str, environment: &Environment) -> Result<made::Made, Failure> {
    let root = yaml::read(text).map_err(|why| Failure::new(format!("{name}: {why}")))?;
    Ok(litellm::read(&root, environment))
}
