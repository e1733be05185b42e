//! The watch over keys: each minute, of the keys that were used in it, what is unlike their past.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

use domain::{
    BucketWidth, CareChange, Change, Fault, GroupBy, HourUse, Key, KeyId, KeyRules, KeySeen,
    KeyTrait, PAST_DAYS, ProjectId, REQUESTS_FLOOR, SPEND_FLOOR, Suspension, Timestamp, TraitKind,
    Unusual, UnusualResponse, UsageFilter, UsageQuery, UsageRow, is_unusual_trait, unusual_hour,
};
use serde_json::json;

use super::notice::Notice;
use super::report::quietly;
use crate::keys::stale;
use crate::transact::{Write, store_fault};
use crate::{Author, Control};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Keys that are asked for at once.
const AT_ONCE: usize = 200;
/// Pasts that are kept in memory, for the hour that they hold in.
const KEPT: usize = 2_000;

/// The pasts of busy keys: they change once an hour.
#[derive(Default)]
pub(super) struct Pasts {
    hour: i64,
    of: HashMap<KeyId, Vec<HourUse>>,
}

impl Control {
    /// Looks at what was settled since the last look. How much was unusual.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn watch_keys(&self, seen: &BTreeSet<KeySeen>) -> Result<usize, Fault> {
        let mut found: BTreeMap<KeyId, Vec<Unusual>> = BTreeMap::new();
        let keys: Vec<KeyId> =
            seen.iter().map(|it| it.key.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        for some in keys.chunks(AT_ONCE) {
            self.learn(some, seen, &mut found).await?;
            self.look_at_hours(some, &mut found).await?;
        }
        let projects: HashMap<&KeyId, &ProjectId> =
            seen.iter().map(|it| (&it.key, &it.project)).collect();
        let mut told = 0;
        for (key, unusual) in found {
            let Some(project) = projects.get(&key) else { continue };
            told += self.answer_unusual(&key, project, &unusual).await?;
        }
        Ok(told)
    }

