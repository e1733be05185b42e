//! Limits by rate: a project's for each model, and those over all calls of a project or a key.

use std::collections::BTreeMap;

use domain::rate::{Measure, ProjectRates, RateLimits, RateScope};
use domain::{Change, Fault, KeyId, ModelFacts, Paged, ProjectId};
use serde_json::{Map, Value, json};

use crate::cursor_page::CursorPage;
use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// What an id of OpenAI's rate limits begins with; the model's name follows.
const PREFIX: &str = "rl-";

/// The limits of a project for one model.
#[derive(Clone, Debug)]
pub struct ModelRate {
    pub model: String,
    /// What is publicly known of the model, if anything is.
    pub facts: Option<&'static ModelFacts>,
    pub limits: RateLimits,
}

impl ModelRate {
    /// `rl-` and the model's name.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{PREFIX}{}", self.model)
    }
}

/// Whose limits over all calls.
#[derive(Clone, Debug)]
pub enum RateOwner {
    Project(ProjectId),
    Key(KeyId),
}

impl RateOwner {
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Project(id) => id.as_str(),
            Self::Key(id) => id.as_str(),
        }
    }

    fn scope(&self) -> RateScope {
        match self {
            Self::Project(id) => RateScope::project(id),
            Self::Key(id) => RateScope::key(id),
        }
    }
}

/// Limits to set; `None` lifts one, and what is not named stays.
pub type RateChanges = Vec<(Measure, Option<u64>)>;

impl Control {
    /// With these models, every project has a row for each from its beginning.
    #[must_use]
    pub fn with_models(mut self, models: impl IntoIterator<Item = &'static ModelFacts>) -> Self {
        self.models = models.into_iter().collect();
        self
    }

    /// Whether a model is known, and one to talk to.
    #[must_use]
    pub fn is_chat_model(&self, name: &str) -> bool {
        self.models.iter().any(|facts| facts.name == name && facts.mode == "chat")
    }

    /// The known models to talk to, in their order.
    pub fn chat_models(&self) -> impl Iterator<Item = &'static str> + '_ {
        let chat = self.models.iter().filter(|it| it.mode == "chat" && !it.name.contains("ft:"));
        chat.map(|facts| facts.name)
    }

