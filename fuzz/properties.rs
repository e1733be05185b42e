//! What must hold for every input, one function a parser.
//!
//! Included from two sides, so that nothing stands twice: the fuzz targets call these functions
//! with what libFuzzer makes, and `crates/openai/tests/seeds.rs` with the files under
//! `fuzz/seeds`. An input is the parser's own text, without a prefix, so that a seed can be read
//! and written by hand; the places where it is split follow from its bytes.

use std::fmt::Debug;
use std::ops::Range;

use bytes::Bytes;
use domain::KeyKind;
use domain::bound::Demand;
use openai::answer::Scan;
use openai::demand;
use openai::json::{self, Visit};
use openai::multipart::{BadForm, FilePart, Scanner};
use openai::pin::{self, Pin};
use openai::sse::{self, Splitter};
use openai::surface::BodyKind;
use openai::view::{BadBody, Field, View};
use openai::{surface, target as request_target};
use serde_json::Value;

/// Server-sent events: no split changes the bytes that come out or the events in them.
pub fn sse(input: &[u8]) {
    let whole = split_stream(input, &[]);
    assert!(whole.0 == input, "bytes were lost, added or moved");
    for cuts in splits(input) {
        let cut = split_stream(input, &cuts);
        assert_same(&cut, &whole, &cuts);
    }
}

/// All bytes that a splitter gave, and the data of the events that have some.
fn split_stream(input: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
    // No event is longer than the input: the limit is not what is looked at here.
    let mut splitter = Splitter::new(input.len());
    let (mut out, mut data) = (Vec::new(), Vec::new());
    let mut begun = false;
    let mut note = |piece: &[u8]| {
        out.extend_from_slice(piece);
        let mut next = 0;
        for event in sse::events(piece) {
            assert_eq!(event.start, next, "events follow one another");
            assert!(event.end > event.start, "an event has bytes");
            next = event.end;
            let event = &piece[event];
            let start = if begun { event } else { sse::without_mark(event) };
            begun = true;
            data.push(sse::data(start).into_owned());
        }
        assert_eq!(next, piece.len(), "every byte belongs to an event");
    };
    for piece in pieces(input, cuts) {
        match splitter.push(Bytes::copy_from_slice(piece)) {
            Ok(whole) => note(&whole),
            Err(error) => panic!("within the limit, but {error:?}"),
        }
    }
    note(&splitter.rest());
    // A line feed that comes after its carriage return is an event without data.
    data.retain(|d| !d.is_empty());
    (out, data)
}

/// A request body: `View` and a JSON parser agree on what is valid and on what decides, and asking
/// for usage changes nothing else.
pub fn request_view(input: &[u8]) {
    match View::of(input) {
        Ok(view) => accepted_body(input, &view),
        Err(BadBody::Invalid(invalid)) => {
            assert!(invalid.at <= input.len(), "the place is in the text");
            // 128 levels are ours; serde_json stops at 127, so that its refusal says no more.
            assert!(
                invalid.why.contains("too deeply") || read(input).is_err(),
                "refused at {}, but it is JSON: {}",
                invalid.at,
                invalid.why
            );
        }
        Err(BadBody::NotAnObject) => {
            assert!(!read(input).is_ok_and(|v| v.is_object()), "it is an object");
        }
        Err(_) => {}
    }
}

fn accepted_body(input: &[u8], view: &View) {
    if levels(input) == json::MAX_DEPTH {
        return;
    }
    let before = match read(input) {
        Ok(before) => before,
        // JSON knows no largest number; a parser that makes an f64 of it does.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        // The reference keeps a field name of its own for itself.
        Err(_) if input.windows(20).any(|w| w == b"$serde_json::private") => return,
        Err(error) => panic!("accepted, but it is not JSON: {error}"),
    };
    assert_eq!(view.model(input).as_deref(), before["model"].as_str(), "the model");
    assert_eq!(view.stream, before["stream"] == Value::Bool(true), "stream");
    assert_eq!(view.background, before["background"] == Value::Bool(true), "background");
    let asks = before["stream_options"]["include_usage"] == Value::Bool(true);
    assert_eq!(view.asks_usage(), asks, "include_usage");
    assert_told(input, view, &before);
    let Some(fields) = before.as_object() else { panic!("accepted, but it is no object") };
    if fields.is_empty() {
        // Usage is asked for in bodies that stream; an empty one does not.
        return;
    }
    let asked = openai::pin::pinned(&Bytes::copy_from_slice(input), view, &[Pin::AskUsage]);
    assert_only_usage_changed(before, &asked);
}

