//! Reading a `usage` object: every shape that OpenAI's endpoints give.
//!
//! Source: OpenAI API reference, the `usage` members of chat completions, responses, embeddings,
//! images, transcriptions and batches. Details are parts of the totals.

use domain::Tokens;

mod fields;

/// A usage object that cannot be believed: negative, fractional or absurd counts (case 34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUsage;

/// More tokens than any call can have.
const ABSURD: u64 = 1 << 40;

/// What a usage object counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub tokens: Tokens,
    /// Milliseconds, where the provider counts a duration instead of tokens.
    pub media_ms: u64,
}

/// Reads a usage object. Each count may stand under the names of both dialects at once.
///
/// # Errors
/// [`BadUsage`] when a count is not a sensible whole number, or nothing is counted at all.
pub fn parse_usage(text: &[u8]) -> Result<Counted, BadUsage> {
    counted(fields::read(text).ok_or(BadUsage)?, text)
}

/// Reads the usage object that a text begins with; where it can be read, with its length.
pub(super) fn usage_prefix(text: &[u8]) -> Option<(Result<Counted, BadUsage>, usize)> {
    let (usage, length) = fields::read_prefix(text)?;
    Some((counted(usage, &text[..length]), length))
}

fn counted(usage: fields::Usage, text: &[u8]) -> Result<Counted, BadUsage> {
    let media_ms = match usage.seconds {
        Some(seconds) => {
            str::from_utf8(&text[seconds]).ok().and_then(milliseconds).ok_or(BadUsage)?
        }
        None => 0,
    };
    let total = usage.total_tokens.unwrap_or(0);
    let written = usage.completion_tokens.or(usage.output_tokens);
    let output = written.unwrap_or(0);
    let read = usage.prompt_tokens.or(usage.input_tokens);
    let Some(input) = read.or_else(|| total.checked_sub(output).filter(|n| *n > 0)) else {
        return if media_ms > 0 || written.is_some() {
            let tokens = Tokens { output, ..Tokens::default() };
            sensible(Counted { tokens, media_ms })
        } else {
            Err(BadUsage)
        };
    };
    let of_input = usage.prompt_tokens_details.or(usage.input_tokens_details).unwrap_or_default();
    let of_output =
        usage.completion_tokens_details.or(usage.output_tokens_details).unwrap_or_default();
    // The usual half hour needs no price of its own.
    let long_writes = of_input.cache_writes.unwrap_or_default().ttl_12h_tokens.unwrap_or(0);
    let output = match written {
        Some(output) => output,
        // Who names what was read and not what was written must at least name the sum.
        None => usage.total_tokens.and_then(|all| all.checked_sub(input)).ok_or(BadUsage)?,
    };
    let tokens = Tokens {
        input,
        input_cached: of_input.cached_tokens.unwrap_or(0),
        input_cache_write: of_input.cache_write_tokens.unwrap_or(long_writes),
        input_cache_write_long: long_writes,
        input_audio: of_input.audio_tokens.unwrap_or(0),
        input_image: of_input.image_tokens.unwrap_or(0),
        output,
        output_reasoning: of_output.reasoning_tokens.unwrap_or(0),
        output_audio: of_output.audio_tokens.unwrap_or(0),
        output_image: of_output.image_tokens.unwrap_or(0),
    };
    sensible(Counted { tokens, media_ms })
}

fn sensible(counted: Counted) -> Result<Counted, BadUsage> {
    let t = &counted.tokens;
    let parts_fit = t.input_cached.saturating_add(t.input_cache_write) <= t.input
        && t.input_cache_write_long <= t.input_cache_write
        && t.output_reasoning <= t.output;
    if t.input > ABSURD || t.output > ABSURD || !parts_fit {
        return Err(BadUsage);
    }
    Ok(counted)
}

/// Seconds as decimal text to whole milliseconds, rounded up; no float is involved.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |b| u64::from(b - b'0'));
    let millis = digit(0) * 100 + digit(1) * 10 + digit(2);
    let more = fraction.bytes().skip(3).any(|b| b != b'0');
    whole.checked_mul(1000)?.checked_add(millis + u64::from(more)).filter(|ms| *ms < ABSURD)
}

