//! What a handler answers: status, headers, a body whole or in pieces, and what it costs.

use bytes::Bytes;
use serde_json::{Value, json};

use super::bill::Charge;

/// A part of a streamed body, sent after a pause.
#[derive(Clone, Debug)]
pub struct Piece {
    pub delay_ms: u64,
    pub bytes: Bytes,
}

impl Piece {
    /// A piece sent `delay_ms` after the one before.
    pub fn new(delay_ms: u64, bytes: impl Into<Bytes>) -> Self {
        Self { delay_ms, bytes: bytes.into() }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Sent in one write with a content length.
    Whole(Bytes),
    /// Sent piece by piece in chunked coding.
    Chunked(Vec<Piece>),
    /// Sent piece by piece with a content length.
    Sized(Vec<Piece>),
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) charge: Option<Box<Charge>>,
    /// Send no headers but those given.
    pub(crate) bare: bool,
}

impl Reply {
    fn new(status: u16, content_type: Option<&str>, body: Body) -> Self {
        let headers = content_type.map(|t| ("Content-Type".to_owned(), t.to_owned()));
        Self { status, headers: headers.into_iter().collect(), body, charge: None, bare: false }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::json_status(200, value)
    }

    pub(crate) fn json_status(status: u16, value: &Value) -> Self {
        let mut text = serde_json::to_string_pretty(value).unwrap();
        text.push('\n');
        Self::new(status, Some("application/json"), Body::Whole(text.into()))
    }

    pub(crate) fn empty() -> Self {
        Self::new(200, None, Body::Whole(Bytes::new()))
    }

    pub(crate) fn bytes(content_type: &str, bytes: Bytes) -> Self {
        Self::new(200, Some(content_type), Body::Whole(bytes))
    }

    pub(crate) fn pieces(content_type: &str, pieces: Vec<Piece>) -> Self {
        Self::new(200, Some(content_type), Body::Chunked(pieces))
    }

    pub(crate) fn sse(pieces: Vec<Piece>) -> Self {
        Self::pieces("text/event-stream; charset=utf-8", pieces)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn charge(mut self, charge: Charge) -> Self {
        self.charge = Some(Box::new(charge));
        self
    }

    pub(crate) fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body in one, whichever way it would be sent.
    pub(crate) fn collected(&self) -> Bytes {
        match &self.body {
            Body::Whole(bytes) => bytes.clone(),
            Body::Chunked(pieces) | Body::Sized(pieces) => {
                pieces.iter().flat_map(|p| p.bytes.to_vec()).collect()
            }
        }
    }
}

/// An error in OpenAI's envelope.
pub(crate) fn error(
    status: u16,
    kind: &str,
    code: Option<&str>,
    param: Option<&str>,
    message: &str,
) -> Reply {
    let error = json!({"message": message, "type": kind, "param": param, "code": code});
    Reply::json_status(status, &json!({ "error": error }))
}

/// 400 `invalid_request_error`.
pub(crate) fn bad_request(code: Option<&str>, param: &str, message: &str) -> Reply {
    error(400, "invalid_request_error", code, Some(param), message)
}

pub(crate) fn missing(param: &str) -> Reply {
    let message = format!("Missing required parameter: '{param}'.");
    bad_request(Some("missing_required_parameter"), param, &message)
}

/// `data: {…}` and a blank line.
pub(crate) fn data(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

/// `event: <type>` before the data, as all but chat streams do it.
pub(crate) fn event(value: &Value) -> Bytes {
    let name = value["type"].as_str().unwrap_or("message");
    format!("event: {name}\ndata: {value}\n\n").into()
}
