//! `tollgate snippets`.

use openai::snippets::{SNIPPETS, find};

use super::Env;
use super::api;
use super::failure::Failure;
use super::models_here;
use super::own_key::KeyFrom;
use super::said::Said;
use super::table::Table;

#[derive(clap::Args)]
pub struct Args {
    /// A language or tool; without it, what there is
    #[arg(long = "for", value_name = "NAME")]
    name: Option<String>,
    /// The model that it calls; else the first that chats
    #[arg(long)]
    model: Option<String>,
}

pub(super) async fn run(args: &Args, env: &Env) -> Result<Said, Failure> {
    let Some(name) = &args.name else {
        let mut table = Table::new(["NAME", "FOR"]);
        SNIPPETS.iter().for_each(|snippet| table.row([snippet.id, snippet.name]));
        let next = "`tollgate snippets --for NAME` prints one.";
        return Ok(Said::data(table.render()).and_talk(next));
    };
    let snippet = find(&name.to_ascii_lowercase()).ok_or_else(|| {
        Failure::new(format!("no snippet is for '{name}'"))
            .next("`tollgate snippets` shows what there is.")
    })?;
    let model = match &args.model {
        Some(model) => model.clone(),
        None => models_here::proposed(&KeyFrom::default(), env).await,
    };
    Ok(Said::data(snippet.render(&api::url(env), &model)))
}
