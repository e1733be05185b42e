//! `tollgate snippets`.

use openai::snippets::{SNIPPETS, find};

use super::Env;
use super::api;
use super::failure::Failure;
use super::said::Said;
use super::table::Table;

#[derive(clap::Args)]
pub struct Args {
    /// A language or tool; without it, what there is
    #[arg(long = "for", value_name = "NAME")]
    name: Option<String>,
    /// The model that it calls
    #[arg(long, default_value = "gpt-5-mini")]
    model: String,
}

pub(super) fn run(args: &Args, env: &Env) -> Result<Said, Failure> {
    let Some(name) = &args.name else {
        let mut table = Table::new(["NAME", "FOR"]);
        SNIPPETS.iter().for_each(|snippet| table.row([snippet.id, snippet.name]));
        let next = "`tollgate snippets --for NAME` prints one.";
        return Ok(Said::data(table.render()).and_talk(next));
    };
    match find(&name.to_ascii_lowercase()) {
        Some(snippet) => Ok(Said::data(snippet.render(&api::url(env), &args.model))),
        None => Err(Failure::new(format!("no snippet is for '{name}'"))
            .next("`tollgate snippets` shows what there is.")),
    }
}
