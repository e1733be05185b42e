//! A price in the field's format again: what is stored and shown.

use std::fmt::Write;

use domain::price::{Cell, ModelPrice, Tier, TokenKind, Unit};

use super::decimal::dollars;

/// A JSON object that [`super::parse_row`] reads as the same price.
#[must_use]
pub fn render(price: &ModelPrice) -> String {
    let mut text = String::from("{");
    let mut member = |key: &str, value: &str| {
        let comma = if text.len() > 1 { "," } else { "" };
        let _ = write!(text, "{comma}\"{key}\":{value}");
    };
    if price.free {
        member("free", "true");
    }
    if let Some(mode) = mode(price) {
        member("mode", &format!("\"{mode}\""));
    }
    for (key, instant) in [("valid_from", price.from), ("valid_until", price.until)] {
        if let Some(instant) = instant {
            member(key, &instant.seconds().to_string());
        }
    }
    for cell in price.cells() {
        member(&token_key(&cell), &dollars(cell.picos));
    }
    for (unit, picos) in price.units() {
        match unit {
            Unit::FileSearchCall => {
                member("file_search_cost_per_1k_calls", &dollars(picos.saturating_mul(1000)));
            }
            _ => member(unit_key(unit), &dollars(picos)),
        }
    }
    text.push('}');
    text
}

/// The mode under which the row's keys mean what they meant; the usual one needs no name.
fn mode(price: &ModelPrice) -> Option<&'static str> {
    let has = |wanted| price.units().any(|(unit, _)| unit == wanted);
    let usual = |wanted| {
        let mut cells = price.cells();
        cells.any(|c| c.kind == wanted && c.tier == Some(Tier::Default) && c.above == 0)
    };
    if has(Unit::Image) {
        Some("image_generation")
    } else if has(Unit::OutputSecond) {
        Some("audio_speech")
    } else if price.cells().next().is_none()
        || (usual(TokenKind::Input) && usual(TokenKind::Output))
    {
        None
    } else {
        // Any that writes no text: not both prices are asked of it.
        Some("embedding")
    }
}

fn token_key(cell: &Cell) -> String {
    let (name, life) = match cell.kind {
        TokenKind::Input => ("input_cost_per_token", ""),
        TokenKind::InputCached => ("cache_read_input_token_cost", ""),
        TokenKind::CacheWrite => ("cache_creation_input_token_cost", ""),
        TokenKind::CacheWriteLong => ("cache_creation_input_token_cost", "_above_12hr"),
        TokenKind::AudioIn => ("input_cost_per_audio_token", ""),
        TokenKind::AudioCached => ("cache_read_input_audio_token_cost", ""),
        TokenKind::ImageIn => ("input_cost_per_image_token", ""),
        TokenKind::ImageCached => ("cache_read_input_image_token_cost", ""),
        TokenKind::Output => ("output_cost_per_token", ""),
        TokenKind::AudioOut => ("output_cost_per_audio_token", ""),
        TokenKind::ImageOut => ("output_cost_per_image_token", ""),
    };
    let step = match cell.above {
        0 => String::new(),
        above => format!("_above_{}k_tokens", above / 1000),
    };
    let tier = match cell.tier {
        Some(Tier::Default) => "",
        Some(Tier::Flex) => "_flex",
        Some(Tier::Priority) => "_priority",
        Some(Tier::Batch) => "_batches",
        None => "_ultrafast",
    };
    format!("{name}{life}{step}{tier}")
}

fn unit_key(unit: Unit) -> &'static str {
    match unit {
        Unit::Image => "output_cost_per_image",
        Unit::Character => "input_cost_per_character",
        Unit::InputSecond => "input_cost_per_second",
        Unit::OutputSecond => "output_cost_per_second",
        Unit::VideoSecond => "output_cost_per_video_per_second",
        Unit::WebSearchCall => "search_context_cost_per_query",
        Unit::FileSearchCall => "file_search_cost_per_1k_calls",
        Unit::TrainedToken => "training_cost_per_token",
        Unit::CodeInterpreterSession => "code_interpreter_cost_per_session",
    }
}
