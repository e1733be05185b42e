//! What a person asks of a model: read from the form into a call's body.

use domain::Fault;
use domain::fault::catalogue;
use serde_json::{Number, Value, json};

use super::super::super::form::Form;

/// The most tokens that may be asked for, whatever the model.
const MOST_TOKENS: u64 = 1_000_000;

/// The fields as they were typed.
pub(super) struct Typed {
    pub(super) model: String,
    pub(super) system: String,
    pub(super) user: String,
    pub(super) temperature: String,
    pub(super) max_tokens: String,
    pub(super) stream: bool,
}

impl Typed {
    /// From a link, or empty.
    pub(super) fn anew(query: &Form, demo_only: bool) -> Self {
        let usual = if demo_only { "demo-chat" } else { "gpt-4o-mini" };
        let typed = Self::of(query);
        let model = query.some("model").unwrap_or(usual).to_owned();
        Self { model, stream: true, ..typed }
    }

    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            model: text("model"),
            system: text("system"),
            user: text("user"),
            temperature: text("temperature"),
            max_tokens: text("max_tokens"),
            stream: form.is_checked("stream"),
        }
    }
}

/// The body of the call.
pub(super) fn body(typed: &Typed, stream: bool) -> Result<Value, Fault> {
    let wrong =
        |field, why: &'static str| Err(Fault::because(&catalogue::INVALID_VALUE, why).param(field));
    if typed.model.is_empty() {
        return wrong("model", "Name a model.");
    }
    if typed.user.is_empty() {
        return wrong("user", "Write what the model is to answer.");
    }
    let mut messages = Vec::new();
    if !typed.system.is_empty() {
        messages.push(json!({ "role": "system", "content": typed.system }));
    }
    messages.push(json!({ "role": "user", "content": typed.user }));
    let mut body = json!({ "model": typed.model, "messages": messages });
    if !typed.temperature.is_empty() {
        let number = typed.temperature.parse().ok().filter(|it| (0.0..=2.0).contains(it));
        match number.and_then(Number::from_f64) {
            Some(number) => body["temperature"] = Value::Number(number),
            None => return wrong("temperature", "Give a number from 0 to 2, or nothing."),
        }
    }
    if !typed.max_tokens.is_empty() {
        let most = typed.max_tokens.parse::<u64>().ok();
        match most.filter(|most| (1..=MOST_TOKENS).contains(most)) {
            Some(most) => body[limit_name(&typed.model)] = most.into(),
            None => return wrong("max_tokens", "Give a whole number from 1, or nothing."),
        }
    }
    if stream {
        body["stream"] = true.into();
    }
    Ok(body)
}

/// Models that think take the newer name alone; others of the dialect know the older one.
fn limit_name(model: &str) -> &'static str {
    let thinks = model.starts_with("gpt-5")
        || model
            .strip_prefix('o')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if thinks { "max_completion_tokens" } else { "max_tokens" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed::of(&Form::parse(text).unwrap())
    }

    #[test]
    fn what_is_typed_becomes_a_body() {
        let body_of = |text: &str| body(&typed(text), true).unwrap();
        assert_eq!(
            body_of("model=gpt-4o&system=Be+brief.&user=%22hi%22&temperature=0.5&max_tokens=9"),
            json!({
                "model": "gpt-4o", "temperature": 0.5, "max_tokens": 9, "stream": true,
                "messages": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "user", "content": "\"hi\"" },
                ],
            })
        );
        assert_eq!(body_of("model=o3-mini&user=x&max_tokens=9")["max_completion_tokens"], 9);
        assert_eq!(body_of("model=omni&user=x&max_tokens=9")["max_tokens"], 9);
    }

    #[test]
    fn what_cannot_be_asked_names_its_field() {
        for (text, field) in [
            ("user=x", "model"),
            ("model=m", "user"),
            ("model=m&user=x&temperature=hot", "temperature"),
            ("model=m&user=x&temperature=nan", "temperature"),
            ("model=m&user=x&temperature=2.1", "temperature"),
            ("model=m&user=x&max_tokens=0", "max_tokens"),
            ("model=m&user=x&max_tokens=-1", "max_tokens"),
        ] {
            let fault = body(&typed(text), false).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(field), "{text}");
        }
    }
}
