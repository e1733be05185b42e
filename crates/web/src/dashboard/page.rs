//! What a handler gives back, and the headers that every page has.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use bytes::Bytes;
use domain::Fault;
use domain::fault::catalogue;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::mpsc;

use super::caller::Called;
use super::cookies::SetCookie;
use super::form::{Form, encode};
use super::pages::sign_in::way_back;
use crate::ApiReply;

/// Whether a message tells of something good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    Bad,
}

/// A sentence for the next page that this browser sees. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    pub mood: Mood,
    pub said: String,
    /// The form that takes it back, where that can be done.
    pub undo: Option<Undo>,
}

/// A form of ours that takes a change back: its address and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    pub path: String,
    pub fields: Vec<(String, String)>,
}

impl Undo {
    #[must_use]
    pub fn new(path: String, fields: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { path, fields: fields.iter().map(own).collect() }
    }
}

/// Bytes of a message with its form: a browser keeps no longer cookie.
const LONGEST_FLASH: usize = 1_000;

impl Flash {
    /// For a class of the stylesheet.
    #[must_use]
    pub fn mood(&self) -> &'static str {
        match self.mood {
            Mood::Good => "good",
            Mood::Bad => "bad",
        }
    }

    pub(crate) fn text(&self) -> String {
        let plain = format!("{}:{}", self.mood(), self.said.replace('\n', " "));
        let Some(undo) = &self.undo else { return plain };
        let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
        let fields: Vec<_> = undo.fields.iter().map(pair).collect();
        let whole = format!("{plain}\n{}?{}", undo.path, fields.join("&"));
        if whole.len() > LONGEST_FLASH { plain } else { whole }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (text, undo) = text.split_once('\n').unwrap_or((text, ""));
        let (mood, said) = text.split_once(':')?;
        let mood = match mood {
            "good" => Mood::Good,
            "bad" => Mood::Bad,
            _ => return None,
        };
        let undo = undo.split_once('?').and_then(|(path, fields)| {
            let path = way_back(path)?.to_owned();
            let fields = Form::parse(fields)?;
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            Some(Undo { path, fields: fields.fields().map(own).collect() })
        });
        Some(Self { mood, said: said.chars().take(300).collect(), undo })
    }
}

#[derive(Clone)]
enum Content {
    Html(String),
    /// 303: the browser asks for it with GET.
    Redirect(String),
    /// `text/event-stream` with one event; the browser asks again after some seconds.
    Event(String),
    /// Kind, file name, bytes.
    File(&'static str, String, Bytes),
    /// What a model answers, as it comes: kind, id of the call, pieces. Taken once.
    Relay(HeaderValue, HeaderValue, Pieces),
}

type Pieces = Arc<Mutex<Option<mpsc::Receiver<Bytes>>>>;

/// An answer to a browser.
#[derive(Clone)]
pub struct Page {
    status: StatusCode,
    content: Content,
    /// A secret stands on it: nobody keeps a copy.
    secret: bool,
    cookies: Vec<Arc<SetCookie>>,
}

/// What the answer's headers depend on.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) secure: bool,
}

/// Bytes of a page that is kept in mind for the same form sent again.
const LONGEST_REPEATED: usize = 64 * 1024;

/// How long a browser waits before it asks for live figures again, in milliseconds.
const LIVE_PAUSE_MS: u32 = 5_000;

const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'";

impl Page {
    fn new(content: Content) -> Self {
        Self { status: StatusCode::OK, content, secret: false, cookies: Vec::new() }
    }

    /// A page from its template.
    ///
    /// # Errors
    /// 500: the template could not be written out.
    pub fn of(template: &impl Template) -> Result<Self, Fault> {
        let html = template.render().map_err(|_| Fault::new(&catalogue::INTERNAL_ERROR))?;
        Ok(Self::new(Content::Html(html)))
    }

    /// Go there. After a form that changed something.
    #[must_use]
    pub fn to(path: &str) -> Self {
        let mut page = Self::new(Content::Redirect(path.to_owned()));
        page.status = StatusCode::SEE_OTHER;
        page
    }

    /// Live figures: `{"name": "text"}`, put where `data-figure="name"` stands.
    #[must_use]
    pub fn live(figures: &serde_json::Value) -> Self {
        Self::new(Content::Event(format!("retry: {LIVE_PAUSE_MS}\ndata: {figures}\n\n")))
    }

    /// A file to keep.
    #[must_use]
    pub fn file(kind: &'static str, name: &str, bytes: impl Into<Bytes>) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let name = name.chars().map(|c| if plain(c) { c } else { '-' }).collect();
        Self::new(Content::File(kind, name, bytes.into()))
    }

