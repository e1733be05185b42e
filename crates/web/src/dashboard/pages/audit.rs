//! The audit log: who did what, from where, and whether its chain holds; as a page and as files.

use askama::Template;
use domain::fault::catalogue;
use domain::{AuditEvents, AuditLine, AuditPlace, AuditQuery, Fault, Timestamp};
use openai::admin::{AuditLog, our_events};
use serde_json::{Map, Value};

use super::super::form::{Form, encode};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::keys::draft::date;
use super::typed::{ROWS, When, both, invalid};

/// Lines of a file at most: a spreadsheet's own end is near.
const MOST: usize = 50_000;
const AT_ONCE: u32 = 1_000;
/// Characters of a value that a row shows.
const LONGEST: usize = 160;

const FILTERS: [&str; 6] = ["event", "email", "project", "resource", "from", "until"];

/// What is asked for, as it was typed.
struct Asked {
    event: String,
    email: String,
    project: String,
    resource: String,
    from: String,
    until: String,
}

impl Asked {
    fn of(query: &Form) -> Self {
        let text = |name: &str| query.text(name).to_owned();
        Self {
            event: text("event"),
            email: text("email"),
            project: text("project"),
            resource: text("resource"),
            from: text("from"),
            until: text("until"),
        }
    }
}

/// The same for the log; a fault says which field cannot be read.
fn question(query: &Form, limit: u32) -> Result<AuditQuery, Fault> {
    let list = |name: &str| query.some(name).map(str::to_owned).into_iter().collect();
    let day = |name: &'static str, more: i64| -> Result<Option<Timestamp>, Fault> {
        let Some(text) = query.some(name) else { return Ok(None) };
        let day = date(text).ok_or_else(|| invalid(name, "Give the day as 2027-01-31."))?;
        Ok(Some(Timestamp::from_seconds((day + more) * 86_400)))
    };
    let events = match query.some("event") {
        None => None,
        Some(name) => {
            let why = "This is no event of the log. One is api_key.created.";
            let (named, but) = our_events(name).ok_or_else(|| invalid("event", why))?;
            Some(AuditEvents { named, but })
        }
    };
    Ok(AuditQuery {
        from: day("from", 0)?,
        // The day that is named belongs to it.
        until: day("until", 1)?,
        events,
        projects: list("project"),
        actors: Vec::new(),
        emails: list("email"),
        resources: list("resource"),
        place: AuditPlace { after: query.some("after").map(str::to_owned), before: None },
        limit,
    })
}

/// The filters as a query, without the place.
fn query_of(query: &Form) -> String {
    let given = FILTERS.iter().filter_map(|name| Some((name, query.some(name)?)));
    given.map(|(name, text)| format!("{name}={}", encode(text))).collect::<Vec<_>>().join("&")
}

struct Line {
    at: When,
    event: String,
    /// What it was done to.
    what: String,
    actor: String,
    from: String,
    project: String,
    /// Name, before, after: of an event that changed something; else name and value.
    changes: Vec<(String, String, String)>,
    request: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: &'a Frame,
    asked: Asked,
    projects: Vec<(String, String)>,
    rows: Vec<Line>,
    older: String,
    csv: String,
    lines: String,
    plain: bool,
    verdict: Option<Verdict>,
    fault: Option<&'a Fault>,
}

