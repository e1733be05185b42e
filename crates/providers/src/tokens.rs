//! Counting tokens with OpenAI's current encoding (`o200k_base`), where a provider reported none.
//!
//! The table takes tens of megabytes and is loaded when first asked for. Counting is linear in
//! the worst case, but still work for a thread that may block.

mod exact;

pub use exact::exact_input;

/// Texts are counted up to this many bytes; what is beyond is counted in proportion.
const COUNTED: usize = 256 * 1024;

/// The tokens of a text.
#[must_use]
pub fn count(text: &str) -> u64 {
    let mut end = text.len().min(COUNTED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let tokens = bpe_openai::o200k_base().count(&text[..end]) as u64;
    if end == text.len() || end == 0 {
        return tokens;
    }
    // Rounded up: an estimate errs towards more.
    (u128::from(tokens) * text.len() as u128).div_ceil(end as u128).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_published_examples() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("tiktoken is great!"), 6);
    }

    #[test]
    fn long_runs_are_cheap_and_in_proportion() {
        let text = "word ".repeat(200_000);
        let tokens = count(&text);
        assert!((150_000..400_000).contains(&tokens), "{tokens}");
    }
}
