//! A usage record in at most the room of a slot. Numbers are little-endian; a text is its length
//! and its bytes. Texts that a caller or a provider chose are cut where they would not fit.

use std::sync::Arc;

use domain::{
    CacheUse, Cost, KeyId, Nanos, Outcome, ProjectId, Timestamp, Tokens, UsageFamily, UsageRecord,
};
use openai::surface;

/// The most bytes of a text that is not ours.
const FOREIGN: usize = 96;

/// Writes the record; gives its length.
pub(super) fn encode(out: &mut [u8], record: &UsageRecord) -> usize {
    let mut to = Writer { out, at: 0 };
    to.text(record.request.as_str());
    to.text(record.operation);
    to.text(record.project.as_str());
    to.text(record.key.as_str());
    to.text(&record.user);
    to.text(record.upstream.as_str());
    for text in [
        record.user_label.as_deref(),
        record.model_asked.as_deref(),
        record.model_served.as_deref(),
        record.service_tier.as_deref(),
        record.upstream_request.as_deref(),
        record.error,
    ] {
        to.foreign(text);
    }
    to.byte(family(record.family));
    to.byte(outcome(record.outcome));
    let flags = [record.stream, record.batch, record.estimated, record.cost.is_some()];
    let flags: u8 = flags.iter().enumerate().map(|(bit, on)| u8::from(*on) << bit).sum();
    let flags = flags | u8::from(record.shadow) << 6;
    let used = record.cache.map_or(0, |used| used as u8 + 1);
    to.byte(flags | (used & 3) << 4 | (used >> 2) << 7);
    for number in numbers(record) {
        to.number(number);
    }
    to.at
}

/// Reads what [`encode`] wrote; `None` for anything else.
pub(super) fn decode(bytes: &[u8]) -> Option<UsageRecord> {
    let mut from = Reader(bytes);
    let request = from.text()?.into();
    let operation = surface::by_id(from.text()?)?;
    let project = ProjectId::from(from.text()?);
    let key = KeyId::from(from.text()?);
    let user: Arc<str> = from.text()?.into();
    let upstream = from.text()?.into();
    let user_label = from.foreign()?.map(Box::from);
    let [model_asked, model_served, service_tier] =
        [from.foreign()?, from.foreign()?, from.foreign()?].map(|t| t.map(Arc::from));
    let upstream_request = from.foreign()?.map(Box::from);
    let error = from.foreign()?.and_then(domain::fault::catalogue::find).map(|e| e.code);
    let family = UsageFamily::ALL.get(usize::from(from.byte()?)).copied()?;
    let outcome = OUTCOMES.get(usize::from(from.byte()?)).copied()?;
    let flags = from.byte()?;
    let on = |bit: u8| flags & (1 << bit) != 0;
    let mut n = [0; NUMBERS];
    for number in &mut n {
        *number = from.number()?;
    }
    let [at, attempt, status, images, media_ms, characters, rest @ ..] = n;
    let [queue, first, total_us, bytes_in, bytes_out, amounts @ ..] = rest;
    let (tokens, cost) = (tokens(&amounts), cost(&amounts));
    Some(UsageRecord {
        request,
        attempt: u32::try_from(attempt).ok()?,
        at: Timestamp(at.cast_signed()),
        operation: operation.id,
        family,
        project,
        key,
        user,
        user_label,
        model_asked,
        model_served,
        service_tier,
        upstream,
        upstream_request,
        status: u16::try_from(status).ok()?,
        outcome,
        stream: on(0),
        batch: on(1),
        estimated: on(2),
        tokens,
        images: u32::try_from(images).ok()?,
        media_ms,
        characters,
        cost: on(3).then_some(cost),
        error,
        queue_us: u32::try_from(queue).ok()?,
        first_byte_us: u32::try_from(first).ok()?,
        total_us,
        bytes_in,
        bytes_out,
        // Two bits and one more: 0 is no cache. What was saved is a figure and no money, and has no room here.
        cache: CacheUse::ALL
            .get(usize::from(flags >> 4 & 3 | flags >> 5 & 4).wrapping_sub(1))
            .copied(),
        saved: None,
        shadow: on(6),
        // A figure and no money: it has no room here.
        prints: None,
    })
}

const NUMBERS: usize = 11 + AMOUNTS;
/// Nine kinds of tokens and four parts of a cost.
const AMOUNTS: usize = 13;

fn numbers(record: &UsageRecord) -> [u64; NUMBERS] {
    let (tokens, cost) = (&record.tokens, record.cost.unwrap_or_default());
    [
        record.at.0.cast_unsigned(),
        record.attempt.into(),
        record.status.into(),
        record.images.into(),
        record.media_ms,
        record.characters,
        record.queue_us.into(),
        record.first_byte_us.into(),
        record.total_us,
        record.bytes_in,
        record.bytes_out,
        tokens.input,
        tokens.input_cached,
        tokens.input_cache_write,
        tokens.input_audio,
        tokens.input_image,
        tokens.output,
        tokens.output_reasoning,
        tokens.output_audio,
        tokens.output_image,
        cost.input.0.cast_unsigned(),
        cost.input_cached.0.cast_unsigned(),
        cost.output.0.cast_unsigned(),
        cost.other.0.cast_unsigned(),
    ]
}

fn tokens(amounts: &[u64; AMOUNTS]) -> Tokens {
    let [input, cached, write, audio, image, output, reasoning, audio_out, image_out, ..] =
        *amounts;
    Tokens {
        input,
        input_cached: cached,
        input_cache_write: write,
        input_audio: audio,
        input_image: image,
        output,
        output_reasoning: reasoning,
        output_audio: audio_out,
        output_image: image_out,
        // Only the cost rests on it, and that is here.
        input_cache_write_long: 0,
    }
}

fn cost(amounts: &[u64; AMOUNTS]) -> Cost {
    let [.., input, input_cached, output, other] = amounts.map(|n| Nanos(n.cast_signed()));
    Cost { input, input_cached, output, other }
}

const OUTCOMES: [Outcome; 4] =
    [Outcome::Completed, Outcome::Refused, Outcome::ClientGone, Outcome::UpstreamFailed];

fn family(family: UsageFamily) -> u8 {
    UsageFamily::ALL
        .iter()
        .position(|f| *f == family)
        .and_then(|at| u8::try_from(at).ok())
        .unwrap_or(7)
}

fn outcome(outcome: Outcome) -> u8 {
    OUTCOMES.iter().position(|o| *o == outcome).and_then(|at| u8::try_from(at).ok()).unwrap_or(3)
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(room) = self.out.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
            self.at += bytes.len();
        }
    }

    fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        let most = text.floor_char_boundary(FOREIGN);
        self.byte(u8::try_from(most).unwrap_or(0));
        self.bytes(&text.as_bytes()[..most]);
    }

    fn foreign(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.byte(u8::MAX),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.bytes(1)?[0])
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        self.foreign()?
    }

    fn foreign(&mut self) -> Option<Option<&'a str>> {
        match self.byte()? {
            u8::MAX => Some(None),
            length => Some(Some(std::str::from_utf8(self.bytes(length.into())?).ok()?)),
        }
    }
}
