//! `tollgate upstreams`.

use super::api::{Api, path};
use super::failure::Failure;
use super::project::parse;
use super::said::Said;
use super::shapes::Upstream;
use super::table::Table;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the upstreams; credentials are never shown
    List {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    let Command::List { json } = command;
    let rows = api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No upstream. Set OPENAI_API_KEY before `tollgate serve`."));
    }
    let mut table = Table::new(["NAME", "PROVIDER", "BASE URL", "FROM", "ID"]);
    for row in &rows {
        let up: Upstream = parse(row)?;
        table.row([&up.name, &up.provider, &up.base_url, &up.source, &up.id]);
    }
    Ok(Said::data(table.render()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::Fake;

    #[tokio::test]
    async fn upstreams_are_listed() {
        let fake = Fake::start(&[(
            "GET /tollgate/v1/upstreams?limit=100",
            200,
            r#"{"data":[{"id":"up_1","name":"openai","provider":"openai",
                "base_url":"https://api.openai.com/v1","source":"environment"}]}"#,
        )])
        .await;
        let said = run(Command::List { json: false }, &fake.api).await.unwrap().into_parts();
        assert_eq!(
            said.0.lines().nth(1).unwrap(),
            "openai  openai    https://api.openai.com/v1  environment  up_1"
        );
    }
}
