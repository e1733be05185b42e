//! Advice on cost, from the rollups and the request log of some days.

use std::collections::{BTreeMap, HashSet};

use domain::advice::{
    Equivalent, Finding, FindingKind, LimitUse, ModelUse, cheaper, repeated, will_be_hit,
};
use domain::{
    BucketWidth, Fault, GroupBy, Key, KeyKind, Order, PageQuery, ProjectId, ScopeId, ScopeKind,
    Timestamp, UsageFamily, UsageFilter, UsageQuery, UsageRow,
};

use crate::Control;
use crate::transact::store_fault;

const DAY: i64 = 86_400;
/// Rows of a page of the store.
const PAGE: u32 = 100;
/// Calls whose hashes are read, the newest; what is older is not looked at, and that is told.
const CALLS: u32 = 500_000;

/// What the operator says of models, and what a cache would do.
#[derive(Clone, Debug, Default)]
pub struct AdviceRules {
    pub equivalents: Vec<Equivalent>,
    /// Whether hashes of prompts are written into the request log.
    pub prompts: bool,
}

/// What some days say.
pub struct Advice {
    /// Unix seconds.
    pub from: i64,
    pub to: i64,
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub notes: Vec<String>,
}

impl Control {
    /// What the operator says of models; a reload says it again.
    pub fn declare_advice(&self, rules: AdviceRules) {
        *self.advice.write().unwrap_or_else(std::sync::PoisonError::into_inner) = rules;
    }

    /// What the last days say. `ttl_seconds`: for how long a cache would keep answers.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn advice(&self, days: u32, ttl_seconds: i64) -> Result<Advice, Fault> {
        let now = self.clock.now();
        // Whole days: that is how the rollups lie. Today is one of them.
        let to = now.seconds().div_euclid(DAY) * DAY + DAY;
        let from = to - i64::from(days) * DAY;
        let rules = self.advice.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut notes = Vec::new();
        let rows = self.used((from, to)).await?;
        let book = self.price_book().await?;
        let uses = model_uses(&rows);
        let mut findings = cheaper(&uses, &rules.equivalents, |model| book.lookup(model, now));
        match rules.prompts {
            true => findings.extend(self.prompts((from, ttl_seconds), &mut notes).await?),
            false => notes.push(
                "Repeated prompts are not looked at: [advice] prompts = true writes their keyed \
                 hashes into the request log."
                    .to_owned(),
            ),
        }
        let limits = self.limit_uses().await?;
        findings.extend(limits.iter().filter_map(|one| will_be_hit(one, now)));
        let covered: HashSet<ScopeId> = limits.into_iter().map(|one| one.scope).collect();
        findings.extend(self.keys_advice(&rows, &covered, (from, now)).await?);
        Ok(Advice { from, to, findings, notes })
    }

    /// What every key used of every model, at which tier, in whole days.
    async fn used(&self, (start, end): (i64, i64)) -> Result<Vec<UsageRow>, Fault> {
        let group = GroupBy {
            project: true,
            key: true,
            model: true,
            batch: true,
            service_tier: true,
            ..GroupBy::default()
        };
        let query = UsageQuery {
            families: vec![UsageFamily::Completions, UsageFamily::Embeddings],
            width: BucketWidth::Day,
            start,
            end,
            group,
            filter: UsageFilter::default(),
        };
        let found = self.usage.report(query).await;
        let buckets = found.map_err(|error| store_fault(error, "the report"))?;
        Ok(buckets.into_iter().flat_map(|bucket| bucket.rows).collect())
    }

    async fn prompts(
        &self,
        (from, ttl): (i64, i64),
        notes: &mut Vec<String>,
    ) -> Result<Vec<Finding>, Fault> {
        let since = Timestamp::from_seconds(from);
        let found = self.usage.prompt_calls(since, CALLS).await;
        let calls = found.map_err(|error| store_fault(error, "the request log"))?;
        if calls.len() >= CALLS as usize {
            let first = calls.first().map_or(from, |call| call.at.seconds());
            notes.push(format!(
                "Repeated prompts are those of the newest {CALLS} calls, since {} UTC.",
                domain::calendar::minute(first)
            ));
        }
        Ok(repeated(&calls, ttl))
    }

    /// Every limit, with what was spent in its period.
    async fn limit_uses(&self) -> Result<Vec<LimitUse>, Fault> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = PageQuery { after, limit: PAGE, order: Order::Ascending };
            let found = self.list_limits(None, page).await?;
            after = found.rows.last().map(crate::LimitState::id);
            all.extend(found.rows.into_iter().map(|state| LimitUse {
                scope: state.limit.scope,
                period: state.balance.period,
                limit: state.limit.amount,
                spent: state.balance.spent(),
            }));
            if !found.has_more || after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn keys_advice(
        &self,
        rows: &[UsageRow],
        covered: &HashSet<ScopeId>,
        (from, now): (i64, Timestamp),
    ) -> Result<Vec<Finding>, Fault> {
        let organization = self.organization_scope().await?;
        let mut calls: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
        for row in rows {
            let sum = calls.entry(row.key.as_deref().unwrap_or_default()).or_default();
            sum.0 += row.requests;
            sum.1 = sum.1.saturating_add(row.cost.total().0);
        }
        let mut found = Vec::new();
        for key in self.live_keys().await? {
            let Some(project) = key.project.clone() else { continue };
            let used = calls.get(key.id.as_str()).copied();
            found.extend(unused(&key, &project, (from, now), used.is_some()));
            if !covered.contains(&organization) && !is_covered(&key, &project, covered) {
                found.push(unlimited(&key, &project, used.unwrap_or_default()));
            }
        }
        found.sort_by_key(|finding| (finding.kind, std::cmp::Reverse(finding.cost)));
        Ok(found)
    }

    async fn live_keys(&self) -> Result<Vec<Key>, Fault> {
        let fault = |error| store_fault(error, "the keys");
        let (mut all, mut projects, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let page = PageQuery { after, limit: PAGE, order: Order::Ascending };
            let found = self.records.projects(page, false).await.map_err(fault)?;
            after = found.rows.last().map(|project| project.id.as_str().to_owned());
            projects.extend(found.rows.into_iter().map(|project| project.id));
            if !found.has_more {
                break;
            }
        }
        for project in projects {
            let mut after = None;
            loop {
                let page = PageQuery { after, limit: PAGE, order: Order::Ascending };
                let kinds = vec![KeyKind::Project, KeyKind::ServiceAccount];
                let found = self.records.keys(Some(project.clone()), kinds, page).await;
                let found = found.map_err(fault)?;
                after = found.rows.last().map(|key| key.id.as_str().to_owned());
                all.extend(found.rows);
                if !found.has_more {
                    break;
                }
            }
        }
        Ok(all)
    }
}

