//! Lists of stolen passwords that are asked by range, as Have I Been Pwned is: five digits of a hash
//! go out, and the comparison is made here.

use bytes::Bytes;
use domain::ports::{BoxFuture, StolenPasswords};
use egress::{Ask, Authorization, Fetcher, Tls};
use http::{HeaderName, Method};

const PADDING: HeaderName = HeaderName::from_static("add-padding");

/// The lists at one address.
pub struct RangeLists {
    fetcher: Fetcher,
    /// Without a slash at its end.
    url: String,
}

impl RangeLists {
    #[must_use]
    pub fn new(tls: Tls, url: String) -> Self {
        Self { fetcher: Fetcher::new(tls), url }
    }

    async fn ask(&self, digits: &str) -> Result<String, String> {
        let ask = Ask {
            method: Method::GET,
            url: &format!("{}/{digits}", self.url),
            authorization: Authorization::None,
            // As long an answer as any other: its length would tell whoever listens about the digits.
            headers: &[(PADDING, "true")],
            body: Bytes::new(),
        };
        let (status, body) = self.fetcher.fetch(ask).await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("they answered {status}"));
        }
        String::from_utf8(body.to_vec()).map_err(|_| "they answered no text".to_owned())
    }
}

impl StolenPasswords for RangeLists {
    fn range<'a>(&'a self, digits: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let asked = self.ask(digits).await;
            let told = asked.inspect_err(|why| {
                tracing::warn!(
                    why,
                    "the lists of stolen passwords do not answer; one was not looked up"
                );
            });
            told.ok()
        })
    }
}
