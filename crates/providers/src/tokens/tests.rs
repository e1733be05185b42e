//! Held against a published implementation of the same encoding.

use std::time::{Duration, Instant};

use super::*;

/// What texts are made of: words in several scripts, marks, digits, spaces, and what is rare.
const PARTS: &[&str] = &[
    "the",
    "Token",
    "iSTANBUL",
    "naïve",
    "Straße",
    "don't",
    "WE'LL",
    "it'ſ",
    "été",
    "привет",
    "世界",
    "こんにちは",
    "مرحبا",
    "हिन्दी",
    "ไทย",
    "🙂",
    "👩‍👩‍👧",
    "e\u{301}",
    "x",
    "A",
    "zzzz",
    "qxkv",
    " ",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    " \n ",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "\u{2028}",
    "1",
    "42",
    "2024",
    "३४",
    "Ⅷ",
    "½",
    ".",
    ",",
    "!?",
    "...",
    "//",
    "/\n",
    "{\"a\":",
    "->",
    "#!",
    "\0",
    "\u{7f}",
    "\u{fffd}",
    "\u{10ffff}",
    "<|endoftext|>",
    "====",
    "_",
    "'",
    "’s",
];

/// A small generator: the same texts at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % end
    }
}

fn reference(text: &str) -> u64 {
    bpe_openai::o200k_base().count(text) as u64
}

#[test]
fn counts_agree_with_published_examples() {
    assert_eq!(count(""), 0);
    assert_eq!(count("hello world"), 2);
    assert_eq!(count("tiktoken is great!"), 6);
}

#[test]
fn counts_agree_with_the_reference_on_mixed_texts() {
    let mut dice = Dice(7);
    for round in 0..4_000 {
        let parts = 1 + dice.below(40);
        let text: String = (0..parts).map(|_| PARTS[dice.below(PARTS.len())]).collect();
        assert_eq!(count(&text), reference(&text), "round {round}: {text:?}");
    }
}

#[test]
fn counts_agree_with_the_reference_on_any_characters() {
    let mut dice = Dice(11);
    for round in 0..2_000 {
        // Mostly the planes that are in use, and now and then any character.
        let most = [0x80, 0x250, 0x3000, 0x1_1000, 0x11_0000][dice.below(5)];
        let characters = 1 + dice.below(60);
        let text: String =
            (0..characters).filter_map(|_| char::from_u32(dice.below(most) as u32)).collect();
        assert_eq!(count(&text), reference(&text), "round {round}: {text:?}");
    }
}

#[test]
fn every_token_counts_as_the_reference_counts_it() {
    let tokens = &bpe_openai::o200k_base().bpe;
    for token in (0..tokens.num_tokens() as u32).step_by(7) {
        if let Ok(text) = str::from_utf8(tokens.token_bytes(token)) {
            assert_eq!(count(text), reference(text), "{text:?}");
        }
    }
}

#[test]
fn pieces_leave_nothing_out() {
    let cutter = pieces::CUTTER.as_ref().unwrap();
    let mut dice = Dice(13);
    for _ in 0..500 {
        let text: String = (0..30).map(|_| PARTS[dice.below(PARTS.len())]).collect();
        let again: String = cutter.pieces(&text).collect();
        assert_eq!(again, text);
    }
}

#[test]
fn long_runs_are_cheap_and_in_proportion() {
    let text = "word ".repeat(200_000);
    let tokens = count(&text);
    assert!((150_000..400_000).contains(&tokens), "{tokens}");
    // One piece each, with merges all over: far from quadratic.
    let mut dice = Dice(17);
    let letters: String = (0..COUNTED).map(|_| char::from(b'a' + dice.below(26) as u8)).collect();
    for run in ["a".repeat(COUNTED), " ".repeat(COUNTED), letters] {
        let began = Instant::now();
        assert_eq!(count(&run), reference(&run));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
