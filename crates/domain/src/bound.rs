//! The bound of a call: the most that its provider can bill for it.
//!
//! A hard limit rests on this being never too low. What it takes for granted, as the list of
//! assumptions numbers it:
//!
//! * A1: prices and context windows in the book are not below the provider's.
//! * A2: the provider honours the maxima that it is sent (output tokens, tool calls), and refuses
//!   what is longer than the model's context window.
//! * A3: a text has at most as many tokens as bytes. True of byte-level BPE; a tokenizer that
//!   normalises first needs an allowance (U+FDFA grows from 3 bytes to 33). Sound has at most
//!   [`SOUND_TOKENS_A_SECOND`] tokens a second, an image at most [`IMAGE_TOKENS`].
//! * A5: one dispatch is at most one billed generation.

use crate::model::ModelFacts;
use crate::money::Nanos;
use crate::price::{Priced, Reach, Unit};

mod demand;
mod growth;
mod media;

pub use demand::{Demand, Input, Media, Metered, Output, OutputLimit, Tools, Unbounded};
pub use growth::{Growth, MARGIN, SLICE};
pub use media::SOUND_TOKENS_A_SECOND;

/// The most tokens that one image comes to in any model's input: `gpt-4o-mini` counts 2,833 and
/// 5,667 for each of at most 8 tiles, 48,169 in all; patch-based models stay under 25,000.
pub const IMAGE_TOKENS: u64 = 49_152;
/// A clamp goes to half of what is left only while that is this many tokens.
const COMFORTABLE: u64 = 1_024;
/// No clamp goes below this many tokens: less is no answer, and some providers refuse it.
const LEAST: u64 = 16;

/// What is known of the model that a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits<'m> {
    /// The upstream's name of it.
    pub name: &'m str,
    /// Tokens of input that fit its context window; `None` where that is not known.
    pub window: Option<u64>,
    /// The most tokens of one answer; `None` where that is not known.
    pub max_output: Option<u64>,
}

impl<'m> Limits<'m> {
    #[must_use]
    pub fn of(name: &'m str, facts: Option<&ModelFacts>) -> Self {
        let known = |tokens: u32| (tokens > 0).then_some(u64::from(tokens));
        let window = facts.and_then(|f| known(f.max_input));
        Self { name, window, max_output: facts.and_then(|f| known(f.max_output)) }
    }

    /// Models that search the web for every answer, whether asked to or not.
    fn searches(&self) -> bool {
        self.name.contains("-search-preview")
    }

    /// Models that search as often as they like, and cannot be told how often.
    fn searches_freely(&self) -> bool {
        self.name.contains("-search-api")
    }
}

/// Why there is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBound {
    /// The model, its tier or something that the call uses has no price.
    Unpriced,
    /// Neither the request, the limits nor what is known of the model says how much may be written.
    NoMaximum,
    Unbounded(Unbounded),
}

/// The most that a call can cost, as a straight line over its maximum output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Pico-dollars whatever is written.
    pub fixed_picos: u128,
    /// Pico-dollars for each token of the maximum output, all choices together.
    pub per_output_token_picos: u128,
    /// The maximum output that the call wants, in tokens an answer; `None` where there is none to
    /// be chosen.
    pub max_output: Option<u64>,
}

/// The most that `demand` can cost with `priced` rates.
///
/// # Errors
/// [`NoBound`] where it cannot be said.
pub fn bound(demand: &Demand, priced: &dyn Priced, limits: &Limits<'_>) -> Result<Bound, NoBound> {
    let bound = match demand {
        Demand::Free => Bound { fixed_picos: 0, per_output_token_picos: 0, max_output: None },
        Demand::Unbounded(unbounded) => return Err(NoBound::Unbounded(*unbounded)),
        Demand::Lines => {
            let why = "a batch costs what its lines cost; each has a bound of its own";
            return Err(NoBound::Unbounded(Unbounded::operation(why)));
        }
        Demand::Metered(metered) => match &metered.media {
            Some(media) => media::bound(metered, media, priced, limits)?,
            None => text(metered, priced, limits)?,
        },
    };
    // A sum that is no amount of money is refused here, so that none is ever cut to one.
    match bound.checked(bound.max_output.unwrap_or(0)) {
        Some(_) => Ok(bound),
        None => Err(too_much()),
    }
}

fn too_much() -> NoBound {
    NoBound::Unbounded(Unbounded::operation("the most that it could cost is no amount of money"))
}

/// A product of counts and a price. It stops at the largest number, which is no amount of money
/// and refused as such.
fn picos(factors: &[u64]) -> u128 {
    factors.iter().fold(1, |product: u128, factor| product.saturating_mul(u128::from(*factor)))
}

