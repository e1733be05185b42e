//! Account-wide lists, shown to a project as if its objects were the only ones.
//!
//! The provider's pages are read on until the asked number of own objects is found, so that a
//! page is full where more follow, and cursors stay ids of the project's own objects.

use std::sync::Arc;

use domain::{Fault, ObjectKind, ObjectRecord, fault::catalogue};
use http::{HeaderMap, Response, StatusCode};
use openai::answer::derived;
use openai::list::{Element, Page};
use openai::target;

use crate::attempt::{self, Ready, Target, read_whole};
use crate::body::reply::ReplyBody;
use crate::body::upload::BrokenOff;
use crate::owned;
use crate::pace::Placed;
use crate::plan::Plan;
use crate::refusal;
use crate::reply::{answer_headers, json};
use crate::shared::Worker;
use crate::tab::{Call, End, Leg};

/// Bytes of one provider page.
const PAGE: usize = 64 << 20;
/// Provider pages read for one of ours.
const PAGES: usize = 200;

/// What was gathered for the client's page.
struct Gathered {
    elements: Vec<(String, Vec<u8>)>,
    wanted: usize,
    more: bool,
    cursor: Option<String>,
}

/// Answers a list operation.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
    kind: ObjectKind,
) -> Result<Response<ReplyBody>, Fault> {
    let base = ready.target.behind_v1().to_owned();
    let headers = ready.headers.clone();
    let query = base.split_once('?').map(|(_, q)| q.to_owned()).unwrap_or_default();
    let after = parameter(&query, "after")?;
    let before = parameter(&query, "before")?;
    let limit = parameter(&query, "limit")?;
    let backwards = before.is_some();
    let cursors: Vec<_> = after.into_iter().chain(before).map(|id| (kind, id)).collect();
    if !cursors.is_empty() {
        owned::check(&worker.shared, &plan.first.upstream, &call.project, &cursors).await?;
    }
    let (tab, answer) = attempt::send(&worker, &call, &plan, ready).await?;
    if answer.status() != StatusCode::OK {
        return attempt::receive(tab, answer).await;
    }
    let map = answer_headers(&tab, answer.headers());
    let first = read_whole(&worker.shared, answer.into_body(), PAGE).await;
    tab.settle(End::read(&first, 200));
    let first = first?;
    let page = Page::parse(&first).ok_or_else(|| {
        Fault::because(&catalogue::UPSTREAM_ERROR, "The provider's list could not be read.")
    })?;
    let asked = limit.and_then(|l| l.parse().ok());
    let mut gathered = Gathered {
        elements: Vec::new(),
        wanted: asked.unwrap_or(page.elements.len().max(1)),
        more: page.has_more() && !backwards,
        cursor: page.elements.last().map(|e| e.id.clone().into_owned()),
    };
    let lister = Lister { worker: &worker, call: &call, plan: &plan, kind, base, headers };
    lister.take(&mut gathered, &page.elements).await?;
    lister.read_on(&mut gathered).await?;
    let has_more = gathered.elements.len() > gathered.wanted || (page.has_more() && backwards);
    gathered.elements.truncate(gathered.wanted);
    Ok(json(StatusCode::OK, map, page.render(&gathered.elements, has_more)))
}

struct Lister<'a> {
    worker: &'a Arc<Worker>,
    call: &'a Arc<Call>,
    plan: &'a Plan,
    kind: ObjectKind,
    base: String,
    headers: HeaderMap,
}