/// What a look at the whole chain came to.
struct Verdict {
    good: bool,
    said: String,
    head: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, verdict: Option<Verdict>) -> Shown {
    let query = &visit.query;
    let (page, fault) = match question(query, ROWS) {
        Ok(asked) => (Some(visit.control.list_audit(asked).await?), None),
        Err(fault) => (None, Some(fault)),
    };
    let given = query_of(query);
    let rows = page.as_ref().map_or(&[][..], |page| &page.rows);
    let last = rows.last().filter(|_| page.as_ref().is_some_and(|page| page.has_more));
    let older = last.map_or_else(String::new, |last| {
        visit.href(&format!("audit?{given}&after={}", encode(last.id.as_str())))
    });
    let frame = visit.frame("Audit log");
    let projects = visit.projects().iter();
    let shown = visit.show(&AuditPage {
        frame: &frame,
        asked: Asked::of(query),
        projects: projects.map(|it| (it.id.as_str().to_owned(), it.name.clone())).collect(),
        rows: rows.iter().map(line).collect(),
        older,
        csv: format!("/audit.csv?{given}"),
        lines: format!("/audit.jsonl?{given}"),
        plain: given.is_empty(),
        verdict,
        fault: fault.as_ref(),
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(line: &AuditLine) -> Line {
    let payload: Map<String, Value> = serde_json::from_str(&line.payload).unwrap_or_default();
    Line {
        at: both(line.at),
        event: line.event.clone(),
        what: payload.get("id").map(text).unwrap_or_default(),
        actor: actor(line),
        from: line.address.clone().unwrap_or_default(),
        project: line.project.as_ref().map(project_name).unwrap_or_default(),
        changes: changes(&payload),
        request: line.request.as_ref().map_or("", |id| id.as_str()).to_owned(),
    }
}

fn project_name((id, name): &(domain::ProjectId, Option<String>)) -> String {
    name.clone().unwrap_or_else(|| id.as_str().to_owned())
}

/// Whoever acted: their address, else the key's id, else the process itself.
fn actor(line: &AuditLine) -> String {
    let Some(actor) = &line.actor else { return "Tollgate itself".to_owned() };
    let owner = actor.owner.as_ref().map(domain::Owner::as_str);
    let who = actor.email.as_deref().or(owner).unwrap_or("somebody");
    match &actor.key {
        Some(key) => format!("{who}, by admin key {key}"),
        None => who.to_owned(),
    }
}

/// What the event changed, as `name, before, after`; what it says of a new thing has no before.
fn changes(payload: &Map<String, Value>) -> Vec<(String, String, String)> {
    let empty = Map::new();
    let of = |name: &str| payload.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let before = of("before");
    let told = |(name, after): &(&String, &Value)| !after.is_null() || before.contains_key(*name);
    let changed = of("changes_requested").iter().chain(of("data")).filter(told);
    let changed = changed.map(|(name, after)| {
        (name.clone(), before.get(name).map(text).unwrap_or_default(), text(after))
    });
    let apart = ["id", "before", "changes_requested", "data"];
    let plain =
        payload.iter().filter(|(name, value)| !apart.contains(&name.as_str()) && !value.is_null());
    changed.chain(plain.map(|(name, value)| (name.clone(), String::new(), text(value)))).collect()
}

fn text(value: &Value) -> String {
    let said = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let pairs = all.iter().map(|(name, value)| format!("{name} {}", text(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    if said.chars().count() <= LONGEST {
        return said;
    }
    said.chars().take(LONGEST).chain(['…']).collect()
}

/// Reads the whole chain, and says so on the page.
pub(crate) async fn verify(visit: &Visit<'_>) -> Shown {
    let found = visit.control.verify_audit(None).await?;
    let count = super::super::figures::count(found.lines);
    let said = match &found.broken {
        None => format!("The chain holds: {count} lines, none changed, none missing."),
        Some((id, why)) => format!("The chain is broken at line {id}: {why}."),
    };
    let head = found.head.iter().flat_map(|head| head.iter());
    let head = head.map(|byte| format!("{byte:02x}")).collect();
    shown(visit, Some(Verdict { good: found.broken.is_none(), said, head })).await
}

/// All lines that the filters find, newest first.
async fn all(visit: &Visit<'_>) -> Result<Vec<AuditLine>, Fault> {
    let mut asked = question(&visit.query, AT_ONCE)?;
    let mut found: Vec<AuditLine> = Vec::new();
    loop {
        let page = visit.control.list_audit(asked.clone()).await?;
        found.extend(page.rows);
        let Some(last) = found.last().filter(|_| page.has_more) else { return Ok(found) };
        if found.len() >= MOST {
            let why = "These are more than 50,000 lines. Choose a shorter time.";
            return Err(Fault::because(&catalogue::INVALID_VALUE, why).param("from"));
        }
        asked.place.after = Some(last.id.as_str().to_owned());
    }
}

pub(crate) async fn csv(visit: &Visit<'_>) -> Shown {
    let mut file = String::from("id,time,event,what,actor,address,project,request,details\n");
    for row in all(visit).await? {
        let shown = line(&row);
        let project = row.project.as_ref().map_or("", |(id, _)| id.as_str());
        let cells = [
            row.id.as_str(),
            &shown.at.0,
            &shown.event,
            &shown.what,
            &shown.actor,
            &shown.from,
            project,
            &shown.request,
            &row.payload,
        ];
        let cells = cells.map(super::usage::cell);
        file.push_str(&cells.join(","));
        file.push('\n');
    }
    Ok(Page::file("text/csv; charset=utf-8", "tollgate-audit.csv", file))
}

/// One JSON object a line, in the API's own shape.
pub(crate) async fn lines(visit: &Visit<'_>) -> Shown {
    let mut file = Vec::new();
    for row in all(visit).await? {
        let written = serde_json::to_writer(&mut file, &AuditLog::from(&row));
        written.map_err(|_| Fault::new(&catalogue::INTERNAL_ERROR))?;
        file.push(b'\n');
    }
    Ok(Page::file("application/jsonl; charset=utf-8", "tollgate-audit.jsonl", file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_changed_stands_with_what_was_before() {
        let payload = r#"{"id":"proj_1","changes_requested":{"title":"Red"},"before":{"title":"Blue"},"scope":null,"kind":"x"}"#;
        let changes = changes(&serde_json::from_str(payload).unwrap());
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(changes, [row("title", "Blue", "Red"), row("kind", "", "x")]);
        assert_eq!(text(&Value::from("é".repeat(200))).chars().count(), LONGEST + 1);
    }

    #[test]
    fn filters_are_read_and_what_cannot_be_names_its_field() {
        let asked = |text: &str| question(&Form::parse(text).unwrap(), 1);
        let read =
            asked("from=2026-01-01&until=2026-01-01&email=a@b&event=project.created").unwrap();
        assert_eq!(read.until.unwrap().0 - read.from.unwrap().0, 86_400_000);
        assert_eq!(read.emails, ["a@b"]);
        for (bad, field) in [("from=1.1.26", "from"), ("event=project.exploded", "event")] {
            assert_eq!(asked(bad).unwrap_err().param.as_deref(), Some(field));
        }
        assert_eq!(query_of(&Form::parse("email=a%26b&after=x").unwrap()), "email=a%26b");
    }
}
