//! Age and idleness: warning of it, putting keys out of use, and rotating those that have a handler.

use std::collections::BTreeMap;

use domain::{
    CareChange, Change, Fault, Key, KeyKind, KeyRules, Order, PageQuery, ProjectId, Suspension,
    Timestamp, Upkeep, upkeep,
};
use serde_json::json;

use super::notice::Notice;
use crate::keys::stale;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

const KINDS: [KeyKind; 2] = [KeyKind::Project, KeyKind::ServiceAccount];
/// Rows that are read at once.
const PAGE: u32 = 1_000;

impl Control {
    /// Does what is due for every key's age. How many were rotated, put out of use or warned of.
    ///
    /// # Errors
    /// 503 when the store is away; what is due then, is due at the next look.
    pub async fn look_after_ages(&self) -> Result<usize, Fault> {
        let mut done = self.rotate_due().await?;
        let away = |error| store_fault(error, "the rules of keys");
        let mut rules: BTreeMap<Option<ProjectId>, KeyRules> =
            self.care.store.all_key_rules().await.map_err(away)?.into_iter().collect();
        let organization = rules.remove(&None).unwrap_or_default();
        for project in self.live_projects().await? {
            let own = rules.remove(&Some(project.clone())).unwrap_or_default();
            let holds = own.over(&organization);
            if holds.max_age_days.is_some() || holds.idle_days.is_some() {
                done += self.look_after_project(&project, &holds).await?;
            }
        }
        Ok(done)
    }

    /// The keys of handlers, whose rule may be their own.
    async fn rotate_due(&self) -> Result<usize, Fault> {
        let handlers = self.care.handlers.clone();
        let mut done = 0;
        for id in handlers.iter().flat_map(|handlers| handlers.keys()) {
            let found = self.records.key(id.clone()).await;
            let key = found.map_err(|error| store_fault(error, id.as_str()))?;
            let Some(key) = key else { continue };
            let rules = self.rules_over(key.project.as_ref()).await?;
            let due = upkeep(&key, &rules, self.handler_rule(&id), self.clock.now());
            if due.contains(&Upkeep::Rotate) && self.is_handed_over(&id).await? {
                // One in an archived project is left as it is.
                done += usize::from(self.begin_handover(&Author::system(), &key).await.is_ok());
            }
        }
        Ok(done)
    }

    async fn look_after_project(
        &self,
        project: &ProjectId,
        rules: &KeyRules,
    ) -> Result<usize, Fault> {
        let (mut done, mut after) = (0, None);
        loop {
            let page = PageQuery { limit: PAGE, after, order: Order::Ascending };
            let listed = self.records.keys(Some(project.clone()), KINDS.to_vec(), page).await;
            let page = listed.map_err(|error| store_fault(error, project.as_str()))?;
            for key in &page.rows {
                let rotation = self.handler_rule(&key.id);
                for due in upkeep(key, rules, rotation, self.clock.now()) {
                    done += usize::from(self.keep_up(key, due).await?);
                }
            }
            after = page.rows.last().map(|key| key.id.as_str().to_owned());
            if !page.has_more {
                return Ok(done);
            }
        }
    }

    async fn live_projects(&self) -> Result<Vec<ProjectId>, Fault> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = PageQuery { limit: PAGE, after, order: Order::Ascending };
            let listed = self.records.projects(page, false).await;
            let page = listed.map_err(|error| store_fault(error, "the projects"))?;
            all.extend(page.rows.iter().map(|project| project.id.clone()));
            after = page.rows.last().map(|project| project.id.as_str().to_owned());
            if !page.has_more {
                return Ok(all);
            }
        }
    }

    async fn keep_up(&self, key: &Key, due: Upkeep) -> Result<bool, Fault> {
        match due {
            Upkeep::Rotate => Ok(false),
            Upkeep::Suspend(why) => {
                let note = match why {
                    Suspension::TooOld => "its secret is older than its project allows",
                    Suspension::Idle | Suspension::Unusual => "nobody has used it for long",
                };
                self.suspend(key, why, note).await.map(|()| true)
            }
            Upkeep::Remind { why, ends_at } => self.remind(key, why, ends_at).await,
        }
    }

    /// Refuses a key's calls from now on, and tells its owners.
    pub(super) async fn suspend(
        &self,
        key: &Key,
        why: Suspension,
        note: &str,
    ) -> Result<(), Fault> {
        let at = self.clock.now();
        let id = key.id.as_str();
        let word = why.as_str();
        let data = json!({ "api_key_id": id, "reason": word, "note": note });
        let again = match why {
            Suspension::TooOld => "`tollgate keys rotate` gives it a new secret",
            Suspension::Idle => "whoever still needs it resumes it",
            Suspension::Unusual => "if it was you",
        };
        let notice = Notice {
            kind: "api_key.suspended",
            subject: format!("API key {id} ({}) is refused from now on", key.name),
            text: format!(
                "Calls with API key {id} ({}) are refused from now on: {note}.\n\nIt works again \
                 after `tollgate keys resume {id}` ({again}).\n",
                key.name
            ),
            data: data.clone(),
            project: key.project.as_ref(),
            key: Some(key),
        };
        let deliveries = self.messages(notice).await?;
        let mark = format!("suspended {id} {}", at.0);
        let payload = json!({ "id": id, "data": data });
        let author = Author::system();
        let note = note.to_owned();
        let write = Write {
            audit: vec![self.audit(&author, "api_key.suspended", key.project.as_ref(), &payload)],
            changes: vec![
                Change::Care(CareChange::Suspend { id: key.id.clone(), why, at, note }),
                Change::Care(CareChange::TellOnce { mark, at, deliveries }),
            ],
            stale: stale(key),
        };
        self.commit(id, write).await
    }

    async fn remind(&self, key: &Key, why: Suspension, ends_at: Timestamp) -> Result<bool, Fault> {
        let mark = format!("reminder {} {} {}", why.as_str(), key.id, ends_at.0);
        let known = self.care.store.is_told(mark.clone()).await;
        if known.map_err(|error| store_fault(error, key.id.as_str()))? {
            return Ok(false);
        }
        let at = self.clock.now();
        let hours = ends_at.seconds().saturating_sub(at.seconds()).div_euclid(3_600).max(0);
        let (days, id) = (hours.div_euclid(24), key.id.as_str());
        let (what, remedy) = match why {
            Suspension::TooOld => ("too old", format!("Rotate it: `tollgate keys rotate {id}`.")),
            Suspension::Idle | Suspension::Unusual => {
                ("idle for too long", "One call with it keeps it in use.".to_owned())
            }
        };
        let notice = Notice {
            kind: "api_key.reminder",
            subject: format!("API key {id} ({}) is out of use in {days} days", key.name),
            text: format!(
                "API key {id} ({}) will be {what} in {days} days and {} hours; then its calls are \
                 refused.\n\n{remedy}\n",
                key.name,
                hours.rem_euclid(24)
            ),
            data: json!({
                "api_key_id": id, "reason": why.as_str(), "ends_at": ends_at.seconds(),
            }),
            project: key.project.as_ref(),
            key: Some(key),
        };
        let deliveries = self.messages(notice).await?;
        let tell = Change::Care(CareChange::TellOnce { mark, at, deliveries });
        let write = Write { audit: Vec::new(), changes: vec![tell], stale: Stale::Nothing };
        self.commit(id, write).await.map(|()| true)
    }
}
