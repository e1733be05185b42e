//! The answer cache: what it saved, and what a project says of its own.

use askama::Template;
use control::CacheState;
use domain::{CacheFigures, CachePatch, CachePurge, CacheRules, Fault, Joiners, Replay};

use super::super::figures::{count, money};
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::confirm::Question;
use super::projects;
use super::typed::{invalid, onto};
use crate::routes::WRITE;

#[derive(Template)]
#[template(path = "cache.html")]
struct CachePage<'a> {
    frame: &'a Frame,
    here: String,
    figures: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    /// Of a project alone.
    rules: Option<Rules>,
    may: bool,
    fault: Option<&'a Fault>,
}

/// The fields of the form, as they were typed or else as they are.
struct Rules {
    enabled: bool,
    by_header: bool,
    ttl: String,
    stale: String,
    replays: [(&'static str, &'static str, bool); 2],
    joiners: [(&'static str, &'static str, bool); 2],
    may_keep: bool,
}

impl Rules {
    fn of(state: &CacheState, typed: Option<&Form>) -> Self {
        let rules = &state.rules;
        let replay = match typed {
            Some(form) => Replay::parse(form.text("replay")).unwrap_or_default(),
            None => rules.replay,
        };
        let joiners = match typed {
            Some(form) => Joiners::parse(form.text("joiners")).unwrap_or_default(),
            None => rules.joiners,
        };
        let text = |name: &str, stands: u32| {
            typed.map_or_else(|| stands.to_string(), |form| form.text(name).to_owned())
        };
        let ticked = |name: &str, stands: bool| typed.map_or(stands, |form| form.is_checked(name));
        Self {
            enabled: ticked("enabled", rules.enabled),
            by_header: ticked("by_header", rules.by_header),
            ttl: text("ttl_seconds", rules.ttl_seconds),
            stale: text("stale_seconds", rules.stale_seconds),
            replays: Replay::ALL.map(|it| {
                let words = match it {
                    Replay::AtOnce => "As fast as it is taken",
                    Replay::Paced => "In the time that it took",
                };
                (it.as_str(), words, it == replay)
            }),
            joiners: Joiners::ALL.map(|it| {
                let words = match it {
                    Joiners::Free => "Nothing: whoever asked first pays for all",
                    Joiners::Share => "An equal part each, within their own limits",
                };
                (it.as_str(), words, it == joiners)
            }),
            may_keep: state.may_keep,
        }
    }
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let state = match visit.project_id() {
        Some(project) => Some(visit.control.cache(project).await?),
        None => None,
    };
    let figures = match &state {
        Some(state) => state.figures,
        None => visit.control.cache_figures().await,
    };
    let frame = visit.frame("Cache");
    let page = visit.show(&CachePage {
        frame: &frame,
        here: visit.href("cache"),
        figures: tiles(&figures),
        facts: facts(&figures),
        rules: state.map(|state| Rules::of(&state, fault.map(|_| &visit.form))),
        may: visit.may(WRITE),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn tiles(figures: &CacheFigures) -> Vec<(&'static str, String)> {
    vec![
        ("Saved since the start", money(figures.saved)),
        ("Answered from the cache", count(figures.hits)),
        ("Joined an equal call", count(figures.joined)),
        ("Asked of the provider", count(figures.misses)),
    ]
}

fn facts(figures: &CacheFigures) -> Vec<(&'static str, String)> {
    let kilobytes = |bytes: u64| format!("{} KB", count(bytes.div_ceil(1_000)));
    vec![
        ("Given while they were asked for anew", count(figures.stale)),
        ("Not kept, though asked to", count(figures.unkept)),
        ("Answers in memory", count(figures.memory.entries)),
        ("They take up", kilobytes(figures.memory.bytes)),
        ("Answers in the file", count(figures.stored.entries)),
        ("They take up there", kilobytes(figures.stored.bytes)),
    ]
}

/// Seconds that a rule may have.
fn seconds(form: &Form, field: &'static str, least: u32) -> Result<u32, Fault> {
    let number = form.text(field).parse().ok();
    let number = number.filter(|number| (least..=CacheRules::LONGEST).contains(number));
    let most = count(u64::from(CacheRules::LONGEST));
    number.ok_or_else(|| invalid(field, format!("Give whole seconds from {least} to {most}.")))
}

fn patch(form: &Form) -> Result<CachePatch, Fault> {
    Ok(CachePatch {
        enabled: Some(form.is_checked("enabled")),
        by_header: Some(form.is_checked("by_header")),
        ttl_seconds: Some(seconds(form, "ttl_seconds", 1)?),
        stale_seconds: Some(seconds(form, "stale_seconds", 0)?),
        replay: Replay::parse(form.text("replay")),
        joiners: Joiners::parse(form.text("joiners")),
        purged_at: None,
    })
}

pub(crate) async fn set(visit: &Visit<'_>) -> Shown {
    let project = projects::id(visit)?;
    let set = match patch(&visit.form) {
        Ok(patch) => visit.control.set_cache(&visit.author()?, project, patch).await,
        Err(fault) => Err(fault),
    };
    match set {
        Ok(state) => Ok(Page::to(&visit.href("cache")).saying(match state.rules.enabled {
            true => "The cache is on, from the next call.",
            false => "The cache is off but for calls that may ask for it, from the next call.",
        })),
        Err(fault) => shown(visit, Some(&onto(fault, &["ttl_seconds", "stale_seconds"]))).await,
    }
}

pub(crate) async fn ask_purge(visit: &Visit<'_>) -> Shown {
    let question = Question {
        title: "Empty the cache",
        question: format!("Throw away every kept answer of {}?", projects::here(visit)?.name),
        lead: "Calls are asked of the provider again, and paid again.".to_owned(),
        action: visit.href("cache/purge"),
        fields: Vec::new(),
        button: "Empty the cache",
        back: visit.href("cache"),
        typed: None,
    };
    question.ask(visit)
}

pub(crate) async fn purge(visit: &Visit<'_>) -> Shown {
    let (author, project) = (visit.author()?, projects::id(visit)?);
    let gone = visit.control.purge_cache(&author, project, CachePurge::All).await?;
    let said = format!("{} answers are thrown away.", count(gone));
    Ok(Page::to(&visit.href("cache")).saying(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_and_mistakes_are_told_at_their_fields() {
        let read = |text: &str| patch(&Form::parse(text).unwrap());
        let good = read("enabled=on&ttl_seconds=60&stale_seconds=0&replay=paced").unwrap();
        assert_eq!((good.enabled, good.by_header), (Some(true), Some(false)));
        assert_eq!((good.ttl_seconds, good.replay), (Some(60), Some(Replay::Paced)));
        for (text, field) in [
            ("ttl_seconds=0&stale_seconds=0", "ttl_seconds"),
            ("ttl_seconds=1e3&stale_seconds=0", "ttl_seconds"),
            ("ttl_seconds=60&stale_seconds=-1", "stale_seconds"),
        ] {
            assert_eq!(read(text).unwrap_err().param.as_deref(), Some(field), "{text}");
        }
    }
}
