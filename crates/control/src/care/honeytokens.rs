//! Honeytokens: keys that never work. Nobody has a reason to use one, so whoever does has been where
//! it was planted. They are kept apart from keys, so that to every door they are unknown ones.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use domain::fault::catalogue;
use domain::{
    CareChange, Change, Fault, Honeytoken, KeyId, KeyKind, ProjectId, Secret, SecretHash, Trip,
};
use serde_json::json;

use super::notice::Notice;
use super::report::quietly;
use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control, secrets};

/// All of them are in memory.
const MOST: usize = 10_000;
/// Trips that wait to be told of; more are only counted by the refusals.
const WAITING: usize = 256;
/// Alarms of one honeytoken in an hour: each names another address.
const ALARMS: u32 = 20;
const HOUR_MS: i64 = 3_600_000;

/// A honeytoken as it is asked for.
#[derive(Clone, Debug)]
pub struct HoneytokenDraft {
    /// Where it is planted, for people.
    pub name: String,
    pub project: Option<ProjectId>,
    /// What it looks like.
    pub kind: KeyKind,
}

/// A honeytoken whose text cannot be had again.
pub struct MadeHoneytoken {
    pub honeytoken: Honeytoken,
    pub secret: Secret,
}

/// How many alarms each honeytoken has had in an hour.
#[derive(Default)]
pub(super) struct Alarms {
    hour: i64,
    of: HashMap<KeyId, u32>,
}

impl Control {
    /// Reads them from the store: at the start, and after every change.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn load_honeytokens(&self) -> Result<(), Fault> {
        let all = self.list_honeytokens().await?;
        let secrets: HashSet<SecretHash> = all.into_iter().map(|it| it.secret).collect();
        self.care.honeytokens.write().unwrap_or_else(PoisonError::into_inner).clone_from(&secrets);
        self.invalidate.honeytokens_changed(secrets);
        Ok(())
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn list_honeytokens(&self) -> Result<Vec<Honeytoken>, Fault> {
        let listed = self.care.store.honeytokens().await;
        listed.map_err(|error| store_fault(error, "the honeytokens"))
    }

    /// # Errors
    /// 404 for an unknown project, 400 for an archived one and when there are too many.
    pub async fn create_honeytoken(
        &self,
        author: &Author,
        draft: HoneytokenDraft,
    ) -> Result<MadeHoneytoken, Fault> {
        if let Some(project) = &draft.project {
            self.active_project(project).await?;
        }
        if self.list_honeytokens().await?.len() >= MOST {
            return Err(invalid("name", format!("There are {MOST} honeytokens already.")));
        }
        let now = self.clock.now();
        let (secret, kept) = secrets::mint(&self.vault, draft.kind, now);
        let honeytoken = Honeytoken {
            id: KeyId::mint(vault::random()),
            secret: kept.hash,
            display: kept.display,
            name: draft.name,
            project: draft.project,
            created_at: now,
            last_used_at: None,
        };
        let payload = json!({ "id": honeytoken.id.as_str(), "data": { "name": honeytoken.name } });
        let project = honeytoken.project.as_ref();
        let write = Write {
            audit: vec![self.audit(author, "honeytoken.created", project, &payload)],
            changes: vec![Change::Care(CareChange::CreateHoneytoken(honeytoken.clone()))],
            stale: Stale::Nothing,
        };
        self.commit(honeytoken.id.as_str(), write).await?;
        self.load_honeytokens().await?;
        Ok(MadeHoneytoken { honeytoken, secret })
    }

