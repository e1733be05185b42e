//! SOCKS 5 (RFC 1928), with user name and password (RFC 1929).

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::login::Login;
use super::open::Target;
use crate::failure::{ProxyFault, SendError};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;

/// Greets, and logs in where the proxy wants it.
pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    login: Option<&Login>,
) -> Result<(), SendError> {
    let greeting: &[u8] = match login {
        Some(_) => &[VERSION, 2, NO_LOGIN, USER_AND_PASSWORD],
        None => &[VERSION, 1, NO_LOGIN],
    };
    stream.write_all(greeting).await.map_err(broken)?;
    let [version, method] = read(stream).await?;
    if version != VERSION {
        return Err(SendError::proxy(ProxyFault::Answer, "what answers is no SOCKS 5 proxy"));
    }
    match (method, login) {
        (NO_LOGIN, _) => Ok(()),
        (USER_AND_PASSWORD, Some(login)) => {
            stream.write_all(&login.socks5()?).await.map_err(broken)?;
            let [_, status] = read(stream).await?;
            if status == 0 {
                return Ok(());
            }
            let why = "the proxy does not accept the credential";
            Err(SendError::proxy(ProxyFault::Login, why))
        }
        _ => Err(SendError::proxy(ProxyFault::Login, "the proxy wants another login than we have")),
    }
}

/// Asks for a tunnel.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &Target,
) -> Result<(), SendError> {
    stream.write_all(&request(target)?).await.map_err(broken)?;
    let [version, reply, _, kind] = read(stream).await?;
    if version != VERSION {
        return Err(SendError::proxy(ProxyFault::Answer, "what answers is no SOCKS 5 proxy"));
    }
    let what = match reply {
        0 => return skip_address(stream, kind).await,
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        _ => "general failure",
    };
    let fault = match reply {
        3..=6 => ProxyFault::Upstream(reply),
        _ => ProxyFault::Refused(u16::from(reply)),
    };
    Err(SendError::proxy(fault, format_args!("the proxy opens no tunnel: {what} ({reply})")))
}

fn request(target: &Target) -> Result<Vec<u8>, SendError> {
    let mut request = vec![VERSION, 1, 0];
    match target {
        Target::Address(SocketAddr::V4(to)) => {
            request.push(1);
            request.extend(to.ip().octets());
        }
        Target::Address(SocketAddr::V6(to)) => {
            request.push(4);
            request.extend(to.ip().octets());
        }
        Target::Name(name, _) => {
            let long = |_| SendError::proxy(ProxyFault::Answer, "the upstream's name is too long");
            request.extend([3, u8::try_from(name.len()).map_err(long)?]);
            request.extend(name.as_bytes());
        }
    }
    request.extend(target.port().to_be_bytes());
    Ok(request)
}

/// The address from which the proxy connects; nobody needs it.
async fn skip_address<S: AsyncRead + Unpin>(stream: &mut S, kind: u8) -> Result<(), SendError> {
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(read::<1, S>(stream).await?[0]),
        _ => return Err(SendError::proxy(ProxyFault::Answer, "the proxy's answer is none")),
    };
    let mut rest = [0; 257];
    stream.read_exact(&mut rest[..length + 2]).await.map(drop).map_err(broken)
}

async fn read<const N: usize, S: AsyncRead + Unpin>(stream: &mut S) -> Result<[u8; N], SendError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    Ok(bytes)
}

fn broken(error: io::Error) -> SendError {
    SendError::proxy(ProxyFault::Closed, format_args!("the proxy broke off: {error}"))
}
