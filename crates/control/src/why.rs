//! Why a call was refused: every look that it had to pass, in order, with how things stood then and
//! stand now, and what to change.

use domain::rate::{Measure, RateLimits};
use domain::{
    Fault, FigureUnit, HostedTool, Key, KeyId, ModelMode, Owner, Permission, ProjectId,
    ProjectRules, RefusedCall, RefusedFilter, RefusedPage, RefusedQuery, RequestId, ScopeId,
    ScopeKind, Stage,
};

use crate::limits::LimitState;
use crate::rate_limits::{ModelRate, RateOwner};
use crate::transact::{not_found, store_fault};
use crate::{Control, CursorPage};

/// A refused call, looked at again.
#[derive(Clone, Debug)]
pub struct Why {
    pub call: RefusedCall,
    pub looks: Vec<Look>,
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookResult {
    Passed,
    Refused,
    /// The call was refused before.
    NotReached,
}

/// One look, in the order of [`Stage::ALL`].
#[derive(Clone, Debug)]
pub struct Look {
    pub stage: Stage,
    pub result: LookResult,
    /// How things stand now.
    pub now: Vec<Standing>,
}

/// One thing that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub what: String,
    pub value: Value,
    /// Where it is changed.
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    /// A limit. `used` and `held` where they are known.
    Limit {
        unit: FigureUnit,
        limit: i64,
        used: Option<i64>,
        held: i64,
        resets_at: Option<i64>,
    },
}

/// What changes a [`Standing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    Key(ProjectId, KeyId),
    /// The models and tools of a project.
    Project(ProjectId),
    Routes,
    /// The rate limits of a project or a key.
    Rates(ProjectId),
    Limits(ScopeId),
}

impl Control {
    /// Refused calls, newest first.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn refused_calls(&self, query: RefusedQuery) -> Result<RefusedPage, Fault> {
        self.usage.refused(query).await.map_err(|error| store_fault(error, "the refused calls"))
    }

    /// Why a call was refused.
    ///
    /// # Errors
    /// 404 for a call that was not refused, or so long ago that it is not kept any more.
    pub async fn why(&self, request: RequestId) -> Result<Why, Fault> {
        let filter = RefusedFilter { request: Some(request.clone()), ..RefusedFilter::default() };
        let found = self.refused_calls(RefusedQuery { filter, before: None, limit: 1 }).await?;
        let call = found.rows.into_iter().next().ok_or_else(|| not_found(request.as_str()))?;
        let key = match &call.key {
            Some(id) => self.records.key(id.as_str().into()).await,
            None => Ok(None),
        };
        let key = key.map_err(|error| store_fault(error, "the key"))?;
        let mut looks = Vec::with_capacity(Stage::ALL.len());
        for stage in Stage::ALL {
            let now = match &key {
                Some(key) => self.now_of(stage, &call, key).await?,
                None => Vec::new(),
            };
            looks.push(Look { stage, result: result(stage, &call), now });
        }
        Ok(Why { call, looks })
    }

    async fn now_of(
        &self,
        stage: Stage,
        call: &RefusedCall,
        key: &Key,
    ) -> Result<Vec<Standing>, Fault> {
        let Some(project) = &key.project else { return Ok(Vec::new()) };
        match stage {
            Stage::Key => Ok(self.of_key(key, project)),
            Stage::Permission => Ok(vec![of_permission(key, project)]),
            Stage::Model => self.of_models(key, project).await,
            Stage::Route => self.of_route(project, call.model.as_deref()).await,
            Stage::Rate => self.of_rates(key, project, call.model.as_deref()).await,
            Stage::Money => self.of_money(key, project).await,
            Stage::Request | Stage::Room | Stage::Body => Ok(Vec::new()),
        }
    }

    fn of_key(&self, key: &Key, project: &ProjectId) -> Vec<Standing> {
        let now = self.clock.now();
        let change = Change::Key(project.clone(), key.id.clone());
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked".to_owned(),
            (None, Some(end)) if end <= now => "expired".to_owned(),
            (None, Some(end)) => format!("alive until {} (Unix time)", end.seconds()),
            (None, None) => "alive, without an end".to_owned(),
        };
        let networks = match &key.policy.networks {
            None => "from anywhere".to_owned(),
            Some(list) => joined(list.iter().map(ToString::to_string)),
        };
        let standing = |what: &str, value| text(what, value, change.clone());
        vec![standing("state", state), standing("networks", networks)]
    }

    async fn of_models(&self, key: &Key, project: &ProjectId) -> Result<Vec<Standing>, Fault> {
        let ProjectRules { models, denied_tools, .. } = self.project_rules(project).await?;
        let keys = match &key.policy.models {
            None => "any".to_owned(),
            Some(list) => joined(list.iter().map(|pattern| pattern.0.clone())),
        };
        let change = Change::Key(project.clone(), key.id.clone());
        let mut found = vec![text("the key's models", keys, change)];
        let projects = models.map_or_else(
            || "any".to_owned(),
            |list| {
                let word = match list.mode {
                    ModelMode::AllowList => "only",
                    ModelMode::DenyList => "all but",
                };
                format!("{word} {}", joined(list.models.iter().map(|pattern| pattern.0.clone())))
            },
        );
        let change = || Change::Project(project.clone());
        found.push(text("the project's models", projects, change()));
        let denied = HostedTool::ALL.into_iter().filter(|tool| denied_tools.has(*tool));
        let denied = joined(denied.map(|tool| tool.as_str().to_owned()));
        found.push(text("tools that the project may not use", denied, change()));
        Ok(found)
    }

    async fn of_route(
        &self,
        project: &ProjectId,
        model: Option<&str>,
    ) -> Result<Vec<Standing>, Fault> {
        let Some(model) = model else { return Ok(Vec::new()) };
        let explained = self.explain_route(Some(project), model).await?;
        let place = |place: &domain::ports::Considered| {
            let passed = match place.passed {
                None => "in use".to_owned(),
                Some(pass) => format!("passed over: {}", pass),
            };
            let what = format!("{} as {}", place.upstream, place.model);
            text(&what, passed, Change::Routes)
        };
        Ok(explained.places.iter().map(place).collect())
    }

    async fn of_rates(
        &self,
        key: &Key,
        project: &ProjectId,
        model: Option<&str>,
    ) -> Result<Vec<Standing>, Fault> {
        let mut found = Vec::new();
        let change = || Change::Rates(project.clone());
        let projects = self.owner_rates(&RateOwner::Project(project.clone())).await?;
        found.extend(limits_by_rate("the project's", &projects, change()));
        let page = CursorPage { after: None, before: None, limit: usize::MAX };
        let rows = self.list_model_rates(project, page).await?.rows;
        let of_model = |row: &&ModelRate| model.is_some_and(|model| row.model == model);
        if let Some(row) = rows.iter().find(of_model) {
            found.extend(limits_by_rate("the project's for this model", &row.limits, change()));
        }
        if key.revoked_at.is_none() {
            let owner = RateOwner::Key(key.id.clone());
            let keys = self.owner_rates(&owner).await?;
            found.extend(limits_by_rate("the key's", &keys, change()));
        }
        Ok(found)
    }

    /// From the organization down to the key, as they are looked at.
    async fn of_money(&self, key: &Key, project: &ProjectId) -> Result<Vec<Standing>, Fault> {
        let organization = self.organization_scope().await?;
        let scope = |kind, id: &str| ScopeId { kind, id: id.to_owned() };
        let owner = match &key.owner {
            Owner::User(id) => id.as_str(),
            Owner::ServiceAccount(id) => id.as_str(),
        };
        let scopes = [
            organization,
            scope(ScopeKind::Project, project.as_str()),
            scope(ScopeKind::User, owner),
            scope(ScopeKind::ApiKey, key.id.as_str()),
        ];
        let mut found = Vec::new();
        for scope in scopes {
            let limits = self.limits_of(Some(scope)).await?;
            found.extend(self.with_balances(limits).await?.iter().map(of_limit));
        }
        Ok(found)
    }
}