    /// # Errors
    /// 404 for an unknown one.
    pub async fn remove_honeytoken(&self, author: &Author, id: &KeyId) -> Result<(), Fault> {
        let all = self.list_honeytokens().await?;
        let found =
            all.into_iter().find(|it| it.id == *id).ok_or_else(|| not_found(id.as_str()))?;
        let payload = json!({ "id": id.as_str() });
        let project = found.project.as_ref();
        let write = Write {
            audit: vec![self.audit(author, "honeytoken.deleted", project, &payload)],
            changes: vec![Change::Care(CareChange::RemoveHoneytoken(id.clone()))],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        self.load_honeytokens().await
    }

    fn is_honeytoken(&self, secret: SecretHash) -> bool {
        let known = self.care.honeytokens.read().unwrap_or_else(PoisonError::into_inner);
        known.contains(&secret)
    }

    pub(super) async fn honeytoken_of(
        &self,
        secret: SecretHash,
    ) -> Result<Option<Honeytoken>, Fault> {
        if !self.is_honeytoken(secret) {
            return Ok(None);
        }
        Ok(self.list_honeytokens().await?.into_iter().find(|it| it.secret == secret))
    }

    /// Notes what was shown to the Administration API and refused, if it is a honeytoken.
    pub fn look_for_honeytoken(
        &self,
        refused: &Fault,
        presented: Option<&str>,
        address: std::net::IpAddr,
        [target, agent]: [&str; 2],
    ) {
        let Some(presented) = presented else { return };
        let unknown = refused.entry.code == catalogue::INVALID_API_KEY.code;
        if !unknown || vault::key::parse(presented).is_none() {
            return;
        }
        let secret = self.vault.hash(presented);
        if self.is_honeytoken(secret) {
            let mut trips = self.care.trips.lock().unwrap_or_else(PoisonError::into_inner);
            if trips.len() < WAITING {
                trips.push(Trip::new(secret, self.clock.now(), address, [target, agent]));
            }
        }
    }

    /// Tells of every honeytoken that was used: once an hour for each and each address.
    ///
    /// # Errors
    /// 503 when the store is away: what was not told of yet is lost.
    pub async fn tell_of_trips(&self, mut trips: Vec<Trip>) -> Result<usize, Fault> {
        trips.append(&mut self.care.trips.lock().unwrap_or_else(PoisonError::into_inner));
        if trips.is_empty() {
            return Ok(0);
        }
        let all = self.list_honeytokens().await?;
        let mut told = 0;
        for trip in &trips {
            let Some(it) = all.iter().find(|it| it.secret == trip.secret) else { continue };
            told += usize::from(self.tell_of_trip(it, trip).await?);
        }
        Ok(told)
    }

    async fn tell_of_trip(&self, it: &Honeytoken, trip: &Trip) -> Result<bool, Fault> {
        let hour = trip.at.0.div_euclid(HOUR_MS);
        let mark = format!("honeytoken {} {} {hour}", it.id, trip.address);
        let known = self.care.store.is_told(mark.clone()).await;
        let known = known.map_err(|error| store_fault(error, "the honeytoken"))?;
        let touch = Change::Care(CareChange::TouchHoneytoken { id: it.id.clone(), at: trip.at });
        if known || !self.may_alarm(&it.id, hour) {
            self.commit(it.id.as_str(), quietly(touch)).await?;
            return Ok(false);
        }
        let data = json!({
            "honeytoken_id": it.id.as_str(),
            "name": it.name,
            "address": trip.address.to_string(),
            "target": trip.target,
            "user_agent": trip.agent,
            "used_at": trip.at.seconds(),
        });
        let notice = Notice {
            kind: "honeytoken.used",
            subject: format!("Honeytoken {} ({}) was used", it.id, it.name),
            text: format!(
                "Somebody used the honeytoken {} ({}), which is good for nothing but this.\n\n\
                 From: {}\nAsked for: {}\nUser agent: {}\n\nWhoever it was has read what it was \
                 planted in: take everything else in there for stolen.\n",
                it.id, it.name, trip.address, trip.target, trip.agent
            ),
            data: data.clone(),
            project: it.project.as_ref(),
            key: None,
        };
        let deliveries = self.messages(notice).await?;
        let payload = json!({ "id": it.id.as_str(), "data": data });
        let mut line =
            self.audit(&Author::system(), "honeytoken.used", it.project.as_ref(), &payload);
        line.address = Some(trip.address.to_string());
        let tell = CareChange::TellOnce { mark, at: trip.at, deliveries };
        let write = Write {
            audit: vec![line],
            changes: vec![touch, Change::Care(tell)],
            stale: Stale::Nothing,
        };
        self.commit(it.id.as_str(), write).await?;
        Ok(true)
    }

    /// Whether one more alarm of a honeytoken is news in this hour.
    fn may_alarm(&self, id: &KeyId, hour: i64) -> bool {
        let mut alarms = self.care.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        if alarms.hour != hour {
            *alarms = Alarms { hour, of: HashMap::new() };
        }
        let count = alarms.of.entry(id.clone()).or_default();
        *count += 1;
        *count <= ALARMS
    }
}
