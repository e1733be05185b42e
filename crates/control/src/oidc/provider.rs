//! What a provider says: its discovery, its keys, the tokens for a code.

use std::sync::Arc;

use domain::fault::catalogue;
use domain::{Fault, IdClaims, IdProvider, IdProviderFacts, Secret};
use serde_json::Value;
use vault::id_token::{BadToken, verify};

use super::{Known, UnderWay, claims_of};
use crate::Control;
use crate::secrets::code_form;

/// Discovery and keys are asked for again after so long; and sooner, but not at once, when a token
/// names a key that is not known.
const FRESH_SECONDS: i64 = 600;
const AGAIN_SECONDS: i64 = 30;

impl Control {
    /// What is known of a provider, asked for where it is not fresh.
    pub(super) async fn known_of(&self, provider: &IdProvider, anew: bool) -> Result<Known, Fault> {
        let fresh = if anew { AGAIN_SECONDS } else { FRESH_SECONDS };
        let now = self.clock.now();
        let found = self.oidc.known.lock().ok().and_then(|all| all.get(&provider.name).cloned());
        if let Some((at, known)) = found
            && now < at.plus_seconds(fresh)
        {
            return Ok(known);
        }
        let near = &provider.issuer;
        let base = near.trim_end_matches('/');
        let told = self.fetch(near, &format!("{base}/.well-known/openid-configuration")).await?;
        let text = |name: &str| {
            let text = told[name].as_str().map(str::to_owned);
            text.ok_or_else(|| failed(&format!("its discovery has no '{name}'")))
        };
        let facts = IdProviderFacts {
            issuer: text("issuer")?,
            authorization_endpoint: text("authorization_endpoint")?,
            token_endpoint: text("token_endpoint")?,
            jwks_uri: text("jwks_uri")?,
        };
        // Microsoft's `common` says `{tenantid}` here: one issuer must be one tenant.
        if facts.issuer != provider.issuer {
            return Err(failed("its discovery names another issuer than the one configured"));
        }
        let sends_on = facts.authorization_endpoint.as_str();
        if !sends_on.starts_with("https://") && !near.starts_with("http://") {
            return Err(failed("its sign-in page is not at an https:// address"));
        }
        let keys = Arc::new(self.fetch(near, &facts.jwks_uri).await?);
        let known = Known { facts, keys };
        if let Ok(mut all) = self.oidc.known.lock() {
            all.insert(provider.name.clone(), (now, known.clone()));
        }
        Ok(known)
    }

    /// The claims of the token that a code is worth.
    pub(super) async fn redeem(
        &self,
        provider: &IdProvider,
        under_way: &UnderWay,
        code: &Secret,
    ) -> Result<IdClaims, Fault> {
        let known = self.known_of(provider, false).await?;
        let redirect = self.redirect_of(provider);
        let form = code_form(provider, &redirect, code, &under_way.verifier);
        let wire = self.oidc.wire.as_ref().ok_or(&catalogue::NOT_FOUND)?;
        let answer = wire.post_form(&provider.issuer, &known.facts.token_endpoint, form).await;
        // A code that was used, or is somebody else's, is refused by the provider.
        let answer = answer.map_err(|_| Fault::new(&catalogue::OAUTH_CODE_INVALID))?;
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|_| failed("it sent no JSON"))?;
        let token = answer["id_token"].as_str().ok_or_else(|| failed("it sent no id token"))?;
        let claims = match verify(token, &known.keys) {
            Err(BadToken::Key) => verify(token, &self.known_of(provider, true).await?.keys),
            other => other,
        };
        let claims = claims.map_err(|_| Fault::new(&catalogue::OAUTH_TOKEN_INVALID))?;
        Ok(claims_of(&claims))
    }

    async fn fetch(&self, near: &str, url: &str) -> Result<Value, Fault> {
        let wire = self.oidc.wire.as_ref().ok_or(&catalogue::NOT_FOUND)?;
        let body = wire.get(near, url).await.map_err(|why| failed(&why))?;
        serde_json::from_slice(&body).map_err(|_| failed("it sent no JSON"))
    }
}

fn failed(why: &str) -> Fault {
    let message = format!("The provider of identities cannot be asked: {why}.");
    Fault::because(&catalogue::OAUTH_PROVIDER_FAILED, message)
}
