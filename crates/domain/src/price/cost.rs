//! What an attempt cost: summed exactly, rounded up once to a nano-dollar (case 56).

use std::fmt;

use super::rates::View;
use super::spread::{self, InputCost};
use super::{ModelPrice, Tier, TokenKind, Unit};
use crate::{Cost, Nanos, Tokens};

/// What a provider bills for one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// [`Tier::served`] of what the answer says; `None` costs the dearest that is known.
    pub tier: Option<Tier>,
    pub tokens: Tokens,
    pub units: Units,
}

impl Billed {
    /// Tokens at the default tier.
    #[must_use]
    pub fn tokens(tokens: Tokens) -> Self {
        Self { tier: Some(Tier::Default), tokens, units: Units::default() }
    }
}

/// What was used beside tokens. Images, characters and sound are only billed where the provider
/// counted no tokens: they are two counts of the same thing. Videos and tool calls always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    pub images: u64,
    pub characters: u64,
    /// Milliseconds of sound that was listened to.
    pub input_ms: u64,
    /// Milliseconds of sound that was made.
    pub output_ms: u64,
    /// Milliseconds of video that was made.
    pub video_ms: u64,
    pub web_search_calls: u64,
    pub file_search_calls: u64,
    pub code_interpreter_sessions: u64,
    pub trained_tokens: u64,
}

impl Units {
    /// In thousandths of a unit, so that milliseconds are whole numbers as well.
    fn instead_of_tokens(&self) -> [(Unit, u128); 4] {
        [
            (Unit::Image, u128::from(self.images) * 1000),
            (Unit::Character, u128::from(self.characters) * 1000),
            (Unit::InputSecond, u128::from(self.input_ms)),
            (Unit::OutputSecond, u128::from(self.output_ms)),
        ]
    }

    fn beside_tokens(&self) -> [(Unit, u128); 5] {
        [
            (Unit::VideoSecond, u128::from(self.video_ms)),
            (Unit::WebSearchCall, u128::from(self.web_search_calls) * 1000),
            (Unit::FileSearchCall, u128::from(self.file_search_calls) * 1000),
            (Unit::CodeInterpreterSession, u128::from(self.code_interpreter_sessions) * 1000),
            (Unit::TrainedToken, u128::from(self.trained_tokens) * 1000),
        ]
    }
}

/// Why no cost can be given. Never a reason to take it for zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostError {
    /// The model has no price for tokens.
    Tokens,
    /// It has none for a unit that was used.
    Unit(Unit),
    /// The sum is no amount that a ledger can hold.
    TooLarge,
}

impl fmt::Display for CostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens => f.write_str("no price for its tokens"),
            Self::Unit(unit) => write!(f, "no price for {unit:?}"),
            Self::TooLarge => f.write_str("more than an amount can hold"),
        }
    }
}

impl std::error::Error for CostError {}

/// The cost of one attempt. Its parts sum exactly to what is posted.
///
/// # Errors
/// When something was used that has no price, not even a related one.
pub fn cost(price: &ModelPrice, billed: &Billed) -> Result<Cost, CostError> {
    cost_of_many(price, billed, billed.tokens.input)
}

/// The cost of many calls whose counts were summed, as in a batch: the largest input of any one of
/// them, in tokens, decides about long-context prices, and not the sum.
///
/// # Errors
/// As [`cost`].
pub fn cost_of_many(
    price: &ModelPrice,
    billed: &Billed,
    largest_input: u64,
) -> Result<Cost, CostError> {
    if price.free {
        return Ok(Cost::default());
    }
    let counted = billed.tokens.input > 0 || billed.tokens.output > 0;
    let by_tokens = counted && !price.rows().is_empty();
    let mut other = 0;
    let instead = billed.units.instead_of_tokens();
    for (unit, thousandths) in instead.into_iter().filter(|_| !by_tokens) {
        other += unit_cost(price, unit, thousandths)?;
    }
    if counted && !by_tokens && other == 0 {
        return Err(CostError::Tokens);
    }
    for (unit, thousandths) in billed.units.beside_tokens() {
        other += unit_cost(price, unit, thousandths)?;
    }
    let (input, output) = if by_tokens {
        let view = View { price, input_tokens: largest_input.min(billed.tokens.input) };
        token_cost(view, billed).ok_or(CostError::Tokens)?
    } else {
        (InputCost::default(), 0)
    };
    round([input.fresh * 1000, input.cached * 1000, output * 1000, other])
}

