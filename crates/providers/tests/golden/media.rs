//! Sound, speech, images and videos.

use crate::check;
use crate::used::{characters, filmed, heard, images, text, units};

#[test]
fn case_30_sound() {
    let spoken = text(500, 300).audio(400, 250);
    let words = "100 in × $2.50/M + 400 sound-in × $32/M + 50 out × $10/M + 250 sound-out × $64/M";
    check(&[
        ("gpt-audio", spoken, 29_550_000, words),
        // No price for what is cached: all of it as if it were not.
        ("gpt-audio", spoken.cached(100), 29_550_000, words),
        (
            "gpt-audio-mini",
            text(10, 20).audio(0, 20),
            406_000,
            "10 in × $0.60/M + 20 sound-out × $20/M",
        ),
        (
            "gpt-realtime-mini",
            text(300, 100).audio(200, 80),
            3_708_000,
            "100 in × $0.60/M + 200 sound-in × $10/M + 20 out × $2.40/M + 80 sound-out × $20/M",
        ),
        // Of what is cached, text first: there it saves least.
        (
            "gpt-realtime",
            text(1_000, 0).audio(600, 0).cached(500),
            16_200_000,
            "400 cached-text × $0.40/M + 100 cached-sound × $0.40/M + 500 sound-in × $32/M",
        ),
        // Both counts of the same sound: tokens it is.
        (
            "gpt-4o-transcribe",
            text(100, 20).audio(100, 0).and(heard(5_000)),
            450_000,
            "100 sound-in × $2.50/M + 20 out × $10/M",
        ),
        // All that it puts out is sound, whatever an answer calls it.
        ("gpt-4o-mini-tts", text(20, 300), 3_612_000, "20 in × $0.60/M + 300 sound-out × $12/M"),
    ]);
}

#[test]
fn sound_by_the_minute_and_speech_by_the_character() {
    check(&[
        ("whisper-1", units(heard(60_000)), 6_000_000, "60 s × $0.006/min"),
        ("whisper-1", units(heard(3_021)), 302_100, "3.021 s × $0.0001"),
        ("gpt-4o-transcribe", units(heard(30_000)), 3_000_000, "30 s × $0.006/min"),
        ("gpt-4o-mini-transcribe", units(heard(10_000)), 500_000, "10 s × $0.003/min"),
        ("gpt-transcribe", units(heard(90_000)), 6_750_000, "90 s × $0.0045/min"),
        ("tts-1", units(characters(11)), 165_000, "11 characters × $15/M"),
        ("tts-1-hd", units(characters(4_096)), 122_880_000, "4,096 characters × $30/M"),
    ]);
}

#[test]
fn case_30_images_and_videos() {
    check(&[
        (
            "gpt-image-1",
            text(370, 4_160).image(320, 4_160),
            169_850_000,
            "50 in × $5/M + 320 image-in × $10/M + 4,160 image-out × $40/M",
        ),
        (
            "gpt-image-1-mini",
            text(100, 1_000).image(0, 1_000),
            8_200_000,
            "100 in × $2/M + 1,000 image-out × $8/M",
        ),
        (
            "gpt-image-1.5",
            text(20, 1_000).image(0, 900),
            29_900_000,
            "20 in × $5/M + 900 image-out × $32/M + 100 out × $10/M",
        ),
        // The answer does not say what of it is image.
        ("gpt-image-1.5", text(20, 1_000), 32_100_000, "20 in × $5/M + 1,000 image-out × $32/M"),
        // Pictures shown to a chat model are input like any other, cached or not.
        (
            "gpt-5",
            text(1_000, 0).image(900, 0).cached(800),
            350_000,
            "200 in × $1.25/M + 800 cached × $0.125/M",
        ),
        // No usage: each at high quality and the largest size.
        ("gpt-image-1", units(images(2)), 500_000_000, "2 images × $0.25"),
        ("gpt-image-1.5", units(images(3)), 600_000_000, "3 images × $0.20"),
        ("sora-2", units(filmed(4_000)), 400_000_000, "4 s × $0.10"),
        ("sora-2-pro", units(filmed(8_000)), 4_000_000_000, "8 s × $0.50"),
    ]);
}
