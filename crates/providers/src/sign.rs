//! Puts our credential with a provider on a request.

use domain::Secret;
use domain::diagnosis::CredentialShape;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::{Auth, Provider};

const BEARER: &str = "Bearer ";
/// Bytes of a credential.
const LONGEST: usize = 4_096;

/// A credential that cannot stand in a header: a line break or another control character in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCredential;

/// The header of a provider's credential, made once an upstream and marked sensitive, so that
/// no log of headers shows it and HTTP/2 does not index it.
#[derive(Clone)]
pub struct Signature(Option<(HeaderName, HeaderValue)>);

/// Azure's name for the header.
const API_KEY: HeaderName = HeaderName::from_static("api-key");

impl Signature {
    /// # Errors
    /// [`BadCredential`].
    pub fn new(auth: Auth, credential: Option<&Secret>) -> Result<Self, BadCredential> {
        let Some(credential) = credential else { return Ok(Self(None)) };
        let (name, text) = match auth {
            Auth::None => return Ok(Self(None)),
            Auth::Bearer => (AUTHORIZATION, format!("{BEARER}{}", credential.expose())),
            Auth::ApiKey => (API_KEY, credential.expose().to_owned()),
        };
        let text = zeroize_on_drop(text);
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| BadCredential)?;
        value.set_sensitive(true);
        Ok(Self(Some((name, value))))
    }

    /// Whether a credential is one that can be sent: printable ASCII, nothing around it.
    #[must_use]
    pub fn fits(credential: &Secret) -> bool {
        let text = credential.expose();
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }

    /// Signs a request's headers.
    pub fn apply(&self, headers: &mut HeaderMap) {
        if let Some((name, value)) = &self.0 {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Whether both are the same credential.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// What the credential looks like. `official` when it goes to the provider's own address: a
    /// server of one's own may take any key.
    #[must_use]
    pub fn shape(&self, provider: &Provider, official: bool) -> CredentialShape {
        let text = match (&self.0, provider.auth) {
            (_, Auth::None) => return CredentialShape::Plausible,
            (None, _) => return CredentialShape::Absent,
            (Some(value), _) => value.1.as_bytes(),
        };
        let text = text.strip_prefix(b"Bearer ").unwrap_or(text);
        let starts = |start: &&str| text.starts_with(start.as_bytes());
        let odd = |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b'`');
        if OURS.iter().any(starts) {
            return CredentialShape::Ours;
        }
        if text.iter().any(odd) {
            return CredentialShape::Odd("has a blank, a quote or a sign in it that no key has");
        }
        match OTHERS.iter().find(|(start, _)| starts(start)) {
            Some((_, whose)) if *whose != provider.name && official => {
                CredentialShape::Foreign(whose)
            }
            _ if text.len() < SHORTEST => CredentialShape::Odd("is too short"),
            None if official && provider.name == "openai" && !text.starts_with(b"sk-") => {
                CredentialShape::Odd("does not begin with sk-")
            }
            _ => CredentialShape::Plausible,
        }
    }

    /// Whether some text of a provider shows our credential (cases 87, 89).
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|(_, value)| {
            let value = value.as_bytes();
            let secret = value.strip_prefix(BEARER.as_bytes()).unwrap_or(value);
            secret.len() >= 8 && memchr::memmem::find(text, secret).is_some()
        })
    }
}

/// What Tollgate's own keys begin with.
const OURS: [&str; 3] = ["sk-tg-", "sk-admin-tg-", "sk-svcacct-tg-"];
/// No provider's keys are shorter.
const SHORTEST: usize = 20;
/// What providers' keys begin with, and the providers' names.
const OTHERS: [(&str, &str); 10] = [
    ("sk-ant-", "anthropic"),
    ("sk-or-", "openrouter"),
    ("gsk_", "groq"),
    ("xai-", "xai"),
    ("AIza", "gemini"),
    ("pplx-", "perplexity"),
    ("hf_", "huggingface"),
    ("fw_", "fireworks"),
    ("tgp_", "together"),
    ("nvapi-", "nvidia"),
];

fn zeroize_on_drop(text: String) -> Secret {
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_sensitive_and_found_in_echoes() {
        let signature = Signature::new(Auth::Bearer, Some(&Secret::from("sk-12345678"))).unwrap();
        let mut headers = HeaderMap::new();
        signature.apply(&mut headers);
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert!(!format!("{headers:?}").contains("12345678"));
        assert!(signature.is_in(b"your key sk-12345678 is bad"));
        assert!(!signature.is_in(b"your key sk-... is bad"));
        assert!(Signature::new(Auth::Bearer, Some(&Secret::from("a\r\nb"))).is_err());
    }

    #[test]
    fn azure_has_a_header_of_its_own() {
        let signature = Signature::new(Auth::ApiKey, Some(&Secret::from("0123456789ab"))).unwrap();
        let mut headers = HeaderMap::new();
        signature.apply(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["api-key"]);
        assert_eq!(headers["api-key"], "0123456789ab");
        assert!(headers["api-key"].is_sensitive() && signature.is_in(b"key 0123456789ab?"));
        let mut none = HeaderMap::new();
        Signature::new(Auth::Bearer, None).unwrap().apply(&mut none);
        assert!(none.is_empty(), "a server of one's own may want no credential");
    }

    #[test]
    fn a_key_is_known_by_its_looks() {
        let openai = crate::catalogue::find("openai").unwrap();
        let of = |text: &str, official| {
            let signature = Signature::new(Auth::Bearer, Some(&Secret::from(text))).unwrap();
            signature.shape(openai, official)
        };
        let long = "0123456789012345678901234567890123456789";
        for text in [format!("sk-{long}"), format!("sk-proj-{long}")] {
            assert_eq!(of(&text, true), CredentialShape::Plausible, "{text}");
        }
        assert_eq!(of(&format!("sk-tg-{long}"), true), CredentialShape::Ours);
        assert_eq!(of(&format!("sk-ant-{long}"), true), CredentialShape::Foreign("anthropic"));
        for text in ["sk-12345", &format!("\"sk-{long}\""), &format!("sk-12 {long}"), long] {
            assert!(matches!(of(text, true), CredentialShape::Odd(_)), "{text}");
        }
        // A server of one's own takes any key.
        assert_eq!(of(long, false), CredentialShape::Plausible);
        let none = Signature::new(Auth::Bearer, None).unwrap();
        assert_eq!(none.shape(openai, true), CredentialShape::Absent);
    }
}
