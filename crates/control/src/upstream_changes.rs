//! Upstreams and credentials that are made, changed and removed through the API.

use domain::fault::catalogue;
use domain::ports::Probed;
use domain::{
    Change, CredentialId, Fault, ProjectId, SealedCredential, Secret, Upstream, UpstreamId,
    UpstreamSource,
};
use serde_json::{Value, json};

use crate::transact::{invalid, not_found};
use crate::upstreams::UpstreamState;
use crate::{Author, Control};

/// Credentials of one upstream.
const MOST_CREDENTIALS: usize = 64;

/// A credential as it is given.
pub struct CredentialDraft {
    pub secret: Secret,
    pub weight: u32,
}

/// An upstream as it is asked for.
pub struct UpstreamDraft {
    pub name: String,
    pub provider: String,
    /// `None`: the provider's own.
    pub base_url: Option<String>,
    pub credentials: Vec<CredentialDraft>,
    pub enabled: bool,
    pub api_version: Option<String>,
    pub headers: Vec<(String, String)>,
    pub unowned_project: Option<ProjectId>,
}

/// What is to change; `None` leaves a thing as it is, `Some(None)` takes it away.
#[derive(Default)]
pub struct UpstreamPatch {
    pub base_url: Option<String>,
    pub enabled: Option<bool>,
    pub api_version: Option<Option<String>>,
    pub headers: Option<Vec<(String, String)>>,
    pub unowned_project: Option<Option<ProjectId>>,
}

impl Control {
    /// By its id or its name.
    ///
    /// # Errors
    /// 404 for one that is not there.
    pub async fn upstream(&self, id: &str) -> Result<UpstreamState, Fault> {
        let all = self.list_upstreams().await?;
        let found = all.into_iter().find(|u| u.id.as_str() == id || u.name == id);
        found.map(|upstream| self.state_of(upstream)).ok_or_else(|| not_found(id))
    }

    /// # Errors
    /// 400 for what cannot be one, 409 for a name that is taken.
    pub async fn create_upstream(
        &self,
        author: &Author,
        draft: UpstreamDraft,
    ) -> Result<UpstreamState, Fault> {
        let _writing = self.places.lock().await;
        let (id, now) = (UpstreamId::mint(vault::random()), self.clock.now());
        if self.list_upstreams().await?.iter().any(|upstream| upstream.name == draft.name) {
            let why = format!("An upstream '{}' exists already.", draft.name);
            return Err(Fault::because(&catalogue::CONFLICT, why).param("name"));
        }
        self.check_credentials(draft.credentials.iter().map(|one| &one.secret))?;
        let sealed = |one: &CredentialDraft| self.sealed(&id, &one.secret, one.weight, now);
        let mut upstream = Upstream {
            credentials: draft.credentials.iter().map(sealed).collect(),
            id: id.clone(),
            name: draft.name,
            provider: draft.provider,
            base_url: draft.base_url.unwrap_or_default(),
            source: UpstreamSource::Api,
            enabled: draft.enabled,
            api_version: draft.api_version,
            headers: draft.headers,
            unowned_project: draft.unowned_project,
            created_at: now,
        };
        self.check_upstream(&mut upstream).await?;
        self.put(author, "upstream.created", upstream).await
    }

    /// # Errors
    /// 404 for an unknown one, 409 for one of the environment or the config file, 400 for what
    /// cannot be.
    pub async fn update_upstream(
        &self,
        author: &Author,
        id: &str,
        patch: UpstreamPatch,
    ) -> Result<UpstreamState, Fault> {
        let _writing = self.places.lock().await;
        let mut upstream = self.own(id).await?;
        let before = upstream.base_url.clone();
        upstream.base_url = patch.base_url.unwrap_or(upstream.base_url);
        upstream.enabled = patch.enabled.unwrap_or(upstream.enabled);
        upstream.api_version = patch.api_version.unwrap_or(upstream.api_version);
        upstream.headers = patch.headers.unwrap_or(upstream.headers);
        upstream.unowned_project = patch.unowned_project.unwrap_or(upstream.unowned_project);
        self.check_upstream(&mut upstream).await?;
        if !same_host(&before, &upstream.base_url) && !upstream.credentials.is_empty() {
            // Whoever may write here must not learn a credential by having it sent elsewhere.
            let why = "The host of an upstream with credentials cannot be changed: they would be \
                       sent to the new one. Make another upstream.";
            return Err(invalid("base_url", why.to_owned()));
        }
        self.put(author, "upstream.updated", upstream).await
    }

    /// Its objects keep their owners: nobody else can take them while it is made again.
    ///
    /// # Errors
    /// 404 for an unknown one, 409 for one of the environment or the config file.
    pub async fn remove_upstream(&self, author: &Author, id: &str) -> Result<UpstreamId, Fault> {
        let _writing = self.places.lock().await;
        let upstream = self.own(id).await?;
        let audit = self.audit(author, "upstream.deleted", None, &payload(&upstream));
        let change = Change::RemoveUpstream(upstream.id.clone());
        self.commit_places(&upstream.name, vec![change], vec![audit]).await?;
        Ok(upstream.id)
    }

