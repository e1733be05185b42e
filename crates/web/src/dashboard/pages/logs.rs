//! Logs: attempts at providers, found by what is known of them; and one call's way, step by step.

use std::collections::HashMap;

use askama::Template;
use domain::fault::catalogue;
use domain::{AttemptFilter, AttemptQuery, Entry, Fault, LoggedAttempt, RequestId};

use super::super::figures::{count, instant, milliseconds, money, when};
use super::super::form::encode;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "logs.html")]
struct LogsPage<'a> {
    frame: &'a Frame,
    here: String,
    refused: String,
    request: String,
    model: String,
    key: String,
    status: String,
    statuses: [(&'static str, &'static str); 6],
    rows: Vec<Line>,
    older: String,
    /// Nothing was asked for in particular.
    plain: bool,
}

struct Line {
    at: String,
    instant: String,
    href: String,
    request: String,
    model: String,
    status: u16,
    mood: &'static str,
    tokens: String,
    cost: String,
    took: String,
}

/// The choices of a status: what the query says, and what people read.
const STATUSES: [(&str, &str); 6] = [
    ("", "any status"),
    ("2xx", "2xx: answered"),
    ("4xx", "4xx: refused"),
    ("429", "429: too many"),
    ("5xx", "5xx: failed"),
    ("504", "504: no answer in time"),
];

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let query = &visit.query;
    let request = query.some("request").map(str::to_owned);
    if let Some(id) = &request {
        return find(visit, id).await;
    }
    let status = query.some("status").filter(|text| STATUSES.iter().any(|(it, _)| it == text));
    let filter = AttemptFilter {
        project: visit.project_id().map(|id| id.as_str().to_owned()),
        key: query.some("api_key_id").map(str::to_owned),
        model: query.some("model").map(str::to_owned),
        status: status.and_then(range),
        ..AttemptFilter::default()
    };
    let before = query.some("before").and_then(|text| text.parse().ok());
    let asked = AttemptQuery { filter, before, limit: ROWS };
    let page = visit.control.list_attempts(asked).await?;
    let text = |name: &str| query.text(name).to_owned();
    let older = page.next.map_or_else(String::new, |before| {
        let (model, key) = (encode(query.text("model")), encode(query.text("api_key_id")));
        let status = status.unwrap_or("");
        visit.href(&format!("logs?model={model}&api_key_id={key}&status={status}&before={before}"))
    });
    let frame = visit.frame("Logs");
    visit.show(&LogsPage {
        frame: &frame,
        here: visit.href("logs"),
        refused: visit.href("refused"),
        request: request.unwrap_or_default(),
        plain: text("model").is_empty() && text("api_key_id").is_empty() && status.is_none(),
        model: text("model"),
        key: text("api_key_id"),
        status: status.unwrap_or("").to_owned(),
        statuses: STATUSES,
        rows: page.rows.iter().map(|row| line(visit, row)).collect(),
        older,
    })
}

/// To the call, or to why there is none.
async fn find(visit: &Visit<'_>, id: &str) -> Shown {
    let found = visit.control.attempts_of(id.into()).await;
    match found {
        // Whether another project has made a call is nobody's to learn here.
        Ok(attempts) if attempts.iter().any(|one| is_foreign(visit, one)) => {
            Ok(Page::to(&visit.href(&format!("refused?request={}", encode(id)))))
        }
        Ok(_) => Ok(Page::to(&visit.href(&format!("logs/{}", encode(id))))),
        Err(fault) if fault.entry.status == 404 => {
            Ok(Page::to(&visit.href(&format!("refused?request={}", encode(id)))))
        }
        Err(fault) => Err(fault),
    }
}

fn range(status: &str) -> Option<(u16, u16)> {
    match status.strip_suffix("xx") {
        Some(class) => class.parse::<u16>().ok().map(|class| (class * 100, class * 100 + 99)),
        None => status.parse().ok().map(|status| (status, status)),
    }
}

