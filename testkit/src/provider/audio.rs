//! `/audio/speech`, `/audio/transcriptions` and `/audio/translations`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Piece, Reply, bad_request, event, missing};
use super::words;
use crate::codec;

/// Bytes of audio which the fake takes for a second.
const BYTES_PER_SECOND: u64 = 16_000;

/// Speaks or listens.
pub(crate) fn create(call: &Call, which: &str) -> Reply {
    let Some(model) = call.text("model") else { return missing("model") };
    if let Some(refusal) = super::models::refuse(model, &super::world::World::new()) {
        return refusal;
    }
    match which {
        "speech" => speech(call, model),
        _ => listen(call, model, which),
    }
}

fn speech(call: &Call, model: &str) -> Reply {
    let Some(input) = call.text("input") else { return missing("input") };
    let size = words::marker(input, "bytes").unwrap_or(4096) as usize;
    let sound: Bytes = (0..size).map(|i| (i * 7 % 251) as u8).collect();
    let gap = words::gap(input);
    let tokens = Tokens::text(words::count(input) + 3, size as u64 / 64);
    let characters = input.chars().count() as u64;
    let charge = Charge { model: model.to_owned(), tokens, characters, ..Charge::default() };
    let parts = (0..size).step_by(1024).map(|at| sound.slice(at..size.min(at + 1024)));
    if call.text("stream_format") != Some("sse") {
        let pieces = parts.map(|part| Piece::new(gap, part)).collect();
        return Reply::pieces(sound_type(call), pieces).charge(charge);
    }
    let delta = |part: Bytes| json!({"type": "speech.audio.delta", "audio": codec::base64(&part)});
    let usage = json!({
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
    });
    let done = json!({"type": "speech.audio.done", "usage": usage});
    let events = parts.map(delta).chain([done]);
    let pieces = events.map(|one| Piece::new(gap, event(&one))).collect();
    Reply::sse(pieces).charge(Charge { reported: true, ..charge })
}

fn sound_type(call: &Call) -> &'static str {
    match call.text("response_format") {
        Some("opus") => "audio/ogg",
        Some("aac") => "audio/aac",
        Some("flac") => "audio/flac",
        Some("wav") => "audio/wav",
        Some("pcm") => "audio/pcm",
        _ => "audio/mpeg",
    }
}

/// What was heard.
struct Heard {
    text: String,
    seconds: u64,
    tokens: Tokens,
    usage: Value,
}

/// Transcribes or translates. `whisper-1` bills by the second, the others by tokens.
fn listen(call: &Call, model: &str, which: &str) -> Reply {
    let Some(file) = call.file("file") else { return missing("file") };
    let heard = hear(call, model, file.bytes.len() as u64);
    let charge = Charge {
        model: model.to_owned(),
        tokens: heard.tokens,
        seconds: heard.seconds,
        reported: true,
        ..Charge::default()
    };
    let unreported = Charge { reported: false, ..charge.clone() };
    if call.flag("stream") && model != "whisper-1" {
        return stream(call, &heard).charge(charge);
    }
    let (text, end) = (&heard.text, heard.seconds);
    let timed = |text: String| Reply::bytes("text/plain; charset=utf-8", text.into());
    match call.text("response_format").unwrap_or("json") {
        "json" if which == "translations" => Reply::json(&json!({"text": text})).charge(unreported),
        "json" => Reply::json(&json!({"text": text, "usage": heard.usage})).charge(charge),
        "verbose_json" | "diarized_json" => verbose(call, which, &heard).charge(charge),
        "text" => timed(format!("{text}\n")).charge(unreported),
        "srt" => {
            timed(format!("1\n00:00:00,000 --> 00:00:{end:02},000\n{text}\n\n")).charge(unreported)
        }
        "vtt" => timed(format!("WEBVTT\n\n00:00:00.000 --> 00:00:{end:02}.000\n{text}\n\n"))
            .charge(unreported),
        other => {
            let message = format!("Invalid value: '{other}'.");
            bad_request(Some("invalid_value"), "response_format", &message)
        }
    }
}

fn hear(call: &Call, model: &str, size: u64) -> Heard {
    let seconds = size.div_ceil(BYTES_PER_SECOND).max(1);
    let (said, _) = words::answer(call.text("prompt").unwrap_or_default(), None);
    let text = said.join(" ");
    if model == "whisper-1" {
        let usage = json!({"type": "duration", "seconds": seconds});
        return Heard { text, seconds, tokens: Tokens::default(), usage };
    }
    let audio_in = seconds * 10;
    let written = words::count(call.text("prompt").unwrap_or_default()) + 3;
    let tokens = Tokens { audio_in, ..Tokens::text(audio_in + written, said.len() as u64) };
    let usage = json!({
        "type": "tokens",
        "input_tokens": tokens.input,
        "input_token_details": {"text_tokens": written, "audio_tokens": audio_in},
        "output_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
    });
    Heard { text, seconds, tokens, usage }
}

fn verbose(call: &Call, which: &str, heard: &Heard) -> Reply {
    let segment = json!({
        "id": 0, "seek": 0, "start": 0.0, "end": heard.seconds as f64, "text": heard.text,
        "tokens": [1, 2, 3], "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    });
    let language = call.text("language").unwrap_or("english");
    Reply::json(&json!({
        "task": if which == "translations" { "translate" } else { "transcribe" },
        "language": language,
        "duration": heard.seconds as f64,
        "text": heard.text,
        "segments": [segment],
        "usage": heard.usage,
    }))
}

fn stream(call: &Call, heard: &Heard) -> Reply {
    let gap = words::gap(call.text("prompt").unwrap_or_default());
    let delta = |part: &str| json!({"type": "transcript.text.delta", "delta": part});
    let done = json!({"type": "transcript.text.done", "text": heard.text, "usage": heard.usage});
    let events = heard.text.split_inclusive(' ').map(delta).chain([done]);
    Reply::sse(events.map(|one| Piece::new(gap, event(&one))).collect())
}
