//! The proxy's side of a connection.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::{Kind, ProxyAct, ProxySeen, Shared};
use crate::codec;

pub(super) async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listener of the proxy");
    loop {
        tokio::select! {
            () = shared.stop.notified() => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                shared.lock().connections += 1;
                let shared = Arc::clone(&shared);
                // A test's client may go at any time.
                tokio::spawn(async move { serve(stream, &shared).await.ok() });
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let act = shared.lock().act;
    match act {
        ProxyAct::Drop => return Ok(()),
        ProxyAct::Hang => return std::future::pending().await,
        _ => {}
    }
    match &shared.tls {
        Some(tls) => speak(tls.accept(stream).await?, shared, act).await,
        None => speak(stream, shared, act).await,
    }
}

async fn speak<S>(stream: S, shared: &Shared, act: ProxyAct) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match shared.kind {
        Kind::Http => http(stream, shared, act).await,
        Kind::Socks5 => socks5(stream, shared, act).await,
    }
}

/// Notes an order; whether its login is right.
fn note(shared: &Shared, target: &str, login: Option<String>) -> bool {
    let mut state = shared.lock();
    let right = state.login.is_none() || state.login == login;
    state.seen.push(ProxySeen { target: target.to_owned(), login });
    right
}

async fn http<S>(mut stream: S, shared: &Shared, act: ProxyAct) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split(' ');
    if words.next() != Some("CONNECT") {
        return stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n").await;
    }
    let target = words.next().unwrap_or_default().to_owned();
    let basic = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
    let login = basic.map(|text| String::from_utf8_lossy(&codec::unbase64(text)).into_owned());
    if !note(shared, &target, login) {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                       Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(answer).await;
    }
    match act {
        ProxyAct::HangAtTunnel => return std::future::pending().await,
        ProxyAct::Refuse(status) => {
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno");
            return stream.write_all(answer.as_bytes()).await;
        }
        ProxyAct::Page => {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in</html>";
            return stream.write_all(answer).await;
        }
        _ => {}
    }
    match TcpStream::connect(&target).await {
        Ok(there) => {
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            tunnel(stream, there, shared, act).await
        }
        Err(_) => stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await,
    }
}

async fn socks5<S>(mut stream: S, shared: &Shared, act: ProxyAct) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if act == ProxyAct::Page {
        return stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>Log in</html>").await;
    }
    let (_, count) = (stream.read_u8().await?, stream.read_u8().await?);
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await?;
    let wants = shared.lock().login.is_some();
    if wants && !methods.contains(&2) {
        return stream.write_all(&[5, 0xff]).await;
    }
    // With a login in hand, it is asked for: a test sees it.
    let mut login = None;
    if methods.contains(&2) {
        stream.write_all(&[5, 2]).await?;
        stream.read_u8().await?;
        let (user, password) = (text(&mut stream).await?, text(&mut stream).await?);
        let given = format!("{user}:{password}");
        let right = shared.lock().login.as_ref().is_none_or(|wanted| *wanted == given);
        stream.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
        login = Some(given);
    } else {
        stream.write_all(&[5, 0]).await?;
    }
    let target = order(&mut stream).await?;
    note(shared, &target, login);
    let mut reply = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    match act {
        ProxyAct::HangAtTunnel => return std::future::pending().await,
        ProxyAct::Refuse(code) => {
            reply[1] = u8::try_from(code).unwrap_or(1);
            return stream.write_all(&reply).await;
        }
        _ => {}
    }
    match TcpStream::connect(&target).await {
        Ok(there) => {
            stream.write_all(&reply).await?;
            tunnel(stream, there, shared, act).await
        }
        Err(_) => {
            reply[1] = 5;
            stream.write_all(&reply).await
        }
    }
}

/// The order's address, as `host:port`.
async fn order<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut start = [0; 4];
    stream.read_exact(&mut start).await?;
    let host = match start[3] {
        1 => {
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await?;
            std::net::Ipv4Addr::from(bytes).to_string()
        }
        4 => {
            let mut bytes = [0; 16];
            stream.read_exact(&mut bytes).await?;
            format!("[{}]", std::net::Ipv6Addr::from(bytes))
        }
        _ => text(stream).await?,
    };
    Ok(format!("{host}:{}", stream.read_u16().await?))
}

async fn text<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn tunnel<S>(
    mut here: S,
    mut there: TcpStream,
    shared: &Shared,
    act: ProxyAct,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    shared.lock().tunnels += 1;
    if act == ProxyAct::Cut {
        return here.shutdown().await;
    }
    copy_bidirectional(&mut here, &mut there).await.map(drop)
}