/// What is told beside a body changes nothing else, and every operation can be asked what the body
/// may cost.
fn assert_told(input: &[u8], view: &View, before: &Value) {
    let body = Bytes::copy_from_slice(input);
    let pins = [Pin::Number(Field::MaxTokens, 7), Pin::Text(Field::ServiceTier, "default")];
    let mut after = match read(&pin::pinned(&body, view, &pins)) {
        Ok(after) => after,
        Err(error) => panic!("with a maximum told, it is no longer JSON: {error}"),
    };
    let mut before = before.clone();
    for (field, told) in [("max_tokens", Value::from(7)), ("service_tier", "default".into())] {
        assert_eq!(after.as_object_mut().and_then(|o| o.remove(field)), Some(told), "{field}");
        before.as_object_mut().map(|o| o.remove(field));
    }
    assert_eq!(after, before, "all other fields stay");
    for operation in surface::OPERATIONS.iter().filter(|o| o.body == BodyKind::Json) {
        let Ok(Demand::Metered(metered)) = demand::of_json(operation, view, input) else {
            continue;
        };
        let pins = pin::pins(operation, view, input, &metered, Some(16));
        let sent = pin::pinned(&body, view, &pins);
        // Told once, there is nothing left to tell.
        let Ok(again) = View::of(&sent) else { panic!("what is sent is refused") };
        let Ok(Demand::Metered(metered)) = demand::of_json(operation, &again, &sent) else {
            panic!("{}: what is sent has no bound", operation.id);
        };
        let more = pin::pins(operation, &again, &sent, &metered, Some(16));
        assert!(more.is_empty(), "{}: {more:?}", operation.id);
    }
}

fn assert_only_usage_changed(mut before: Value, asked: &[u8]) {
    let mut after = match read(asked) {
        Ok(after) => after,
        Err(error) => panic!("with usage asked, it is no longer JSON: {error}"),
    };
    let Some(options) = after["stream_options"].as_object_mut() else {
        panic!("stream_options is no object");
    };
    assert_eq!(options.remove("include_usage"), Some(Value::Bool(true)), "usage is asked for");
    // Options that were no object are replaced; others keep their fields.
    match before.get_mut("stream_options") {
        Some(Value::Object(options)) => {
            options.remove("include_usage");
        }
        _ => before["stream_options"] = Value::Object(serde_json::Map::new()),
    }
    assert_eq!(after, before, "all other fields stay");
    let view = View::of(asked);
    assert!(view.is_ok_and(|v| v.asks_usage()), "we see ourselves that usage is asked for");
}

fn read(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(text)
}

/// The deepest level of a valid text.
fn levels(text: &[u8]) -> usize {
    struct Deepest(usize);
    impl Visit for Deepest {
        fn key(&mut self, _: usize, _: Range<usize>) {}
        fn string(&mut self, _: usize, _: Range<usize>) {}
        fn literal(&mut self, _: usize, _: Range<usize>) {}
        fn open(&mut self, depth: usize, _: usize, _: bool) {
            self.0 = self.0.max(depth);
        }
        fn close(&mut self, _: usize, _: usize) {}
    }
    let mut deepest = Deepest(0);
    assert!(json::walk(text, &mut deepest).is_ok(), "a text is valid twice");
    deepest.0
}

/// An answer: fed in any pieces, the scanner notes the same.
pub fn answer_scan(input: &[u8]) {
    let whole = Scan::whole(input);
    for cuts in splits(input) {
        let mut scan = Scan::default();
        for piece in pieces(input, &cuts) {
            scan.feed(piece);
        }
        assert_same(scan.noted(), &whole, &cuts);
    }
}

/// The seeds' boundary, short so that a fuzzer meets it.
const FORM: &str = "multipart/form-data; boundary=b";

/// A form: fed in any pieces, the same fields and files are found, or the same fault.
pub fn multipart(input: &[u8]) {
    let whole = scan_form(input, &[]);
    for cuts in splits(input) {
        assert_same(&scan_form(input, &cuts), &whole, &cuts);
    }
}

type FormParts = (Vec<(String, Vec<u8>)>, Vec<FilePart>);

fn scan_form(input: &[u8], cuts: &[usize]) -> Result<FormParts, BadForm> {
    let mut scanner = Scanner::new(FORM)?;
    for piece in pieces(input, cuts) {
        scanner.feed(piece)?;
    }
    let form = scanner.finish()?;
    Ok((form.fields, form.files))
}