/// The duration of a transcription's `duration` or `seconds` field, in milliseconds.
impl Counted {
    #[must_use]
    pub fn from_seconds(text: &[u8]) -> Option<u64> {
        milliseconds(std::str::from_utf8(text).ok()?.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Tokens {
        parse_usage(text.as_bytes()).unwrap().tokens
    }

    #[test]
    fn chat_and_responses_say_the_same_in_different_words() {
        let chat = tokens(
            r#"{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,
                "prompt_tokens_details":{"cached_tokens":16,"audio_tokens":null},
                "completion_tokens_details":{"reasoning_tokens":4,"new_kind":1}}"#,
        );
        let responses = tokens(
            r#"{"input_tokens":20,"output_tokens":9,"total_tokens":29,
                "input_tokens_details":{"cached_tokens":16,"cache_write_tokens":0},
                "output_tokens_details":{"reasoning_tokens":4}}"#,
        );
        assert_eq!(chat, responses);
        assert_eq!((chat.input, chat.input_cached, chat.output_reasoning), (20, 16, 4));
    }

    #[test]
    fn both_dialects_at_once_are_one_report() {
        let both = tokens(
            r#"{"prompt_tokens":20,"input_tokens":20,"completion_tokens":9,"output_tokens":9,
                "total_tokens":29,"prompt_tokens_details":{"cached_tokens":16}}"#,
        );
        assert_eq!((both.input, both.output, both.input_cached), (20, 9, 16));
    }

    #[test]
    fn writes_that_are_kept_for_longer_are_told_apart() {
        let written = tokens(
            r#"{"input_tokens":90,"output_tokens":1,"input_tokens_details":{"cached_tokens":0,
                "cache_write_tokens":80,
                "cache_write_tokens_details":{"ttl_30m_tokens":50,"ttl_12h_tokens":30}}}"#,
        );
        assert_eq!((written.input_cache_write, written.input_cache_write_long), (80, 30));
    }

    #[test]
    fn embeddings_have_no_output_and_transcriptions_may_have_seconds() {
        assert_eq!(tokens(r#"{"prompt_tokens":8,"total_tokens":8}"#).input, 8);
        let counted = parse_usage(br#"{"type":"duration","seconds":3.0205}"#).unwrap();
        assert_eq!(counted.media_ms, 3021);
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let odd = tokens(
            r#"{"prompt_tokens":20,"completion_tokens":3,"cost":-1.5,"tier":"x","cached_tokens":"y",
                "prompt_tokens_details":{"prompt_tokens":7,"more":{"cached_tokens":9},"list":[-1]},
                "input_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#,
        );
        assert_eq!((odd.input, odd.output), (20, 3));
        assert_eq!((odd.input_cached, odd.output_reasoning), (0, 0));
    }

    #[test]
    fn case_34_unbelievable_usage_is_refused() {
        for text in [
            "{}",
            "null",
            "[]",
            r#"{"prompt_tokens":-1,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1.5,"completion_tokens":1}"#,
            r#"{"prompt_tokens":1000000000000000000,"completion_tokens":1}"#,
            r#"{"prompt_tokens":"5","completion_tokens":1}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":6}}"#,
            r#"{"seconds":-3}"#,
            r#"{"seconds":"3"}"#,
            r#"{"seconds":{}}"#,
            r#"{"prompt_tokens":5,"prompt_tokens":6}"#,
            r#"{"prompt_tokens":{},"completion_tokens":1}"#,
            r#"{"prompt_tokens":true,"completion_tokens":1}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":7}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":[1]}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":[1]}}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":-1}}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cache_write_tokens_details":1}}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cache_write_tokens_details":
                {"ttl_12h_tokens":"1"}}}"#,
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cache_write_tokens_details":
                {"ttl_12h_tokens":1,"ttl_12h_tokens":1}}}"#,
            r#"{"prompt_tokens":5"#,
        ] {
            assert_eq!(parse_usage(text.as_bytes()), Err(BadUsage), "{text}");
        }
    }
}