    /// A call's answer, in its own kind and status. Sent once, so never repeated.
    #[must_use]
    pub fn relayed(called: Called) -> Self {
        let header = |name: &str| {
            let found = called.headers.get(name).cloned();
            found.unwrap_or_else(|| HeaderValue::from_static(""))
        };
        let (kind, id) = (header("content-type"), header("x-request-id"));
        let pieces = Arc::new(Mutex::new(Some(called.body)));
        Self::new(Content::Relay(kind, id, pieces)).status(called.status).with_secret()
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// A secret stands on it.
    #[must_use]
    pub fn with_secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// With a sentence for the next page: `Page::to("/keys").saying("The key is revoked.")`.
    #[must_use]
    pub fn saying(self, said: impl Into<String>) -> Self {
        let said = said.into();
        self.setting(SetCookie::Flash(Flash { mood: Mood::Good, said, undo: None }))
    }

    /// The same of what can be taken back, with the form that does it.
    #[must_use]
    pub fn saying_with_undo(self, said: impl Into<String>, undo: Undo) -> Self {
        let (said, undo) = (said.into(), Some(undo));
        self.setting(SetCookie::Flash(Flash { mood: Mood::Good, said, undo }))
    }

    /// The same of something that went wrong.
    #[must_use]
    pub fn warning(self, said: impl Into<String>) -> Self {
        let said = said.into();
        self.setting(SetCookie::Flash(Flash { mood: Mood::Bad, said, undo: None }))
    }

    pub(crate) fn setting(mut self, cookie: SetCookie) -> Self {
        self.cookies.push(Arc::new(cookie));
        self
    }

    /// The answer to the same form sent again; one with a secret is not shown twice, and a long one,
    /// which may repeat what somebody typed, is not kept.
    pub(crate) fn repeatable(&self) -> Option<Self> {
        let length = match &self.content {
            Content::Html(text) | Content::Redirect(text) | Content::Event(text) => text.len(),
            Content::File(_, _, bytes) => bytes.len(),
            Content::Relay(..) => 0,
        };
        (!self.secret && length <= LONGEST_REPEATED).then(|| self.clone())
    }

    pub(crate) fn reply(self, manner: Manner) -> ApiReply {
        let mut headers = Vec::with_capacity(16);
        let mut put = |name: HeaderName, value: &str| {
            // What is no header is left out: nothing here comes from a caller unchecked.
            headers.extend(HeaderValue::from_str(value).map(|value| (name, value)));
        };
        for cookie in &self.cookies {
            put(header::SET_COOKIE, &cookie.text(manner.secure));
        }
        let mut pieces = None;
        let body = match self.content {
            Content::Html(html) => {
                put(header::CONTENT_TYPE, "text/html; charset=utf-8");
                Bytes::from(html)
            }
            Content::Redirect(path) => {
                put(header::LOCATION, &path);
                Bytes::new()
            }
            Content::Event(event) => {
                put(header::CONTENT_TYPE, "text/event-stream");
                Bytes::from(event)
            }
            Content::File(kind, name, bytes) => {
                put(header::CONTENT_TYPE, kind);
                put(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
                bytes
            }
            Content::Relay(kind, id, relayed) => {
                put(header::CONTENT_TYPE, kind.to_str().unwrap_or("application/json"));
                put(CALL, id.to_str().unwrap_or(""));
                pieces = relayed.lock().unwrap_or_else(PoisonError::into_inner).take();
                Bytes::new()
            }
        };
        put(header::CACHE_CONTROL, if self.secret { "no-store" } else { "private, no-cache" });
        put(header::CONTENT_SECURITY_POLICY, POLICY);
        put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        put(header::X_FRAME_OPTIONS, "DENY");
        // With no referrer at all browsers send forms without an origin.
        put(header::REFERRER_POLICY, "same-origin");
        for (name, value) in FIXED {
            put(HeaderName::from_static(name), value);
        }
        if manner.secure {
            put(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        ApiReply { status: self.status, headers, body, pieces }
    }
}

/// The request id of a call that a page made; the page's own is `x-request-id`.
const CALL: HeaderName = HeaderName::from_static("x-tollgate-call");

const FIXED: [(&str, &str); 4] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-permitted-cross-domain-policies", "none"),
];

/// Whether a fault is about a field.
pub(crate) fn is_about(fault: &Option<&Fault>, name: &str) -> bool {
    said_of(fault, name).is_some()
}

/// What a fault says of a field.
pub(crate) fn said_of<'f>(fault: &Option<&'f Fault>, name: &str) -> Option<&'f str> {
    let fault = fault.filter(|fault| fault.param.as_deref() == Some(name));
    fault.map(|fault| fault.message.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_with_the_form_that_takes_it_back() {
        let undo = Undo::new("/limits".to_owned(), &[("scope", "a:b"), ("amount", "1 & 2")]);
        let (mood, said) = (Mood::Good, "Done: it holds.".to_owned());
        let flash = Flash { mood, said, undo: Some(undo) };
        assert_eq!(Flash::parse(&flash.text()), Some(flash.clone()));
        // Nobody's form but ours, and none that no browser keeps.
        let elsewhere = Flash::parse("good:x\n//evil.example/limits?a=b").unwrap();
        assert_eq!(elsewhere.undo, None);
        let long = Undo::new("/limits".to_owned(), &[("name", &"x".repeat(2_000))]);
        let long = Flash { undo: Some(long), ..flash };
        assert_eq!(Flash::parse(&long.text()).unwrap().undo, None);
    }
}