fn line(visit: &Visit<'_>, row: &LoggedAttempt) -> Line {
    Line {
        at: when(row.at),
        instant: instant(row.at),
        href: visit.href(&format!("logs/{}", encode(row.request.as_str()))),
        request: row.request.as_str().to_owned(),
        model: model(row).to_owned(),
        status: row.status,
        mood: mood(row.status),
        tokens: count(row.tokens.input.saturating_add(row.tokens.output)),
        cost: row.cost.map_or_else(|| "—".to_owned(), |cost| money(cost.total())),
        took: milliseconds(row.total_us),
    }
}

fn model(row: &LoggedAttempt) -> &str {
    row.model_served.as_deref().or(row.model_asked.as_deref()).unwrap_or("—")
}

fn mood(status: u16) -> &'static str {
    match status {
        ..400 => "good",
        400..500 => "near",
        _ => "bad",
    }
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage<'a> {
    frame: &'a Frame,
    request: String,
    attempts: Vec<AttemptView>,
    cost: String,
    curl: bool,
}

struct AttemptView {
    number: u32,
    status: u16,
    mood: &'static str,
    outcome: &'static str,
    facts: Vec<(&'static str, String)>,
    money: Vec<(&'static str, String)>,
    steps: Vec<Step>,
    /// What its code says, and what to do.
    told: Option<(&'static str, &'static str, &'static str)>,
    at: String,
    instant: String,
}

/// A part of the call's time, as a share of the whole: on a plane of a thousand.
struct Step {
    name: &'static str,
    took: String,
    x: u64,
    width: u64,
    colour: u8,
}

/// One call, with all that was tried for it.
pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    let id: RequestId = visit.id(0);
    let attempts = visit.control.attempts_of(id.clone()).await?;
    if attempts.iter().any(|one| is_foreign(visit, one)) {
        // In the words for one that is not there at all.
        let why = format!("'{id}' was not found.");
        return Err(Fault::because(&catalogue::NOT_FOUND, why));
    }
    let names = Names::of(visit, &attempts).await?;
    let cost = attempts.iter().filter_map(|attempt| attempt.cost);
    let cost = cost.fold(0_i64, |sum, cost| sum.saturating_add(cost.total().0));
    let whole = attempts.iter().map(|attempt| attempt.total_us).max().unwrap_or(0);
    let frame = visit.frame("One call");
    visit.show(&LogPage {
        frame: &frame,
        request: id.as_str().to_owned(),
        cost: money(domain::Nanos(cost)),
        curl: attempts.len() > 1,
        attempts: attempts.iter().map(|attempt| view(attempt, whole, &names)).collect(),
    })
}

/// A call of another project is none of this one's.
fn is_foreign(visit: &Visit<'_>, attempt: &LoggedAttempt) -> bool {
    visit.project_id().is_some_and(|project| project.as_str() != attempt.project)
}

fn view(attempt: &LoggedAttempt, whole: u64, names: &Names) -> AttemptView {
    let code = attempt.error.as_deref();
    AttemptView {
        number: attempt.attempt,
        status: attempt.status,
        mood: mood(attempt.status),
        outcome: outcome(attempt),
        facts: facts(attempt, names),
        money: amounts(attempt),
        steps: steps(attempt, whole),
        told: code.and_then(catalogue::find).map(told),
        at: when(attempt.at),
        instant: instant(attempt.at),
    }
}

fn told(entry: &'static Entry) -> (&'static str, &'static str, &'static str) {
    (entry.code, entry.what, entry.remedy)
}

fn outcome(attempt: &LoggedAttempt) -> &'static str {
    match attempt.outcome {
        domain::Outcome::Completed => "Completed",
        domain::Outcome::Refused => "Refused by the provider",
        domain::Outcome::ClientGone => "The client left; it was read to its end for the bill",
        domain::Outcome::UpstreamFailed => "The provider failed",
    }
}

/// What the ids of a call's attempts are called.
struct Names {
    upstreams: HashMap<String, String>,
    keys: HashMap<String, String>,
    /// By upstream: the way out that its calls take as things stand now.
    egresses: HashMap<String, String>,
}

impl Names {
    async fn of(visit: &Visit<'_>, attempts: &[LoggedAttempt]) -> Result<Self, Fault> {
        let all = visit.control.list_upstreams().await?;
        let upstreams = all.into_iter().map(|it| (it.id.as_str().to_owned(), it.name)).collect();
        let (mut keys, mut egresses) = (HashMap::new(), HashMap::new());
        for attempt in attempts {
            if let Some(name) = visit.control.key_name(&attempt.key.as_str().into()).await? {
                keys.insert(attempt.key.clone(), name);
            }
            let (upstream, project) = (attempt.upstream.as_str(), attempt.project.as_str());
            let way = visit.control.egress_between(&upstream.into(), &project.into()).await?;
            egresses.insert(upstream.to_owned(), way);
        }
        Ok(Self { upstreams, keys, egresses })
    }