impl Lister<'_> {
    /// Reads further provider pages until the page is full and one more is known, or none follow.
    async fn read_on(&self, gathered: &mut Gathered) -> Result<(), Fault> {
        for _ in 0..PAGES {
            if !gathered.more || gathered.elements.len() > gathered.wanted {
                return Ok(());
            }
            if self.has_all(gathered).await? {
                return Ok(());
            }
            let Some(cursor) = gathered.cursor.take() else { return Ok(()) };
            let ready = Box::new(Ready {
                placed: Placed::free(),
                method: http::Method::GET,
                target: Target::Made(with_cursor(&self.base, &cursor)),
                headers: self.headers.clone(),
                body: egress::Outgoing::Empty,
                broken: BrokenOff::default(),
                leg: Leg::ONLY,
                gone: None,
            });
            let (tab, answer) = attempt::send(self.worker, self.call, self.plan, ready).await?;
            let status = answer.status().as_u16();
            let body = read_whole(&self.worker.shared, answer.into_body(), PAGE).await;
            tab.settle(End::read(&body, status));
            let body = body?;
            let page = Page::parse(&body).filter(|_| status == 200);
            let page = page.ok_or_else(|| Fault::new(&catalogue::UPSTREAM_ERROR))?;
            gathered.more = page.has_more() && !page.elements.is_empty();
            gathered.cursor = page.elements.last().map(|e| e.id.clone().into_owned());
            self.take(gathered, &page.elements).await?;
        }
        Ok(())
    }

    /// Whether every object of the project is gathered already, so that reading on finds none.
    async fn has_all(&self, gathered: &Gathered) -> Result<bool, Fault> {
        let upstream = &self.plan.first.upstream;
        if upstream.unowned_project.as_ref() == Some(&self.call.project) {
            return Ok(false);
        }
        let claims = &self.worker.shared.claims;
        let count = claims.count(&upstream.id, &self.call.project, self.kind).await;
        let count = count.map_err(|error| refusal::store(&error))?;
        Ok(gathered.elements.len() as u64 >= count)
    }

    /// Keeps the elements that are the project's.
    async fn take(&self, gathered: &mut Gathered, elements: &[Element<'_>]) -> Result<(), Fault> {
        let upstream = &self.plan.first.upstream;
        let ids: Vec<String> = elements.iter().map(|e| e.id.clone().into_owned()).collect();
        let owners = self.worker.shared.claims.owners(&upstream.id, &ids).await;
        let owners = owners.map_err(|error| refusal::store(&error))?;
        let mut brought = Vec::new();
        for (element, owner) in elements.iter().zip(owners) {
            // A file that a job made belongs to the job's project; until that project has seen
            // the job's end, nobody else may see the file.
            let by_job = owner.is_none() && is_job_output(&element.purpose);
            if by_job || !owned::is_ours(upstream, &self.call.project, owner.as_ref()) {
                continue;
            }
            gathered.elements.push((element.id.clone().into_owned(), element.text.to_vec()));
            brought.extend(derived(element.text, false));
        }
        let record = |(kind, object)| ObjectRecord {
            upstream: upstream.id.clone(),
            object,
            kind,
            project: self.call.project.clone(),
            created_at: self.call.at,
        };
        let records = brought.into_iter().map(record).collect();
        let claimed = self.worker.shared.claims.claim(records).await;
        claimed.map_err(|error| refusal::store(&error))
    }
}

fn is_job_output(purpose: &str) -> bool {
    purpose == "batch_output" || purpose == "fine-tune-results"
}

/// The value of a query's parameter, whose name may be escaped. One that stands twice is refused:
/// the provider may go by the one that was not checked.
fn parameter(query: &str, name: &'static str) -> Result<Option<String>, Fault> {
    let mut found = query.split('&').filter(|pair| is_named(pair, name));
    let first = found.next();
    if found.next().is_some() {
        let why = format!("`{name}` stands twice in the query.");
        return Err(Fault::because(&catalogue::INVALID_VALUE, why).param(name));
    }
    let value = first.and_then(|pair| pair.split_once('=')).map(|(_, value)| value);
    Ok(value.and_then(target::decode).map(std::borrow::Cow::into_owned))
}

fn is_named(pair: &str, wanted: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    target::decode(name).is_some_and(|name| name == wanted)
}

/// The same list from behind `cursor`, in larger steps.
fn with_cursor(base: &str, cursor: &str) -> String {
    let (path, query) = base.split_once('?').unwrap_or((base, ""));
    let kept = query
        .split('&')
        .filter(|p| !p.is_empty() && !is_named(p, "after") && !is_named(p, "limit"));
    let mut out = format!("{path}?limit=100&after={cursor}");
    for pair in kept {
        out.push('&');
        out.push_str(pair);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_query_stays() {
        assert_eq!(
            with_cursor("/files?limit=2&purpose=batch&after=x", "y"),
            "/files?limit=100&after=y&purpose=batch"
        );
        assert_eq!(
            with_cursor("/files?l%69mit=2&%61fter=x&after&order=asc", "y"),
            "/files?limit=100&after=y&order=asc"
        );
    }

    #[test]
    fn a_parameter_is_found_in_any_spelling_and_only_once() {
        let value = |query, name| parameter(query, name).unwrap();
        assert_eq!(value("a=1&after=file%2D1", "after").as_deref(), Some("file-1"));
        assert_eq!(value("a=1&%61ft%65r=file-1", "after").as_deref(), Some("file-1"));
        assert_eq!(value("afterwards=1", "after"), None);
        for (query, name) in [
            ("after=a&after=b", "after"),
            ("after=a&%61fter=b", "after"),
            ("before&before=b", "before"),
            ("limit=1&x=y&limi%74=2", "limit"),
        ] {
            let fault = parameter(query, name).unwrap_err();
            assert_eq!(fault.entry.code, "invalid_value", "{query}");
        }
    }
}
