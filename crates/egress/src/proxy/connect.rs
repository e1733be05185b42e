//! HTTP CONNECT (RFC 9110, section 9.3.6).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::login::{Login, bytes, connect_request};
use super::open::Target;
use crate::failure::{ProxyFault, SendError};

/// Bytes of an answer's head; proxies say little.
const HEAD: usize = 8 * 1024;

/// Asks for a tunnel, and takes the answer's head.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &Target,
    login: Option<&Login>,
) -> Result<(), SendError> {
    let request = connect_request(&target.to_string(), login);
    stream.write_all(bytes(&request)).await.map_err(closed)?;
    stream.flush().await.map_err(closed)?;
    let mut head = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut head).await.map_err(closed)? == 0 {
            let why = "the proxy closed the connection without an answer";
            return Err(SendError::proxy(ProxyFault::Closed, why));
        }
        let seen = head.len().min(7);
        if head[..seen] != b"HTTP/1."[..seen] || head.len() > HEAD {
            return Err(SendError::proxy(ProxyFault::Answer, "what answers is no HTTP proxy"));
        }
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            return judge(&head[..end], head.len() > end + 4);
        }
    }
}

/// `surplus`: bytes came behind the head, although neither TLS nor HTTP lets a server begin.
fn judge(head: &[u8], surplus: bool) -> Result<(), SendError> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let Some(status) = status.and_then(|digits| digits.parse::<u16>().ok()) else {
        return Err(SendError::proxy(ProxyFault::Answer, "what answers is no HTTP proxy"));
    };
    if status == 407 {
        let why = "the proxy does not accept the credential, or wants one (407)";
        return Err(SendError::proxy(ProxyFault::Login, why));
    }
    if !(200..300).contains(&status) {
        let why = format_args!("the proxy will not open a tunnel: it answers {status}");
        return Err(SendError::proxy(ProxyFault::Refused(status), why));
    }
    // An open tunnel has no body: with one, this is a web server or a log-in page.
    let is_page = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => value.trim().to_ascii_lowercase().starts_with("text/html"),
            "content-length" => value.trim() != "0",
            "transfer-encoding" => true,
            _ => false,
        }
    });
    if is_page || surplus {
        let why = "what answers is no proxy: it sends a page instead of opening a tunnel";
        return Err(SendError::proxy(ProxyFault::Answer, why));
    }
    Ok(())
}

fn closed(error: std::io::Error) -> SendError {
    SendError::proxy(ProxyFault::Closed, format_args!("the proxy broke off: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Cause;

    #[test]
    fn case_109_what_a_proxy_answers() {
        let judged = |head: &str, surplus| match judge(head.as_bytes(), surplus) {
            Ok(()) => None,
            Err(error) => Some(error.cause),
        };
        let fault = |fault| Some(Cause::Proxy(fault));
        for head in [
            "HTTP/1.0 200 Connection established\r\nProxy-agent: x",
            "HTTP/1.1 200 OK\r\nContent-Length: 0",
            "HTTP/1.1 200",
        ] {
            assert_eq!(judged(head, false), None, "{head}");
            assert_eq!(judged(head, true), fault(ProxyFault::Answer), "{head}");
        }
        for (head, wanted) in [
            ("HTTP/1.1 407 Proxy Authentication Required", ProxyFault::Login),
            ("HTTP/1.1 403 Forbidden", ProxyFault::Refused(403)),
            ("HTTP/1.1 502 Bad Gateway", ProxyFault::Refused(502)),
            ("HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=x", ProxyFault::Answer),
            ("HTTP/1.1 200 OK\r\nContent-Length: 17", ProxyFault::Answer),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", ProxyFault::Answer),
            ("HTTP/1.1 hello", ProxyFault::Answer),
        ] {
            assert_eq!(judged(head, false), fault(wanted), "{head}");
        }
    }
}
