//! Tokens for a report's later pages: where the next one begins, and of which report.

/// Tokens of ours begin so.
const PREFIX: &str = "page_";

/// The token of the page that begins at `start`, Unix seconds.
pub(crate) fn token(fingerprint: u64, start: i64) -> String {
    format!("{PREFIX}{fingerprint:016x}{start:x}")
}

/// Where the page begins; `None` for what is no token, or another report's.
pub(crate) fn parse(token: &str, fingerprint: u64) -> Option<i64> {
    let (_, start) = token.strip_prefix(PREFIX)?.split_at_checked(16)?;
    let start = i64::from_str_radix(start, 16).ok()?;
    // One spelling each: what we would not have written, we did not write.
    (token == self::token(fingerprint, start)).then_some(start)
}

/// FNV-1a. It keeps honest callers from mixing up their pages; nothing is guarded by it.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_of_the_same_report_is_read() {
        let (ours, other) = (fingerprint("a"), fingerprint("b"));
        let token = token(ours, 86_400);
        assert_eq!(parse(&token, ours), Some(86_400));
        assert_eq!(parse(&token, other), None);
        let upper = token.to_uppercase().replace("PAGE_", "page_");
        let print = &token[5..21];
        for odd in [
            String::new(),
            "page_".to_owned(),
            "page_é".repeat(9),
            upper,
            format!("page_{print}"),
            format!("page_{print}-1"),
            format!("page_{print}+15180"),
            format!("page_{print}015180"),
            format!("{token} "),
        ] {
            assert_eq!(parse(&odd, ours), None, "{odd}");
        }
    }
}