/// By key and model, over all days: calls at the usual tier, in no batch, all of them priced.
fn model_uses(rows: &[UsageRow]) -> Vec<ModelUse> {
    let mut sums: BTreeMap<(String, String, String), ModelUse> = BTreeMap::new();
    for row in rows {
        let usual = matches!(row.service_tier.as_deref(), None | Some("" | "default" | "auto"));
        if row.batch == Some(true) || !usual || row.unpriced > 0 {
            continue;
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (project, key, model) = (text(&row.project), text(&row.key), text(&row.model));
        let place = (project.clone(), key.clone(), model.clone());
        let sum = sums.entry(place).or_insert_with(|| ModelUse {
            project,
            key,
            model,
            calls: 0,
            tokens: domain::Tokens::default(),
            cost: domain::Nanos(0),
        });
        sum.calls += row.requests;
        sum.tokens.add(&row.tokens);
        sum.cost.0 = sum.cost.0.saturating_add(row.cost.total().0);
    }
    sums.into_values().collect()
}

fn is_covered(key: &Key, project: &ProjectId, covered: &HashSet<ScopeId>) -> bool {
    let scopes = [
        (ScopeKind::ApiKey, key.id.as_str()),
        (ScopeKind::User, key.owner.as_str()),
        (ScopeKind::Project, project.as_str()),
    ];
    scopes.into_iter().any(|(kind, id)| covered.contains(&ScopeId { kind, id: id.to_owned() }))
}

fn unused(
    key: &Key,
    project: &ProjectId,
    (from, now): (i64, Timestamp),
    was_used: bool,
) -> Option<Finding> {
    let last = key.secrets.iter().filter_map(|secret| secret.last_used_at).max();
    let idle = last.is_none_or(|last| last.seconds() < from) && !was_used;
    if !idle || key.created_at.seconds() >= from || key.revoked_at.is_some() {
        return None;
    }
    let since = last.unwrap_or(key.created_at);
    let (days, told) = ((now.seconds() - since.seconds()) / DAY, domain::calendar::date);
    let never = if last.is_some() { "last used" } else { "never used; made" };
    let what = format!("the key '{}' has not been used", key.name);
    let arithmetic = format!(
        "{never} on {} (UTC), {days} whole days ago; looked at since {}",
        told(since.seconds()),
        told(from)
    );
    Some(Finding {
        project: Some(project.as_str().to_owned()),
        key: Some(key.id.as_str().to_owned()),
        calls: Some(0),
        at: last,
        ..Finding::new(FindingKind::UnusedKey, what, arithmetic)
    })
}

fn unlimited(key: &Key, project: &ProjectId, (calls, cost): (u64, i64)) -> Finding {
    let what = format!("no spend limit stands over the key '{}'", key.name);
    let cost = domain::Nanos(cost);
    let arithmetic = format!(
        "0 limits on the key, its owner, its project and the organization; {calls} calls and {cost} \
         US dollars in these days"
    );
    Finding {
        project: Some(project.as_str().to_owned()),
        key: Some(key.id.as_str().to_owned()),
        calls: Some(calls),
        cost: Some(cost),
        ..Finding::new(FindingKind::KeyWithoutLimit, what, arithmetic)
    }
}
