//! The processes of a run: one origin throughout, and floors and Tollgates as they are needed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::Certificate;

use super::child::Server;
use super::options::{Options, Subject};
use crate::Result;
use crate::load::{Connection, Target, bounded};

/// What Tollgate is told at its start; any 32 printable characters or more will do.
pub(crate) const ADMIN_KEY: &str = "bench-admin-key-0123456789abcdef01234567";
const KEY_REQUEST: &[u8] = br#"{"name":"bench"}"#;

pub(crate) struct Fleet {
    subject: Subject,
    origin: Server,
    scratch: Scratch,
}

/// A proxy under test; one that we started ends when this is dropped.
pub(crate) struct Proxy {
    pub(crate) target: Target,
    _server: Option<Server>,
}

pub(crate) struct Pair {
    pub(crate) floor: Proxy,
    pub(crate) tollgate: Proxy,
}

impl Fleet {
    pub(crate) fn assemble(options: &Options) -> Result<Self> {
        let scratch = Scratch::make()?;
        let origin = Server::start(&mut own("origin")?)?;
        Ok(Self { subject: options.subject.clone(), origin, scratch })
    }

    /// The origin itself, as a target.
    pub(crate) fn origin(&self) -> Target {
        target_of(&self.origin, "sk-bench".to_owned())
    }

    /// The Tollgate binary, where we start it ourselves.
    pub(crate) fn binary(&self) -> Option<&Path> {
        match &self.subject {
            Subject::Binary { path, .. } => Some(path),
            Subject::Running(_) => None,
        }
    }

    pub(crate) async fn pair(&self, data: &str) -> Result<Pair> {
        Ok(Pair { floor: self.floor()?, tollgate: self.tollgate(data).await? })
    }

    pub(crate) fn floor(&self) -> Result<Proxy> {
        let mut command = own("floor")?;
        command.args(["--upstream", &self.origin.address.to_string()]);
        let server = Server::start(&mut command)?;
        let target = target_of(&server, "sk-bench".to_owned());
        Ok(Proxy { target, _server: Some(server) })
    }

    /// A Tollgate over the data directory of that name, with a key made for it.
    pub(crate) async fn tollgate(&self, data: &str) -> Result<Proxy> {
        if let Subject::Running(target) = &self.subject {
            return Ok(Proxy { target: target.clone(), _server: None });
        }
        let server = self.bare_tollgate(data)?;
        let admin = target_of(&server, ADMIN_KEY.to_owned());
        let key = bounded("making a key", make_key(&admin)).await?.value;
        Ok(Proxy { target: Target { key, ..admin }, _server: Some(server) })
    }

    /// The same with ample spend limits over its key: its own, its project's, the organization's.
    pub(crate) async fn limited_tollgate(&self, data: &str) -> Result<Proxy> {
        let server = self.bare_tollgate(data)?;
        let admin = target_of(&server, ADMIN_KEY.to_owned());
        let key = bounded("making a key", make_key(&admin)).await?;
        bounded("setting limits", set_limits(&admin, &key)).await?;
        Ok(Proxy { target: Target { key: key.value, ..admin }, _server: Some(server) })
    }

    /// The same with the answer cache of its key's project on.
    pub(crate) async fn caching_tollgate(&self, data: &str) -> Result<Proxy> {
        let server = self.bare_tollgate(data)?;
        let admin = target_of(&server, ADMIN_KEY.to_owned());
        let key = bounded("making a key", make_key(&admin)).await?;
        bounded("turning the cache on", turn_cache_on(&admin, &key)).await?;
        Ok(Proxy { target: Target { key: key.value, ..admin }, _server: Some(server) })
    }

    /// A Tollgate that speaks TLS, and one before it whose upstream it is.
    pub(crate) async fn tls_chain(&self, certificate: &Certificate) -> Result<(Server, Proxy)> {
        // Its key is made while it still speaks plainly, as we do.
        let plain = self.tollgate("behind").await?;
        let key = plain.target.key.clone();
        drop(plain);
        let config = self.scratch.0.join("tls.toml");
        let files = [certificate.path(), certificate.key_path()];
        let [cert, key_file] = files.map(|path| json!(path).to_string());
        fs::write(&config, format!("[tls]\ncert = {cert}\nkey = {key_file}\n"))?;
        let behind = self.start("behind", |command| {
            command.arg("--config").arg(&config);
        })?;
        let before = self.start("before", |command| {
            command
                .env("OPENAI_API_KEY", &key)
                .env("OPENAI_BASE_URL", format!("https://{}/v1", behind.address))
                .env("SSL_CERT_FILE", certificate.path());
        })?;
        let admin = target_of(&before, ADMIN_KEY.to_owned());
        let key = bounded("making a key", make_key(&admin)).await?.value;
        Ok((behind, Proxy { target: Target { key, ..admin }, _server: Some(before) }))
    }

