//! Calls that a page makes: through the data plane, as any program's, with a key as any other.

use bytes::Bytes;
use control::{Author, CheckupKey};
use domain::ports::BoxFuture;
use domain::{Fault, Secret};
use http::HeaderMap;
use tokio::sync::mpsc;

/// Makes a page's calls. They are held, metered, logged and refused like a program's.
pub trait Caller: Send + Sync {
    /// Sends one call and waits for its head; the body follows in pieces. Whoever drops the
    /// receiver has hung up.
    ///
    /// # Errors
    /// 500 when the call could not be sent at all. A refusal is an answer.
    fn call(&self, call: PageCall) -> BoxFuture<'_, Result<Called, Fault>>;
}

/// With which key a page calls.
pub enum CallKey {
    /// Of the person who typed it.
    Of(Secret),
    /// Made for this one call, and ended with it.
    Lent(Author, CheckupKey),
}

/// What is sent.
pub struct PageCall {
    pub key: CallKey,
    /// `/v1/…`
    pub path: &'static str,
    /// JSON; a GET without one.
    pub body: Option<Bytes>,
}

/// What comes back.
pub struct Called {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: mpsc::Receiver<Bytes>,
}

/// A page keeps this much of an answer.
const MOST: usize = 4 << 20;

impl Called {
    /// The header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The whole body as JSON; null where it is none.
    pub(crate) async fn json(&mut self) -> serde_json::Value {
        let mut all = Vec::new();
        while let Some(piece) = self.body.recv().await {
            if all.len() + piece.len() > MOST {
                break;
            }
            all.extend_from_slice(&piece);
        }
        serde_json::from_slice(&all).unwrap_or_default()
    }
}
