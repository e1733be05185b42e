//! The known fields of a usage object, in one walk that builds nothing.

use std::ops::Range;

use crate::json::{self, Visit};

mod usual;

/// What stood there and was not `null`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) input_tokens: Option<u64>,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) total_tokens: Option<u64>,
    pub(super) input_tokens_details: Option<Details>,
    pub(super) prompt_tokens_details: Option<Details>,
    pub(super) output_tokens_details: Option<Details>,
    pub(super) completion_tokens_details: Option<Details>,
    /// Where the number stands.
    pub(super) seconds: Option<Range<usize>>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Details {
    pub(super) cached_tokens: Option<u64>,
    pub(super) cache_write_tokens: Option<u64>,
    pub(super) cache_writes: Option<CacheWrites>,
    pub(super) audio_tokens: Option<u64>,
    pub(super) image_tokens: Option<u64>,
    pub(super) reasoning_tokens: Option<u64>,
}

/// How long what was written is kept.
#[derive(Debug, Default, PartialEq)]
pub(super) struct CacheWrites {
    pub(super) ttl_12h_tokens: Option<u64>,
}

/// `None` for what is no object, for a known field of another kind, and for one that stands twice.
pub(super) fn read(text: &[u8]) -> Option<Usage> {
    let (usage, length) = read_prefix(text)?;
    // Only space may stand behind it.
    text[length..].iter().all(|byte| b" \n\r\t".contains(byte)).then_some(usage)
}

/// The same for a text that goes on behind it; with its length.
pub(super) fn read_prefix(text: &[u8]) -> Option<(Usage, usize)> {
    usual::read(text).or_else(|| any_prefix(text))
}

fn any_prefix(text: &[u8]) -> Option<(Usage, usize)> {
    let mut reader = Reader {
        text,
        usage: Usage::default(),
        top: Top::Other,
        part: Part::Other,
        ttl_12h: false,
        bad: false,
    };
    let length = json::walk_value(text, &mut reader).ok()?;
    (!reader.bad).then_some((reader.usage, length))
}

/// The key of the outermost object that was met last.
#[derive(Clone, Copy)]
enum Top {
    Other,
    Count(fn(&mut Usage) -> &mut Option<u64>),
    Details(fn(&mut Usage) -> &mut Option<Details>),
    Seconds,
}

/// The key inside of details that was met last.
#[derive(Clone, Copy)]
enum Part {
    Other,
    Count(fn(&mut Details) -> &mut Option<u64>),
    CacheWrites,
}

fn top(key: &[u8]) -> Top {
    match key {
        b"input_tokens" => Top::Count(|u| &mut u.input_tokens),
        b"prompt_tokens" => Top::Count(|u| &mut u.prompt_tokens),
        b"output_tokens" => Top::Count(|u| &mut u.output_tokens),
        b"completion_tokens" => Top::Count(|u| &mut u.completion_tokens),
        b"total_tokens" => Top::Count(|u| &mut u.total_tokens),
        b"input_tokens_details" | b"input_token_details" => {
            Top::Details(|u| &mut u.input_tokens_details)
        }
        b"prompt_tokens_details" => Top::Details(|u| &mut u.prompt_tokens_details),
        b"output_tokens_details" | b"output_token_details" => {
            Top::Details(|u| &mut u.output_tokens_details)
        }
        b"completion_tokens_details" => Top::Details(|u| &mut u.completion_tokens_details),
        b"seconds" => Top::Seconds,
        _ => Top::Other,
    }
}

fn part(key: &[u8]) -> Part {
    match key {
        b"cached_tokens" => Part::Count(|d| &mut d.cached_tokens),
        b"cache_write_tokens" => Part::Count(|d| &mut d.cache_write_tokens),
        b"cache_write_tokens_details" => Part::CacheWrites,
        b"audio_tokens" => Part::Count(|d| &mut d.audio_tokens),
        b"image_tokens" => Part::Count(|d| &mut d.image_tokens),
        b"reasoning_tokens" => Part::Count(|d| &mut d.reasoning_tokens),
        _ => Part::Other,
    }
}

/// A whole number of at most 18 digits; a longer one counts nothing that there can be.
fn whole(text: &[u8]) -> Option<u64> {
    let digits = text.len() <= 18 && text.iter().all(u8::is_ascii_digit);
    let number = || text.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    digits.then(number)
}

struct Reader<'t> {
    text: &'t [u8],
    usage: Usage,
    top: Top,
    part: Part,
    /// Whether the key met last inside of the cache's writes is the one that is read.
    ttl_12h: bool,
    bad: bool,
}

impl Reader<'_> {
    /// The slot of the count whose value comes at this depth, if it is one of ours.
    fn slot(&mut self, depth: usize) -> Option<&mut Option<u64>> {
        let top = match (depth, self.top) {
            (1, Top::Count(count)) => return Some(count(&mut self.usage)),
            (2 | 3, Top::Details(details)) => details(&mut self.usage).as_mut()?,
            _ => return None,
        };
        match (depth, self.part) {
            (2, Part::Count(count)) => Some(count(top)),
            (3, Part::CacheWrites) if self.ttl_12h => {
                top.cache_writes.as_mut().map(|writes| &mut writes.ttl_12h_tokens)
            }
            _ => None,
        }
    }

    /// Whether a value here has a meaning, which a string or a container cannot have.
    fn means(&self, depth: usize) -> bool {
        match (depth, self.top, self.part) {
            (0, _, _) => true,
            (1, top, _) => !matches!(top, Top::Other),
            (2, Top::Details(_), part) => !matches!(part, Part::Other),
            (3, Top::Details(_), Part::CacheWrites) => self.ttl_12h,
            _ => false,
        }
    }
}

impl Visit for Reader<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        match depth {
            1 => self.top = top(&self.text[raw]),
            2 => self.part = part(&self.text[raw]),
            3 => self.ttl_12h = &self.text[raw] == b"ttl_12h_tokens",
            _ => {}
        }
    }

    fn string(&mut self, depth: usize, _: Range<usize>) {
        self.bad |= self.means(depth);
    }

    fn literal(&mut self, depth: usize, raw: Range<usize>) {
        let text = self.text;
        let text = &text[raw.clone()];
        if depth > 0 && text == b"null" {
            return;
        }
        if let Some(slot) = self.slot(depth) {
            let number = whole(text);
            let twice = slot.is_some();
            *slot = number;
            self.bad |= twice || number.is_none();
        } else if depth == 1 && matches!(self.top, Top::Seconds) {
            self.bad |= self.usage.seconds.replace(raw).is_some();
        } else {
            self.bad |= self.means(depth);
        }
    }

    fn open(&mut self, depth: usize, _: usize, object: bool) {
        match (depth, self.top) {
            (1, _) => self.bad |= !object,
            (2, Top::Details(details)) => {
                self.part = Part::Other;
                let details = details(&mut self.usage);
                self.bad |= !object || details.is_some();
                *details = Some(Details::default());
            }
            (3, Top::Details(details)) if matches!(self.part, Part::CacheWrites) => {
                self.ttl_12h = false;
                if let Some(details) = details(&mut self.usage) {
                    self.bad |= !object || details.cache_writes.is_some();
                    details.cache_writes = Some(CacheWrites::default());
                }
            }
            _ => self.bad |= self.means(depth - 1),
        }
    }

    fn close(&mut self, _: usize, _: usize) {}
}
