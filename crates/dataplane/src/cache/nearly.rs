//! What becomes of a call that leads where its route allows near matches: the answer to a question
//! that is nearly the same, or its own way with what the answer is to be compared with.

use std::sync::Arc;

use domain::{CacheKey, CacheUse, Fault, NearMatch, NearRules, RequestId, Timestamp, Vector};
use openai::kept::said::said;
use openai::kept::split;
use openai::surface::Meter;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::keeping::Keeping;
use super::look::{Asking, Found, Reply, replied};
use super::memory::Kept;
use super::near::{Group, Point, TEXT};
use super::wish::{Wish, key};
use crate::shared::Dataplane;

/// A question that may have a near match.
pub(crate) struct Question {
    rules: NearRules,
    group: Group,
    text: String,
}

/// Where a question lies, for its answer to be found from there.
pub(crate) struct Placed {
    group: Group,
    vector: Vector,
    text: String,
    request: RequestId,
    /// What was nearest, and is not given.
    nearest: Option<Nearest>,
}

struct Nearest {
    similarity: u16,
    point: Arc<Point>,
    kept: Arc<Kept>,
}

impl Question {
    pub(crate) fn model(&self) -> &str {
        &self.rules.model
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl Wish {
    /// What of the call may have a near match: not one that wants a new answer.
    pub(crate) fn question(&self, asking: &Asking<'_>) -> Option<Question> {
        let rules = self.near.clone().filter(|_| !self.directives.no_cache)?;
        let (operation, taken) = (asking.operation, asking.taken);
        let mut split = split(operation, &taken.text()?)?;
        // Vectors of two models have nothing to do with each other.
        split.rest.0.extend_from_slice(rules.model.as_bytes());
        let what = (operation, taken);
        let group = key(
            asking.permit,
            asking.head,
            what,
            asking.place,
            &Sha256::digest(&split.rest.0).into(),
        );
        Some(Question { rules, group, text: split.text })
    }
}

impl Asking<'_> {
    /// Gives the nearest answer if it is near enough; else the call goes on, and what comes of it will
    /// be found from where its question lies.
    ///
    /// # Errors
    /// A limit by rate.
    pub(crate) async fn nearly(
        &mut self,
        wish: &Wish,
        (question, vector): (Question, Vector),
        keeping: &mut Keeping,
    ) -> Result<Option<Reply>, Fault> {
        let cache = &self.worker.shared.cache;
        let Question { group, text, .. } = question;
        let mut nearest = None;
        for (similarity, point) in cache.near.find(group, &vector) {
            if similarity < NearRules::FLOOR || point.project != self.permit.project {
                break;
            }
            let kept = match cache.memory.get(point.key) {
                Some(kept) => Some(kept),
                None => cache.stored(point.key).await,
            };
            let found = kept.and_then(|kept| self.usable(wish, kept)).filter(|found| !found.stale);
            let Some(found) = found else { continue };
            if !wish.takes_near(similarity) {
                nearest = Some(Nearest { similarity, point, kept: found.kept });
                break;
            }
            let reply = self.give_near(wish, found, (similarity, point.key))?;
            let (at, request) = (self.at, self.id.clone());
            let told = NearMatch {
                given: true,
                ..told(&point, similarity, (at, request, &*keeping.model))
            };
            let stored = said(self.operation.meter, reply.1.entry.stream, &reply.1.body);
            keeping.near_found(&reply.1, (similarity, point.key));
            note(&self.worker.shared, told, (&text, &point.text), (stored, None));
            return Ok(Some(reply.0));
        }
        let request = self.id.clone();
        keeping.placed = Some(Placed { group, vector, text, request, nearest });
        Ok(None)
    }

    fn give_near(
        &mut self,
        wish: &Wish,
        found: Found,
        near: (u16, CacheKey),
    ) -> Result<(Reply, Arc<Kept>), Fault> {
        let Found { kept, body, age, .. } = found;
        let ticket = self.ticket()?;
        let given = self.given(ticket, CacheUse::Near, Some(&kept))?.near(near);
        Ok((replied(wish, given, (&kept, body, age)), kept))
    }
}

impl Keeping {
    /// The answer has come: it is found from its question from now on, and compared with what was
    /// nearest to it.
    pub(super) fn remember(&self, kept: &Arc<Kept>) {
        let Some(Placed { group, vector, text, request, nearest }) = &self.placed else { return };
        let point = Point {
            project: self.project.clone(),
            key: self.key,
            model: Arc::clone(&self.model),
            vector: vector.clone(),
            text: short(text).into(),
        };
        self.cache().near.add(*group, point);
        let Some(Nearest { similarity, point, kept: stored }) = nearest else { return };
        let told = told(point, *similarity, (self.at, request.clone(), &*self.model));
        let says = |kept: &Kept, meter: Meter| said(meter, kept.entry.stream, &kept.body);
        let answers = (says(stored, self.meter), says(kept, self.meter));
        let common = match &answers {
            (Some(one), Some(other)) => Some(domain::common_words(one, other)),
            _ => None,
        };
        let texts = (text.as_str(), &*point.text);
        note(&self.worker.shared, NearMatch { common, ..told }, texts, answers);
    }
}

fn told(
    point: &Point,
    similarity: u16,
    (at, request, model): (Timestamp, RequestId, &str),
) -> NearMatch {
    NearMatch {
        place: 0,
        at,
        project: point.project.clone(),
        model: model.to_owned(),
        request,
        key: point.key,
        similarity,
        given: false,
        common: None,
        sealed: None,
    }
}

/// Writes a match down, for a person to judge: both questions, the stored answer, and the provider's
/// where it was asked. No call waits for it.
fn note(
    shared: &Arc<Dataplane>,
    mut told: NearMatch,
    (asked, near): (&str, &str),
    (stored, own): (Option<String>, Option<String>),
) {
    let texts = json!({
        "asked": short(asked),
        "near": near,
        "stored_answer": stored.as_deref().map(short),
        "answer": own.as_deref().map(short),
    });
    let context = NearMatch::context(&told.project, &told.request);
    told.sealed = Some(shared.vault.seal_bytes(&context, texts.to_string().as_bytes()));
    let shared = Arc::clone(shared);
    shared.clone().tasks.spawn(async move {
        let request = told.request.clone();
        if let Err(error) = shared.comparisons.keep_match(told).await {
            tracing::warn!(%request, %error, "a near match cannot be written down");
        }
    });
}

fn short(text: &str) -> &str {
    text.char_indices().nth(TEXT).map_or(text, |(end, _)| &text[..end])
}
