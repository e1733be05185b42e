//! Where a proxy is: `socks5://host:port` and its like.

use std::fmt;
use std::net::Ipv6Addr;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    /// HTTP CONNECT over plain TCP (`http://`).
    Connect,
    /// HTTP CONNECT over TLS (`https://`).
    ConnectTls,
    /// SOCKS 5 (`socks5://`).
    Socks5,
}

impl ProxyKind {
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Connect => "http",
            Self::ConnectTls => "https",
            Self::Socks5 => "socks5",
        }
    }
}

/// A proxy's kind, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProxyAddress {
    pub kind: ProxyKind,
    /// A name or an address, an IPv6 one without brackets.
    pub host: String,
    pub port: u16,
}

/// Why a text is no proxy's URL. The text itself is not in it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadProxyUrl(pub &'static str);

impl fmt::Display for BadProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadProxyUrl {}

impl ProxyAddress {
    /// Reads `scheme://host:port`.
    ///
    /// # Errors
    /// [`BadProxyUrl`], for a user name or password in it as well.
    pub fn parse(url: &str) -> Result<Self, BadProxyUrl> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(BadProxyUrl(
            "it must be http://host:port, https://host:port or socks5://host:port",
        ))?;
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Connect,
            "https" => ProxyKind::ConnectTls,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => {
                return Err(BadProxyUrl(
                    "write socks5://. Names are resolved here; hosts that the proxy shall resolve \
                     are listed in `proxy_resolves`",
                ));
            }
            "socks4" | "socks4a" | "socks" => {
                return Err(BadProxyUrl("of SOCKS only version 5 is spoken: socks5://host:port"));
            }
            _ => return Err(BadProxyUrl("its scheme must be http, https or socks5")),
        };
        if rest.contains('@') {
            return Err(BadProxyUrl(
                "it must not hold a user name or password: give them as the credential, by \
                 reference",
            ));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\', ' ', '%']) {
            return Err(BadProxyUrl("nothing may stand behind host and port"));
        }
        let (host, port) = split(rest)?;
        Ok(Self { kind, host: host.to_ascii_lowercase(), port })
    }
}

fn split(rest: &str) -> Result<(&str, u16), BadProxyUrl> {
    let bad_port = BadProxyUrl("it needs a port from 1 to 65535, as in socks5://host:1080");
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(BadProxyUrl("a `]` is missing"))?;
            host.parse::<Ipv6Addr>().map_err(|_| BadProxyUrl("its IPv6 address is none"))?;
            (host, after.strip_prefix(':').ok_or(bad_port)?)
        }
        None => rest.rsplit_once(':').ok_or(bad_port)?,
    };
    if host.is_empty() || (host.contains(':') && !rest.starts_with('[')) {
        return Err(BadProxyUrl("its host is missing, or an IPv6 address without brackets"));
    }
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|port| *port > 0 && digits).ok_or(bad_port)?;
    Ok((host, port))
}

/// The URL. There is no credential in it.
impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.kind.scheme();
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_url_is_read_and_shown_alike() {
        for url in ["http://proxy:3128", "https://p.example:8443", "socks5://[::1]:1080"] {
            assert_eq!(ProxyAddress::parse(url).unwrap().to_string(), url);
        }
        let address = ProxyAddress::parse(" SOCKS5://Proxy.Example:1080/ ").unwrap();
        assert_eq!(address.to_string(), "socks5://proxy.example:1080");
    }

    #[test]
    fn case_110_a_password_in_the_url_is_refused_and_not_repeated() {
        let BadProxyUrl(why) = ProxyAddress::parse("http://joe:hunter2@proxy:3128").unwrap_err();
        assert!(why.contains("by reference") && !why.contains("hunter2"));
    }

    #[test]
    fn what_is_no_proxys_url_is_refused() {
        for url in [
            "",
            "proxy:3128",
            "ftp://p:1",
            "socks4://p:1",
            "socks5h://p:1",
            "http://p",
            "http://p:0",
            "http://p:+1",
            "http://p:65536",
            "http://:1",
            "http://::1:1",
            "http://[::1:1",
            "http://[::1]",
            "http://[x]:1",
            "http://p:1/x",
            "http://p:1?x",
            "http://p%00:1",
        ] {
            assert!(ProxyAddress::parse(url).is_err(), "{url}");
        }
    }
}
