//! Which project is meant: by id, by name, or none given.

use domain::ProjectId;
use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, path};
use super::failure::Failure;
use super::shapes::Project;

/// The project that every installation begins with.
const DEFAULT: &str = "Default project";

/// A project as a command speaks of it.
pub(super) struct Place {
    pub(super) id: String,
    /// Unknown where the id was given.
    pub(super) name: Option<String>,
}

impl Place {
    pub(super) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.id),
            None => self.id.clone(),
        }
    }
}

impl From<Project> for Place {
    fn from(project: Project) -> Self {
        Self { id: project.id, name: Some(project.name) }
    }
}

/// Every project, oldest first.
pub(super) async fn all(api: &Api, archived: bool) -> Result<Vec<Project>, Failure> {
    let target = path(&["v1", "organization", "projects"]);
    let asked: &[_] = if archived { &[("include_archived", "true")] } else { &[] };
    let rows = api.list(&target, asked).await?;
    rows.iter().map(parse).collect()
}

/// A row of a list.
pub(super) fn parse<'a, T: Deserialize<'a>>(row: &'a Value) -> Result<T, Failure> {
    T::deserialize(row)
        .map_err(|error| Failure::new(format!("a row has another shape than expected: {error}")))
}

/// The project that was named, by its id or its name.
pub(super) async fn named(api: &Api, given: &str) -> Result<Place, Failure> {
    if given.starts_with(ProjectId::PREFIX) {
        return Ok(Place { id: given.to_owned(), name: None });
    }
    let known = all(api, true).await?;
    let (mut live, mut archived): (Vec<Project>, Vec<Project>) = known
        .into_iter()
        .filter(|project| project.name == given || project.id == given)
        .partition(|project| project.archived_at.is_none());
    // A name that was used again means the project that is there.
    let found = if live.is_empty() { &mut archived } else { &mut live };
    match (found.pop(), found.as_slice()) {
        (Some(project), []) => Ok(project.into()),
        (Some(last), others) => {
            let ids = others.iter().chain([&last]).map(|p| p.id.as_str());
            let ids = ids.collect::<Vec<_>>().join(", ");
            Err(Failure::new(format!("more than one project is named '{given}'"))
                .next(format!("Give the id instead: {ids}.")))
        }
        (None, _) => Err(Failure::new(format!("no project is named '{given}'"))
            .next("`tollgate projects list` shows them.")),
    }
}

/// The ids of all projects that were named.
pub(super) async fn ids(api: &Api, given: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for name in given {
        ids.push(named(api, name).await?.id);
    }
    Ok(ids)
}

/// The project that was named, or the default one.
pub(super) async fn or_default(api: &Api, given: Option<&str>) -> Result<Place, Failure> {
    if let Some(given) = given {
        return named(api, given).await;
    }
    let mut live = all(api, false).await?;
    if live.is_empty() {
        return Err(
            Failure::new("there is no project").next("Make one: `tollgate projects create NAME`.")
        );
    }
    let at = live.iter().position(|project| project.name == DEFAULT).unwrap_or(0);
    Ok(live.swap_remove(at).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::{Fake, Route};

    const ALL: &str = "GET /v1/organization/projects?include_archived=true&limit=100";
    const LIVE: &str = "GET /v1/organization/projects?limit=100";
    const MORE: &str = "GET /v1/organization/projects?limit=100&after=proj_1";

    #[tokio::test]
    async fn a_project_is_found_by_id_and_by_name() {
        const ROUTES: &[Route] = &[(
            ALL,
            200,
            r#"{"data":[{"id":"proj_1","name":"a","created_at":0,"archived_at":5},
                {"id":"proj_2","name":"a","created_at":0},{"id":"proj_3","name":"b","created_at":0},
                {"id":"proj_4","name":"b","created_at":0}],"has_more":false}"#,
        )];
        let fake = Fake::start(ROUTES).await;
        assert_eq!(named(&fake.api, "proj_9").await.unwrap().label(), "proj_9");
        assert!(fake.seen().is_empty(), "an id needs no look-up");
        assert_eq!(named(&fake.api, "a").await.unwrap().label(), "a (proj_2)");
        let failure = named(&fake.api, "b").await.err().unwrap().render(false);
        assert!(failure.contains("proj_3, proj_4"), "{failure}");
        assert!(named(&fake.api, "c").await.is_err());
    }

    #[tokio::test]
    async fn the_default_project_is_found_on_any_page() {
        const ROUTES: &[Route] = &[
            (
                LIVE,
                200,
                r#"{"data":[{"id":"proj_1","name":"a","created_at":0}],"has_more":true,"last_id":"proj_1"}"#,
            ),
            (
                MORE,
                200,
                r#"{"data":[{"id":"proj_2","name":"Default project","created_at":0}],"has_more":false}"#,
            ),
        ];
        let fake = Fake::start(ROUTES).await;
        assert_eq!(or_default(&fake.api, None).await.unwrap().id, "proj_2");
        const FIRST: &[Route] = &[(
            LIVE,
            200,
            r#"{"data":[{"id":"proj_1","name":"a","created_at":0},{"id":"proj_2","name":"b","created_at":0}]}"#,
        )];
        assert_eq!(or_default(&Fake::start(FIRST).await.api, None).await.unwrap().id, "proj_1");
    }
}