    /// The name beside the id, where there is one.
    fn with_id(names: &HashMap<String, String>, id: &str) -> String {
        match names.get(id).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({id})"),
            None => id.to_owned(),
        }
    }
}

fn facts(attempt: &LoggedAttempt, names: &Names) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let how = match (attempt.stream, attempt.batch) {
        (true, _) => "a stream",
        (_, true) => "a batch",
        _ => "one answer",
    };
    vec![
        ("Operation", attempt.operation.clone()),
        ("Model asked for", text(&attempt.model_asked)),
        ("Model served", text(&attempt.model_served)),
        ("Upstream", Names::with_id(&names.upstreams, &attempt.upstream)),
        ("Egress, as it is set now", text(&names.egresses.get(&attempt.upstream).cloned())),
        ("Provider's request id", text(&attempt.upstream_request)),
        ("API key", Names::with_id(&names.keys, &attempt.key)),
        ("Project", attempt.project.clone()),
        ("User", attempt.user.clone()),
        ("Cache", text(&attempt.cache)),
        ("User label", text(&attempt.user_label)),
        ("Service tier", text(&attempt.service_tier)),
        ("Answered as", how.to_owned()),
        (
            "Bytes in and out",
            format!("{} and {}", count(attempt.bytes_in), count(attempt.bytes_out)),
        ),
    ]
}

fn amounts(attempt: &LoggedAttempt) -> Vec<(&'static str, String)> {
    let tokens = &attempt.tokens;
    let counted = if attempt.estimated { " (counted by Tollgate)" } else { "" };
    let mut rows = vec![
        ("Input tokens", format!("{}{counted}", count(tokens.input))),
        ("of them cached", count(tokens.input_cached)),
        ("Output tokens", format!("{}{counted}", count(tokens.output))),
        ("of them reasoning", count(tokens.output_reasoning)),
    ];
    for (name, counted) in [
        ("Images", attempt.images),
        ("Sound, ms", attempt.media_ms),
        ("Characters", attempt.characters),
    ] {
        if counted > 0 {
            rows.push((name, count(counted)));
        }
    }
    match &attempt.cost {
        None => rows.push(("Cost", "no price here".to_owned())),
        Some(cost) => {
            rows.push(("Cost of input", format!("${}", cost.input)));
            rows.push(("Cost of cached input", format!("${}", cost.input_cached)));
            rows.push(("Cost of output", format!("${}", cost.output)));
            rows.push(("Other cost", format!("${}", cost.other)));
            rows.push(("Posted", format!("${}", cost.total())));
        }
    }
    if let Some(saved) = attempt.saved {
        rows.push(("Saved by the cache", format!("${saved}")));
    }
    rows
}

/// What the time went to, one behind the other.
fn steps(attempt: &LoggedAttempt, whole: u64) -> Vec<Step> {
    let before = attempt.queue_us;
    let first = attempt.first_byte_us;
    let after = attempt.total_us.saturating_sub(before).saturating_sub(first);
    let on_plane = |us: u64| us.saturating_mul(1000) / whole.max(1);
    let mut at = 0;
    [("Before it was sent", before, 7), ("To the first byte", first, 0), ("To the end", after, 5)]
        .into_iter()
        .map(|(name, us, colour)| {
            let step = Step {
                name,
                took: milliseconds(us),
                x: on_plane(at),
                width: on_plane(us).max(2),
                colour,
            };
            at = at.saturating_add(us);
            step
        })
        .collect()
}
