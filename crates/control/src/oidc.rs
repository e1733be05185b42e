//! Signing in with a provider of identities: OpenID Connect's code flow with PKCE, state and nonce,
//! bound to the browser that began it.

mod person;
mod provider;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::fault::catalogue;
use domain::ports::IdentityWire;
use domain::{Fault, IdClaims, IdProvider, IdProviderFacts, Secret, SecretHash, Timestamp, UserId};
use serde_json::Value;

use crate::Control;
use crate::secrets::{oidc_ask, token_hash};
use crate::sign_in::{NewSession, SignedIn, Visitor};

/// Somebody has ten minutes for the provider's pages.
const LIVES_SECONDS: i64 = 600;
/// Who is on their way at once; above it the oldest must begin anew.
const MOST: usize = 10_000;

/// The providers of identities, and who is on the way to one.
#[derive(Default)]
pub(crate) struct Oidc {
    providers: Vec<IdProvider>,
    wire: Option<Arc<dyn IdentityWire>>,
    /// By the hash of what the browser holds.
    under_way: Mutex<HashMap<SecretHash, UnderWay>>,
    /// What each provider told last, and when.
    known: Mutex<HashMap<String, (Timestamp, Known)>>,
}

#[derive(Clone)]
struct Known {
    facts: IdProviderFacts,
    keys: Arc<Value>,
}

/// Somebody who was sent to a provider.
struct UnderWay {
    provider: String,
    state: SecretHash,
    nonce: String,
    verifier: Secret,
    /// Who links their account, where somebody is signed in.
    links: Option<UserId>,
    back: String,
    ends_at: Timestamp,
}

/// Where to send a browser, and what it is to hold meanwhile.
pub struct ToProvider {
    pub url: String,
    pub secret: Secret,
}

/// What a browser brings back from a provider.
pub struct FromProvider<'a> {
    pub provider: &'a str,
    /// What it was given to hold.
    pub held: Option<&'a Secret>,
    pub state: &'a str,
    pub code: Secret,
    /// The issuer, where the provider says it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// The provider's word for why not.
    pub error: Option<&'a str>,
}

/// Somebody has come back.
pub enum CameBack {
    In(NewSession, String),
    /// Their account has one more way in.
    Linked,
}

impl Control {
    /// With providers of identities, and somebody who speaks to them.
    #[must_use]
    pub fn with_identity_providers(
        mut self,
        providers: Vec<IdProvider>,
        wire: Arc<dyn IdentityWire>,
    ) -> Self {
        self.oidc = Oidc { providers, wire: Some(wire), ..Oidc::default() };
        self
    }

    /// Name and label of each provider, for its button.
    pub fn identity_providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.oidc.providers.iter().map(|it| (it.name.as_str(), it.label.as_str()))
    }

    /// Sends a browser to a provider. `back` is where it goes then; somebody who is signed in links
    /// their account.
    ///
    /// # Errors
    /// 404 for an unknown provider; 502 where it does not answer as it must.
    pub async fn begin_oidc(
        &self,
        name: &str,
        links: Option<&SignedIn>,
        back: &str,
    ) -> Result<ToProvider, Fault> {
        let provider = self.oidc.provider(name)?;
        let known = self.known_of(provider, false).await?;
        let (secret, state, nonce) =
            (vault::token::mint(), vault::token::mint(), vault::token::mint());
        let verifier = vault::token::mint();
        let now = self.clock.now();
        let redirect = self.redirect_of(provider);
        let url = oidc_ask(&known.facts, provider, &redirect, (&state, &nonce, &verifier));
        let under_way = UnderWay {
            provider: provider.name.clone(),
            state: token_hash(&self.vault, &state),
            nonce: crate::secrets::nonce_text(&nonce),
            verifier,
            links: links.map(|who| who.user.id.clone()),
            back: back.to_owned(),
            ends_at: now.plus_seconds(LIVES_SECONDS),
        };
        self.oidc.send(token_hash(&self.vault, &secret), under_way, now);
        Ok(ToProvider { url, secret })
    }

    /// Lets in, or links, whoever a provider has sent back.
    ///
    /// # Errors
    /// 400 `oauth_*` for everything that is not as it must be: nobody has a session then.
    pub async fn finish_oidc(
        &self,
        visitor: &Visitor,
        brought: FromProvider<'_>,
    ) -> Result<CameBack, Fault> {
        self.take_tries(&[(
            format!("oidc {}", visitor.place()),
            domain::TryRule { tries: 60, seconds: 900 },
        )])?;
        let state_invalid = || Fault::new(&catalogue::OAUTH_STATE_INVALID);
        let held = brought.held.ok_or_else(state_invalid)?;
        // Taken out: a code and a state work once.
        let under_way = self.oidc.take(token_hash(&self.vault, held), self.clock.now());
        let under_way = under_way.ok_or_else(state_invalid)?;
        let same = token_hash(&self.vault, &Secret::from(brought.state)) == under_way.state;
        if !same || under_way.provider != brought.provider {
            return Err(state_invalid());
        }
        let provider = self.oidc.provider(brought.provider)?;
        if brought.issuer.is_some_and(|issuer| issuer != provider.issuer) {
            return Err(state_invalid());
        }
        if brought.error.is_some() {
            return Err(Fault::new(&catalogue::OAUTH_REFUSED));
        }
        let claims = self.redeem(provider, &under_way, &brought.code).await?;
        let UnderWay { nonce, links, back, .. } = under_way;
        let checked = domain::check_id(&claims, provider, &nonce, self.clock.now());
        checked.map_err(|bad| person::refused(bad, provider))?;
        self.person_of(visitor, provider, claims, links, back).await
    }

    fn redirect_of(&self, provider: &IdProvider) -> String {
        format!("{}/sign-in/with/{}/back", self.base_url(), provider.name)
    }
}

impl Oidc {
    fn provider(&self, name: &str) -> Result<&IdProvider, Fault> {
        let found = self.providers.iter().find(|provider| provider.name == name);
        found.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
    }

    fn send(&self, held: SecretHash, under_way: UnderWay, now: Timestamp) {
        let Ok(mut all) = self.under_way.lock() else { return };
        if all.len() >= MOST {
            all.retain(|_, it| now < it.ends_at);
        }
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, it)| it.ends_at).map(|(held, _)| *held);
            oldest.and_then(|held| all.remove(&held));
        }
        all.insert(held, under_way);
    }

    fn take(&self, held: SecretHash, now: Timestamp) -> Option<UnderWay> {
        let found = self.under_way.lock().ok()?.remove(&held);
        found.filter(|it| now < it.ends_at)
    }
}

/// What a token says, in our words.
fn claims_of(value: &Value) -> IdClaims {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let audience = match &value["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    IdClaims {
        issuer: text("iss").unwrap_or_default(),
        subject: text("sub").unwrap_or_default(),
        audience,
        authorized_party: text("azp"),
        expires_at: value["exp"].as_i64().unwrap_or(0),
        issued_at: value["iat"].as_i64().unwrap_or(i64::MAX / 2),
        nonce: text("nonce"),
        email: text("email"),
        // A few write booleans as text.
        email_verified: value["email_verified"] == true || value["email_verified"] == "true",
        name: text("name"),
    }
}
