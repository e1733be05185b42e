//! Upstreams: our accounts with providers.

use domain::fault::catalogue;
use domain::{Change, Fault, ProjectId, Secret, Upstream, UpstreamId, UpstreamSource};
use serde_json::json;

use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control, secrets};

/// An upstream as the environment or the config file names it.
pub struct DeclaredUpstream {
    pub name: String,
    pub provider: String,
    pub base_url: String,
    pub credential: Option<Secret>,
    pub source: UpstreamSource,
    pub unowned: Unowned,
}

/// Who owns the objects that have no record.
pub enum Unowned {
    /// The default project at the time the upstream was first seen.
    DefaultProject,
    Project(ProjectId),
    Nobody,
}

impl Control {
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_upstreams(&self) -> Result<Vec<Upstream>, Fault> {
        let listed = self.records.upstreams().await;
        listed.map_err(|error| store_fault(error, "the upstreams"))
    }

    /// An upstream that the environment or the config file names, written anew at each start. One
    /// of the same name is replaced under its old id, so that its objects keep their owners; when
    /// nothing differs, nothing is written.
    ///
    /// # Errors
    /// 409 when the name is taken by an upstream of the API.
    pub async fn declare_upstream(&self, declared: DeclaredUpstream) -> Result<UpstreamId, Fault> {
        let DeclaredUpstream { name, provider, base_url, credential, source, unowned } = declared;
        let before = self.list_upstreams().await?.into_iter().find(|u| u.name == name);
        if before.as_ref().is_some_and(|u| u.source == UpstreamSource::Api) {
            let why = format!("An upstream '{name}' exists already, made through the API.");
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let unowned_project = match unowned {
            Unowned::Project(project) => Some(project),
            Unowned::Nobody => None,
            Unowned::DefaultProject => {
                match before.as_ref().and_then(|u| u.unowned_project.clone()) {
                    Some(project) => Some(project),
                    None => Some(self.default_project().await?.id),
                }
            }
        };
        let base_url = base_url.trim_end_matches('/').to_owned();
        if let Some(same) = before.as_ref().filter(|u| {
            u.provider == provider
                && u.base_url == base_url
                && u.source == source
                && u.unowned_project == unowned_project
                && self.holds(u, credential.as_ref())
        }) {
            return Ok(same.id.clone());
        }
        let event = if before.is_some() { "upstream.updated" } else { "upstream.created" };
        let (id, created_at) = match before {
            Some(old) => (old.id, old.created_at),
            None => (UpstreamId::mint(vault::random()), self.clock.now()),
        };
        let payload = json!({
            "id": id.as_str(),
            "data": { "name": name, "provider": provider, "source": source.as_str() },
        });
        let upstream = Upstream {
            sealed_credential: credential.map(|c| self.vault.seal(id.as_str(), &c)),
            id: id.clone(),
            name: name.clone(),
            provider,
            base_url,
            source,
            unowned_project,
            created_at,
        };
        let write = Write {
            audit: vec![self.audit(&Author::system(), event, None, &payload)],
            changes: vec![Change::PutUpstream(upstream)],
            stale: Stale::Nothing,
        };
        self.commit(&name, write).await?;
        self.invalidate.upstreams_changed();
        Ok(id)
    }

    /// Opens a stored upstream's credential.
    ///
    /// # Errors
    /// 500 when it was sealed under another key.
    pub fn open_credential(&self, upstream: &Upstream) -> Result<Option<Secret>, Fault> {
        let Some(sealed) = &upstream.sealed_credential else { return Ok(None) };
        let opened = self.vault.open(upstream.id.as_str(), sealed);
        opened.map(Some).map_err(|error| {
            let why =
                format!("The credential of upstream '{}' does not open: {error}.", upstream.name);
            Fault::because(&catalogue::INTERNAL_ERROR, why)
        })
    }

    /// Whether the upstream has this very credential sealed. A seal that does not open is replaced.
    fn holds(&self, upstream: &Upstream, credential: Option<&Secret>) -> bool {
        match (&upstream.sealed_credential, credential) {
            (None, None) => true,
            (Some(sealed), Some(wanted)) => self
                .vault
                .open(upstream.id.as_str(), sealed)
                .is_ok_and(|held| secrets::same(&self.vault, &held, wanted)),
            _ => false,
        }
    }
}
