//! Hard spend limits: at most one for a scope and kind of period.

use std::collections::HashMap;

use domain::fault::catalogue;
use domain::{
    Balance, Calendar, Change, Fault, KeyKind, KeyView, LadderQuery, LimitRules, Nanos, Order,
    PageQuery, Paged, PeriodKind, ProjectId, ScopeId, ScopeKind, SpendLimit, Zone,
};
use serde_json::{Value, json};

use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// A limit as it is asked for.
#[derive(Clone, Debug)]
pub struct LimitDraft {
    pub scope: ScopeId,
    pub period: PeriodKind,
    pub amount: Nanos,
    /// Absent: as the limit before had them, else the defaults.
    pub rules: Option<LimitRules>,
    /// Absent: as the limit before had it, else OpenAI's months of UTC.
    pub calendar: Option<Calendar>,
}

/// A limit, and what its scope has spent in the period that holds now.
#[derive(Clone, Debug)]
pub struct LimitState {
    pub limit: SpendLimit,
    pub balance: Balance,
    /// Whether the config file owns it.
    pub of_file: bool,
}

impl LimitState {
    /// What a list goes on from.
    #[must_use]
    pub fn id(&self) -> String {
        list_id(&self.limit)
    }
}

fn list_id(limit: &SpendLimit) -> String {
    format!("{}:{}:{}", limit.scope.kind.as_str(), limit.scope.id, limit.period.as_str())
}

/// What [`list_id`] wrote.
fn read_list_id(id: &str) -> Option<(ScopeId, PeriodKind)> {
    let (kind, rest) = id.split_once(':')?;
    let (id, period) = rest.rsplit_once(':')?;
    let scope = ScopeId { kind: ScopeKind::parse(kind)?, id: id.to_owned() };
    Some((scope, PeriodKind::parse(period)?))
}

