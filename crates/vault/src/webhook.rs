//! Signed webhooks, by the scheme of Standard Webhooks: HMAC-SHA-256 over the message's id, its
//! time and its body, under a secret that sender and receiver share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::OpenError;

/// What a signing secret begins with; base64 of its bytes follows.
const PREFIX: &str = "whsec_";

/// A new signing secret of 256 random bits.
#[must_use]
pub fn mint() -> Secret {
    let bytes = Zeroizing::new(crate::random::<32>());
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))
}

/// The value of `webhook-signature`.
///
/// # Errors
/// [`OpenError`] when the secret is none of [`mint`]'s.
pub fn sign(secret: &Secret, id: &str, at: Timestamp, body: &str) -> Result<String, OpenError> {
    let text = secret.expose().strip_prefix(PREFIX).ok_or(OpenError)?;
    let key = Zeroizing::new(STANDARD.decode(text).map_err(|_| OpenError)?);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| OpenError)?;
    mac.update(format!("{id}.{}.{body}", at.seconds()).as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_standard_says() {
        // The example of the Standard Webhooks specification's reference implementations.
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"); // tollgate:allow
        let at = Timestamp::from_seconds(1_614_265_330);
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        assert_eq!(signed.ok().unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_minted_secret_signs_and_another_text_does_not() {
        let (one, other) = (mint(), mint());
        let sign = |secret: &Secret| sign(secret, "msg_1", Timestamp(0), "{}");
        assert_ne!(sign(&one).ok().unwrap(), sign(&other).ok().unwrap());
        assert!(sign(&Secret::from("whsec_*")).is_err() && sign(&Secret::from("x")).is_err());
    }
}
