//! Images, speech, video.

use domain::ObjectKind;
use domain::bound::{Demand, Media, Metered};

use super::{Bad, is_given, number};
use crate::json::unescape;
use crate::pin::said;
use crate::view::{Field, View};

/// Output tokens of an image at its highest quality: of the usual sizes (7,024 for 1024×1024 by
/// `gpt-image-2`, 6,240 for 1024×1536 by older models), and of any other up to 3840×2160.
const USUAL_IMAGE: u64 = 8_192;
const ANY_IMAGE: u64 = 24_576;
/// Output tokens of an image that is shown before it is finished.
const PARTIAL_IMAGE: u64 = 100;
/// Tokens around a prompt.
const AROUND: u64 = 256;
/// A byte of text takes at most a second to say, and there may be silence around it.
const SILENCE: u64 = 30;
/// The slowest speed is a quarter of the usual one.
const SLOWEST: u64 = 4;
/// Seconds of a video whose request does not say: the longest that can be asked for.
const VIDEO: u64 = 12;

pub(super) const IMAGES: &str = "must be a whole number from 1 to 128";
pub(super) const PARTIAL_IMAGES: &str = "must be a whole number from 0 to 16";
pub(super) const SECONDS: &str = "must be a whole number of seconds from 1 to 3600";

/// What is made of images: `count` of a `size`, from `given` ones and so many bytes of text.
pub(super) fn pictures(
    count: u64,
    partial: u64,
    size: Option<&str>,
    given: u64,
    text: u64,
) -> Demand {
    let usual =
        matches!(size, Some("1024x1024" | "1024x1536" | "1536x1024" | "512x512" | "256x256"));
    let tokens = if usual { USUAL_IMAGE } else { ANY_IMAGE } + PARTIAL_IMAGE * partial;
    let mut metered = Metered::media(text + AROUND, Media::Images { count, tokens });
    metered.input.images = given;
    Demand::Metered(metered)
}

pub(super) fn video_of(seconds: Option<u64>) -> Demand {
    let seconds = seconds.unwrap_or(VIDEO);
    Demand::Metered(Metered::media(0, Media::Video { seconds }))
}

pub(super) fn images(view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let count = number::count(view, body, Field::N, 1..=128, IMAGES)?.unwrap_or(1);
    let partial = number::count(view, body, Field::PartialImages, 0..=16, PARTIAL_IMAGES)?;
    let size = said(view, body, Field::Size).and_then(text);
    let files = view.references.iter().filter(|(kind, _)| *kind == ObjectKind::File).count();
    let given = u64::from(view.spend.images) + files as u64;
    let prompt = view.spend.value(Field::Prompt).map_or(0, |span| span.len() as u64);
    Ok(pictures(count, partial.unwrap_or(0), size.as_deref(), given, prompt))
}

pub(super) fn speech(view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let input = match said(view, body, Field::Input) {
        Some(value) => text(value).ok_or(Bad::value("input", "must be a string"))?,
        None => "".into(),
    };
    let instructions = view.spend.value(Field::Instructions).map_or(0, |span| span.len() as u64);
    // Which characters a provider counts is its own affair; UTF-16 has the most of them.
    let characters = input.encode_utf16().count() as u64;
    let slow = if is_given(view, body, Field::Speed) { SLOWEST } else { 1 };
    let seconds = (input.len() as u64 + SILENCE) * slow;
    let tokens = input.len() as u64 + instructions + AROUND;
    Ok(Demand::Metered(Metered::media(tokens, Media::Speech { characters, seconds })))
}

pub(super) fn video(view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let Some(value) = said(view, body, Field::Seconds) else { return Ok(video_of(None)) };
    // A number, or the digits of one in a string.
    let digits = text(value).map(|t| t.into_owned().into_bytes()).unwrap_or(value.to_vec());
    match number::plain(&digits).filter(|seconds| (1..=3_600).contains(seconds)) {
        Some(seconds) => Ok(video_of(Some(seconds))),
        None => Err(Bad::value("seconds", SECONDS)),
    }
}

/// The text of a value that is a string.
fn text(value: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).and_then(unescape)
}
