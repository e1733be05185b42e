//! Phone checks by a provider that speaks as Twilio Verify does: it makes the code, brings it, and
//! compares what people type.

use bytes::Bytes;
use domain::ports::{BoxFuture, PhoneCheck, PhoneFailure};
use domain::{PhoneNumber, Secret};
use egress::{Ask, Authorization, Fetcher, Tls};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde::Deserialize;

const FORM: &str = "application/x-www-form-urlencoded";
/// Codes of theirs: too many messages, too many codes tried.
const TOO_MANY: [u32; 2] = [60_202, 60_203];

/// How a check stands that a code has not ended well.
const NOT_THIS_ONE: [&str; 6] =
    ["pending", "canceled", "max_attempts_reached", "deleted", "failed", "expired"];

/// Where the provider is, and by what it knows us.
#[derive(Clone)]
pub struct PhoneProvider {
    /// Without a slash at its end.
    pub base_url: String,
    pub account: String,
    pub token: Secret,
    /// Which of the account's services sends.
    pub service: String,
}

/// A provider that sends messages for us.
pub struct TwilioVerify {
    fetcher: Fetcher,
    provider: PhoneProvider,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    status: String,
    /// Theirs, of what went wrong.
    code: u32,
}

impl TwilioVerify {
    #[must_use]
    pub fn new(tls: Tls, provider: PhoneProvider) -> Self {
        Self { fetcher: Fetcher::new(tls), provider }
    }

    /// Status and what was said; the log hears why there is no answer, and no number.
    async fn ask(&self, what: &str, form: String) -> Result<(StatusCode, Said), PhoneFailure> {
        let PhoneProvider { base_url, account, token, service } = &self.provider;
        let ask = Ask {
            method: Method::POST,
            url: &format!("{base_url}/v2/Services/{service}/{what}"),
            authorization: Authorization::Basic(account, token),
            headers: &[(CONTENT_TYPE, FORM)],
            body: Bytes::from(form),
        };
        let (status, body) = self.fetcher.fetch(ask).await.map_err(|error| away(&error))?;
        let said = serde_json::from_slice::<Said>(&body);
        if !status.is_success() {
            let said = said.unwrap_or_default();
            tracing::warn!(%status, code = said.code, what, "the provider of phone checks refused");
            return Ok((status, said));
        }
        Ok((status, said.map_err(|error| away(&error))?))
    }
}

fn away(why: &dyn std::fmt::Display) -> PhoneFailure {
    tracing::warn!(%why, "the provider of phone checks cannot be asked");
    PhoneFailure::Away
}

impl PhoneCheck for TwilioVerify {
    fn send<'a>(&'a self, to: &'a PhoneNumber) -> BoxFuture<'a, Result<(), PhoneFailure>> {
        Box::pin(async move {
            let form = format!("To=%2B{}&Channel=sms", digits(to));
            match self.ask("Verifications", form).await? {
                (status, said) if status.is_success() && said.status == "pending" => Ok(()),
                (StatusCode::TOO_MANY_REQUESTS, _) => Err(PhoneFailure::TooMany),
                (_, said) if TOO_MANY.contains(&said.code) => Err(PhoneFailure::TooMany),
                // What they say of the number itself; of our account and service it is 401 and 404.
                (StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN, said) if said.code >= 21_000 => {
                    Err(PhoneFailure::Refused)
                }
                _ => Err(PhoneFailure::Away),
            }
        })
    }

    fn fits<'a>(
        &'a self,
        to: &'a PhoneNumber,
        code: &'a str,
    ) -> BoxFuture<'a, Result<bool, PhoneFailure>> {
        Box::pin(async move {
            let form = format!("To=%2B{}&Code={code}", digits(to));
            match self.ask("VerificationCheck", form).await? {
                (status, said) if status.is_success() => match said.status.as_str() {
                    "approved" => Ok(true),
                    status if NOT_THIS_ONE.contains(&status) => Ok(false),
                    _ => Err(PhoneFailure::Away),
                },
                // Used, expired, or tried too often: it is there no more.
                (StatusCode::NOT_FOUND, _) => Ok(false),
                (StatusCode::TOO_MANY_REQUESTS, _) => Err(PhoneFailure::TooMany),
                (_, said) if TOO_MANY.contains(&said.code) => Err(PhoneFailure::TooMany),
                _ => Err(PhoneFailure::Away),
            }
        })
    }
}

fn digits(number: &PhoneNumber) -> &str {
    number.whole().trim_start_matches('+')
}
