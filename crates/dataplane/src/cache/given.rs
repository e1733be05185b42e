//! A call that the cache answered: its record, which costs nothing, and the head of its reply.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{
    CacheKey, CacheUse, Cost, KeyView, Nanos, Outcome, ProjectId, RequestId, SecretHash, Timestamp,
    Tokens, UpstreamId, UsageRecord,
};
use http::header::{AGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use openai::surface::Operation;
use tokio::time::Instant;

use super::memory::Kept;
use crate::budget::Held;
use crate::headers;
use crate::observed::Observed;
use crate::overload;
use crate::rate::RateTicket;
use crate::reply::{id_value, with_cost};
use crate::shared::Worker;
use crate::slots::Slot;
use crate::tab::Taken;
use crate::tasks::Open;
use crate::trace::Trace;

/// What is known of a call that the cache answers. It has a record of its own, exactly one.
pub(crate) struct Given {
    pub(super) worker: Arc<Worker>,
    pub(super) request: RequestId,
    pub(super) at: Timestamp,
    pub(super) arrived: Instant,
    pub(super) operation: &'static Operation,
    pub(super) key: Arc<KeyView>,
    pub(super) project: ProjectId,
    pub(super) secret: SecretHash,
    pub(super) model: Option<Box<str>>,
    pub(super) user_label: Option<Box<str>>,
    pub(super) stream: bool,
    pub(super) bytes_in: u64,
    pub(super) ticket: RateTicket,
    pub(super) slot: Slot,
    pub(super) trace: Option<Arc<Trace>>,
    pub(super) address: IpAddr,
    pub(super) upstream: UpstreamId,
    pub(super) upstream_name: HeaderValue,
    pub(super) served: Option<Arc<str>>,
    /// The provider's id of the answer that it pays a part of.
    pub(super) upstream_request: Option<Box<str>>,
    pub(super) used: CacheUse,
    pub(super) saved: Option<Nanos>,
    /// How near it was, and the key of what is given.
    pub(super) near: Option<(u16, CacheKey)>,
    /// Open until the last byte.
    pub(super) room: (Open, overload::Slot),
}

impl Given {
    /// What of it is an answer's own.
    pub(super) fn of(mut self, kept: &Kept) -> Self {
        (self.upstream, self.served) = (kept.entry.upstream.clone(), kept.entry.served.clone());
        self.saved = kept.entry.cost;
        self
    }

    pub(super) fn near(self, near: (u16, CacheKey)) -> Self {
        Self { near: Some(near), used: CacheUse::Near, ..self }
    }

    /// The head of the reply, with what it cost where that is known already.
    pub(super) fn head(
        &self,
        key: CacheKey,
        (age, cost): (u64, Option<Nanos>),
        stream: bool,
    ) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(12);
        let kind = if stream { "text/event-stream; charset=utf-8" } else { "application/json" };
        map.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        map.insert(headers::X_REQUEST_ID, id_value(&self.request));
        map.insert(headers::X_UPSTREAM, self.upstream_name.clone());
        map.insert(headers::X_ATTEMPTS, HeaderValue::from(0_u16));
        map.insert(headers::X_CACHE, HeaderValue::from_static(self.used.as_str()));
        map.insert(AGE, HeaderValue::from(age));
        if let Some((similarity, _)) = self.near {
            let told = format!("{}.{:03}", similarity / 1_000, similarity % 1_000);
            map.extend(HeaderValue::from_str(&told).map(|told| (headers::X_SIMILARITY, told)));
        }
        let key = self.near.map_or(key, |(_, key)| key);
        if let Ok(key) = HeaderValue::from_bytes(&key.digits()) {
            map.insert(headers::X_CACHE_KEY, key);
        }
        self.ticket.write_headers(&mut map);
        with_cost(&mut map, cost);
        map.insert(headers::ORGANIZATION, self.worker.shared.organization.clone());
        if stream {
            map.insert(headers::X_ACCEL, HeaderValue::from_static("no"));
        }
        map
    }

    /// Makes no record: nothing was given. Its slot is free.
    pub(super) fn void(self) {
        let Self { worker, slot, .. } = self;
        worker.posted([Taken { slot, held: None }]);
    }

    /// The same, with the room that it took, for a call that goes on.
    pub(super) fn goes_on(self) -> (Open, overload::Slot) {
        let Self { worker, slot, room, .. } = self;
        worker.posted([Taken { slot, held: None }]);
        room
    }

    /// Makes the record: a call without tokens that cost nothing. It took a request from the limits
    /// by rate, and nothing from those by money.
    pub(super) fn settle(self, outcome: Outcome, bytes_out: u64) {
        self.pay(outcome, bytes_out, (Cost::default(), None));
    }

    /// The same for one that cost something, of what was held for it.
    pub(super) fn pay(self, outcome: Outcome, bytes_out: u64, (cost, held): (Cost, Option<Held>)) {
        let total_us = u64::try_from(self.arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        let name = |text: &str| self.worker.names.intern(text);
        let record = UsageRecord {
            request: self.request,
            attempt: 1,
            at: self.at,
            operation: self.operation.id,
            family: self.operation.meter.family(),
            project: self.project,
            key: self.key.id.clone(),
            user: name(self.key.owner.as_str()),
            user_label: self.user_label,
            model_asked: self.model.as_deref().map(name),
            model_served: self.served,
            service_tier: None,
            upstream: self.upstream,
            upstream_request: self.upstream_request,
            status: 200,
            outcome,
            stream: self.stream,
            batch: false,
            estimated: false,
            tokens: Tokens::default(),
            images: 0,
            media_ms: 0,
            characters: 0,
            cost: Some(cost),
            error: None,
            queue_us: 0,
            first_byte_us: 0,
            total_us,
            bytes_in: self.bytes_in,
            bytes_out,
            cache: Some(self.used),
            saved: self.saved,
            shadow: false,
            prints: None,
        };
        let shared = &self.worker.shared;
        shared.cache.book.at(&record.project).used(self.used, self.saved);
        self.ticket.settle(&record);
        // All of a hit's time is ours; of a joined call's, most was spent waiting for the provider.
        let hit = self.used == CacheUse::Hit;
        let overhead_us = hit.then(|| u32::try_from(total_us).unwrap_or(u32::MAX));
        let observed =
            Observed { overhead_us, class: None, trace: self.trace, address: Some(self.address) };
        let taken = Taken { slot: self.slot, held };
        self.worker.record(taken, record, self.secret, observed);
    }
}
