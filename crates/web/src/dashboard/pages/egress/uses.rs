//! Which egress an upstream's calls take, and a project's.

use domain::{DIRECT, EgressUser, Fault, ProjectId, UpstreamId};

use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::projects;

/// The ways out that somebody can be given.
pub(in super::super) struct Chosen {
    /// Value, words, whether it is chosen.
    pub(in super::super) ways: Vec<(String, String, bool)>,
    /// The way that stands now, in words.
    pub(in super::super) words: String,
}

impl Chosen {
    pub(in super::super) async fn of_upstream(
        visit: &Visit<'_>,
        id: &UpstreamId,
    ) -> Result<Self, Fault> {
        let none = "As the project or the default says";
        Self::of(visit, &EgressUser::Upstream(id.clone()), none).await
    }

    pub(in super::super) async fn of_project(
        visit: &Visit<'_>,
        id: &ProjectId,
    ) -> Result<Self, Fault> {
        let none = "As each upstream or the default says";
        Self::of(visit, &EgressUser::Project(id.clone()), none).await
    }

    async fn of(visit: &Visit<'_>, user: &EgressUser, none: &str) -> Result<Self, Fault> {
        let chosen = visit.control.egress_of(user).await?.unwrap_or_default();
        let all = visit.control.list_egresses().await?;
        let fixed = [("", none.to_owned()), (DIRECT, "Directly, without a proxy".to_owned())];
        let named = all.iter().map(|it| (it.egress.name.as_str(), it.egress.name.clone()));
        let ways = fixed.into_iter().chain(named);
        let ways: Vec<_> =
            ways.map(|(value, words)| (value.to_owned(), words, value == chosen)).collect();
        let words = ways.iter().find(|(.., it)| *it).map_or(&chosen, |(_, words, _)| words);
        Ok(Self { words: words.clone(), ways })
    }
}

pub(crate) async fn of_upstream(visit: &Visit<'_>) -> Shown {
    let id = visit.control.upstream(&visit.id::<String>(0)).await?.upstream.id;
    let page = Page::to(&format!("/upstreams/{id}"));
    set(visit, EgressUser::Upstream(id)).await?;
    Ok(page.saying("The egress is set. It holds from the next call on."))
}

pub(crate) async fn of_project(visit: &Visit<'_>) -> Shown {
    set(visit, EgressUser::Project(projects::id(visit)?.clone())).await?;
    let page = Page::to(&visit.href("settings"));
    Ok(page.saying("The egress is set. It holds from the next call on."))
}

async fn set(visit: &Visit<'_>, user: EgressUser) -> Result<(), Fault> {
    let egress = visit.form.some("egress").map(str::to_owned);
    visit.control.set_egress_of(&visit.author()?, user, egress).await
}