    /// A row for each known model, by name, whether it is limited or not.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_model_rates(
        &self,
        project: &ProjectId,
        page: CursorPage<'_>,
    ) -> Result<Paged<ModelRate>, Fault> {
        self.project(project).await?;
        let rows = self.model_rates(project).await?;
        Ok(page.of(rows, |row, id| row.id() == id))
    }

    /// # Errors
    /// 404 for an unknown project or rate limit, 400 for an archived project.
    pub async fn update_model_rate(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &str,
        changes: RateChanges,
    ) -> Result<ModelRate, Fault> {
        self.active_project(project).await?;
        let found = self.model_rates(project).await?.into_iter().find(|row| row.id() == id);
        let mut row = found.ok_or_else(|| not_found(id))?;
        apply(&mut row.limits, &changes);
        let scope = RateScope::model(project, &row.model);
        self.set_rates(author, (id, project), scope, changes).await?;
        Ok(row)
    }

    /// The limits over all calls of a project or a key.
    ///
    /// # Errors
    /// 404 for an unknown project, and for a key that is unknown, revoked, or an admin's.
    pub async fn owner_rates(&self, owner: &RateOwner) -> Result<RateLimits, Fault> {
        self.owner_project(owner).await?;
        self.stored_rates(&owner.scope()).await.map(|rates| rates.all)
    }

    /// # Errors
    /// 404 as [`Control::owner_rates`]; 400 for an archived project.
    pub async fn set_owner_rates(
        &self,
        author: &Author,
        owner: &RateOwner,
        changes: RateChanges,
    ) -> Result<RateLimits, Fault> {
        let project = self.owner_project(owner).await?;
        self.active_project(&project).await?;
        let scope = owner.scope();
        let mut limits = self.stored_rates(&scope).await?.all;
        apply(&mut limits, &changes);
        self.set_rates(author, (owner.id(), &project), scope, changes).await?;
        Ok(limits)
    }

    /// Lifts all of them; again changes nothing and is no error.
    ///
    /// # Errors
    /// 404 as [`Control::owner_rates`].
    pub async fn clear_owner_rates(&self, author: &Author, owner: &RateOwner) -> Result<(), Fault> {
        let project = self.owner_project(owner).await?;
        let payload = json!({ "id": owner.id() });
        let write = Write {
            audit: vec![self.audit(author, "rate_limit.deleted", Some(&project), &payload)],
            changes: vec![Change::ClearRateLimits(owner.scope())],
            stale: Stale::Everything,
        };
        self.commit(owner.id(), write).await
    }

    async fn set_rates(
        &self,
        author: &Author,
        (id, project): (&str, &ProjectId),
        scope: RateScope,
        changes: RateChanges,
    ) -> Result<(), Fault> {
        if changes.is_empty() {
            return Ok(());
        }
        let requested = changes.iter().map(|(m, limit)| (m.field().to_owned(), json!(limit)));
        let requested: Map<String, Value> = requested.collect();
        let stored = self.stored_rates(&scope).await?;
        let was = match &scope.model {
            None => Some(stored.all),
            Some(model) => {
                stored.models.into_iter().find(|(name, _)| **name == **model).map(|row| row.1)
            }
        };
        let was = was.unwrap_or_default();
        let before = changes.iter().map(|(m, _)| (m.field().to_owned(), json!(was.get(*m))));
        let before: Map<String, Value> = before.collect();
        let payload = json!({ "id": id, "changes_requested": requested, "before": before });
        let at = self.clock.now();
        let write = Write {
            audit: vec![self.audit(author, "rate_limit.updated", Some(project), &payload)],
            changes: vec![Change::SetRateLimits { scope, limits: changes, at }],
            // Of a model: of every key of the project.
            stale: Stale::Everything,
        };
        self.commit(id, write).await
    }

    /// The project of what is there and alive. A key is known by its id alone.
    async fn owner_project(&self, owner: &RateOwner) -> Result<ProjectId, Fault> {
        let id = match owner {
            RateOwner::Project(id) => return self.project(id).await.map(|project| project.id),
            RateOwner::Key(id) => id,
        };
        let found = self.records.key(id.clone()).await;
        let key = found.map_err(|error| store_fault(error, id.as_str()))?;
        let project = key.filter(|key| key.revoked_at.is_none()).and_then(|key| key.project);
        project.ok_or_else(|| not_found(id.as_str()))
    }

    async fn stored_rates(&self, of: &RateScope) -> Result<ProjectRates, Fault> {
        let found = self.records.rate_limits(of.scope.clone()).await;
        let rows = found.map_err(|error| store_fault(error, "the rate limits"))?;
        Ok(ProjectRates::of(rows))
    }

    /// The known models and those that have limits all the same. A row `ft:…` of the table is the
    /// base of others' models, none that could be called.
    async fn model_rates(&self, project: &ProjectId) -> Result<Vec<ModelRate>, Fault> {
        let stored = self.stored_rates(&RateScope::project(project)).await?;
        let callable = self.models.iter().filter(|facts| !facts.name.starts_with("ft:"));
        let mut rows: BTreeMap<String, ModelRate> = callable
            .map(|facts| {
                let limits = RateLimits::default();
                let model = facts.name.to_owned();
                (model.clone(), ModelRate { model, facts: Some(facts), limits })
            })
            .collect();
        for (name, limits) in stored.models {
            let model = name.to_string();
            let row = rows.entry(model.clone());
            row.or_insert(ModelRate { model, facts: None, limits }).limits = limits;
        }
        Ok(rows.into_values().collect())
    }
}

fn apply(limits: &mut RateLimits, changes: &[(Measure, Option<u64>)]) {
    changes.iter().for_each(|(measure, limit)| limits.set(*measure, *limit));
}
