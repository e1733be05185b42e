//! The bound of what is not text: images, sound, video. A model of these is priced in tokens or in
//! units of its own, and some books know both prices: the dearer sum counts.

use super::demand::{Media, Metered};
use super::{Bound, IMAGE_TOKENS, Limits, NoBound, picos};
use crate::price::{Priced, Reach, Unit};

/// Tokens that a second of sound has at most: 10 are usual when it is heard, 21 when it is made.
pub const SOUND_TOKENS_A_SECOND: u64 = 32;
/// Tokens of text that a second of speech is written down in, and what an answer has besides.
const WRITTEN_TOKENS_A_SECOND: u64 = 32;
const WRITTEN_BESIDE: u64 = 2_048;
/// Seconds.
const LONGEST_TRANSCRIPTION: u64 = 1_500;

pub(super) fn bound(
    metered: &Metered,
    media: &Media,
    priced: &dyn Priced,
    limits: &Limits<'_>,
) -> Result<Bound, NoBound> {
    let media = &heard_at_most(*media, limits);
    let by_unit = by_unit(media, priced);
    let by_token = by_token(metered, media, priced);
    let fixed_picos = by_unit.max(by_token).ok_or(NoBound::Unpriced)?;
    Ok(Bound { fixed_picos, per_output_token_picos: 0, max_output: None })
}

/// These models refuse what is longer.
fn heard_at_most(media: Media, limits: &Limits<'_>) -> Media {
    match media {
        Media::Sound { seconds }
            if limits.name.starts_with("gpt-4o") && limits.name.contains("transcribe") =>
        {
            Media::Sound { seconds: seconds.min(LONGEST_TRANSCRIPTION) }
        }
        other => other,
    }
}

fn by_unit(media: &Media, priced: &dyn Priced) -> Option<u128> {
    let sum = |unit, count| priced.unit(unit).map(|price| picos(&[price, count]));
    match *media {
        Media::Images { count, .. } => sum(Unit::Image, count),
        Media::Speech { characters, seconds } => {
            sum(Unit::Character, characters).max(sum(Unit::OutputSecond, seconds))
        }
        Media::Sound { seconds } => sum(Unit::InputSecond, seconds),
        Media::Video { seconds } => sum(Unit::VideoSecond, seconds),
    }
}

fn by_token(metered: &Metered, media: &Media, priced: &dyn Priced) -> Option<u128> {
    let input = &metered.input;
    let (heard, written) = match *media {
        Media::Images { count, tokens } => (0, count.saturating_mul(tokens)),
        Media::Speech { seconds, .. } => (0, seconds.saturating_mul(SOUND_TOKENS_A_SECOND)),
        Media::Sound { seconds } => (
            seconds.saturating_mul(SOUND_TOKENS_A_SECOND),
            seconds.saturating_mul(WRITTEN_TOKENS_A_SECOND).saturating_add(WRITTEN_BESIDE),
        ),
        Media::Video { .. } => return None,
    };
    let seen = input.images.saturating_mul(IMAGE_TOKENS);
    let read = input.tokens.saturating_add(seen).saturating_add(heard);
    let rates = priced.dearest(&Reach {
        tier: metered.tier,
        input_tokens: read,
        audio_in: matches!(media, Media::Sound { .. }),
        image_in: input.images > 0,
        audio_out: matches!(media, Media::Speech { .. }),
        image_out: matches!(media, Media::Images { .. }),
    })?;
    let read = picos(&[read, rates.input_picos]);
    Some(read.saturating_add(picos(&[written, rates.output_picos])))
}
