//! `tollgate projects`.

use serde_json::json;

use super::api::{Api, path};
use super::calendar::minute;
use super::failure::Failure;
use super::project::{named, parse};
use super::said::Said;
use super::shapes::Project;
use super::table::{Table, facts};

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the projects, oldest first
    List {
        /// With the archived ones
        #[arg(long)]
        archived: bool,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a project; prints its id
    Create {
        name: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Archive a project: its keys stop working, its records stay
    Archive {
        /// Id or name
        #[arg(value_name = "ID")]
        project: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one project
    Show {
        /// Id or name
        #[arg(value_name = "ID")]
        project: String,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { archived, json } => list(api, archived, json).await,
        Command::Create { name, json } => create(api, &name, json).await,
        Command::Archive { project, json } => archive(api, &project, json).await,
        Command::Show { project, json } => show(api, &project, json).await,
    }
}

async fn list(api: &Api, archived: bool, json: bool) -> Result<Said, Failure> {
    let asked: &[_] = if archived { &[("include_archived", "true")] } else { &[] };
    let rows = api.list(&path(&["v1", "organization", "projects"]), asked).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    let mut table = Table::new(["ID", "NAME", "STATUS", "CREATED (UTC)"]);
    for row in &rows {
        let project: Project = parse(row)?;
        table.row([&project.id, &project.name, status(&project), &minute(project.created_at)]);
    }
    Ok(Said::data(table.render()))
}

async fn create(api: &Api, name: &str, json: bool) -> Result<Said, Failure> {
    let target = path(&["v1", "organization", "projects"]);
    let reply = api.post(&target, &json!({ "name": name })).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let project: Project = reply.read()?;
    let next = format!("Make a key in it: `tollgate keys create --project {}`.", project.id);
    Ok(Said::data(project.id).and_talk(next))
}

async fn archive(api: &Api, given: &str, json: bool) -> Result<Said, Failure> {
    let place = named(api, given).await?;
    let target = path(&["v1", "organization", "projects", &place.id, "archive"]);
    let reply = api.post(&target, &json!({})).await?;
    Ok(match json {
        true => Said::data(reply.text),
        false => Said::talk(format!("Archived {}. Its keys no longer work.", place.label())),
    })
}

async fn show(api: &Api, given: &str, json: bool) -> Result<Said, Failure> {
    let place = named(api, given).await?;
    let reply = api.get(&path(&["v1", "organization", "projects", &place.id])).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let project: Project = reply.read()?;
    let mut lines = vec![
        ("id", project.id.clone()),
        ("name", project.name.clone()),
        ("status", status(&project).to_owned()),
        ("created", format!("{} UTC", minute(project.created_at))),
    ];
    lines.extend(project.archived_at.map(|at| ("archived", format!("{} UTC", minute(at)))));
    Ok(Said::data(facts(&lines)))
}

fn status(project: &Project) -> &'static str {
    if project.archived_at.is_some() { "archived" } else { "active" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::{Fake, Route};

    #[tokio::test]
    async fn projects_are_made_listed_shown_and_archived() {
        const ROUTES: &[Route] = &[
            (
                "GET /v1/organization/projects?include_archived=true&limit=100",
                200,
                r#"{"data":[{"id":"proj_1","name":"a","created_at":60,"archived_at":61}]}"#,
            ),
            ("POST /v1/organization/projects", 200, r#"{"id":"proj_2","name":"b","created_at":0}"#),
            ("POST /v1/organization/projects/proj_1/archive", 200, "{}"),
            (
                "GET /v1/organization/projects/proj_1",
                200,
                r#"{"id":"proj_1","name":"a","created_at":0,"archived_at":60}"#,
            ),
        ];
        let fake = Fake::start(ROUTES).await;
        let said = list(&fake.api, true, false).await.unwrap().into_parts();
        assert_eq!(
            said.0,
            "ID      NAME  STATUS    CREATED (UTC)\nproj_1  a     archived  1970-01-01 00:01\n"
        );
        let document = list(&fake.api, true, true).await.unwrap().into_parts().0;
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["data"][0]["id"], "proj_1");

        let said = create(&fake.api, "b", false).await.unwrap().into_parts();
        assert_eq!((said.0.as_str(), fake.last_body()), ("proj_2\n", json!({ "name": "b" })));
        let said = archive(&fake.api, "a", false).await.unwrap().into_parts();
        assert!(said.0.is_empty() && said.1.contains("a (proj_1)"));
        let said = show(&fake.api, "proj_1", false).await.unwrap().into_parts();
        assert!(said.0.contains("archived  1970-01-01 00:01 UTC"), "{}", said.0);
    }
}
