//! A proxy's credential, as each kind of proxy wants it. The one file here that reads it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{ProxyAddress, ProxyKind, Secret};

use crate::failure::{ProxyFault, SendError};

/// Stands in a user name where the session's text belongs.
const SESSION: &str = "{session}";
/// SOCKS 5 gives the length in a byte (RFC 1929).
const SOCKS_MOST: usize = 255;
/// Far above what any vendor asks for.
const MOST: usize = 2048;

/// Whether a credential, `user:password`, can be this proxy's.
///
/// # Errors
/// A sentence, without the credential.
pub fn check_credential(proxy: &ProxyAddress, credential: &Secret) -> Result<(), &'static str> {
    let text = credential.expose();
    let Some((user, password)) = text.split_once(':') else {
        return Err("a proxy's credential is `user:password`");
    };
    if user.is_empty() || text.len() > MOST || text.chars().any(char::is_control) {
        return Err("a proxy's credential is `user:password`, without control characters");
    }
    // Sixteen characters take the place of the nine of `{session}`.
    let longest = user.len() + 7 * user.matches(SESSION).count();
    if proxy.kind == ProxyKind::Socks5 && (longest > SOCKS_MOST || password.len() > SOCKS_MOST) {
        return Err("SOCKS 5 allows at most 255 bytes for the user name, and for the password");
    }
    Ok(())
}

pub(super) fn has_session(credential: &Secret) -> bool {
    user_and_password(credential.expose()).0.contains(SESSION)
}

pub(super) fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    one.map(Secret::expose) == other.map(Secret::expose)
}

fn user_and_password(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

/// A credential with its session filled in.
pub(super) struct Login(Secret);

impl Login {
    pub(super) fn new(credential: &Secret, session: &str) -> Self {
        let (user, password) = user_and_password(credential.expose());
        Self(Secret::new(format!("{}:{password}", user.replace(SESSION, session))))
    }

    /// The header line for HTTP CONNECT, with its end.
    pub(super) fn basic(&self) -> Secret {
        let encoded = STANDARD.encode(self.0.expose());
        Secret::new(format!("Proxy-Authorization: Basic {encoded}\r\n"))
    }

    /// The message of RFC 1929.
    pub(super) fn socks5(&self) -> Result<Vec<u8>, SendError> {
        let (user, password) = user_and_password(self.0.expose());
        let long = |_| SendError::proxy(ProxyFault::Login, "the proxy's credential is too long");
        let mut message = vec![1, u8::try_from(user.len()).map_err(long)?];
        message.extend_from_slice(user.as_bytes());
        message.push(u8::try_from(password.len()).map_err(long)?);
        message.extend_from_slice(password.as_bytes());
        Ok(message)
    }
}

/// A CONNECT request's bytes.
pub(super) fn connect_request(target: &str, login: Option<&Login>) -> Secret {
    let line = login.map(Login::basic);
    let line = line.as_ref().map_or("", Secret::expose);
    Secret::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{line}\r\n"))
}

/// For the one write that sends it.
pub(super) fn bytes(request: &Secret) -> &[u8] {
    request.expose().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_in_the_user_name_only() {
        let login = Login::new(&"u-{session}-x:p{session}:q".into(), "abc");
        assert_eq!(login.socks5().ok().unwrap(), b"\x01\x07u-abc-x\x0cp{session}:q");
        assert!(has_session(&"u-{session}:p".into()));
        assert!(!has_session(&"u:{session}".into()));
    }

    #[test]
    fn a_connect_request_carries_its_login() {
        let login = Login::new(&"joe:hunter2".into(), "");
        let request = connect_request("192.0.2.1:443", Some(&login));
        assert_eq!(
            bytes(&request),
            b"CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\
              Proxy-Authorization: Basic am9lOmh1bnRlcjI=\r\n\r\n"
        );
    }

    #[test]
    fn what_cannot_be_a_credential_is_refused() {
        let check = |url: &str, text: &str| {
            check_credential(&ProxyAddress::parse(url).unwrap(), &text.into())
        };
        let socks = |text: &str| check("socks5://p:1", text);
        assert!(socks("u:p").is_ok() && socks("u:").is_ok());
        for text in ["", "u", ":p", "u\r\nX: y:p"] {
            assert!(socks(text).is_err(), "{text:?}");
        }
        let long = format!("{}:p", "u".repeat(256));
        assert!(socks(&long).is_err());
        assert!(check("http://p:1", &long).is_ok());
    }
}