impl Control {
    /// The organization as a scope.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn organization_scope(&self) -> Result<ScopeId, Fault> {
        let found = self.records.organization().await;
        let organization = found
            .map_err(|error| store_fault(error, "the organization"))?
            .ok_or_else(|| not_found("the organization"))?;
        Ok(ScopeId { kind: ScopeKind::Organization, id: organization.id.as_str().to_owned() })
    }

    /// Limits with what was spent, of one scope or of all.
    ///
    /// # Errors
    /// 404 for an unknown scope; 503 when the store is away.
    pub async fn list_limits(
        &self,
        scope: Option<ScopeId>,
        page: PageQuery,
    ) -> Result<Paged<LimitState>, Fault> {
        if let Some(scope) = &scope {
            self.scopes_project(scope).await?;
        }
        let mut limits = self.limits_of(scope).await?;
        if page.order == Order::Descending {
            limits.reverse();
        }
        if let Some(after) = &page.after {
            let at = limits.iter().position(|limit| list_id(limit) == *after);
            limits.drain(..at.map_or(limits.len(), |at| at + 1));
        }
        let size = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let has_more = limits.len() > size;
        limits.truncate(size);
        Ok(Paged { rows: self.with_balances(limits).await?, has_more })
    }

    /// Limits with what was spent from the organization's down, or of those that stand over a
    /// project's calls; behind the one with the id `after`.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn ladder(
        &self,
        project: Option<&ProjectId>,
        after: Option<&str>,
        most: u32,
    ) -> Result<Paged<LimitState>, Fault> {
        let after = after.and_then(read_list_id);
        let query = LadderQuery { project: project.cloned(), after, limit: most + 1 };
        let mut limits = self.rungs(query).await?;
        let has_more = limits.len() > most as usize;
        limits.truncate(most as usize);
        Ok(Paged { rows: self.with_balances(limits).await?, has_more })
    }

    /// The organization's limits and the first projects' ones, at most `most`, with what was spent:
    /// what may be shown to whoever watches.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn watched_limits(&self, most: usize) -> Result<Vec<LimitState>, Fault> {
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let mut limits = self.rungs(LadderQuery { project: None, after: None, limit }).await?;
        limits.retain(|l| matches!(l.scope.kind, ScopeKind::Organization | ScopeKind::Project));
        self.with_balances(limits).await
    }

    /// # Errors
    /// 404 for an unknown scope, and where there is no such limit.
    pub async fn limit(&self, scope: &ScopeId, period: PeriodKind) -> Result<LimitState, Fault> {
        self.scopes_project(scope).await?;
        let limit = self.stored_limit(scope, period).await?.ok_or_else(|| no_limit(scope))?;
        let mut found = self.with_balances(vec![limit]).await?;
        found.pop().ok_or_else(|| no_limit(scope))
    }

    /// Makes or replaces a limit. It holds from the next call on.
    ///
    /// # Errors
    /// 404 for an unknown scope, 400 for an archived project, 409 for a limit of the config file.
    pub async fn put_limit(&self, author: &Author, draft: LimitDraft) -> Result<LimitState, Fault> {
        let LimitDraft { scope, period, amount, rules, calendar } = draft;
        let project = self.scopes_project(&scope).await?;
        if scope.kind == ScopeKind::Project {
            self.active_project(&scope.id.as_str().into()).await?;
        }
        self.refuse_of_file(&scope, period)?;
        let before = self.stored_limit(&scope, period).await?;
        let was = before.as_ref().map(payload);
        let rules = rules.or(before.as_ref().map(|limit| limit.rules)).unwrap_or_default();
        let calendar = calendar.or(before.map(|limit| limit.calendar));
        let calendar = calendar.unwrap_or_else(Calendar::utc);
        let updated_at = self.clock.now();
        let limit =
            SpendLimit { scope: scope.clone(), period, amount, rules, calendar, updated_at };
        let mut payload = payload(&limit);
        payload["before"] = json!(was);
        let write = Write {
            audit: vec![self.audit(author, "spend_limit.updated", project.as_ref(), &payload)],
            changes: vec![Change::PutSpendLimit(limit.clone())],
            stale: Stale::Limits(vec![scope.clone()]),
        };
        self.commit(&scope.id, write).await?;
        let mut made = self.with_balances(vec![limit]).await?;
        made.pop().ok_or_else(|| no_limit(&scope))
    }

    /// # Errors
    /// 404 where there is no such limit, 409 for a limit of the config file.
    pub async fn remove_limit(
        &self,
        author: &Author,
        scope: &ScopeId,
        period: PeriodKind,
    ) -> Result<(), Fault> {
        self.refuse_of_file(scope, period)?;
        // A scope that has ended may still have its limit taken away.
        let Some(before) = self.stored_limit(scope, period).await? else {
            self.scopes_project(scope).await?;
            return Err(no_limit(scope));
        };
        let project = self.scopes_project(scope).await.ok().flatten();
        let before = payload(&before);
        let period_name = period.as_str();
        let payload = json!({
            "id": scope.id, "scope": named(scope), "period": period_name, "before": before,
        });
        let write = Write {
            audit: vec![self.audit(author, "spend_limit.deleted", project.as_ref(), &payload)],
            changes: vec![Change::RemoveSpendLimit { scope: scope.clone(), period }],
            stale: Stale::Limits(vec![scope.clone()]),
        };
        self.commit(&scope.id, write).await
    }

    /// As [`Control::remove_limit`], but where there is none already, all is well.
    ///
    /// # Errors
    /// 404 for an unknown scope, 409 for a limit of the config file.
    pub async fn clear_limit(
        &self,
        author: &Author,
        scope: &ScopeId,
        period: PeriodKind,
    ) -> Result<(), Fault> {
        self.scopes_project(scope).await?;
        match self.stored_limit(scope, period).await? {
            Some(_) => self.remove_limit(author, scope, period).await,
            None => self.refuse_of_file(scope, period),
        }
    }

    /// All limits that a key's calls count against: its own, its owner's, its project's, the
    /// organization's.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn limits_on_key(&self, key: &KeyView) -> Result<Vec<LimitState>, Fault> {
        let scope = |kind, id: &str| ScopeId { kind, id: id.to_owned() };
        let mut scopes = vec![
            scope(ScopeKind::ApiKey, key.id.as_str()),
            scope(ScopeKind::User, key.owner.as_str()),
        ];
        scopes.extend(key.project.as_ref().map(|id| scope(ScopeKind::Project, id.as_str())));
        scopes.push(self.organization_scope().await?);
        let mut limits = Vec::new();
        for scope in scopes {
            limits.extend(self.limits_of(Some(scope)).await?);
        }
        self.with_balances(limits).await
    }

    /// The project that a scope is or is in; `None` for people and the organization.
    ///
    /// # Errors
    /// 404 for a scope that is not there, and for keys that spend nothing.
    pub(crate) async fn scopes_project(&self, scope: &ScopeId) -> Result<Option<ProjectId>, Fault> {
        let id = scope.id.as_str();
        let away = |error| store_fault(error, id);
        let unknown = || not_found(id);
        match scope.kind {
            ScopeKind::ApiKey => {
                let key = self.records.key(id.into()).await.map_err(away)?;
                let spends = key.filter(|k| k.revoked_at.is_none() && k.kind != KeyKind::Admin);
                Ok(spends.ok_or_else(unknown)?.project)
            }
            ScopeKind::User => {
                if self.records.user(id.into()).await.map_err(away)?.is_some() {
                    return Ok(None);
                }
                let account = self.records.service_account(id.into()).await.map_err(away)?;
                Ok(Some(account.ok_or_else(unknown)?.project))
            }
            ScopeKind::Project => Ok(Some(self.project(&id.into()).await?.id)),
            ScopeKind::Organization => match self.organization_scope().await? == *scope {
                true => Ok(None),
                false => Err(unknown()),
            },
        }
    }

    pub(crate) async fn limits_of(&self, scope: Option<ScopeId>) -> Result<Vec<SpendLimit>, Fault> {
        let found = self.records.spend_limits(scope).await;
        found.map_err(|error| store_fault(error, "the spend limits"))
    }

    async fn rungs(&self, query: LadderQuery) -> Result<Vec<SpendLimit>, Fault> {
        let found = self.records.ladder(query).await;
        found.map_err(|error| store_fault(error, "the spend limits"))
    }

    async fn stored_limit(
        &self,
        scope: &ScopeId,
        period: PeriodKind,
    ) -> Result<Option<SpendLimit>, Fault> {
        let limits = self.limits_of(Some(scope.clone())).await?;
        Ok(limits.into_iter().find(|limit| limit.period == period))
    }

    /// Each scope's balances are asked for once.
    pub(crate) async fn with_balances(
        &self,
        limits: Vec<SpendLimit>,
    ) -> Result<Vec<LimitState>, Fault> {
        let now = self.clock.now();
        let mut seen: HashMap<ScopeId, Vec<Balance>> = HashMap::new();
        let mut states = Vec::with_capacity(limits.len());
        for limit in limits {
            if !seen.contains_key(&limit.scope) {
                let asked = self.balances.balances(limit.scope.clone()).await;
                let found = asked.map_err(|error| store_fault(error, "the balance"))?;
                seen.insert(limit.scope.clone(), found);
            }
            let known = seen.get(&limit.scope).and_then(|all| {
                let mut of_kind = all.iter().filter(|one| one.period.kind == limit.period);
                // One of the limit's own calendar is there only where the limit is in it.
                of_kind.clone().find(|one| one.period.is_own()).or_else(|| of_kind.next()).copied()
            });
            let balance = known.unwrap_or_else(|| Balance::empty(limit.period.around(now)));
            let of_file = self.is_of_file(&limit.scope, limit.period);
            states.push(LimitState { limit, balance, of_file });
        }
        Ok(states)
    }

    pub(crate) fn is_of_file(&self, scope: &ScopeId, period: PeriodKind) -> bool {
        let named = (scope.clone(), period);
        self.of_file.read().is_ok_and(|limits| limits.contains(&named))
    }

    fn refuse_of_file(&self, scope: &ScopeId, period: PeriodKind) -> Result<(), Fault> {
        match self.is_of_file(scope, period) {
            true => {
                let why = format!(
                    "The limit of '{}' for the period '{}' stands in the config file, so it \
                     cannot be changed here. Change its [[limits]] there; what is written is \
                     reloaded.",
                    scope.id,
                    period.as_str(),
                );
                Err(Fault::because(&catalogue::MANAGED_BY_FILE, why))
            }
            false => Ok(()),
        }
    }
}

/// What the audit log keeps of a limit.
pub(crate) fn payload(limit: &SpendLimit) -> Value {
    json!({
        "id": limit.scope.id,
        "scope": named(&limit.scope),
        "period": limit.period.as_str(),
        "data": {
            "amount_nanos": limit.amount.0,
            "clamp_output": limit.rules.clamp_output,
            "elastic": limit.rules.elastic,
            "allow_unbounded": limit.rules.allow_unbounded,
            "default_max_output": limit.rules.default_max_output,
            "time_zone": limit.calendar.zone.as_ref().map(Zone::name),
            "anchor_day": limit.calendar.anchor_day,
        },
    })
}

pub(crate) fn named(scope: &ScopeId) -> Value {
    json!({ "type": scope.kind.as_str(), "id": scope.id })
}

fn no_limit(scope: &ScopeId) -> Fault {
    let message = format!("'{}' has no such spend limit.", scope.id);
    Fault::because(&catalogue::NOT_FOUND, message)
}
