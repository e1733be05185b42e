//! The first call: with the very key that was made a moment ago.

use askama::Template;
use domain::fault::catalogue;
use domain::{Fault, Nanos};
use serde_json::{Value, json};

use super::super::super::caller::{CallKey, Called, PageCall};
use super::super::super::figures as words;
use super::super::super::frame::Frame;
use super::super::super::visit::{Shown, Visit, href};
use super::{first_project, snippets};

/// Tokens that the first answer may have: a taste.
const TOKENS: u32 = 60;

#[derive(Template)]
#[template(path = "welcome_done.html")]
struct DonePage<'a> {
    frame: &'a Frame,
    step: u8,
    model: String,
    answer: String,
    figures: Vec<(&'static str, String)>,
    /// What refused it, and where it is explained.
    refused: Option<String>,
    request: String,
    log: String,
    project: String,
    snippets: Vec<(&'static str, String)>,
}

pub(crate) async fn call(visit: &Visit<'_>) -> Shown {
    let project = first_project(visit)?;
    let send = |path, body: Option<Value>| async move {
        let caller = visit.dashboard.caller.as_ref();
        let caller = caller.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))?;
        let key = CallKey::Of(visit.form.secret("secret"));
        let body = body.map(|body| body.to_string().into());
        let mut called = caller.call(PageCall { key, path, body }).await?;
        let answer = called.json().await;
        Ok::<(Called, Value), Fault>((called, answer))
    };
    let (called, listed) = send("/v1/models", None).await?;
    let model = choose(visit, &listed);
    let (called, answer) = match called.status {
        200 => {
            let said = json!([{ "role": "user", "content": visit.form.text("said") }]);
            let ask = json!({ "model": model, "messages": said, "max_tokens": TOKENS });
            send("/v1/chat/completions", Some(ask)).await?
        }
        _ => (called, listed),
    };
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    let request = called.header("x-request-id").to_owned();
    let frame = visit.frame("Welcome");
    visit.show(&DonePage {
        frame: &frame,
        step: 3,
        answer: text("/choices/0/message/content"),
        figures: figures(&called, &answer),
        refused: (called.status != 200).then(|| text("/error/message")),
        log: href(Some(&project.id), &format!("logs/{request}")),
        project: href(Some(&project.id), ""),
        snippets: snippets(&visit.address(), &model),
        request,
        model,
    })
}

/// What it took, in words.
pub(in super::super) fn figures(called: &Called, answer: &Value) -> Vec<(&'static str, String)> {
    let count = |name: &str| {
        let count = answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        count.map_or_else(|| "—".to_owned(), words::count)
    };
    let cost = match called.header("x-tollgate-cost") {
        "" => "no price here".to_owned(),
        cost => Nanos::from_dollars(cost).map_or_else(|| format!("${cost}"), words::money),
    };
    vec![
        ("Input tokens", count("prompt_tokens")),
        ("Output tokens", count("completion_tokens")),
        ("Cost", cost),
    ]
}

/// A small chat model that everybody has, else the first that sounds like one.
fn choose(visit: &Visit<'_>, listed: &Value) -> String {
    let rows = listed["data"].as_array().into_iter().flatten();
    let ids: Vec<&str> = rows.filter_map(|row| row["id"].as_str()).collect();
    let known = |id: &&&str| visit.control.is_chat_model(id);
    let small = ["gpt-4o-mini", "gpt-4.1-mini"].into_iter().find(|it| ids.contains(it));
    let chosen = small.or_else(|| ids.iter().find(known).copied());
    chosen.or_else(|| ids.first().copied()).unwrap_or("gpt-4o-mini").to_owned()
}
