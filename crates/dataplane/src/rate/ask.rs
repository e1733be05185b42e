//! How much a call may take, before anybody knows how much it will.

use std::borrow::Cow;

use domain::rate::Draw;
use openai::surface::Meter;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a request's body says, as far as limits go by it.
#[derive(Default)]
pub(crate) struct Ask<'a> {
    /// Decoded: an escaped name means the same model.
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) json: Option<&'a [u8]>,
    /// Bytes of the body.
    pub(crate) length: u64,
    /// The `n` of a form.
    pub(crate) images: Option<u64>,
}

/// The members that bound an answer. What is no whole number is the provider's to judge.
#[derive(Deserialize, Default)]
struct Most<'a> {
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
}

/// A JSON string longer than this without a space is data: an image, audio, a file.
const WORDLESS: usize = 4096;

impl Ask<'_> {
    /// OpenAI's rule for tokens: the larger of the maximum asked for and a quarter of the
    /// characters. Data in base64 is not text, and is left to the correction.
    pub(crate) fn draw(&self, meter: Meter, counts_tokens: bool) -> Draw {
        let most = || {
            let most = self.json.map(serde_json::from_slice::<Most<'_>>);
            most.and_then(Result::ok).unwrap_or_default()
        };
        let mut draw = Draw { requests: 1, ..Draw::default() };
        match meter {
            Meter::Transcription => draw.audio_bytes = self.length,
            Meter::Images => {
                let asked = if self.json.is_some() { number(most().n) } else { self.images };
                draw.images = asked.unwrap_or(1).max(1);
            }
            _ => {}
        }
        let runs = !matches!(meter, Meter::Free | Meter::Job | Meter::Escapes);
        if let Some(json) = self.json.filter(|_| runs && counts_tokens) {
            let most = most();
            let named = [most.max_completion_tokens, most.max_output_tokens, most.max_tokens];
            let named = named.into_iter().filter_map(number).max().unwrap_or(0);
            draw.tokens = named.max(text_bytes(json) / 4).max(1);
        }
        draw
    }
}

/// Tokens of input, as limits by rate estimate them: a quarter of the text's bytes.
pub(crate) fn input_tokens(json: &[u8]) -> u64 {
    text_bytes(json).div_ceil(4)
}

fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().parse().ok()
}

/// The bytes of a JSON body without its data.
fn text_bytes(json: &[u8]) -> u64 {
    let mut data = 0;
    let mut from = 0;
    for quote in memchr::memchr_iter(b'"', json) {
        let between = &json[from..quote];
        if between.len() > WORDLESS && between.is_ascii() && !between.contains(&b' ') {
            data += between.len();
        }
        from = quote + 1;
    }
    (json.len() - data) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(meter: Meter, json: &str) -> Draw {
        let ask = Ask { json: Some(json.as_bytes()), length: json.len() as u64, ..Ask::default() };
        ask.draw(meter, true)
    }

    #[test]
    fn tokens_are_the_larger_of_what_is_asked_and_what_is_said() {
        let body = |more: &str| format!("{{{more}\"x\":\"{}\"}}", "four ".repeat(80));
        let said = draw(Meter::Chat, &body("")).tokens;
        assert_eq!(said, (8 + 400) / 4);
        assert_eq!(draw(Meter::Chat, &body("\"max_tokens\":7,")).tokens, (8 + 15 + 400) / 4);
        for name in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
            assert_eq!(draw(Meter::Chat, &body(&format!("\"{name}\":900,"))).tokens, 900);
        }
        for odd in ["-1", "1.5", "\"9\"", "null", "1e9"] {
            assert!(draw(Meter::Chat, &body(&format!("\"max_tokens\":{odd},"))).tokens < 120);
        }
        assert_eq!(draw(Meter::Job, &body("")).tokens, 0);
    }

    #[test]
    fn data_is_not_text_but_long_words_of_other_scripts_are() {
        let with = |text: &str| draw(Meter::Responses, &format!("{{\"x\":\"{text}\"}}")).tokens;
        assert!(with(&format!("data:image/png;base64,{}", "QUJD".repeat(100_000))) < 10);
        assert!(with(&"永".repeat(4_000)) >= 3_000);
    }

    #[test]
    fn images_and_audio_are_counted_by_what_is_asked() {
        assert_eq!(draw(Meter::Images, r#"{"n":4}"#).images, 4);
        assert_eq!(draw(Meter::Images, r#"{"prompt":"x"}"#).images, 1);
        let form = Ask { images: Some(3), length: 10, ..Ask::default() };
        assert_eq!(form.draw(Meter::Images, false).images, 3);
        assert_eq!(form.draw(Meter::Transcription, false).audio_bytes, 10);
    }
}
