//! Secrets that Tollgate makes for browsers and links: no format, only randomness.

use domain::Secret;
use zeroize::Zeroizing;

/// 256 random bits as 43 characters that stand in a cookie or a URL as they are.
#[must_use]
pub fn mint() -> Secret {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let bytes = Zeroizing::new(crate::random::<32>());
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// Six digits for a message to a phone, all of them as likely. They work for minutes, and few tries.
#[must_use]
pub fn message_code() -> String {
    // A million goes into 64 bits so often that what is left over does not count.
    let number = u64::from_be_bytes(crate::random()) % 1_000_000;
    format!("{number:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_a_url_and_is_new_each_time() {
        let (one, other) = (mint(), mint());
        assert_eq!(one.expose().len(), 43);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(one.expose().chars().all(plain) && one.expose() != other.expose());
    }
}
