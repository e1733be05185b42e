//! Signing in with a provider of identities (OpenID Connect): what its word must be like to count.

use crate::{Secret, Timestamp};

/// A provider of identities, as the operator configured it.
#[derive(Clone)]
pub struct IdProvider {
    /// Stands in addresses: `google`.
    pub name: String,
    /// Stands on the button.
    pub label: String,
    /// `https://accounts.google.com`: exactly what its tokens and its discovery say.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// Take its addresses as checked although it does not say so: for a provider of one's own
    /// company, whose people cannot choose them.
    pub trust_email: bool,
}

/// What discovery tells of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdProviderFacts {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
}

/// What an id token says, once its signature was found to be the provider's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdClaims {
    pub issuer: String,
    pub subject: String,
    pub audience: Vec<String>,
    pub authorized_party: Option<String>,
    /// Unix seconds.
    pub expires_at: i64,
    pub issued_at: i64,
    pub nonce: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
}

/// Why somebody is not let in by a provider's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    Issuer,
    Audience,
    Expired,
    Nonce,
    Subject,
    /// There is no address, or nobody checked it.
    Email,
}

/// Clocks differ by so many seconds.
const SKEW: i64 = 60;
/// Google's tokens name it with and without the scheme.
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// Whether a token is for us, from whom we asked, in answer to what we asked, and of somebody whose
/// address was checked (case 138).
///
/// # Errors
/// The first thing that is not as it must be.
pub fn check_id(
    claims: &IdClaims,
    provider: &IdProvider,
    nonce: &str,
    now: Timestamp,
) -> Result<(), IdFault> {
    let google = provider.issuer == GOOGLE[0] && claims.issuer == GOOGLE[1];
    if claims.issuer != provider.issuer && !google {
        return Err(IdFault::Issuer);
    }
    if !claims.audience.contains(&provider.client_id) {
        return Err(IdFault::Audience);
    }
    let party = claims.authorized_party.as_deref();
    let several = claims.audience.len() > 1;
    if party.is_some_and(|party| party != provider.client_id) || (several && party.is_none()) {
        return Err(IdFault::Audience);
    }
    let now = now.seconds();
    if claims.expires_at + SKEW <= now || claims.issued_at - SKEW > now {
        return Err(IdFault::Expired);
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(IdFault::Nonce);
    }
    if claims.subject.is_empty() || claims.subject.len() > 255 {
        return Err(IdFault::Subject);
    }
    let checked = claims.email_verified || provider.trust_email;
    if !checked || claims.email.as_deref().is_none_or(str::is_empty) {
        return Err(IdFault::Email);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> IdProvider {
        IdProvider {
            name: "own".into(),
            label: "Own".into(),
            issuer: "https://id.example".into(),
            client_id: "gate".into(),
            client_secret: None,
            trust_email: false,
        }
    }

    fn claims() -> IdClaims {
        IdClaims {
            issuer: "https://id.example".into(),
            subject: "1".into(),
            audience: vec!["gate".into()],
            authorized_party: None,
            expires_at: 1_000,
            issued_at: 900,
            nonce: Some("n".into()),
            email: Some("a@example.com".into()),
            email_verified: true,
            name: None,
        }
    }

    fn check(change: impl FnOnce(&mut IdClaims)) -> Result<(), IdFault> {
        let mut claims = claims();
        change(&mut claims);
        check_id(&claims, &provider(), "n", Timestamp::from_seconds(950))
    }

    #[test]
    fn case_138_a_token_of_another_issuer_for_another_client_or_question_is_none() {
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(check(|it| it.issuer = "https://id.example/".into()), Err(IdFault::Issuer));
        assert_eq!(check(|it| it.issuer = "accounts.google.com".into()), Err(IdFault::Issuer));
        assert_eq!(check(|it| it.audience = vec!["other".into()]), Err(IdFault::Audience));
        assert_eq!(check(|it| it.audience = vec![]), Err(IdFault::Audience));
        assert_eq!(check(|it| it.audience.push("other".into())), Err(IdFault::Audience));
        assert_eq!(check(|it| it.authorized_party = Some("x".into())), Err(IdFault::Audience));
        assert_eq!(check(|it| it.expires_at = 890), Err(IdFault::Expired));
        assert_eq!(check(|it| it.issued_at = 1_011), Err(IdFault::Expired));
        assert_eq!(check(|it| it.nonce = Some("m".into())), Err(IdFault::Nonce));
        assert_eq!(check(|it| it.nonce = None), Err(IdFault::Nonce));
        assert_eq!(check(|it| it.subject.clear()), Err(IdFault::Subject));
    }

    #[test]
    fn case_138_an_address_that_nobody_checked_lets_nobody_in() {
        assert_eq!(check(|it| it.email_verified = false), Err(IdFault::Email));
        assert_eq!(check(|it| it.email = None), Err(IdFault::Email));
        let trusting = IdProvider { trust_email: true, ..provider() };
        let unchecked = IdClaims { email_verified: false, ..claims() };
        let at = Timestamp::from_seconds(950);
        assert_eq!(check_id(&unchecked, &trusting, "n", at), Ok(()));
    }

    #[test]
    fn google_may_leave_its_scheme_out() {
        let google = IdProvider { issuer: GOOGLE[0].into(), ..provider() };
        let at = Timestamp::from_seconds(950);
        for issuer in GOOGLE {
            let claims = IdClaims { issuer: issuer.into(), ..claims() };
            assert_eq!(check_id(&claims, &google, "n", at), Ok(()));
        }
    }
}
