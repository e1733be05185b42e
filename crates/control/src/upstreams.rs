//! Upstreams: our accounts with providers. Those that environment and config file name.

use domain::fault::catalogue;
use domain::ports::{BadPlace, ProviderFacts};
use domain::{
    Change, CredentialId, Fault, ProjectId, SealedCredential, Secret, Timestamp, Upstream,
    UpstreamId, UpstreamSource,
};
use serde_json::json;

use crate::routes::DeclaredRoute;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control, secrets};

/// An upstream as the environment or the config file names it.
pub struct DeclaredUpstream {
    pub name: String,
    pub provider: String,
    pub base_url: String,
    pub credentials: Vec<Secret>,
    pub source: UpstreamSource,
    pub unowned: Unowned,
    pub enabled: bool,
    pub api_version: Option<String>,
    pub headers: Vec<(String, String)>,
}

/// Who owns the objects that have no record.
pub enum Unowned {
    /// The default project at the time the upstream was first seen.
    DefaultProject,
    Project(ProjectId),
    Nobody,
}

/// An upstream, and how it stands.
pub struct UpstreamState {
    pub upstream: Upstream,
    /// The environment or the config file that made it names it still.
    pub is_named: bool,
}

impl Control {
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_upstreams(&self) -> Result<Vec<Upstream>, Fault> {
        let listed = self.records.upstreams().await;
        listed.map_err(|error| store_fault(error, "the upstreams"))
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn upstream_states(&self) -> Result<Vec<UpstreamState>, Fault> {
        let all = self.list_upstreams().await?;
        Ok(all.into_iter().map(|upstream| self.state_of(upstream)).collect())
    }

    /// What an upstream may be made of.
    #[must_use]
    pub fn providers(&self) -> Vec<ProviderFacts> {
        self.outbound.providers()
    }

    /// The upstreams that calls avoid right now, because the last ones failed there.
    #[must_use]
    pub fn avoided_upstreams(&self) -> Vec<UpstreamId> {
        self.outbound.avoided()
    }

    pub(crate) fn state_of(&self, upstream: Upstream) -> UpstreamState {
        UpstreamState { is_named: self.places.is_named(&upstream), upstream }
    }

    /// The upstreams and routes that environment and config file name, written anew at each start
    /// and reload; then all places are put in use. Gives the upstreams that cannot be.
    ///
    /// # Errors
    /// 409 when a name is taken by one of the API; then the old places stay in use.
    pub async fn declare_places(
        &self,
        upstreams: Vec<DeclaredUpstream>,
        routes: Vec<DeclaredRoute>,
    ) -> Result<Vec<BadPlace>, Fault> {
        let _writing = self.places.lock().await;
        let order = upstreams.iter().map(|upstream| upstream.name.clone()).collect();
        let (mut changes, mut audit) = (Vec::new(), Vec::new());
        for declared in upstreams {
            let name = declared.name.clone();
            if let Some((upstream, event)) = self.declared(declared).await? {
                let payload = json!({
                    "id": upstream.id.as_str(),
                    "data": {
                        "name": name, "provider": upstream.provider,
                        "source": upstream.source.as_str(),
                    },
                });
                audit.push(self.audit(&Author::system(), event, None, &payload));
                changes.push(Change::PutUpstream(upstream));
            }
        }
        self.declared_routes(routes, &mut changes, &mut audit).await?;
        if !changes.is_empty() {
            let write = Write { changes, audit, stale: Stale::Nothing };
            self.commit("the upstreams and routes of the config", write).await?;
        }
        self.places.set_order(order);
        self.use_places().await
    }

    /// What is to be written of a declared upstream. One of the same name is replaced under its
    /// old id, so that its objects keep their owners; when nothing differs, nothing is written.
    async fn declared(
        &self,
        declared: DeclaredUpstream,
    ) -> Result<Option<(Upstream, &'static str)>, Fault> {
        let before = self.list_upstreams().await?.into_iter().find(|u| u.name == declared.name);
        if before.as_ref().is_some_and(|u| u.source == UpstreamSource::Api) {
            let why =
                format!("An upstream '{}' exists already, made through the API.", declared.name);
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let unowned_project = match declared.unowned {
            Unowned::Project(project) => Some(project),
            Unowned::Nobody => None,
            Unowned::DefaultProject => {
                match before.as_ref().and_then(|u| u.unowned_project.clone()) {
                    Some(project) => Some(project),
                    None => Some(self.default_project().await?.id),
                }
            }
        };
        let (id, created_at) = match &before {
            Some(old) => (old.id.clone(), old.created_at),
            None => (UpstreamId::mint(vault::random()), self.clock.now()),
        };
        let old = before.as_ref().map_or(&[][..], |upstream| &upstream.credentials);
        let credentials = self.kept(&id, old, &declared.credentials);
        let upstream = Upstream {
            id,
            name: declared.name,
            provider: declared.provider,
            base_url: declared.base_url.trim_end_matches('/').to_owned(),
            credentials,
            source: declared.source,
            enabled: declared.enabled,
            api_version: declared.api_version,
            headers: declared.headers,
            unowned_project,
            created_at,
        };
        Ok(match before {
            Some(before) if before == upstream => None,
            Some(_) => Some((upstream, "upstream.updated")),
            None => Some((upstream, "upstream.created")),
        })
    }

    /// The credentials as they are to be kept: one that is there already stays as it lies, so that
    /// what is known of it stays known.
    fn kept(
        &self,
        id: &UpstreamId,
        old: &[SealedCredential],
        wanted: &[Secret],
    ) -> Vec<SealedCredential> {
        let mut left: Vec<&SealedCredential> = old.iter().collect();
        let mut kept = Vec::with_capacity(wanted.len());
        for secret in wanted {
            let holds = |one: &&SealedCredential| {
                // A seal that does not open is replaced.
                let held = self.vault.open(id.as_str(), &one.sealed);
                held.is_ok_and(|held| secrets::same(&self.vault, &held, secret))
            };
            kept.push(match left.iter().position(holds) {
                Some(at) => {
                    let last_four = secrets::last_four(secret);
                    SealedCredential { last_four, weight: 1, ..left.remove(at).clone() }
                }
                None => self.sealed(id, secret, 1, self.clock.now()),
            });
        }
        kept
    }

    pub(crate) fn sealed(
        &self,
        of: &UpstreamId,
        secret: &Secret,
        weight: u32,
        at: Timestamp,
    ) -> SealedCredential {
        SealedCredential {
            id: CredentialId::mint(vault::random()),
            sealed: self.vault.seal(of.as_str(), secret),
            last_four: secrets::last_four(secret),
            weight,
            created_at: at,
        }
    }

    /// Opens a stored upstream's credentials; else why one does not open.
    pub(crate) fn open_credentials(&self, upstream: &Upstream) -> Result<Vec<Secret>, String> {
        let open = |one: &SealedCredential| self.vault.open(upstream.id.as_str(), &one.sealed);
        let opened: Result<Vec<Secret>, _> = upstream.credentials.iter().map(open).collect();
        opened.map_err(|error| format!("a credential does not open: {error}"))
    }
}
