//! Upstreams ready to be called: address parsed, credential opened and made into a header.

use std::fmt;
use std::sync::Arc;

use domain::{CredentialId, ProjectId, Secret, Upstream, UpstreamId, UpstreamSource};
use egress::{InProcess, Origin};
use http::{HeaderMap, HeaderValue};
use providers::sign::Signature;
use providers::{Provider, catalogue};

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
}

/// One of an upstream's credentials, ready to sign.
#[allow(dead_code, reason = "routes and attempts read it next")]
pub struct LiveCredential {
    pub(crate) id: CredentialId,
    pub(crate) signature: Signature,
    /// Its share of the calls, against the others'.
    pub(crate) weight: u32,
    pub(crate) standing: Arc<Standing>,
    /// What is known of its account's rate limits.
    pub(crate) lanes: Arc<Lanes>,
}

/// Why a stored upstream cannot be used; names it, never its credential.
#[derive(Debug)]
pub struct BadUpstream {
    pub name: String,
    pub why: String,
}

impl fmt::Display for BadUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}: {}", self.name, self.why)
    }
}

impl std::error::Error for BadUpstream {}

impl LiveUpstream {
    /// `demo` is how the built-in provider is reached.
    ///
    /// # Errors
    /// [`BadUpstream`] when the provider is unknown, or the URL or credential cannot be used.
    pub fn new(
        stored: &Upstream,
        credential: Option<&Secret>,
        demo: &InProcess,
    ) -> Result<Self, BadUpstream> {
        let bad = |why: String| BadUpstream { name: stored.name.clone(), why };
        let provider = catalogue::find(&stored.provider)
            .ok_or_else(|| bad(format!("no provider is called {}", stored.provider)))?;
        // What the operator wrote in the environment or the config file is meant.
        let allow_private = stored.source != UpstreamSource::Api;
        let mut origin = Origin::parse(&stored.base_url, allow_private)
            .map_err(|error| bad(format!("its base URL cannot be used: {error}")))?;
        if provider.name == catalogue::DEMO {
            origin = origin.in_process(Arc::clone(demo));
        }
        let signature = Signature::new(provider.auth, credential)
            .map_err(|_| bad("its credential cannot stand in a header".into()))?;
        let name = HeaderValue::from_str(&stored.name)
            .map_err(|_| bad("its name cannot stand in a header".into()))?;
        Ok(Self {
            id: stored.id.clone(),
            name,
            provider,
            origin: Arc::new(origin),
            // The one is named like its upstream.
            credentials: vec![LiveCredential {
                id: stored.id.as_str().into(),
                signature,
                weight: 1,
                standing: Arc::default(),
                lanes: Arc::default(),
            }],
            unowned_project: stored.unowned_project.clone(),
            standing: Arc::default(),
        })
    }

    /// Puts one of its credentials on a request.
    pub(crate) fn sign(&self, credential: usize, headers: &mut HeaderMap) {
        if let Some(credential) = self.credentials.get(credential) {
            credential.signature.apply(headers);
        }
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
