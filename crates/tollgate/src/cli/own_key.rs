//! The key that commands work with on a person's behalf: where it comes from, where it is kept.
//!
//! It is kept in Linux's own keyring, or in the config directory's `key`, a file of mode 0600. Other
//! keyrings come in by `--key-command`, which runs what reads them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use domain::Secret;
use serde_json::json;

use super::api::{Api, path};
use super::failure::Failure;
use super::project::or_default;
use super::shapes::Key;
use super::{Env, api, duration, keyring, limits, reveal};

#[derive(clap::Args, Default)]
pub struct KeyFrom {
    /// The file that holds the key; readable by its owner alone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key_command", "mint"])]
    key_file: Option<PathBuf>,
    /// What prints the key, such as 'secret-tool lookup service tollgate'
    #[arg(long, value_name = "COMMAND", conflicts_with = "mint")]
    key_command: Option<String>,
    /// Make a key for this alone; needs the admin key
    #[arg(long)]
    mint: bool,
    /// How long a made key lives at most
    #[arg(long = "for", value_name = "TIME", requires = "mint", value_parser = duration::seconds)]
    lasts: Option<i64>,
    /// What a made key may spend in all
    #[arg(long, value_name = "USD", requires = "mint")]
    limit: Option<String>,
    /// The project of a made key: id or name
    #[arg(long, requires = "mint")]
    project: Option<String>,
}

/// A key, and what is known of it if it was made just now.
pub(super) struct OwnKey {
    pub(super) secret: Secret,
    pub(super) minted: Option<Minted>,
}

pub(super) struct Minted {
    pub(super) id: String,
    pub(super) expires_at: Option<i64>,
    project: String,
    api: Api,
}

impl Minted {
    pub(super) async fn revoke(&self) -> Result<(), Failure> {
        let target = path(&["v1", "organization", "projects", &self.project, "api_keys", &self.id]);
        self.api.delete(&target).await.map(drop)
    }
}

impl KeyFrom {
    /// `name` and `lasts` are for a key that is made.
    pub(super) async fn resolve(
        &self,
        env: &Env,
        name: &str,
        lasts: i64,
    ) -> Result<OwnKey, Failure> {
        if self.mint {
            return self.make(env, name, self.lasts.unwrap_or(lasts)).await;
        }
        Ok(OwnKey { secret: self.at_hand(env)?, minted: None })
    }

    /// The key that there is already.
    pub(super) fn at_hand(&self, env: &Env) -> Result<Secret, Failure> {
        let secret = match (&self.key_file, &self.key_command, &env.api_key) {
            (Some(file), ..) => read(file)?,
            (None, Some(command), _) => printed_by(command)?,
            (None, None, Some(key)) => key.clone(),
            (None, None, None) => match keyring::kept(&api::url(env)) {
                Some(key) => key,
                None => kept(env)?,
            },
        };
        Ok(secret)
    }

    async fn make(&self, env: &Env, name: &str, lasts: i64) -> Result<OwnKey, Failure> {
        let api = Api::connect(env)?;
        let place = or_default(&api, self.project.as_deref()).await?;
        let target = path(&["v1", "organization", "projects", &place.id, "api_keys"]);
        let reply =
            api.post(&target, &json!({ "name": name, "expires_in_seconds": lasts })).await?;
        let key: Key = reply.read()?;
        let secret = reveal::made_value(&reply.text)
            .ok_or_else(|| Failure::new(format!("{} came without a secret", key.id)))?;
        let minted = Minted { id: key.id, expires_at: key.expires_at, project: place.id, api };
        if let Some(amount) = &self.limit
            && let Err(failure) = limits::set_total(&minted.api, &minted.id, amount).await
        {
            // It must not live without the limit that was asked for.
            minted.revoke().await?;
            return Err(failure);
        }
        Ok(OwnKey { secret, minted: Some(minted) })
    }
}

/// Where the key is kept between commands.
pub(super) fn kept_at(env: &Env) -> Result<PathBuf, Failure> {
    let folder = env.config_dir.as_ref().ok_or_else(|| {
        Failure::new("there is no place for a key").next("Set HOME or XDG_CONFIG_HOME.")
    })?;
    Ok(folder.join("key"))
}

/// Keeps a key for the commands to come; the place, for people.
pub(super) fn keep(env: &Env, key: &Secret, in_keyring: bool) -> Result<String, Failure> {
    if in_keyring {
        let url = api::url(env);
        keyring::keep(&url, key)?;
        return Ok(format!(
            "Linux's keyring, for {url} alone, until a restart or 3 days without use"
        ));
    }
    let path = kept_at(env)?;
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    write_private(&path, &reveal::line(key)).map_err(failed)?;
    Ok(path.display().to_string())
}

/// Takes the kept key out of wherever it is; the places, for people.
pub(super) fn forget(env: &Env) -> Result<Vec<String>, Failure> {
    let mut places = Vec::new();
    if keyring::forget(&api::url(env)) {
        places.push("Linux's keyring".to_owned());
    }
    let path = kept_at(env)?;
    match fs::remove_file(&path) {
        Ok(()) => places.push(path.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::new(format!("{}: {error}", path.display()))),
    }
    Ok(places)
}

fn kept(env: &Env) -> Result<Secret, Failure> {
    let path = kept_at(env)?;
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::new(format!(
            "no key: TOLLGATE_API_KEY is not set, and none is kept in {} or in Linux's keyring",
            path.display()
        ))
        .next(
            "`tollgate login` keeps one that you were given, `tollgate keys create --save` makes \
             one; --mint makes one for this alone.",
        )),
        _ => read(&path),
    }
}

fn read(path: &Path) -> Result<Secret, Failure> {
    let failed =
        |why: String| Failure::new(format!("cannot read the key: {}: {why}", path.display()));
    let about = fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(failed("others may read it".to_owned())
            .next(format!("Run: chmod 600 {}", path.display())));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    of_text(text.trim()).ok_or_else(|| failed("it holds no key".to_owned()))
}

fn printed_by(command: &str) -> Result<Secret, Failure> {
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cannot run the key's command: {error}")))?;
    let text = String::from_utf8(output.stdout).unwrap_or_default();
    match (output.status.success(), of_text(text.trim())) {
        (true, Some(secret)) => Ok(secret),
        (true, None) => Err(Failure::new("the key's command did not print a key alone")),
        (false, _) => Err(Failure::new(format!("the key's command failed ({})", output.status))),
    }
}

/// One line without blanks, as a header can hold it.
fn of_text(text: &str) -> Option<Secret> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Secret::from(text))
}

/// Writes a file that its owner alone may read, all at once or not at all.
pub(super) fn write_private(path: &Path, text: &Secret) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            reveal::write(&mut file, text)?;
            file.flush()?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
