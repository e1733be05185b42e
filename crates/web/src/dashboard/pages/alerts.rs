//! Spend alerts of the organization or a project: whom to tell, and when. They refuse nothing.

use askama::Template;
use control::{AlertDraft, CursorPage, MadeAlert};
use domain::{AlertId, Fault, Nanos, Order, ScopeId, ScopeKind, SpendAlert};

use super::super::figures::money;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::confirm::Question;
use super::typed::{self, When, both, invalid, words};
use crate::reveal;
use crate::routes::WRITE;

struct Line {
    path: String,
    threshold: String,
    to: String,
    webhook: String,
    created: When,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage<'a> {
    frame: &'a Frame,
    here: String,
    limits: String,
    may: bool,
    rows: Vec<Line>,
    typed: Typed,
    fault: Option<&'a Fault>,
}

#[derive(Default)]
struct Typed {
    threshold: String,
    recipients: String,
    subject: String,
    webhook: String,
}

impl Typed {
    fn of(visit: &Visit<'_>) -> Self {
        let text = |name: &str| visit.form.text(name).to_owned();
        Self {
            threshold: text("threshold"),
            recipients: text("recipients"),
            subject: text("subject"),
            webhook: text("webhook"),
        }
    }

    fn from_alert(alert: &SpendAlert) -> Self {
        Self {
            threshold: plain(alert.threshold),
            recipients: alert.recipients.join("\n"),
            subject: alert.subject_prefix.clone().unwrap_or_default(),
            webhook: alert.webhook.as_ref().map(|hook| hook.url.clone()).unwrap_or_default(),
        }
    }
}

