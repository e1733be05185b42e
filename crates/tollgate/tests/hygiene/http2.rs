//! HTTP/2 with prior knowledge.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;

use crate::support::{CHAT, Stage, hello};

type Sender = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

async fn connect(stage: &Stage) -> Sender {
    let url = stage.gateway.url();
    let stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    sender
}

fn request(stage: &Stage, body: String) -> http::Request<Full<Bytes>> {
    http::Request::post(format!("{}{CHAT}", stage.gateway.url()))
        .header("authorization", stage.bearer())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .unwrap()
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

pub fn chat_over_h2(stage: &Stage) {
    run(async {
        let mut sender = connect(stage).await;
        let answer = sender.send_request(request(stage, hello().to_string())).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.version(), http::Version::HTTP_2);
        assert!(answer.headers().contains_key("x-request-id"));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["object"], "chat.completion");
    });
}

#[test]
fn a_call_over_h2c_is_served() {
    chat_over_h2(&Stage::new());
}

#[test]
fn case_82_rapid_resets_harm_nobody_else() {
    let stage = Stage::new();
    run(async {
        let mut sender = connect(&stage).await;
        for _ in 0..500 {
            // The gateway may close on whoever resets too much.
            if sender.ready().await.is_err() {
                break;
            }
            let mut call =
                std::pin::pin!(sender.send_request(request(&stage, hello().to_string())));
            let _ = poll_once(call.as_mut()).await;
        }
    });
    assert_eq!(stage.chat(&hello()).status, 200);
    crate::support::until("all calls end", || {
        crate::support::metric(&stage.gateway, "tollgate_calls_in_flight") == 0
    });
}

/// Polls once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = &mut future => Some(output),
        () = tokio::task::yield_now() => None,
    }
}

#[test]
fn many_calls_share_one_connection_and_a_cancelled_one_is_booked() {
    let stage = Stage::new();
    run(async {
        let sender = connect(&stage).await;
        let calls: Vec<_> = (0..40)
            .map(|n| {
                let (mut sender, mut body) = (sender.clone(), hello());
                body["stream"] = Value::Bool(true);
                body["messages"][0]["content"] = "[[words=5]] [[gap_ms=5]]".into();
                let request = request(&stage, body.to_string());
                tokio::spawn(async move {
                    let answer = sender.send_request(request).await.unwrap();
                    assert_eq!(answer.status(), 200);
                    // Every fourth is reset with its head just there.
                    if n % 4 != 0 {
                        let all = answer.into_body().collect().await.unwrap().to_bytes();
                        assert!(all.ends_with(b"data: [DONE]\n\n"));
                    }
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    });
    crate::support::until("all bills", || stage.provider.bill().len() == 40);
}

#[test]
fn a_connection_that_only_greets_is_closed() {
    let stage = Stage::new();
    let mut wire = stage.wire();
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let began = std::time::Instant::now();
    wire.rest();
    assert!(began.elapsed().as_secs() >= 9, "a client has ten seconds: {:?}", began.elapsed());
}
