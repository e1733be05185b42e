//! The spend limits of the config file. What the file names, the file owns: they are written anew
//! at each start and reload, nobody else changes them, and what it no longer names is removed.

use std::collections::BTreeSet;

use domain::{
    Calendar, Change, Fault, LimitRules, Nanos, Order, PageQuery, PeriodKind, ScopeId, ScopeKind,
    SpendLimit,
};
use serde_json::{Value, json};

use crate::limits::{named, payload};
use crate::transact::{Stale, Write, invalid, store_fault};
use crate::{Author, Control};

/// Which limits the file named last, over restarts.
const OF_FILE: &str = "limits_of_file";

type Named = BTreeSet<(ScopeId, PeriodKind)>;

/// A limit as the config file names it.
#[derive(Clone, Debug)]
pub struct DeclaredLimit {
    /// Where the file has it, for whoever must mend it: `tollgate.toml:12`.
    pub place: String,
    pub scope: DeclaredScope,
    pub period: PeriodKind,
    pub amount: Nanos,
    pub rules: LimitRules,
    pub calendar: Calendar,
}

#[derive(Clone, Debug)]
pub enum DeclaredScope {
    Organization,
    /// A project by its id or its name.
    Project(String),
    ApiKey(String),
    User(String),
}

impl Control {
    /// Writes the file's limits, all or none; what has not changed is not written.
    ///
    /// # Errors
    /// When a scope is not there, its name means more than one, or a limit is named twice.
    pub async fn declare_limits(&self, declared: Vec<DeclaredLimit>) -> Result<(), Fault> {
        let mut limits = Vec::new();
        let mut now_named = Named::new();
        for limit in declared {
            let scope = self.declared_scope(&limit.scope).await;
            let scope = scope.map_err(|fault| at(&limit.place, fault))?;
            if !now_named.insert((scope.clone(), limit.period)) {
                let (id, period) = (&scope.id, limit.period.as_str());
                let why = format!("The limit of '{id}' for the period '{period}' is there twice.");
                return Err(at(&limit.place, invalid("limits", why)));
            }
            limits.push(SpendLimit {
                scope,
                period: limit.period,
                amount: limit.amount,
                rules: limit.rules,
                calendar: limit.calendar,
                updated_at: self.clock.now(),
            });
        }
        let before = self.named_before().await?;
        let stored = self.limits_of(None).await?;
        let write = self.difference(limits, &stored, &before, &now_named).await;
        if !write.changes.is_empty() {
            self.commit("the limits of the config file", write).await?;
        }
        if let Ok(mut of_file) = self.of_file.write() {
            *of_file = now_named;
        }
        Ok(())
    }

    async fn difference(
        &self,
        limits: Vec<SpendLimit>,
        stored: &[SpendLimit],
        before: &Named,
        now_named: &Named,
    ) -> Write {
        let author = Author::system();
        let (mut changes, mut audit, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
        for limit in limits {
            if stored.iter().any(|old| same(old, &limit)) {
                continue;
            }
            let project = self.scopes_project(&limit.scope).await.ok().flatten();
            let payload = payload(&limit);
            audit.push(self.audit(&author, "spend_limit.updated", project.as_ref(), &payload));
            scopes.push(limit.scope.clone());
            changes.push(Change::PutSpendLimit(limit));
        }
        for (scope, period) in before.difference(now_named) {
            let is = |limit: &&SpendLimit| (&limit.scope, &limit.period) == (scope, period);
            if stored.iter().find(is).is_none() {
                continue;
            }
            let project = self.scopes_project(scope).await.ok().flatten();
            let payload =
                json!({ "id": scope.id, "scope": named(scope), "period": period.as_str() });
            audit.push(self.audit(&author, "spend_limit.deleted", project.as_ref(), &payload));
            scopes.push(scope.clone());
            changes.push(Change::RemoveSpendLimit { scope: scope.clone(), period: *period });
        }
        if before != now_named {
            changes.push(Change::PutMeta { name: OF_FILE, value: written(now_named) });
        }
        Write { changes, audit, stale: Stale::Limits(scopes) }
    }

    async fn named_before(&self) -> Result<Named, Fault> {
        let found = self.records.meta(OF_FILE).await;
        let found = found.map_err(|error| store_fault(error, "the limits of the config file"))?;
        Ok(found.map(|value| read(&value)).unwrap_or_default())
    }

    async fn declared_scope(&self, declared: &DeclaredScope) -> Result<ScopeId, Fault> {
        let (kind, id) = match declared {
            DeclaredScope::Organization => return self.organization_scope().await,
            DeclaredScope::Project(given) => {
                (ScopeKind::Project, self.project_named("limits", given).await?)
            }
            DeclaredScope::ApiKey(id) => (ScopeKind::ApiKey, id.clone()),
            DeclaredScope::User(id) => (ScopeKind::User, id.clone()),
        };
        let scope = ScopeId { kind, id };
        self.scopes_project(&scope).await?;
        Ok(scope)
    }

    /// A live project's id, by its id or its name.
    pub(crate) async fn project_named(
        &self,
        field: &'static str,
        given: &str,
    ) -> Result<String, Fault> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = PageQuery { limit: 100, after, order: Order::Ascending };
            let page = self.list_projects(query, false).await?;
            after = page.rows.last().map(|project| project.id.as_str().to_owned());
            found.extend(
                page.rows.into_iter().filter(|p| p.id.as_str() == given || p.name == given),
            );
            if !page.has_more {
                break;
            }
        }
        match found.as_slice() {
            [one] => Ok(one.id.as_str().to_owned()),
            [] => Err(invalid(field, format!("No project has the id or name '{given}'."))),
            many => {
                let ids: Vec<&str> = many.iter().map(|project| project.id.as_str()).collect();
                let ids = ids.join(", ");
                let why = format!("'{given}' names more than one project; give an id: {ids}.");
                Err(invalid(field, why))
            }
        }
    }
}

/// The same, with the place in the file in front.
fn at(place: &str, mut fault: Fault) -> Fault {
    fault.message = format!("{place}: {}", fault.message).into();
    fault
}

fn same(one: &SpendLimit, other: &SpendLimit) -> bool {
    let SpendLimit { scope, period, amount, rules, calendar, updated_at: _ } = other;
    (&one.scope, &one.period, &one.amount, &one.rules, &one.calendar)
        == (scope, period, amount, rules, calendar)
}

fn written(limits: &Named) -> Vec<u8> {
    let row = |(scope, period): &(ScopeId, PeriodKind)| {
        json!([scope.kind.as_str(), scope.id, period.as_str()])
    };
    Value::Array(limits.iter().map(row).collect()).to_string().into_bytes()
}

fn read(value: &[u8]) -> Named {
    let rows: Vec<[String; 3]> = serde_json::from_slice(value).unwrap_or_default();
    let limit = |[kind, id, period]: [String; 3]| {
        let scope = ScopeId { kind: ScopeKind::parse(&kind)?, id };
        Some((scope, PeriodKind::parse(&period)?))
    };
    rows.into_iter().filter_map(limit).collect()
}
