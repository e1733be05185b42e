//! One POST to a URL that somebody of the organization chose: a webhook.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};

use crate::{Cause, Origin, Outgoing, Pool, SendError, Stage, Tls, Way, guard};

const CONNECT: Duration = Duration::from_secs(5);
/// For all of it: a receiver that thinks longer is asked again.
const WHOLE: Duration = Duration::from_secs(15);

/// Whether a URL's host may be posted to, as far as its text says: a name is looked up, and its
/// address checked, at each try. `private_hosts` as for [`Poster::new`].
#[must_use]
pub fn may_post_to(url: &str, private_hosts: &[String]) -> bool {
    let Some(host) = url.parse::<Uri>().ok().as_ref().and_then(host_of) else { return false };
    if private_hosts.contains(&host) {
        return true;
    }
    let local = host.trim_end_matches('.');
    match host.parse::<IpAddr>() {
        Ok(address) => guard::is_public(address),
        Err(_) => local != "localhost" && !local.ends_with(".localhost"),
    }
}

/// In lower case, an IPv6 address without its brackets.
fn host_of(uri: &Uri) -> Option<String> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some(host.to_ascii_lowercase())
}

/// Posts, each time over a connection of its own. Follows no redirect; reads no answer's body.
pub struct Poster {
    tls: Tls,
    /// In lower case.
    private_hosts: Vec<String>,
}

impl Poster {
    /// `private_hosts`, in lower case, may be connected to whatever their address; others at
    /// public addresses only.
    #[must_use]
    pub fn new(tls: Tls, private_hosts: Vec<String>) -> Self {
        Self { tls, private_hosts }
    }

    /// Sends JSON with these headers; what is answered, whatever it is.
    ///
    /// # Errors
    /// [`SendError`] when there is no answer, or the address is not allowed.
    pub async fn post(
        &self,
        url: &str,
        headers: Vec<(HeaderName, String)>,
        body: String,
    ) -> Result<StatusCode, SendError> {
        let (origin, target) = self.place(url)?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")))
            .body(Outgoing::Whole(body.into()))
            .map_err(|error| not_sent(&error.to_string()))?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|_| not_sent("a bad header"))?;
            request.headers_mut().insert(name, value);
        }
        let pool = Pool::new(self.tls.clone(), CONNECT);
        match tokio::time::timeout(WHOLE, pool.send(&Arc::new(origin), &Way::direct(), request))
            .await
        {
            Ok(sent) => sent.map(|answer| answer.status()),
            Err(_) => Err(SendError::new(Stage::Unknown, "no answer in time".to_owned())),
        }
    }

    fn place(&self, url: &str) -> Result<(Origin, String), SendError> {
        let host = url.parse::<Uri>().ok().as_ref().and_then(host_of);
        let listed = host.is_some_and(|host| self.private_hosts.contains(&host));
        Origin::of_url(url, listed).map_err(|bad| not_sent(bad.0))
    }
}

fn not_sent(why: &str) -> SendError {
    SendError::before(Cause::Request, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn post(poster: &Poster, url: &str) -> Result<StatusCode, Stage> {
        let headers = vec![(HeaderName::from_static("webhook-id"), "msg_1".to_owned())];
        let posted = poster.post(url, headers, "{}".to_owned()).await;
        posted.map_err(|error| error.stage)
    }

    #[tokio::test]
    async fn case_105_a_webhook_reaches_no_private_address_unless_its_host_is_listed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tls = Tls::new(None).unwrap();
        let poster = Poster::new(tls.clone(), vec![]);
        for host in
            ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"]
        {
            let url = format!("http://{host}:{port}/x");
            assert_eq!(post(&poster, &url).await, Err(Stage::AddressNotAllowed), "{host}");
        }

        let poster = Poster::new(tls, vec!["localhost".to_owned()]);
        let url = format!("http://127.0.0.1:{port}/x");
        assert_eq!(post(&poster, &url).await, Err(Stage::AddressNotAllowed));
        let url = format!("http://LOCALHOST:{port}/x?a=1");
        let (posted, request) = tokio::join!(post(&poster, &url), async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            // A redirect is an answer like another, and is not followed.
            let answer = "HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\n\
                          content-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request[..read].to_vec()).unwrap()
        });
        assert_eq!(posted, Ok(StatusCode::FOUND));
        assert!(request.starts_with("POST /x?a=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("webhook-id: msg_1\r\n"));
    }

    #[test]
    fn case_105_a_private_host_is_known_by_its_text() {
        for url in [
            "http://127.0.0.1/x",
            "https://[::1]:8443/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest",
            "http://192.168.1.5:9000",
            "http://localhost:8080/x",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "no url",
        ] {
            assert!(!may_post_to(url, &[]), "{url}");
        }
        for url in ["https://hooks.example.com/x", "http://8.8.8.8/", "http://localhost.example/"] {
            assert!(may_post_to(url, &[]), "{url}");
        }
        let listed = ["10.1.2.3".to_owned(), "localhost".to_owned()];
        assert!(may_post_to("http://10.1.2.3/x", &listed));
        assert!(may_post_to("http://Localhost:1/", &listed));
        assert!(!may_post_to("http://10.1.2.4/x", &listed));
    }

    #[tokio::test]
    async fn what_is_no_url_is_not_sent() {
        let poster = Poster::new(Tls::new(None).unwrap(), vec![]);
        for url in ["", "/x", "ftp://h/", "http://u:p@h/"] {
            assert_eq!(post(&poster, url).await, Err(Stage::NotSent), "{url}");
        }
    }
}
