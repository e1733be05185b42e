//! `tollgate quickstart`: from nothing to one real call through a key of one's own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use control::{Author, KeyDraft};
use domain::{KeyPolicy, PageQuery, Secret};
use egress::{Origin, Outgoing, Pool, Tls, Way};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use providers::models;
use serde_json::{Value, json};

use crate::config::{Config, DEFAULT_LISTEN, Environment, Flags};
use crate::reveal;
use crate::serve::{self, Running};

/// Ports tried when the default one is taken.
const TRIES: u16 = 20;
/// For the one call.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts, shows a key and one call, and keeps serving.
///
/// # Errors
/// What to tell the operator.
pub async fn run(flags: &Flags, mut config: Config) -> Result<(), String> {
    let running = start(&mut config).await?;
    let url = format!("{}://{}", running.scheme, running.address);
    println!("tollgate: listening on {url}");
    let secret = make_key(&running).await?;
    println!("\nYour key, shown once:\n");
    reveal::write_line(std::io::stdout(), &secret).map_err(|error| error.to_string())?;
    let real = !config.upstreams.is_empty();
    if !real {
        println!(
            "\nNo OPENAI_API_KEY is set, so calls go to the built-in demo provider. It is no\n\
             language model. Set OPENAI_API_KEY and start again to reach OpenAI."
        );
    }
    let ways = Ways {
        setup: running.setup_words(&config).await?.unwrap_or_default(),
        kept: config.data_dir.display().to_string(),
        url,
        real,
    };
    let try_it = async move {
        match one_call(&ways.url, &secret).await {
            Ok(model) => print_next(&ways, &model, &secret),
            Err(why) => {
                println!("\nThe call did not work: {why}");
                print_next(&ways, "gpt-4o-mini", &secret);
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = running.run(flags, &config) => ended,
        () = try_it => Ok(()),
    }
}

/// Starts on the address asked for, or on the first free port behind the default one.
async fn start(config: &mut Config) -> Result<Running, String> {
    if config.listen_chosen {
        return serve::start(config).await;
    }
    let (host, port) = DEFAULT_LISTEN.split_once(':').unwrap_or((DEFAULT_LISTEN, "8655"));
    let first: u16 = port.parse().unwrap_or(8655);
    for port in first..first + TRIES {
        config.listen = format!("{host}:{port}");
        if std::net::TcpListener::bind(&config.listen).is_ok() {
            if port != first {
                println!("tollgate: port {first} is taken; using {port}");
            }
            return serve::start(config).await;
        }
    }
    Err(format!("no free port from {first} on; choose one with --listen"))
}

async fn make_key(running: &Running) -> Result<Secret, String> {
    let control = &running.app.control;
    let page = PageQuery { limit: 1, after: None, order: domain::Order::Ascending };
    let projects = control.list_projects(page, false).await.map_err(|f| f.message.into_owned())?;
    let project = projects.rows.first().ok_or("there is no project; make one first")?;
    let draft = KeyDraft { name: "quickstart".into(), policy: KeyPolicy::default(), expiry: None };
    let made = control.create_key(&Author::system(), &project.id, draft).await;
    made.map(|made| made.secret).map_err(|fault| fault.message.into_owned())
}

/// Asks for the models, calls one, and prints what came of it. Gives the model's name.
async fn one_call(url: &str, secret: &Secret) -> Result<String, String> {
    let caller = Caller::new(url, secret)?;
    let (_, listed) = caller.send(Method::GET, "/models", None).await?;
    let model = choose(&listed).ok_or("the provider lists no chat model")?;
    let ask = json!({
        "model": model,
        "messages": [{"role": "user", "content": "Say hello in five words."}],
    });
    let (headers, answer) = caller.send(Method::POST, "/chat/completions", Some(&ask)).await?;
    let text = answer.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or("");
    let count = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
    println!("\nOne call to {model}:\n\n  {text}\n");
    println!(
        "  tokens: {} in, {} out",
        count("prompt_tokens").unwrap_or(0),
        count("completion_tokens").unwrap_or(0)
    );
    match headers.get("x-tollgate-cost").and_then(|v| v.to_str().ok()) {
        Some(cost) => println!("  cost:   ${cost}"),
        None => println!("  cost:   not known here yet"),
    }
    Ok(model)
}

/// A small chat model that everybody has, else the first that is no special one.
fn choose(listed: &Value) -> Option<String> {
    let ids: Vec<&str> = listed
        .get("data")?
        .as_array()?
        .iter()
        .filter_map(|model| model.get("id")?.as_str())
        .collect();
    let is_chat = |id: &&&str| models::find(id).is_none_or(|m| m.mode == "chat");
    let small = ids.iter().find(|id| **id == "gpt-4o-mini");
    small.or_else(|| ids.iter().find(is_chat)).map(|id| (*id).to_owned())
}

/// Where a person can go on from here.
struct Ways {
    url: String,
    /// How to become the dashboard's owner; empty when there is one.
    setup: String,
    /// The directory of all that Tollgate keeps.
    kept: String,
    /// There is a provider's key.
    real: bool,
}

/// How the program is called again: most who try it have it in no folder of `PATH` yet.
fn called() -> String {
    let name = std::env::args().next().unwrap_or_default();
    if name.contains(std::path::MAIN_SEPARATOR) { name } else { "tollgate".to_owned() }
}

fn print_next(ways: &Ways, model: &str, secret: &Secret) {
    let Ways { url, setup, kept, real } = ways;
    let program = called();
    let text = format!(
        r#"
Try it with curl:

  curl {url}/v1/chat/completions -H "Authorization: Bearer {{key}}" -H "Content-Type: application/json" -d '{{"model":"{model}","messages":[{{"role":"user","content":"Hello"}}]}}'

In Python (pip install openai):

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{{key}}")
  print(client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "Hello"}}]).choices[0].message.content)

