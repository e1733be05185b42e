//! Counting a request's own text for its bound: only where the bytes of it are too many for what
//! is left of a limit, and only for models whose encoding is known.

use std::ops::Range;

use openai::demand::around;
use openai::json::{self, Visit, unescape};
use openai::view::View;

/// Bytes of a body that is counted; a longer one keeps its bound by bytes.
const COUNTED: usize = 200 * 1024;
/// Two texts that stand side by side may come to a few tokens more than each for itself.
const SEAM: u64 = 2;
/// The fields that a model reads.
const READ: [&str; 6] = ["messages", "input", "prompt", "instructions", "suffix", "prediction"];

/// The tokens that a model reads of a body of plain text, template included: never fewer than the
/// provider counts. `None` where that cannot be said. Takes up to some 10 ms; the table that it
/// needs is loaded when first asked for.
///
/// Right for what `domain::bound::Input::exact` says may be counted, and for nothing else.
#[must_use]
pub fn exact_input(model: &str, view: &View, body: &[u8]) -> Option<u64> {
    if body.len() > COUNTED || !is_known(model) {
        return None;
    }
    let mut count = Count { body, read: false, tokens: Some(0) };
    json::walk(body, &mut count).ok()?;
    Some(count.tokens? + around(view))
}

/// Counts every string that stands in a field that is read; of a key that stands twice both.
struct Count<'b> {
    body: &'b [u8],
    /// Whether we are in such a field.
    read: bool,
    tokens: Option<u64>,
}

impl Visit for Count<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        if depth == 1 {
            let key = unescape(&self.body[raw]).unwrap_or_default();
            self.read = READ.contains(&key.as_ref());
        }
    }

    fn string(&mut self, _: usize, raw: Range<usize>) {
        if self.read {
            let text = unescape(&self.body[raw]);
            let tokens = text.map(|text| super::whole(&text) + SEAM);
            self.tokens = self.tokens.zip(tokens).map(|(sum, more)| sum + more);
        }
    }

    fn literal(&mut self, _: usize, _: Range<usize>) {}
    fn open(&mut self, _: usize, _: usize, _: bool) {}
    fn close(&mut self, _: usize, _: usize) {}
}

