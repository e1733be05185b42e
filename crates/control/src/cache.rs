//! What projects say of their answer caches, what these did, and taking answers out of them.

use domain::ports::{BoxFuture, CacheDesk};
use domain::{CacheFigures, CachePatch, CachePurge, CacheRules, Change, Fault, ProjectId, RouteId};
use serde_json::json;

use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// A project's cache as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct CacheState {
    pub rules: CacheRules,
    /// Whether anything may be kept: not where the project keeps nothing of its calls.
    pub may_keep: bool,
    pub figures: CacheFigures,
}

/// Where there is no cache: it holds nothing.
pub(crate) struct NoCache;

impl CacheDesk for NoCache {
    fn figures(&self, _: Option<ProjectId>) -> BoxFuture<'_, CacheFigures> {
        Box::pin(async { CacheFigures::default() })
    }

    fn purge(&self, _: ProjectId, _: CachePurge) -> BoxFuture<'_, u64> {
        Box::pin(async { 0 })
    }
}

impl Control {
    /// With the cache whose figures are shown.
    #[must_use]
    pub fn with_cache(self, cache: std::sync::Arc<dyn CacheDesk>) -> Self {
        Self { cache, ..self }
    }

    /// A project's cache.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn cache(&self, project: &ProjectId) -> Result<CacheState, Fault> {
        let own = self.project_rules(project).await?.retention;
        let retention = match own {
            Some(own) => own,
            None => self.organization_retention().await?,
        };
        let rules = self.stored_cache(project).await?;
        let figures = self.cache.figures(Some(project.clone())).await;
        Ok(CacheState { rules, may_keep: !retention.is_zero(), figures })
    }

    /// What all projects' caches did and hold.
    pub async fn cache_figures(&self) -> CacheFigures {
        self.cache.figures(None).await
    }

    /// Sets what is named of a project's cache. It holds from the next call on.
    ///
    /// # Errors
    /// 404 for an unknown project, 400 for an archived one.
    pub async fn set_cache(
        &self,
        author: &Author,
        project: &ProjectId,
        patch: CachePatch,
    ) -> Result<CacheState, Fault> {
        self.active_project(project).await?;
        let before = self.stored_cache(project).await?;
        let payload = json!({
            "id": project.as_str(),
            "changes_requested": { "cache": shown(&patch.on(before)) },
            "before": { "cache": shown(&before) },
        });
        let write = Write {
            audit: vec![self.audit(author, "project.updated", Some(project), &payload)],
            changes: vec![Change::SetCache { project: project.clone(), patch }],
            stale: Stale::Everything,
        };
        self.commit(project.as_str(), write).await?;
        self.cache(project).await
    }

    /// Takes answers out of a project's cache. How many went; what was asked for before is not kept
    /// either.
    ///
    /// # Errors
    /// 404 for an unknown project, 503 when the store is away.
    pub async fn purge_cache(
        &self,
        author: &Author,
        project: &ProjectId,
        what: CachePurge,
    ) -> Result<u64, Fault> {
        self.project(project).await?;
        let named = match &what {
            CachePurge::All => json!("all"),
            CachePurge::Models(models) => json!({ "models": models }),
            CachePurge::Entry(key) => json!({ "key": key.to_hex() }),
        };
        let payload = json!({
            "id": project.as_str(), "changes_requested": { "cache": { "purge": named } },
        });
        // A mark as well: where an answer lies that cannot be reached now, it is not given either.
        let purged_at = (what == CachePurge::All).then(|| self.clock.now());
        let patch = CachePatch { purged_at, ..CachePatch::default() };
        let change = Change::SetCache { project: project.clone(), patch };
        let write = Write {
            audit: vec![self.audit(author, "project.updated", Some(project), &payload)],
            changes: purged_at.map(|_| change).into_iter().collect(),
            stale: if purged_at.is_some() { Stale::Everything } else { Stale::Nothing },
        };
        self.commit(project.as_str(), write).await?;
        Ok(self.cache.purge(project.clone(), what).await)
    }

    /// The models that a route is for, so that what it keeps can be taken out.
    ///
    /// # Errors
    /// 404 for an unknown route, or another project's.
    pub async fn route_models(
        &self,
        project: &ProjectId,
        route: &RouteId,
    ) -> Result<CachePurge, Fault> {
        let route = self.route(route).await?.route;
        if route.project.as_ref().is_some_and(|own| own != project) {
            return Err(not_found(route.id.as_str()));
        }
        Ok(CachePurge::Models(std::iter::once(route.model).chain(route.aliases).collect()))
    }

    async fn stored_cache(&self, project: &ProjectId) -> Result<CacheRules, Fault> {
        let found = self.records.cache_rules(project.clone()).await;
        let found = found.map_err(|error| store_fault(error, "the project's cache"))?;
        Ok(found.unwrap_or_default())
    }
}

fn shown(rules: &CacheRules) -> serde_json::Value {
    json!({
        "enabled": rules.enabled,
        "by_header": rules.by_header,
        "ttl_seconds": rules.ttl_seconds,
        "stale_seconds": rules.stale_seconds,
        "replay": rules.replay.as_str(),
        "joiners": rules.joiners.as_str(),
    })
}