    /// A Tollgate that listens, and no more.
    pub(crate) fn bare_tollgate(&self, data: &str) -> Result<Server> {
        self.start(data, |_| ())
    }

    /// The same, started with what `more` adds.
    fn start(&self, data: &str, more: impl FnOnce(&mut Command)) -> Result<Server> {
        let Subject::Binary { path, environment } = &self.subject else {
            return Err("a running Tollgate cannot be started".into());
        };
        let log = fs::File::create(self.scratch.0.join(format!("{data}.stderr")))?;
        let mut command = Command::new(path);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.scratch.0.join(data))
            .env_clear()
            .env("OPENAI_API_KEY", "sk-bench")
            .env("OPENAI_BASE_URL", format!("http://{}/v1", self.origin.address))
            .env("TOLLGATE_ADMIN_KEY", ADMIN_KEY)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.scratch.0)
            .stderr(Stdio::from(log));
        more(&mut command);
        Server::start(&mut command).map_err(|e| self.with_log(data, &e.to_string()).into())
    }

    fn with_log(&self, data: &str, error: &str) -> String {
        let log = fs::read_to_string(self.scratch.0.join(format!("{data}.stderr")));
        format!("{error}\n{}", log.unwrap_or_default().trim())
    }
}

/// This very binary, as another of its programs, on a free port.
fn own(program: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([program, "--listen", "127.0.0.1:0"]);
    Ok(command)
}

pub(crate) fn target_of(server: &Server, key: String) -> Target {
    let address: SocketAddr = server.address;
    Target { address, key, pid: server.pid() }
}

/// A key of the project that is there from the start.
struct Key {
    id: String,
    project: String,
    value: String,
}

async fn make_key(admin: &Target) -> Result<Key> {
    let mut connection = Connection::open(admin).await?;
    let list = "/v1/organization/projects";
    let projects = call(&mut connection, Method::GET, list, Bytes::new()).await?;
    let Some(project) = projects["data"][0]["id"].as_str() else {
        return Err(format!("no project in {projects}").into());
    };
    let path = format!("{list}/{project}/api_keys");
    let body = Bytes::from_static(KEY_REQUEST);
    let key = call(&mut connection, Method::POST, &path, body).await?;
    match (key["id"].as_str(), key["value"].as_str()) {
        (Some(id), Some(value)) => {
            Ok(Key { id: id.to_owned(), project: project.to_owned(), value: value.to_owned() })
        }
        _ => Err("a new key without its id or value".into()),
    }
}

async fn set_limits(admin: &Target, key: &Key) -> Result<()> {
    let mut connection = Connection::open(admin).await?;
    for scope in [
        json!({"type": "api_key", "id": key.id}),
        json!({"type": "project", "id": key.project}),
        json!({"type": "organization"}),
    ] {
        let limit = json!({"scope": scope, "period": "month", "amount_usd": "100000000.00"});
        let body = Bytes::from(limit.to_string());
        call(&mut connection, Method::PUT, "/tollgate/v1/limits", body).await?;
    }
    Ok(())
}

async fn turn_cache_on(admin: &Target, key: &Key) -> Result<()> {
    let mut connection = Connection::open(admin).await?;
    let path = format!("/tollgate/v1/projects/{}/cache", key.project);
    let body = Bytes::from_static(br#"{"enabled":true}"#);
    call(&mut connection, Method::POST, &path, body).await.map(drop)
}

async fn call(
    connection: &mut Connection,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Value> {
    let response = connection.send(method, path.parse()?, body).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status != StatusCode::OK && status != StatusCode::CREATED {
        return Err(format!("{path} answered {status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(serde_json::from_slice(&body)?)
}

/// A directory of the run's own, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("tollgate-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