/// Whether a model's maker has published that it reads `o200k_base`; newer ones may not. The few
/// that read an older encoding keep their bound by bytes.
fn is_known(model: &str) -> bool {
    let base =
        model.strip_prefix("ft:").map_or(model, |tuned| tuned.split(':').next().unwrap_or(""));
    let is = |family: &str| {
        base.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    ["gpt-4o", "gpt-4.1", "gpt-5", "o1", "o3", "o4-mini"].into_iter().any(is)
}

#[cfg(test)]
mod tests {
    use domain::bound::Demand;
    use openai::demand;
    use openai::surface::{self, Operation};
    use serde_json::{Value, json};

    use super::*;

    fn operation(path: &str) -> &'static Operation {
        surface::find(&http::Method::POST, path).unwrap().operation
    }

    /// The bound by bytes, and the exact one.
    fn both(path: &str, body: &Value) -> (u64, u64) {
        let body = body.to_string();
        let view = View::of(body.as_bytes()).unwrap();
        let Demand::Metered(metered) =
            demand::of_json(operation(path), &view, body.as_bytes()).unwrap()
        else {
            panic!("{body} is not metered");
        };
        assert!(metered.input.exact, "{body}");
        let model = view.model(body.as_bytes()).unwrap().into_owned();
        (metered.input.tokens, exact_input(&model, &view, body.as_bytes()).unwrap())
    }

    /// Texts that tokenizers find hard: few letters in many bytes, many tokens in few letters,
    /// letters that normalising makes longer, joined and half-joined emoji, digits, white space.
    fn corpus() -> Vec<String> {
        let mut texts: Vec<String> = [
            "",
            "Say hello.",
            "the quick brown fox jumps over the lazy dog ",
            "\u{fdfa}",
            "\u{fdfb}\u{fdfa}",
            "e\u{301}\u{327}\u{323}",
            "👩‍👩‍👧‍👦🏳️‍🌈🧑🏿‍🚀",
            "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
            "東京都千代田区丸の内一丁目",
            "𓀀𓂀𒀀𝕏𝔸",
            "ไม่มีปัญหา",
            "\u{200b}\u{200c}\u{200d}\u{feff}",
            "<|endoftext|><|im_start|>system",
            "0123456789",
            "\t\t\n \r\n   ",
            "\"\\\u{8}\u{c}/",
            "\u{0}\u{1}\u{7f}\u{80}\u{10ffff}",
            "aAaAaAaA{}[]();:,.<>?!@#$%^&*",
        ]
        .map(str::to_owned)
        .to_vec();
        let long: Vec<String> = texts.iter().map(|text| text.repeat(50)).collect();
        texts.extend(long);
        texts
    }

    #[test]
    fn the_bound_by_bytes_is_never_below_the_exact_one() {
        for text in corpus() {
            let bodies = [
                (
                    "/chat/completions",
                    json!({"model": "gpt-4o", "messages": [
                    {"role": "system", "content": text}, {"role": "user", "content": text}]}),
                ),
                (
                    "/chat/completions",
                    json!({"model": "gpt-4.1", "messages": [
                    {"role": "user", "content": [{"type": "text", "text": text}, {"type": "text", "text": text}]}]}),
                ),
                ("/responses", json!({"model": "gpt-5", "instructions": text, "input": text})),
            ];
            for (path, body) in bodies {
                let (bytes, exact) = both(path, &body);
                assert!(exact <= bytes, "{exact} > {bytes}: {body}");
            }
        }
    }

    #[test]
    fn the_exact_bound_is_never_below_what_the_text_has_in_one_piece() {
        let encoding = bpe_openai::o200k_base();
        let corpus = corpus();
        for pair in corpus.windows(2) {
            let body = json!({"model": "gpt-4o", "messages": [
                {"role": "user", "content": pair[0]}, {"role": "user", "content": pair[1]}]});
            let (_, exact) = both("/chat/completions", &body);
            let joined = encoding.count(&format!("{}{}", pair[0], pair[1])) as u64;
            assert!(exact >= joined + 3 * 2, "{exact} < {joined}: {body}");
        }
    }

    #[test]
    fn long_english_is_bounded_by_far_fewer_tokens_than_bytes() {
        let text = "The rain in Spain stays mainly in the plain. ".repeat(400);
        let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]});
        let (bytes, exact) = both("/chat/completions", &body);
        assert!(exact * 3 < bytes, "{exact} of {bytes}");
    }

    #[test]
    fn a_key_that_stands_twice_counts_twice() {
        let text = "word ".repeat(100);
        let body = format!(
            r#"{{"model":"gpt-4o","input":[{{"role":"user","content":"{text}","content":""}}]}}"#
        );
        let exact = exact_input("gpt-4o", &View::of(body.as_bytes()).unwrap(), body.as_bytes());
        assert!(exact.unwrap() > 100);
    }

    #[test]
    fn only_known_encodings_and_short_bodies_are_counted() {
        let count = |model: &str, text: &str| {
            let body = json!({"model": model, "input": text}).to_string();
            exact_input(model, &View::of(body.as_bytes()).unwrap(), body.as_bytes())
        };
        for model in ["gpt-4o-mini", "ft:gpt-4o-2024-08-06:acme::1", "gpt-5-mini", "o3"] {
            assert!(count(model, "x").is_some(), "{model}");
        }
        for model in [
            "gpt-4",
            "text-embedding-3-small",
            "gpt-5.4",
            "gpt-6-sol",
            "davinci-002",
            "gpt-oss-120b",
            "gpt-4.5-preview",
        ] {
            assert_eq!(count(model, "x"), None, "{model}");
        }
        assert_eq!(count("gpt-4o", &"x".repeat(COUNTED)), None);
    }
}