fn text(metered: &Metered, priced: &dyn Priced, limits: &Limits<'_>) -> Result<Bound, NoBound> {
    if limits.searches_freely() {
        let why = "the model searches the web as often as it likes";
        return Err(NoBound::Unbounded(Unbounded::field("model", why)));
    }
    if metered.searches && !limits.searches() {
        let why = "how often this model searches the web is not known";
        return Err(NoBound::Unbounded(Unbounded::field("web_search_options", why)));
    }
    let output = &metered.output;
    let turn = turn(metered, limits)?;
    let reach = Reach {
        tier: metered.tier,
        input_tokens: turn,
        audio_in: metered.input.audio,
        image_in: metered.input.images > 0 || metered.input.open,
        audio_out: output.audio,
        image_out: false,
    };
    let rates = priced.dearest(&reach).ok_or(NoBound::Unpriced)?;
    // Each call of a provider's tool sends the model through its context once more; one turn comes
    // before them, and one is the answer to calls that were turned down.
    let turns = metered.tools.map_or(1, |tools| tools.calls.saturating_add(2));
    let fixed_picos = picos(&[turn, turns, rates.input_picos])
        .saturating_add(picos(&[output.beside, output.choices, rates.output_picos]))
        .saturating_add(fees(metered, priced, limits)?);
    let line = |max_output, fixed_picos| Bound {
        fixed_picos,
        per_output_token_picos: picos(&[output.choices, rates.output_picos]),
        max_output,
    };
    Ok(match output.limit {
        None => Bound { per_output_token_picos: 0, ..line(None, fixed_picos) },
        Some(OutputLimit::Asked(tokens)) => line(Some(tokens), fixed_picos),
        Some(OutputLimit::Open) => {
            let tokens = match (most(limits), output.default) {
                (Ok(most), Some(default)) => most.min(default),
                (Err(_), Some(default)) => default,
                (Ok(most), None) => most,
                (Err(_), None) => return Err(NoBound::NoMaximum),
            };
            line(Some(tokens), fixed_picos)
        }
        Some(OutputLimit::Models) => {
            let written = picos(&[most(limits)?, output.choices, rates.output_picos]);
            let fixed_picos = fixed_picos.saturating_add(written);
            Bound { per_output_token_picos: 0, ..line(None, fixed_picos) }
        }
    })
}

/// The most input tokens that the model can read at once.
fn turn(metered: &Metered, limits: &Limits<'_>) -> Result<u64, NoBound> {
    let input = &metered.input;
    if input.open || metered.tools.is_some() || limits.searches() {
        let why = "it reads more than the request says, and the model's context window is unknown";
        return limits.window.ok_or(NoBound::Unbounded(Unbounded::field("model", why)));
    }
    let said = input.tokens.saturating_add(input.images.saturating_mul(IMAGE_TOKENS));
    Ok(match limits.window {
        Some(window) if input.one_window => said.min(window),
        _ => said,
    })
}

fn most(limits: &Limits<'_>) -> Result<u64, NoBound> {
    let why = "it cannot say how much may be written, and what the model writes is not known";
    limits.max_output.ok_or(NoBound::Unbounded(Unbounded::field("model", why)))
}

/// What tools cost a call: as if every call were one of the dearest.
fn fees(metered: &Metered, priced: &dyn Priced, limits: &Limits<'_>) -> Result<u128, NoBound> {
    let price = |unit| priced.unit(unit).ok_or(NoBound::Unpriced);
    let mut sum = 0;
    if let Some(tools) = &metered.tools {
        let mut dearest = 0;
        for (used, unit, count) in [
            (tools.web_search, Unit::WebSearchCall, 1),
            (tools.file_search, Unit::FileSearchCall, 1),
            (tools.sessions > 0, Unit::CodeInterpreterSession, tools.sessions),
        ] {
            if used {
                dearest = picos(&[price(unit)?, count, tools.calls]).max(dearest);
            }
        }
        sum = dearest;
    }
    if limits.searches() {
        sum = sum.saturating_add(picos(&[price(Unit::WebSearchCall)?, metered.output.choices]));
    }
    Ok(sum)
}

impl Bound {
    /// Nano-dollars for this maximum output, in tokens an answer; rounded up once. What is no
    /// amount of money is the largest one.
    #[must_use]
    pub fn total(&self, output_tokens: u64) -> Nanos {
        self.checked(output_tokens).unwrap_or(Nanos(i64::MAX))
    }

    fn checked(&self, output_tokens: u64) -> Option<Nanos> {
        let written = self.per_output_token_picos.checked_mul(u128::from(output_tokens))?;
        let picos = self.fixed_picos.checked_add(written)?;
        i64::try_from(picos.div_ceil(1000)).ok().map(Nanos)
    }

    /// The whole bound: with the maximum output that the call wants.
    #[must_use]
    pub fn whole(&self) -> Nanos {
        self.total(self.max_output.unwrap_or(0))
    }

    /// The largest maximum output, in tokens an answer, whose total is within `amount`. 0 also
    /// where nothing is: `total(0)` tells the two apart.
    #[must_use]
    pub fn affordable(&self, amount: Nanos) -> u64 {
        let picos = u128::try_from(amount.0).unwrap_or(0).saturating_mul(1000);
        let left = picos.saturating_sub(self.fixed_picos);
        match left.checked_div(self.per_output_token_picos) {
            Some(tokens) => u64::try_from(tokens).unwrap_or(u64::MAX),
            // What is written costs nothing: all of it is affordable, or none.
            None if self.fixed_picos <= picos => u64::MAX,
            None => 0,
        }
    }
}

/// The maximum output with which a call fits into what is left of a limit: the one it wants, or a
/// smaller one. At most half of what is left while that is at least 1,024 tokens, so that one call
/// does not lock a budget up; then all that is left; `None` below 16 tokens (case 20).
#[must_use]
pub fn clamp(bound: &Bound, remainder: Nanos) -> Option<u64> {
    let wanted = bound.max_output.unwrap_or(0);
    if bound.total(wanted) <= remainder {
        return Some(wanted);
    }
    bound.max_output?;
    let half = bound.affordable(Nanos(remainder.0 / 2)).min(wanted);
    let tokens = if half >= COMFORTABLE { half } else { bound.affordable(remainder).min(wanted) };
    (tokens >= LEAST && bound.total(tokens) <= remainder).then_some(tokens)
}

#[cfg(test)]
mod tests;