/// Dollars as they are typed.
fn plain(amount: Nanos) -> String {
    let (dollars, rest) = (amount.0 / 1_000_000_000, amount.0 % 1_000_000_000);
    let text = format!("{dollars}.{rest:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn scope(visit: &Visit<'_>) -> Result<ScopeId, Fault> {
    match visit.project_id() {
        None => visit.control.organization_scope().await,
        Some(id) => Ok(ScopeId { kind: ScopeKind::Project, id: id.as_str().to_owned() }),
    }
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let all = CursorPage { limit: 1_000, after: None, before: None };
    let rows = visit.control.list_alerts(scope(visit).await?, Order::Ascending, all).await?.rows;
    let may = visit.may(WRITE) && visit.project().is_none_or(|it| it.archived_at.is_none());
    let frame = visit.frame("Spend alerts");
    let page = visit.show(&AlertsPage {
        frame: &frame,
        here: visit.href("alerts"),
        limits: visit.href("limits"),
        may,
        rows: rows.iter().map(|alert| line(visit, alert)).collect(),
        typed: Typed::of(visit),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(visit: &Visit<'_>, alert: &SpendAlert) -> Line {
    Line {
        path: visit.href(&format!("alerts/{}", alert.id)),
        threshold: money(alert.threshold),
        to: alert.recipients.join(", "),
        webhook: alert.webhook.as_ref().map(|hook| host(&hook.url)).unwrap_or_default(),
        created: both(alert.created_at),
    }
}

/// A URL's path may hold a token: a list shows the host alone.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    host.rsplit('@').next().unwrap_or("").to_owned()
}

fn draft(visit: &Visit<'_>) -> Result<AlertDraft, Fault> {
    let form = &visit.form;
    let threshold = typed::dollars(form, "threshold")?;
    let recipients: Vec<_> =
        words(form.text("recipients")).into_iter().map(str::to_owned).collect();
    let webhook = form.some("webhook").map(str::to_owned);
    if recipients.is_empty() && webhook.is_none() {
        return Err(invalid("recipients", "Name an e-mail address here, or a webhook below."));
    }
    Ok(AlertDraft {
        threshold,
        recipients,
        subject_prefix: form.some("subject").map(str::to_owned),
        webhook_url: Some(webhook),
    })
}

/// A fault of the API's field, at the field of ours.
fn at_field(fault: Fault) -> Fault {
    let field = match fault.param.as_deref() {
        Some("threshold" | "threshold_amount") => "threshold",
        Some("webhook_url") => "webhook",
        Some(param) if param.contains("subject") => "subject",
        Some(param) if param.contains("recipients") => "recipients",
        _ => return typed::onto(fault, &["threshold", "recipients", "subject", "webhook"]),
    };
    fault.param(field)
}

#[derive(Template)]
#[template(path = "alert_made.html")]
struct MadePage<'a> {
    frame: &'a Frame,
    secret: String,
    back: String,
}

/// A new webhook's signing secret is shown now and never again.
fn made(visit: &Visit<'_>, made: &MadeAlert, said: &str) -> Shown {
    let back = visit.href("alerts");
    let Some(secret) = &made.secret else { return Ok(Page::to(&back).saying(said)) };
    let frame = visit.frame("The webhook's signing secret");
    let page = visit.show(&MadePage { frame: &frame, secret: reveal::token(secret), back })?;
    Ok(page.with_secret())
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let draft = match draft(visit) {
        Ok(draft) => draft,
        Err(fault) => return listed(visit, Some(&fault)).await,
    };
    match visit.control.create_alert(&visit.author()?, scope(visit).await?, draft).await {
        Ok(alert) => made(visit, &alert, "The alert is set."),
        Err(fault) => listed(visit, Some(&at_field(fault))).await,
    }
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage<'a> {
    frame: &'a Frame,
    path: String,
    threshold: String,
    may: bool,
    typed: Typed,
    fault: Option<&'a Fault>,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let alert = visit.control.alert(&scope(visit).await?, &visit.id(0)).await?;
    let frame = visit.frame("Spend alert");
    let page = visit.show(&AlertPage {
        frame: &frame,
        path: visit.href(&format!("alerts/{}", alert.id)),
        threshold: money(alert.threshold),
        may: visit.may(WRITE),
        typed: if fault.is_some() { Typed::of(visit) } else { Typed::from_alert(&alert) },
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let draft = match draft(visit) {
        Ok(draft) => draft,
        Err(fault) => return shown(visit, Some(&fault)).await,
    };
    let (scope, id) = (scope(visit).await?, visit.id::<AlertId>(0));
    match visit.control.update_alert(&visit.author()?, &scope, &id, draft).await {
        Ok(alert) => made(visit, &alert, "The alert is changed."),
        Err(fault) => shown(visit, Some(&at_field(fault))).await,
    }
}

pub(crate) async fn ask_delete(visit: &Visit<'_>) -> Shown {
    let alert = visit.control.alert(&scope(visit).await?, &visit.id(0)).await?;
    let path = visit.href(&format!("alerts/{}", alert.id));
    let question = Question {
        title: "Delete a spend alert",
        question: format!("Delete the alert at {}?", money(alert.threshold)),
        lead: "Nobody is told of it any more. A webhook's signing secret is gone with it."
            .to_owned(),
        action: format!("{path}/delete"),
        fields: Vec::new(),
        button: "Delete the alert",
        back: path,
        typed: None,
    };
    question.ask(visit)
}

pub(crate) async fn delete(visit: &Visit<'_>) -> Shown {
    let (scope, id) = (scope(visit).await?, visit.id::<AlertId>(0));
    visit.control.delete_alert(&visit.author()?, &scope, &id).await?;
    Ok(Page::to(&visit.href("alerts")).saying("The alert is deleted."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhooks_path_is_not_shown_and_amounts_are_as_they_are_typed() {
        assert_eq!(host("https://u:p@hooks.example.com/T0/secret?x=1"), "hooks.example.com");
        assert_eq!(plain(Nanos(50_000_000_000)), "50");
        assert_eq!(plain(Nanos(250_000_000)), "0.25");
    }
}
