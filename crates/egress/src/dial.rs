//! A TCP connection to the first of several addresses that answers (RFC 8305: each next address
//! starts 250 ms after the one before it, or when that one fails; the losers are closed).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

const STAGGER: Duration = Duration::from_millis(250);

/// Connects. The caller sets the deadline; `addresses` are in the order to be tried.
pub(crate) async fn tcp(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let stream = match addresses {
        [only] => TcpStream::connect(only).await?,
        several => race(several).await?,
    };
    // Small events must leave at once; Nagle's algorithm would hold them back.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut left = addresses.iter();
    // Dropped with the losers still in it, which closes them.
    let mut racing = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = left.next().copied() {
            racing.spawn(TcpStream::connect(address));
        }
        let stagger = async {
            match left.as_slice().is_empty() {
                true => std::future::pending().await,
                false => tokio::time::sleep(STAGGER).await,
            }
        };
        tokio::select! {
            ended = racing.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => last = error,
                Some(Err(error)) => last = io::Error::other(error),
                None => return Err(last),
            },
            () = stagger => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::net::TcpListener;
    use tokio::time::Instant;

    /// An address that accepts nothing and refuses nothing: its queue is full.
    async fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await
        {
            held.push(stream);
        }
        (listener, held, address)
    }

    #[tokio::test]
    async fn a_dead_first_address_costs_a_quarter_of_a_second_and_a_refused_one_nothing() {
        let (_listener, _held, silent) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        // Bound and not listening, so that nobody else comes to listen there.
        let refuses = tokio::net::TcpSocket::new_v4().unwrap();
        refuses.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let closed = refuses.local_addr().unwrap();

        let begun = Instant::now();
        assert_eq!(tcp(&[silent, good]).await.unwrap().peer_addr().unwrap(), good);
        assert!(begun.elapsed() >= STAGGER);
        let begun = Instant::now();
        assert_eq!(tcp(&[closed, good]).await.unwrap().peer_addr().unwrap(), good);
        assert!(begun.elapsed() < STAGGER);
        assert!(tcp(&[closed, closed]).await.is_err());
        assert!(tcp(&[]).await.is_err());
    }
}
