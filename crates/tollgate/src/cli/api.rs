//! The Administration API of a running Tollgate, as the commands call it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Secret;
use egress::{Origin, Outgoing, Pool, SendError, Stage, Tls, Way};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::Failure;
use super::{Env, reveal};

const DEFAULT_URL: &str = "http://127.0.0.1:8655";
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

pub(super) struct Api {
    pool: Arc<Pool>,
    origin: Arc<Origin>,
    authorization: HeaderValue,
    url: String,
    key_source: String,
}

/// The body of a 2xx.
pub(super) struct Reply {
    pub(super) text: String,
}

impl Reply {
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| {
            Failure::new(format!("the answer has another shape than expected: {error}"))
                .next("Is the server's version another than this program's? `tollgate --version`")
        })
    }
}

/// A cursor page.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) data: Vec<Value>,
    #[serde(default)]
    pub(super) has_more: bool,
    #[serde(default)]
    pub(super) last_id: Option<String>,
}

impl Api {
    /// Finds the URL and the admin key; nothing is sent yet.
    pub(super) fn connect(env: &Env) -> Result<Self, Failure> {
        Self::connect_with(env, None)
    }

    /// As [`Api::connect`], where `admin.key` may be in another directory.
    pub(super) fn connect_with(env: &Env, data_dir: Option<&Path>) -> Result<Self, Failure> {
        let url = url(env);
        let origin = origin(&url)?;
        let (key, key_source) = match &env.admin_key {
            Some(key) => {
                env.folder.may_lead(&origin, None)?;
                (key.clone(), "TOLLGATE_ADMIN_KEY".to_owned())
            }
            None => {
                let path = data_dir.unwrap_or(&env.data_dir).join("admin.key");
                env.folder.may_lead(&origin, Some(&path))?;
                (read_key(&path)?, path.display().to_string())
            }
        };
        let authorization = reveal::authorization(&key).ok_or_else(|| {
            Failure::new(format!("the admin key from {key_source} is not printable text"))
        })?;
        let tls = Tls::new(env.extra_roots.as_deref()).map_err(Failure::new)?;
        Ok(Self {
            pool: Pool::new(tls, CONNECT),
            origin: Arc::new(origin),
            authorization,
            url,
            key_source,
        })
    }

    /// Without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn get(&self, target: &str) -> Result<Reply, Failure> {
        self.call(Method::GET, target, None).await
    }

    pub(super) async fn get_as<T: DeserializeOwned>(&self, target: &str) -> Result<T, Failure> {
        self.get(target).await?.read()
    }

    pub(super) async fn post(&self, target: &str, body: &Value) -> Result<Reply, Failure> {
        self.call(Method::POST, target, Some(body.to_string().into())).await
    }

    pub(super) async fn put(&self, target: &str, body: &Value) -> Result<Reply, Failure> {
        self.call(Method::PUT, target, Some(body.to_string().into())).await
    }

    /// As [`Api::post`], of text that must arrive as it is: decimals, a file.
    pub(super) async fn post_text(&self, target: &str, body: String) -> Result<Reply, Failure> {
        self.call(Method::POST, target, Some(body.into())).await
    }

    pub(super) async fn delete(&self, target: &str) -> Result<Reply, Failure> {
        self.call(Method::DELETE, target, None).await
    }

    /// One page of a list.
    pub(super) async fn page(&self, target: &str) -> Result<Page, Failure> {
        self.get_as(target).await
    }

    /// All rows of a list, page after page.
    pub(super) async fn list(
        &self,
        target: &str,
        asked: &[(&str, &str)],
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut pairs = asked.to_vec();
            pairs.push(("limit", "100"));
            pairs.extend(after.as_deref().map(|id| ("after", id)));
            let page = self.page(&query(target, &pairs)).await?;
            rows.extend(page.data);
            if !page.has_more {
                return Ok(rows);
            }
            if page.last_id.is_none() || page.last_id == after {
                return Err(Failure::new("the list says that more follows, but not where"));
            }
            after = page.last_id;
        }
    }

    /// The newest rows that match, page after page of at most `size` rows. A page may hold none and
    /// say that more follow.
    pub(super) async fn newest(
        &self,
        target: &str,
        filters: &[(&str, &str)],
        size: usize,
        most: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows: Vec<Value> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let limit = size.min(most - rows.len()).to_string();
            let mut pairs = filters.to_vec();
            pairs.push(("limit", &limit));
            pairs.extend(after.as_deref().map(|id| ("after", id)));
            let page = self.page(&query(target, &pairs)).await?;
            rows.extend(page.data);
            if !page.has_more || rows.len() >= most {
                return Ok(rows);
            }
            if page.last_id.is_none() || page.last_id == after {
                return Err(Failure::new("the log says that more follows, but not where"));
            }
            after = page.last_id;
        }
    }

    async fn call(
        &self,
        method: Method,
        target: &str,
        body: Option<Bytes>,
    ) -> Result<Reply, Failure> {
        let changes = method != Method::GET;
        let request = Request::builder()
            .method(method)
            .uri(self.origin.path(target))
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or(Outgoing::Empty, Outgoing::Whole))
            .map_err(|error| Failure::new(format!("cannot ask for {target}: {error}")))?;
        let answered = tokio::time::timeout(ANSWER, self.exchange(request, changes)).await;
        let (status, headers, text) = answered.map_err(|_| {
            self.unanswered("gave no whole answer within a minute".to_owned(), changes)
        })??;
        match status.is_success() {
            true => Ok(Reply { text }),
            false => Err(self.refused(status, &headers, &text)),
        }
    }

    async fn exchange(
        &self,
        request: Request<Outgoing>,
        changes: bool,
    ) -> Result<(StatusCode, HeaderMap, String), Failure> {
        let sent = self.pool.send(&self.origin, &Way::direct(), request).await;
        let (head, body) = sent.map_err(|error| self.unsent(&error, changes))?.into_parts();
        let broke = |why: String| self.unanswered(format!("broke off its answer: {why}"), changes);
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| broke(error.to_string()))?.to_bytes();
        let text = String::from_utf8(body.into()).map_err(|error| broke(error.to_string()))?;
        Ok((head.status, head.headers, text))
    }

    fn unsent(&self, error: &SendError, changes: bool) -> Failure {
        match error.stage {
            Stage::Unknown => self.unanswered(format!("closed the connection: {error}"), changes),
            Stage::NotSent | Stage::ConnectTimeout | Stage::AddressNotAllowed => {
                Failure::new(format!("no Tollgate answers at {} ({error})", self.url))
                    .next("Start one with `tollgate serve`, or set TOLLGATE_URL.")
            }
        }
    }

    fn unanswered(&self, why: String, changes: bool) -> Failure {
        let failure = Failure::new(format!("{} {why}", self.url));
        match changes {
            true => failure.next("The change may have been made: look before you try again."),
            false => failure.next("Try again; the server's log may say more."),
        }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, text: &str) -> Failure {
        #[derive(Deserialize)]
        struct Envelope {
            error: Told,
        }
        #[derive(Deserialize)]
        struct Told {
            message: String,
        }
        let value = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let code = value("x-tollgate-error");
        let told = serde_json::from_str::<Envelope>(text).map(|envelope| envelope.error.message);
        let (Ok(message), Some(code)) = (told, code) else {
            return Failure::new(format!("what answers at {} is no Tollgate: {status}", self.url))
                .next("Check TOLLGATE_URL.");
        };
        let next = match (status, code.as_str()) {
            (StatusCode::UNAUTHORIZED, _) => Some(format!(
                "The admin key came from {}. Set TOLLGATE_ADMIN_KEY to one of the Tollgate at {}.",
                self.key_source, self.url
            )),
            (_, "not_found") => Some(where_to_look(&message)),
            // The message says it all.
            (_, "invalid_value") => None,
            (_, code) => domain::fault::catalogue::find(code).map(|row| row.remedy.to_owned()),
        };
        let failure = Failure::new(message).code(Some(code), value("x-request-id"));
        match next {
            Some(next) => failure.next(next),
            None => failure,
        }
    }
}

