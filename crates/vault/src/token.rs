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
