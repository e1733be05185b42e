//! Upstreams ready to be called: address parsed, credentials opened and made into headers.

use std::borrow::Cow;
use std::sync::Arc;

use domain::ports::BadPlace;
use domain::{CredentialId, ProjectId, Secret, Upstream, UpstreamId, UpstreamSource};
use egress::{InProcess, Origin};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::sign::Signature;
use providers::{Paths, Provider, catalogue, paths};

use crate::pace::Lanes;
use crate::standing::Standing;

/// An upstream as the path uses it.
pub struct LiveUpstream {
    pub(crate) id: UpstreamId,
    pub(crate) name: HeaderValue,
    pub(crate) provider: &'static Provider,
    pub(crate) origin: Arc<Origin>,
    /// One at least; without a secret where the provider wants none. All of one account, so that
    /// what one has made the others can use.
    pub(crate) credentials: Vec<LiveCredential>,
    pub(crate) unowned_project: Option<ProjectId>,
    pub(crate) standing: Arc<Standing>,
    /// Calls may go there. Where they may not, what is there already is still asked after.
    pub(crate) enabled: bool,
    /// Sent along with every call.
    headers: HeaderMap,
    /// What it was made from: the same makes the same.
    stored: Upstream,
}

/// One of an upstream's credentials, ready to sign.
pub struct LiveCredential {
    pub(crate) id: CredentialId,
    pub(crate) signature: Signature,
    /// Its share of the calls, against the others'.
    pub(crate) weight: u32,
    pub(crate) standing: Arc<Standing>,
    /// What is known of its account's rate limits.
    pub(crate) lanes: Arc<Lanes>,
}

impl LiveUpstream {
    /// `secrets` are its credentials, opened, in their order; `demo` is how the built-in provider
    /// is reached; `private_hosts`, in lower case, may be at any address.
    ///
    /// # Errors
    /// [`BadPlace`] when the provider is unknown, or the URL or a credential cannot be used.
    pub(crate) fn new(
        stored: Upstream,
        secrets: &[Secret],
        (demo, private_hosts): (&InProcess, &[String]),
    ) -> Result<Self, BadPlace> {
        let bad = |why: String| BadPlace { upstream: stored.name.clone(), why };
        let provider = catalogue::find(&stored.provider)
            .ok_or_else(|| bad(format!("no provider is called {}", stored.provider)))?;
        // What the operator wrote in the environment or the config file is meant.
        let meant = stored.source != UpstreamSource::Api;
        let mut origin = Origin::parse(&stored.base_url, meant)
            .map(|origin| origin.allowing(private_hosts))
            .map_err(|error| bad(format!("its base URL cannot be used: {error}")))?;
        if provider.name == catalogue::DEMO {
            origin = origin.in_process(Arc::clone(demo));
        }
        let name = HeaderValue::from_str(&stored.name)
            .map_err(|_| bad("its name cannot stand in a header".into()))?;
        let signed = |secret: Option<&Secret>| {
            Signature::new(provider.auth, secret)
                .map_err(|_| bad("its credential cannot stand in a header".into()))
        };
        let mut credentials = Vec::with_capacity(stored.credentials.len().max(1));
        for (sealed, secret) in stored.credentials.iter().zip(secrets) {
            credentials.push(LiveCredential {
                id: sealed.id.clone(),
                signature: signed(Some(secret))?,
                weight: sealed.weight,
                standing: Arc::default(),
                lanes: Arc::default(),
            });
        }
        if credentials.is_empty() {
            let id = stored.id.as_str().into();
            let (signature, standing, lanes) = (signed(None)?, Arc::default(), Arc::default());
            credentials.push(LiveCredential { id, signature, weight: 1, standing, lanes });
        }
        let mut headers = HeaderMap::with_capacity(stored.headers.len());
        for (name, value) in &stored.headers {
            let pair = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let (name, value) =
                pair.ok_or_else(|| bad(format!("its header {name} cannot be sent")))?;
            headers.append(name, value);
        }
        Ok(Self {
            id: stored.id.clone(),
            name,
            provider,
            origin: Arc::new(origin),
            credentials,
            unowned_project: stored.unowned_project.clone(),
            standing: Arc::default(),
            enabled: stored.enabled,
            headers,
            stored,
        })
    }

    pub(crate) fn is_made_from(&self, stored: &Upstream) -> bool {
        self.stored == *stored
    }

    /// The operator's name for it.
    pub(crate) fn name(&self) -> &str {
        &self.stored.name
    }

    /// Puts one of its credentials on a request, and what it sends along with every call.
    pub(crate) fn sign(&self, credential: usize, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(credential) = self.credentials.get(credential) {
            credential.signature.apply(headers);
        }
    }

    /// The path and query of a call. `target` is OpenAI's behind `/v1`; `model` what the provider
    /// calls the model, where the call has one.
    pub(crate) fn path(&self, target: &str, model: Option<&str>) -> String {
        let (origin, version) = (&self.origin, self.stored.api_version.as_deref());
        origin.path(&paths::target(self.provider, origin.prefix(), version, target, model))
    }

    /// Whether its paths are those that clients write, with `/v1`.
    pub(crate) fn asks_as_clients_do(&self) -> bool {
        self.provider.paths == Paths::Plain && self.origin.prefix() == "/v1"
    }

    /// The name of one of its models in the price book.
    pub(crate) fn priced<'m>(&self, model: &'m str) -> Cow<'m, str> {
        self.provider.priced(model)
    }

    /// Whether some text of the provider shows any of our credentials.
    pub(crate) fn is_shown_in(&self, text: &[u8]) -> bool {
        self.credentials.iter().any(|credential| credential.signature.is_in(text))
    }

    /// Takes over how the same upstream has fared under an earlier configuration; a credential
    /// that is another one now begins anew.
    pub(crate) fn goes_on_from(&mut self, before: &Self) {
        let place = |upstream: &Self| (upstream.id.clone(), upstream.origin.path(""));
        if place(self) != place(before) || self.origin.address() != before.origin.address() {
            return;
        }
        self.standing = Arc::clone(&before.standing);
        for credential in &mut self.credentials {
            let same = |old: &&LiveCredential| {
                old.id == credential.id && old.signature.is_same(&credential.signature)
            };
            if let Some(old) = before.credentials.iter().find(same) {
                credential.standing = Arc::clone(&old.standing);
                credential.lanes = Arc::clone(&old.lanes);
            }
        }
    }

    /// Host and port, to tell whether an upstream is this very Tollgate.
    #[must_use]
    pub fn address(&self) -> (&str, u16) {
        self.origin.address()
    }

    #[must_use]
    pub fn is_in_process(&self) -> bool {
        self.origin.is_in_process()
    }
}
