//! What a key of the format prices.

use domain::price::{Tier, TokenKind, Unit};

/// What a `…cost…` key means for a model of some mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    Token {
        kind: TokenKind,
        tier: Option<Tier>,
        above: u32,
        /// The name of a tier that is not known here.
        strange: Option<&'a str>,
    },
    /// A unit, and how many of them the price is for.
    Unit(Unit, u64),
    /// An object of prices by context size; the dearest counts.
    WebSearch,
    /// Says again what another key says.
    Repeated,
    Unknown,
}

/// The longest name first where one begins with another.
const TOKENS: [(&str, TokenKind); 11] = [
    ("cache_creation_input_token_cost", TokenKind::CacheWrite),
    ("cache_read_input_audio_token_cost", TokenKind::AudioCached),
    ("cache_read_input_image_token_cost", TokenKind::ImageCached),
    ("cache_read_input_token_cost", TokenKind::InputCached),
    ("input_cost_per_audio_token", TokenKind::AudioIn),
    ("input_cost_per_image_token", TokenKind::ImageIn),
    ("input_cost_per_token", TokenKind::Input),
    ("output_cost_per_audio_token", TokenKind::AudioOut),
    ("output_cost_per_image_token", TokenKind::ImageOut),
    // Reasoning is output; where it has a price of its own, the dearer one holds for all.
    ("output_cost_per_reasoning_token", TokenKind::Output),
    ("output_cost_per_token", TokenKind::Output),
];

pub(super) fn meaning<'a>(key: &'a str, mode: &str) -> Meaning<'a> {
    let token = TOKENS.iter().find_map(|(name, kind)| Some((key.strip_prefix(name)?, *kind)));
    if let Some((suffixes, kind)) = token {
        return of_token(suffixes, kind).unwrap_or(Meaning::Unknown);
    }
    let makes_images = matches!(mode, "image_generation" | "image_edit");
    match key {
        "input_cost_per_character" => Meaning::Unit(Unit::Character, 1),
        "input_cost_per_second" => Meaning::Unit(Unit::InputSecond, 1),
        "input_cost_per_image" | "output_cost_per_image" if makes_images => {
            Meaning::Unit(Unit::Image, 1)
        }
        "output_cost_per_second" if mode == "audio_speech" => Meaning::Unit(Unit::OutputSecond, 1),
        // A second of sound is billed once, whichever way the table looks at it.
        "output_cost_per_second" if mode == "audio_transcription" => Meaning::Repeated,
        "output_cost_per_video_per_second" => Meaning::Unit(Unit::VideoSecond, 1),
        // With or without a size behind it.
        _ if mode == "video_generation" && key.starts_with("output_cost_per_second") => {
            Meaning::Unit(Unit::VideoSecond, 1)
        }
        "search_context_cost_per_query" => Meaning::WebSearch,
        "file_search_cost_per_1k_calls" => Meaning::Unit(Unit::FileSearchCall, 1000),
        // The field has no word for it.
        "training_cost_per_token" => Meaning::Unit(Unit::TrainedToken, 1),
        "code_interpreter_cost_per_session" => Meaning::Unit(Unit::CodeInterpreterSession, 1),
        _ => Meaning::Unknown,
    }
}

/// Suffixes: how long a cache is kept, above how many tokens, at which tier.
fn of_token(suffixes: &str, mut kind: TokenKind) -> Option<Meaning<'_>> {
    let (mut rest, mut above) = (suffixes, 0);
    while let Some(limit) = rest.strip_prefix("_above_") {
        let end = limit.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = limit[..end].parse().ok()?;
        let unit = &limit[end..];
        if let Some(more) = unit.strip_prefix("k_tokens") {
            above = number.checked_mul(1000)?;
            rest = more;
        } else if let Some(more) = unit.strip_prefix("hr") {
            if kind != TokenKind::CacheWrite {
                return None;
            }
            kind = TokenKind::CacheWriteLong;
            rest = more;
        } else {
            return None;
        }
    }
    let (tier, strange) = match rest {
        "" => (Some(Tier::Default), None),
        "_flex" => (Some(Tier::Flex), None),
        "_priority" => (Some(Tier::Priority), None),
        "_batches" => (Some(Tier::Batch), None),
        // Known to exist, open to few, and without a name of its own here.
        "_ultrafast" => (None, None),
        _ => {
            let word = rest.strip_prefix('_').filter(|word| !word.contains('_'))?;
            (None, Some(word))
        }
    };
    Some(Meaning::Token { kind, tier, above, strange })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_say_life_length_and_tier() {
        let token = |key| match meaning(key, "chat") {
            Meaning::Token { kind, tier, above, strange } => (kind, tier, above, strange),
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(
            token("cache_creation_input_token_cost_above_12hr_above_272k_tokens_priority"),
            (TokenKind::CacheWriteLong, Some(Tier::Priority), 272_000, None)
        );
        assert_eq!(
            token("output_cost_per_image_token_batches"),
            (TokenKind::ImageOut, Some(Tier::Batch), 0, None)
        );
        assert_eq!(
            token("input_cost_per_token_decisions"),
            (TokenKind::Input, None, 0, Some("decisions"))
        );
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        for key in [
            "input_cost_per_token_cache_hit",
            "input_cost_per_pixel",
            "input_cost_per_token_above_1hr",
            "input_cost_per_token_above_k_tokens",
            "input_cost_per_token_above_99999999999k_tokens",
            "input_cost_per_tokens",
            "output_cost_per_second",
        ] {
            assert_eq!(meaning(key, "chat"), Meaning::Unknown, "{key}");
        }
        let seconds = meaning("output_cost_per_second", "audio_transcription");
        assert_eq!(seconds, Meaning::Repeated);
    }
}