/// Keys: what parses has a checksum that a second reckoning finds too, and one changed character
/// of a minted key is always noticed.
pub fn key(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(kind) = vault::key::parse(text)
    {
        assert_eq!(reckoned(text), Some(kind), "accepted, but the checksum says otherwise");
    }
    let (&kind, rest) = input.split_first().unwrap_or((&0, &[]));
    let (&at, rest) = rest.split_first().unwrap_or((&0, &[]));
    let flip = rest.first().copied().unwrap_or(1).max(1);
    let kinds = [KeyKind::Project, KeyKind::ServiceAccount, KeyKind::Admin];
    let kind = kinds[usize::from(kind) % kinds.len()];
    let minted = vault::key::mint(kind);
    let mut bytes = minted.expose().as_bytes().to_vec();
    assert_eq!(vault::key::parse(minted.expose()), Some(kind), "a minted key parses");
    let at = usize::from(at) % bytes.len();
    bytes[at] ^= flip;
    if let Ok(text) = std::str::from_utf8(&bytes) {
        assert_eq!(vault::key::parse(text), None, "byte {at} changed by {flip:#x}");
    }
}

/// The kind of a key, reckoned from the format's description rather than by the code under test.
fn reckoned(text: &str) -> Option<KeyKind> {
    let (prefix, kind) = [
        ("sk-tg-", KeyKind::Project),
        ("sk-svcacct-tg-", KeyKind::ServiceAccount),
        ("sk-admin-tg-", KeyKind::Admin),
    ]
    .into_iter()
    .find(|(prefix, _)| text.starts_with(prefix))?;
    if text.len() != prefix.len() + 38 {
        return None;
    }
    let (covered, check) = text.as_bytes().split_at(text.len() - 6);
    let said = check.iter().try_fold(0_u64, |sum, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        Some(sum * 62 + u64::from(value))
    })?;
    (said == u64::from(crc32(covered))).then_some(kind)
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// The request target: `PATH` or `PATH?QUERY`. What passes has one reading.
pub fn target(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let behind = path.strip_prefix("/v1").unwrap_or(path);
    for method in [http::Method::GET, http::Method::POST, http::Method::DELETE] {
        if let Ok(found) = surface::find(&method, behind) {
            assert_eq!(found.operation.method, method, "the method asked for");
            assert_fits(found.operation.path, behind, found.id);
        }
    }
    if request_target::check(path, query).is_err() {
        return;
    }
    assert!(path.starts_with('/'), "a path begins with a slash");
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (at, segment) in segments.iter().enumerate() {
        assert!(!segment.is_empty() || at + 1 == segments.len(), "an empty segment inside");
        let Some(text) = request_target::decode(segment) else { panic!("{segment} passed") };
        assert!(text != "." && text != "..", "a dot segment");
        assert!(!text.contains(['/', '\\', '%', ';', '?', '#', '\0', '\r', '\n']), "{text:?}");
    }
    for pair in query.unwrap_or("").split('&') {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let Some(name) = request_target::decode(name) else { panic!("{name} passed") };
        assert!(name != "key" && name != "api_key", "a key in the query");
    }
}

fn assert_fits(template: &str, path: &str, id: Option<&str>) {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    assert_eq!(wanted.len(), given.len(), "{path} went to {template}");
    let mut first = None;
    for (wanted, given) in wanted.into_iter().zip(given) {
        if wanted.starts_with('{') {
            assert!(!given.is_empty(), "{path} has an empty id");
            first = first.or(Some(given));
        } else {
            assert_eq!(wanted, given, "{path} went to {template}");
        }
    }
    assert_eq!(id, first, "the first parameter of {template}");
}

/// Places to cut an input at: between all bytes, at some pseudo-random places that follow from
/// the input, and for a short one at every single place.
fn splits(input: &[u8]) -> Vec<Vec<usize>> {
    let length = input.len();
    let mut all = vec![(1..length).collect::<Vec<_>>()];
    if length <= 64 {
        all.extend((1..length).map(|at| vec![at]));
    }
    // FNV-1a, then a linear congruential step for each cut.
    let mut state = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    for count in [1, 2, 5] {
        let mut cuts: Vec<usize> = (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as usize % (length + 1)
            })
            .collect();
        cuts.sort_unstable();
        all.push(cuts);
    }
    all
}

/// Equality, told in few words: an input may be long.
fn assert_same<T: Debug + PartialEq>(cut: &T, whole: &T, cuts: &[usize]) {
    let short = |value: &T| format!("{value:?}").chars().take(400).collect::<String>();
    let first = &cuts[..cuts.len().min(5)];
    let (left, right) = (short(cut), short(whole));
    let count = cuts.len();
    assert!(cut == whole, "{count} cuts at {first:?}…:\n  cut   {left}\n  whole {right}");
}

/// The input, cut at ascending places.
fn pieces<'i>(input: &'i [u8], cuts: &[usize]) -> Vec<&'i [u8]> {
    let mut rest = input;
    let mut taken = 0;
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    for cut in cuts {
        let (piece, tail) = rest.split_at(cut - taken);
        pieces.push(piece);
        (rest, taken) = (tail, *cut);
    }
    pieces.push(rest);
    pieces
}