More: {program} keys list · {program} usage · {program} --help{}
Everything is kept in {kept}.

{setup}
Serving on {url}. Stop with Ctrl-C."#,
        if *real { "" } else { "\n(These calls reach the demo provider.)" }
    );
    println!("{}", reveal::fill(&text, secret));
}

/// Calls our own listener.
struct Caller {
    pool: Arc<Pool>,
    origin: Arc<Origin>,
    authorization: HeaderValue,
}

impl Caller {
    fn new(url: &str, secret: &Secret) -> Result<Self, String> {
        let origin = Origin::parse(&format!("{url}/v1"), true).map_err(|e| e.to_string())?;
        let mut authorization =
            HeaderValue::from_str(&reveal::bearer(secret)).map_err(|e| e.to_string())?;
        authorization.set_sensitive(true);
        let pool = Pool::new(Tls::new(None)?, Duration::from_secs(5));
        Ok(Self { pool, origin: Arc::new(origin), authorization })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(HeaderMap, Value), String> {
        let bytes = body.map(|b| Bytes::from(b.to_string()));
        let mut request = Request::new(bytes.map_or(Outgoing::Empty, Outgoing::Whole));
        *request.method_mut() = method;
        *request.uri_mut() = self.origin.path(path).parse().map_err(|_| "bad path")?;
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let exchange = async {
            let answer = self
                .pool
                .send(&self.origin, &Way::direct(), request)
                .await
                .map_err(|e| e.to_string())?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
            Ok::<_, String>((head, body))
        };
        let (head, body) =
            tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "it took too long")??;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if head.status.is_success() {
            return Ok((head.headers, value));
        }
        let message = value.pointer("/error/message").and_then(Value::as_str).unwrap_or("");
        Err(format!("{} {message}", head.status))
    }
}

/// Reads the config for `quickstart` and `serve` alike.
///
/// # Errors
/// All mistakes in it.
pub fn read_config(flags: &Flags) -> Result<Config, String> {
    Config::read(flags, &Environment::read()).map_err(|mistakes| mistakes.to_string())
}