    /// Keeps what keys were seen with for the first time, and finds what is unusual of it.
    async fn learn(
        &self,
        keys: &[KeyId],
        seen: &BTreeSet<KeySeen>,
        found: &mut BTreeMap<KeyId, Vec<Unusual>>,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let traits = self.care.store.key_traits(keys.to_vec()).await;
        let mut known: HashMap<KeyId, Vec<KeyTrait>> = HashMap::new();
        for one in traits.map_err(|error| store_fault(error, "the traits of keys"))? {
            known.entry(one.key.clone()).or_default().push(one);
        }
        let mut new = Vec::new();
        for it in seen.iter().filter(|it| keys.binary_search(&it.key).is_ok()) {
            let network = (TraitKind::Network, Some(&it.network));
            for (kind, value) in [network, (TraitKind::Model, it.model.as_ref())] {
                let Some(value) = value else { continue };
                let of_key = known.entry(it.key.clone()).or_default();
                let of_kind = of_key.iter().filter(|one| one.kind == kind).count();
                let same = |one: &KeyTrait| one.kind == kind && one.value == *value;
                // Beyond so many nothing is told any more, so nothing more is kept.
                if of_key.iter().any(same) || of_kind > domain::MOST_TRAITS {
                    continue;
                }
                if is_unusual_trait(kind, of_key, now) {
                    let what = match kind {
                        TraitKind::Network => Unusual::Network(value.clone()),
                        TraitKind::Model => Unusual::Model(value.clone()),
                    };
                    found.entry(it.key.clone()).or_default().push(what);
                }
                let (key, value) = (it.key.clone(), value.clone());
                let one = KeyTrait { key, kind, value, first_at: now };
                of_key.push(one.clone());
                new.push(one);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        self.commit("the traits of keys", quietly(Change::Care(CareChange::AddTraits(new)))).await
    }

    /// The pasts of those keys alone are read whose last hour is worth it.
    async fn look_at_hours(
        &self,
        keys: &[KeyId],
        found: &mut BTreeMap<KeyId, Vec<Unusual>>,
    ) -> Result<(), Fault> {
        let now = self.clock.now().seconds();
        let end = now.div_euclid(60) * 60 + 60;
        let mut last: HashMap<KeyId, HourUse> = HashMap::new();
        for (_, row) in self.rows(BucketWidth::Minute, (end - HOUR, end), keys).await? {
            add(&mut last, now - HOUR, &row);
        }
        let busy = |hour: &HourUse| {
            hour.requests >= REQUESTS_FLOOR || hour.cost.0.max(0).unsigned_abs() >= SPEND_FLOOR
        };
        last.retain(|_, hour| busy(hour));
        if last.is_empty() {
            return Ok(());
        }
        let busy: Vec<KeyId> = last.keys().cloned().collect();
        let pasts = self.pasts(&busy, now).await?;
        for (key, last) in last {
            let unusual = unusual_hour(pasts.get(&key).map_or(&[], Vec::as_slice), last);
            if !unusual.is_empty() {
                found.entry(key).or_default().extend(unusual);
            }
        }
        Ok(())
    }

    /// The hours before the last one, of four weeks.
    async fn pasts(&self, keys: &[KeyId], now: i64) -> Result<HashMap<KeyId, Vec<HourUse>>, Fault> {
        let hour = now.div_euclid(HOUR) * HOUR;
        let mut found: HashMap<KeyId, Vec<HourUse>> = HashMap::new();
        let mut missing: Vec<KeyId> = Vec::new();
        {
            let mut kept = self.care.pasts.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.hour != hour || kept.of.len() > KEPT {
                *kept = Pasts { hour, of: HashMap::new() };
            }
            for key in keys {
                match kept.of.get(key) {
                    Some(past) => drop(found.insert(key.clone(), past.clone())),
                    None => missing.push(key.clone()),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        // The hour that runs and the one before overlap with the last sixty minutes.
        let range = (hour - PAST_DAYS * DAY, hour - HOUR);
        let mut read: HashMap<KeyId, BTreeMap<i64, HourUse>> = HashMap::new();
        for (start, row) in self.rows(BucketWidth::Hour, range, &missing).await? {
            let Some(key) = row.key.as_deref().map(KeyId::from) else { continue };
            let hours = read.entry(key).or_default();
            let hour = hours.entry(start).or_insert(HourUse { start, ..HourUse::default() });
            count(hour, &row);
        }
        let mut kept = self.care.pasts.lock().unwrap_or_else(PoisonError::into_inner);
        for key in missing {
            let hours = read.remove(&key).unwrap_or_default();
            let past: Vec<HourUse> = hours.into_values().collect();
            kept.of.insert(key.clone(), past.clone());
            found.insert(key, past);
        }
        Ok(found)
    }

    async fn rows(
        &self,
        width: BucketWidth,
        (start, end): (i64, i64),
        keys: &[KeyId],
    ) -> Result<Vec<(i64, UsageRow)>, Fault> {
        let keys = keys.iter().map(|key| key.as_str().to_owned()).collect();
        let query = UsageQuery {
            families: Vec::new(),
            width,
            start,
            end,
            group: GroupBy { key: true, ..GroupBy::default() },
            filter: UsageFilter { keys, ..UsageFilter::default() },
        };
        let buckets = self.usage.report(query).await;
        let buckets = buckets.map_err(|error| store_fault(error, "the usage of keys"))?;
        let rows = buckets.into_iter().flat_map(|bucket| {
            let start = bucket.start;
            bucket.rows.into_iter().map(move |row| (start, row))
        });
        Ok(rows.collect())
    }

    /// Does what the project says about each kind; one that is off is passed over.
    async fn answer_unusual(
        &self,
        id: &KeyId,
        project: &ProjectId,
        unusual: &[Unusual],
    ) -> Result<usize, Fault> {
        let rules = self.rules_over(Some(project)).await?;
        let found = self.records.key(id.clone()).await;
        let key = found.map_err(|error| store_fault(error, id.as_str()))?;
        let Some(key) = key.filter(|key| key.revoked_at.is_none()) else { return Ok(0) };
        let now = self.clock.now();
        let mut told = 0;
        for what in unusual {
            let response = response(&rules, what);
            let resumed = key.resumed_at.filter(|_| is_burst(what));
            // Whoever resumed it has seen the hour that they resumed it in.
            let fresh = resumed.is_some_and(|at| at.plus_seconds(HOUR) > now);
            if response == UnusualResponse::Off || key.suspended.is_some() || fresh {
                continue;
            }
            told += usize::from(self.tell_of_unusual(&key, what, response, now).await?);
        }
        Ok(told)
    }

    /// Once a day for each kind of amount, once at all for each network and model.
    async fn tell_of_unusual(
        &self,
        key: &Key,
        what: &Unusual,
        response: UnusualResponse,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        let id = key.id.as_str();
        let mark = match what {
            Unusual::Network(it) | Unusual::Model(it) => format!("unusual {id} {it}"),
            Unusual::Spend(_) | Unusual::Requests(_) => {
                let resumed = key.resumed_at.map_or(0, |at| at.0);
                let day = at.seconds().div_euclid(DAY);
                format!("unusual {id} {} {day} {resumed}", what.kind())
            }
        };
        let known = self.care.store.is_told(mark.clone()).await;
        if known.map_err(|error| store_fault(error, id))? {
            return Ok(false);
        }
        let pauses = response == UnusualResponse::Pause;
        let words = what.words();
        let data = json!({
            "api_key_id": id, "kind": what.kind(), "what": words,
            "action": if pauses { "paused" } else { "alerted" },
        });
        let (headline, next) = advice(id, pauses);
        let notice = Notice {
            kind: "api_key.unusual_use",
            subject: format!("API key {id} ({}) {headline}", key.name),
            text: format!("API key {id} ({}): {words}.\n\n{next}\n", key.name),
            data: data.clone(),
            project: key.project.as_ref(),
            key: Some(key),
        };
        let deliveries = self.messages(notice).await?;
        let payload = json!({ "id": id, "data": data });
        let project = key.project.as_ref();
        let mut changes = vec![Change::Care(CareChange::TellOnce { mark, at, deliveries })];
        if pauses {
            let why = Suspension::Unusual;
            changes.push(Change::Care(CareChange::Suspend {
                id: key.id.clone(),
                why,
                at,
                note: words,
            }));
        }
        let author = Author::system();
        let write = Write {
            audit: vec![self.audit(&author, "api_key.unusual_use", project, &payload)],
            changes,
            stale: stale(key),
        };
        self.commit(id, write).await.map(|()| true)
    }
}

fn response(rules: &KeyRules, what: &Unusual) -> UnusualResponse {
    let set = match what {
        Unusual::Network(_) => rules.unusual_network,
        Unusual::Model(_) => rules.unusual_model,
        Unusual::Spend(_) => rules.unusual_spend,
        Unusual::Requests(_) => rules.unusual_requests,
    };
    set.unwrap_or(UnusualResponse::DEFAULT)
}

/// What a mail says of it, and what to do now.
fn advice(id: &str, pauses: bool) -> (&'static str, String) {
    if pauses {
        let next = format!(
            "Its calls are refused from now on. If it was you: `tollgate keys resume {id}`. If \
             not: `tollgate keys revoke {id}`."
        );
        return ("is paused", next);
    }
    let next = format!(
        "Its calls go on. If it was not you: `tollgate keys revoke {id}`. What it did: `tollgate \
         requests list --key {id}`."
    );
    ("is used unusually", next)
}

fn is_burst(what: &Unusual) -> bool {
    matches!(what, Unusual::Spend(_) | Unusual::Requests(_))
}

fn add(hours: &mut HashMap<KeyId, HourUse>, start: i64, row: &UsageRow) {
    let Some(key) = row.key.as_deref().map(KeyId::from) else { return };
    count(hours.entry(key).or_insert(HourUse { start, ..HourUse::default() }), row);
}

fn count(hour: &mut HourUse, row: &UsageRow) {
    hour.cost.0 = hour.cost.0.saturating_add(row.cost.total().0);
    hour.requests = hour.requests.saturating_add(row.requests);
}
