//! Puts our credential with a provider on a request.

use domain::Secret;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::Auth;

/// A credential that cannot stand in a header: a line break or another control character in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCredential;

/// The header of a provider's credential, made once an upstream and marked sensitive, so that
/// no log of headers shows it and HTTP/2 does not index it.
#[derive(Clone)]
pub struct Signature(Option<HeaderValue>);

impl Signature {
    /// # Errors
    /// [`BadCredential`].
    pub fn new(auth: Auth, credential: Option<&Secret>) -> Result<Self, BadCredential> {
        let (Auth::Bearer, Some(credential)) = (auth, credential) else { return Ok(Self(None)) };
        let text = zeroize_on_drop(format!("Bearer {}", credential.expose()));
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| BadCredential)?;
        value.set_sensitive(true);
        Ok(Self(Some(value)))
    }

    /// Signs a request's headers.
    pub fn apply(&self, headers: &mut HeaderMap) {
        if let Some(value) = &self.0 {
            headers.insert(AUTHORIZATION, value.clone());
        }
    }

    /// Whether both are the same credential.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Whether some text of a provider shows our credential (cases 87, 89).
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|value| {
            let secret = value.as_bytes().strip_prefix(b"Bearer ").unwrap_or(value.as_bytes());
            secret.len() >= 8 && memchr::memmem::find(text, secret).is_some()
        })
    }
}

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
}