/// In thousandths of a pico-dollar.
fn unit_cost(price: &ModelPrice, unit: Unit, thousandths: u128) -> Result<u128, CostError> {
    if thousandths == 0 {
        return Ok(0);
    }
    let picos = price.unit_picos(unit).ok_or(CostError::Unit(unit))?;
    thousandths.checked_mul(u128::from(picos)).ok_or(CostError::TooLarge)
}

/// Pico-dollars of the input and of the output.
fn token_cost(view: View<'_>, billed: &Billed) -> Option<(InputCost, u128)> {
    let (tier, tokens) = (billed.tier, &billed.tokens);
    // Details beyond their total are cut to it, the dearer ones last.
    let write = tokens.input_cache_write.min(tokens.input);
    let long = tokens.input_cache_write_long.min(write);
    let cached = tokens.input_cached.min(tokens.input - write);
    let audio = tokens.input_audio.min(tokens.input);
    let image = tokens.input_image.min(tokens.input - audio);
    let left = [tokens.input - audio - image, audio, image];
    let met = [cached, write - long, long];
    // What was not counted needs no price; most calls are fresh text alone.
    let rates = |place: usize, kind| match left[place] {
        0 => Some([0; 4]),
        _ if met == [0; 3] => Some([view.rate(tier, as_priced(view, tier, kind))?, 0, 0, 0]),
        _ => view.input_rates(tier, as_priced(view, tier, kind)),
    };
    let rates =
        [rates(0, TokenKind::Input)?, rates(1, TokenKind::AudioIn)?, rates(2, TokenKind::ImageIn)?];
    let input = spread::dearest(left, met, &rates);
    Some((input, output_cost(view, billed)?))
}

fn as_priced(view: View<'_>, tier: Option<Tier>, kind: TokenKind) -> TokenKind {
    if kind == TokenKind::Input { kind } else { view.priced_as(tier, kind) }
}

fn output_cost(view: View<'_>, billed: &Billed) -> Option<u128> {
    let tokens = &billed.tokens;
    let audio = tokens.output_audio.min(tokens.output);
    let image = tokens.output_image.min(tokens.output - audio);
    let text = tokens.output - audio - image;
    // Where nothing says how many of them are images, all may be.
    let drawn = image > 0 || view.price.prices(TokenKind::ImageOut);
    let rate = |wanted, kind| if wanted { view.rate(billed.tier, kind) } else { Some(0) };
    let image_rate = rate(drawn, TokenKind::ImageOut)?;
    let mut text_rate = rate(text > 0, TokenKind::Output)?;
    if image == 0 {
        text_rate = text_rate.max(image_rate);
    }
    let audio_rate = rate(audio > 0, TokenKind::AudioOut)?;
    let parts = [(text, text_rate), (audio, audio_rate), (image, image_rate)];
    Some(parts.iter().map(|(count, rate)| u128::from(*count) * u128::from(*rate)).sum())
}

/// Rounds the sum up to a nano-dollar and the parts down; the largest takes the difference.
fn round(parts: [u128; 4]) -> Result<Cost, CostError> {
    /// Thousandths of a pico-dollar.
    const NANO: u128 = 1_000_000;
    let sum = parts.iter().try_fold(0_u128, |sum, part| sum.checked_add(*part));
    let sum = sum.ok_or(CostError::TooLarge)?;
    let total = match u64::try_from(sum) {
        Ok(sum) => u128::from(sum.div_ceil(NANO as u64)),
        Err(_) => sum.div_ceil(NANO),
    };
    let total = i64::try_from(total).map_err(|_| CostError::TooLarge)?;
    // No part is above the total, which fits.
    let mut nanos = parts.map(|part| match u64::try_from(part) {
        // Almost all: one division of the processor's.
        Ok(part) => i64::try_from(part / NANO as u64).unwrap_or(0),
        Err(_) => i64::try_from(part / NANO).unwrap_or(0),
    });
    let largest = (0..4).max_by_key(|at| parts[*at]).unwrap_or(0);
    nanos[largest] += total - nanos.iter().sum::<i64>();
    let [input, input_cached, output, other] = nanos.map(Nanos);
    Ok(Cost { input, input_cached, output, other })
}