    /// Adds a credential beside the others; gives its id.
    ///
    /// # Errors
    /// As [`Control::update_upstream`].
    pub async fn add_credential(
        &self,
        author: &Author,
        id: &str,
        draft: CredentialDraft,
    ) -> Result<UpstreamState, Fault> {
        let _writing = self.places.lock().await;
        let mut upstream = self.own(id).await?;
        self.check_credentials(std::iter::once(&draft.secret))?;
        if upstream.credentials.len() >= MOST_CREDENTIALS {
            let why = format!("An upstream has at most {MOST_CREDENTIALS} credentials.");
            return Err(invalid("credential", why));
        }
        let added = self.sealed(&upstream.id, &draft.secret, draft.weight, self.clock.now());
        upstream.credentials.push(added);
        self.check_upstream(&mut upstream).await?;
        self.put(author, "upstream.credential.created", upstream).await
    }

    /// # Errors
    /// As [`Control::update_upstream`], and 400 for the last one of a provider that wants one.
    pub async fn remove_credential(
        &self,
        author: &Author,
        id: &str,
        credential: &CredentialId,
    ) -> Result<UpstreamState, Fault> {
        let _writing = self.places.lock().await;
        let mut upstream = self.own(id).await?;
        let count = upstream.credentials.len();
        upstream.credentials.retain(|one| one.id != *credential);
        if upstream.credentials.len() == count {
            return Err(not_found(credential.as_str()));
        }
        self.check_upstream(&mut upstream).await?;
        self.put(author, "upstream.credential.deleted", upstream).await
    }

    /// Asks an upstream for its models, as a call would.
    ///
    /// # Errors
    /// 404 for an unknown one.
    pub async fn test_upstream(&self, id: &str) -> Result<Probed, Fault> {
        let found = self.upstream(id).await?;
        Ok(self.outbound.probe(found.upstream.id).await)
    }

    pub(crate) async fn put(
        &self,
        author: &Author,
        event: &'static str,
        upstream: Upstream,
    ) -> Result<UpstreamState, Fault> {
        let audit = self.audit(author, event, None, &payload(&upstream));
        let change = Change::PutUpstream(upstream.clone());
        let bad = self.commit_places(&upstream.name, vec![change], vec![audit]).await?;
        match bad.into_iter().find(|bad| bad.upstream == upstream.name) {
            Some(bad) => Err(Fault::because(&catalogue::INTERNAL_ERROR, format!("{bad}."))),
            None => Ok(self.state_of(upstream)),
        }
    }

    /// An upstream that may be changed here.
    pub(crate) async fn own(&self, id: &str) -> Result<Upstream, Fault> {
        let UpstreamState { upstream, is_named } = self.upstream(id).await?;
        let owner = match upstream.source {
            UpstreamSource::Api => return Ok(upstream),
            // What nobody names any more may be cleared away.
            _ if !is_named => return Ok(upstream),
            UpstreamSource::Environment => "the environment",
            UpstreamSource::File => "the config file",
        };
        let why = format!(
            "The upstream '{}' stands in {owner}, so it cannot be changed here.",
            upstream.name
        );
        Err(Fault::because(&catalogue::MANAGED_BY_FILE, why))
    }

    pub(crate) async fn check_upstream(&self, upstream: &mut Upstream) -> Result<(), Fault> {
        if let Some(bad) = self.outbound.complete(upstream).into_iter().next() {
            let entry = match bad.is_address {
                true => &catalogue::UPSTREAM_ADDRESS_NOT_ALLOWED,
                false => &catalogue::INVALID_VALUE,
            };
            return Err(Fault::because(entry, sentence(&bad.why)).param(bad.field));
        }
        if let Some(project) = &upstream.unowned_project {
            self.active_project(project).await?;
        }
        Ok(())
    }

    pub(crate) fn check_credentials<'s>(
        &self,
        mut secrets: impl ExactSizeIterator<Item = &'s Secret>,
    ) -> Result<(), Fault> {
        if secrets.len() > MOST_CREDENTIALS {
            let why = format!("An upstream has at most {MOST_CREDENTIALS} credentials.");
            return Err(invalid("credentials", why));
        }
        match secrets.any(|secret| !self.outbound.may_sign(secret)) {
            true => {
                let why = "A credential must be 1 to 4096 printable ASCII characters, without \
                           spaces around it.";
                Err(invalid("credential", why.to_owned()))
            }
            false => Ok(()),
        }
    }
}

/// Scheme, host and port.
fn same_host(one: &str, other: &str) -> bool {
    let host = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split('/').next()?;
        Some(format!("{scheme}://{authority}").to_ascii_lowercase())
    };
    host(one) == host(other)
}

fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What the audit log keeps: never a secret, nor a header's value.
fn payload(upstream: &Upstream) -> Value {
    let credential =
        |one: &SealedCredential| json!({ "id": one.id.as_str(), "weight": one.weight });
    json!({
        "id": upstream.id.as_str(),
        "data": {
            "name": upstream.name,
            "provider": upstream.provider,
            "enabled": upstream.enabled,
            "source": upstream.source.as_str(),
            "credentials": upstream.credentials.iter().map(credential).collect::<Vec<_>>(),
        },
    })
}