/// Where the Tollgate is.
pub(super) fn url(env: &Env) -> String {
    let url = env.url.as_deref().unwrap_or(DEFAULT_URL).trim().trim_end_matches('/');
    // People set it to what the SDKs take.
    url.strip_suffix("/v1").unwrap_or(url).to_owned()
}

pub(super) fn origin(url: &str) -> Result<Origin, Failure> {
    Origin::parse(url, true).map_err(|bad| {
        Failure::new(format!("TOLLGATE_URL is no URL of a Tollgate: {bad}"))
            .next(format!("Write it like {DEFAULT_URL}."))
    })
}

/// Which command lists things of the kind that was not found: an id says its own.
fn where_to_look(message: &str) -> String {
    const KINDS: [(&str, &str); 8] = [
        ("'proj_", "tollgate projects list"),
        ("'key_", "tollgate keys list"),
        ("'user-", "tollgate keys list"),
        ("'svc_acct_", "tollgate keys list"),
        ("'rl-", "tollgate rate-limits show --all"),
        ("'req_", "tollgate requests list"),
        ("'entry_", "tollgate ledger entries"),
        ("'the price of ", "tollgate prices list"),
    ];
    let of_limit = message.contains("spend limit").then_some("tollgate limits show");
    let of_kind =
        KINDS.iter().find(|(start, _)| message.contains(start)).map(|(_, command)| *command);
    match of_limit.or(of_kind) {
        Some(command) => format!("`{command}` shows what there is."),
        None => "`tollgate projects list` and `tollgate keys list` show what there is.".to_owned(),
    }
}

fn read_key(path: &Path) -> Result<Secret, Failure> {
    let next = "Set TOLLGATE_ADMIN_KEY, or TOLLGATE_DATA_DIR to the running Tollgate's directory. \
                `tollgate serve` writes the file at its first start.";
    let unreadable = |why: String| Failure::new(format!("no admin key: {why}")).next(next);
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreadable(format!(
            "TOLLGATE_ADMIN_KEY is not set and {} does not exist",
            path.display()
        )),
        _ => unreadable(format!("cannot read {}: {error}", path.display())),
    })?;
    match text.trim() {
        "" => Err(unreadable(format!("{} is empty", path.display()))),
        key => Ok(Secret::from(key)),
    }
}

/// A path of segments, each escaped.
pub(super) fn path(segments: &[&str]) -> String {
    segments.iter().map(|segment| format!("/{}", escape(segment))).collect()
}

/// A target with parameters behind it.
pub(super) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", pairs.join("&")),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(byte.into());
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