fn result(stage: Stage, call: &RefusedCall) -> LookResult {
    match stage.cmp(&call.stage) {
        std::cmp::Ordering::Less => LookResult::Passed,
        std::cmp::Ordering::Equal => LookResult::Refused,
        std::cmp::Ordering::Greater => LookResult::NotReached,
    }
}

fn of_permission(key: &Key, project: &ProjectId) -> Standing {
    let value = match &key.policy.permission {
        Permission::All => "everything".to_owned(),
        Permission::ReadOnly => "to read".to_owned(),
        Permission::Restricted(scopes) => joined(scopes.iter().cloned()),
    };
    text("the key may", value, Change::Key(project.clone(), key.id.clone()))
}

fn limits_by_rate(whose: &str, limits: &RateLimits, change: Change) -> Vec<Standing> {
    let standing = |measure: Measure| {
        let limit = i64::try_from(limits.get(measure)?).unwrap_or(i64::MAX);
        let (unit, what) = (FigureUnit::Count, format!("{whose} {}", measure.words()));
        let value = Value::Limit { unit, limit, used: None, held: 0, resets_at: None };
        Some(Standing { what, value, change: change.clone() })
    };
    Measure::ALL.into_iter().filter_map(standing).collect()
}

fn of_limit(state: &LimitState) -> Standing {
    let (limit, balance) = (&state.limit, &state.balance);
    let (scope, period) = (&limit.scope, limit.period.as_str());
    Standing {
        what: format!("{} {}, {period} limit", scope.kind.as_str(), scope.id),
        value: Value::Limit {
            unit: FigureUnit::Nanos,
            limit: limit.amount.0,
            used: Some(balance.posted.0),
            held: balance.held.0,
            resets_at: balance.period.end,
        },
        change: Change::Limits(scope.clone()),
    }
}

fn text(what: &str, value: String, change: Change) -> Standing {
    Standing { what: what.to_owned(), value: Value::Text(value), change }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
