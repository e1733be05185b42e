//! A Tollgate of fixed answers, for tests.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use domain::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Env;
use super::api::Api;

/// Request line without the version, status, body.
pub(super) type Route = (&'static str, u16, &'static str);

pub(super) struct Fake {
    pub(super) api: Api,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// What is not among the routes is 404 `not_found`.
    pub(super) async fn start(routes: &'static [Route]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, routes, &heard).await;
            }
        });
        Self { api: Api::connect(&env(&url)).unwrap(), seen }
    }

    /// All requests as they came, heads and bodies.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn last_body(&self) -> serde_json::Value {
        let seen = self.seen();
        serde_json::from_str(seen.last().unwrap().split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

pub(super) fn env(url: &str) -> Env {
    Env {
        url: Some(url.to_owned()),
        folder: super::Folder::default(),
        admin_key: Some(Secret::from("sk-admin-tg-test")),
        data_dir: "/nonexistent".into(),
        extra_roots: None,
        api_key: None,
        config_dir: None,
        home: None,
        color: false,
        quiet: true,
    }
}

async fn answer(mut stream: TcpStream, routes: &[Route], heard: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "the request ended in its head");
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break;
        }
    }
    let request = String::from_utf8(request).unwrap();
    let line = request.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
    let found = routes.iter().find(|route| route.0 == line).map(|route| (route.1, route.2));
    let (status, body) = found.unwrap_or((404, r#"{"error":{"message":"No such thing."}}"#));
    let mut reply = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    let code = match status {
        404 => "not_found",
        401 => "invalid_api_key",
        400 => "invalid_value",
        _ => "",
    };
    if !code.is_empty() {
        write!(reply, "x-tollgate-error: {code}\r\nx-request-id: req_1\r\n").unwrap();
    }
    write!(reply, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    heard.lock().unwrap().push(request);
    stream.write_all(reply.as_bytes()).await.unwrap();
}
