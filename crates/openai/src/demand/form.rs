//! Forms: images to edit, sound to write down, videos.

use std::ops::RangeInclusive;

use domain::bound::{Demand, Media, Metered};

use super::{Bad, NO_MODEL, SOUND_BYTES_A_SECOND, UNREAD, media, number};
use crate::multipart::Form;
use crate::surface::{Meter, Operation};

/// Tokens around a prompt.
const AROUND: u64 = 256;

pub(super) fn demand(operation: &Operation, form: &Form) -> Result<Demand, Bad> {
    if one(form, "model")?.is_none_or(str::is_empty) {
        return Ok(NO_MODEL.into());
    }
    match operation.meter {
        Meter::Images => {
            let count = count(form, "n", 1..=128, media::IMAGES)?.unwrap_or(1);
            let partial = count_of_partial(form)?;
            let size = one(form, "size")?;
            Ok(media::pictures(count, partial, size, pictures_in(form), form.text_bytes))
        }
        Meter::Transcription => Ok(sound(form)),
        Meter::Video => {
            let seconds = count(form, "seconds", 1..=3_600, media::SECONDS)?;
            Ok(media::video_of(seconds))
        }
        _ => Ok(UNREAD.into()),
    }
}

fn count_of_partial(form: &Form) -> Result<u64, Bad> {
    Ok(count(form, "partial_images", 0..=16, media::PARTIAL_IMAGES)?.unwrap_or(0))
}

/// Every file is taken for an image, and every field that could name one.
fn pictures_in(form: &Form) -> u64 {
    let names = |name: &str| name.starts_with("image") || name.starts_with("mask");
    (form.files.len() + form.fields.iter().filter(|(name, _)| names(name)).count()) as u64
}

/// Seconds by the bytes of all files; speakers' voices may stand in fields.
fn sound(form: &Form) -> Demand {
    let bytes: u64 = form.files.iter().map(|file| file.bytes).sum();
    let seconds = (bytes + form.text_bytes) / SOUND_BYTES_A_SECOND + 1;
    Demand::Metered(Metered::media(form.text_bytes + AROUND, Media::Sound { seconds }))
}

fn one<'f>(form: &'f Form, field: &'static str) -> Result<Option<&'f str>, Bad> {
    form.one(field).map_err(|_| Bad::value(field, "may stand only once, as UTF-8"))
}

fn count(
    form: &Form,
    field: &'static str,
    range: RangeInclusive<u64>,
    why: &'static str,
) -> Result<Option<u64>, Bad> {
    match one(form, field)? {
        None | Some("") => Ok(None),
        Some(text) => match number::plain(text.as_bytes()).filter(|n| range.contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(Bad::value(field, why)),
        },
    }
}
