//! The request log's rows: blocks of calls, one row of the database each.
//!
//! A row a call costs every call: its columns, its page, its index. So calls that are posted
//! together lie in one row: what few of them differ in (whose, which model, how it ended) is said
//! once in `kinds`, and each call is a short JSON list in `calls` that begins with its kind's place
//! there. A look for some calls is held against what a block may hold (`holds.rs`) and then against
//! its kinds, before its calls are read. The schema's view shows all of it as the rows that there
//! would be.

pub(crate) mod holds;
mod list;
pub(crate) mod read;

use domain::{CacheUse, UsageRecord};

use holds::Things;
use list::List;

/// The most calls of a block: what a look at one call opens.
pub(crate) const MOST_ROWS: usize = 512;
/// A block with fewer calls is continued by what comes next, so that a quiet log has no more blocks
/// than it must.
pub(crate) const FEW_ROWS: usize = 64;
/// How many of the last kinds a call is held against; one that is none of them is written again.
const NEAR_KINDS: usize = 16;

/// A block that is being filled.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The place of its first call in the log.
    pub(crate) place: i64,
    rows: usize,
    /// What its calls' times are counted from, in milliseconds.
    pub(crate) base_ms: i64,
    pub(crate) least: String,
    pub(crate) greatest: String,
    kinds: String,
    calls: String,
    kind_count: usize,
    things: Things,
    /// A record of each of the last kinds, the newest last.
    known: Vec<(usize, UsageRecord)>,
}

impl Block {
    pub(crate) fn begin(place: i64) -> Self {
        Self {
            place,
            rows: 0,
            base_ms: 0,
            least: String::new(),
            greatest: String::new(),
            kinds: String::new(),
            calls: String::new(),
            kind_count: 0,
            things: Things::default(),
            known: Vec::new(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows >= MOST_ROWS
    }

    pub(crate) fn is_small(&self) -> bool {
        self.rows < FEW_ROWS
    }

    /// How many calls it has.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.rows).unwrap_or(i64::MAX)
    }

    /// The place behind its last call.
    pub(crate) fn end(&self) -> i64 {
        self.place.saturating_add(self.rows())
    }

    /// What it holds, for those who look for some calls.
    pub(crate) fn holds(&self) -> Vec<u8> {
        self.things.filter()
    }

    /// Its kinds and calls as JSON lists.
    pub(crate) fn texts(&mut self) -> (&str, &str) {
        for text in [&mut self.kinds, &mut self.calls] {
            text.push(']');
        }
        (&self.kinds, &self.calls)
    }

    /// Takes the ends of the lists away, so that more can come.
    pub(crate) fn reopen(&mut self) {
        for text in [&mut self.kinds, &mut self.calls] {
            text.pop();
        }
    }

    pub(crate) fn add(&mut self, record: &UsageRecord) {
        let id = record.request.as_str();
        if self.rows == 0 {
            self.base_ms = record.at.0;
            self.calls.push('[');
            self.least.push_str(id);
            self.greatest.push_str(id);
        } else {
            self.calls.push(',');
            if id < &*self.least {
                id.clone_into(&mut self.least);
            }
            if id > &*self.greatest {
                id.clone_into(&mut self.greatest);
            }
        }
        let kind = self.kind(record);
        write_call(&mut self.calls, record, kind, self.base_ms);
        self.rows += 1;
    }

    /// The place of a record's kind.
    fn kind(&mut self, record: &UsageRecord) -> usize {
        let known = self.known.iter().rev().find(|(_, known)| is_same(known, record));
        if let Some((kind, _)) = known {
            return *kind;
        }
        let kind = self.kind_count;
        self.kind_count += 1;
        self.kinds.push(if kind == 0 { '[' } else { ',' });
        write_kind(&mut self.kinds, record);
        self.things.note(record);
        if self.known.len() == NEAR_KINDS {
            self.known.remove(0);
        }
        self.known.push((kind, record.clone()));
        kind
    }
}

/// Whether two calls are of one kind: all that [`write_kind`] writes is the same.
fn is_same(a: &UsageRecord, b: &UsageRecord) -> bool {
    a.key == b.key
        && a.model_asked == b.model_asked
        && a.model_served == b.model_served
        && (a.status, a.outcome, a.operation) == (b.status, b.outcome, b.operation)
        && (a.stream, a.batch, a.estimated) == (b.stream, b.batch, b.estimated)
        && (a.family, a.cache, a.shadow) == (b.family, b.cache, b.shadow)
        && (a.error, a.prints.is_some()) == (b.error, b.prints.is_some())
        && a.upstream == b.upstream
        && a.service_tier == b.service_tier
        && a.user == b.user
        && a.project == b.project
}

/// In the order of [`read::Kind`].
fn write_kind(into: &mut String, r: &UsageRecord) {
    let mut list = List::begin(into);
    list.text(Some(r.operation));
    list.text(Some(r.family.as_str()));
    list.text(Some(r.project.as_str()));
    list.text(Some(r.key.as_str()));
    list.text(Some(&r.user));
    list.text(r.model_asked.as_deref());
    list.text(r.model_served.as_deref());
    list.text(r.service_tier.as_deref());
    list.text(Some(r.upstream.as_str()));
    list.count(u64::from(r.status));
    list.text(Some(r.outcome.as_str()));
    for flag in [r.stream, r.batch, r.estimated] {
        list.count(u64::from(flag));
    }
    list.text(r.error);
    list.text(r.cache.map(CacheUse::as_str));
    list.count(u64::from(r.shadow));
    list.count(u64::from(r.prints.is_some()));
    list.end();
}

/// In the order of [`read::Call`].
fn write_call(into: &mut String, r: &UsageRecord, kind: usize, base_ms: i64) {
    let mut list = List::begin(into);
    list.count(kind as u64);
    list.text(Some(r.request.as_str()));
    list.count(u64::from(r.attempt));
    list.signed(Some(r.at.0.saturating_sub(base_ms)));
    let t = &r.tokens;
    for tokens in [t.input, t.input_cached, t.output, t.output_reasoning] {
        list.count(tokens);
    }
    list.signed(r.cost.map(|cost| cost.total().0));
    for part in r.cost.map_or([0; 3], |cost| [cost.input.0, cost.input_cached.0, cost.output.0]) {
        list.signed(Some(part));
    }
    list.count(u64::from(r.queue_us));
    list.count(u64::from(r.first_byte_us));
    for count in [r.total_us, r.bytes_in, r.bytes_out] {
        list.count(count);
    }
    list.text(r.upstream_request.as_deref());
    list.text(r.user_label.as_deref());
    // What most calls have nothing of is not in their lists.
    let rare = [
        t.input_cache_write,
        t.input_audio,
        t.input_image,
        t.output_audio,
        t.output_image,
        u64::from(r.images),
        r.media_ms,
        r.characters,
    ];
    if rare.iter().any(|count| *count > 0) || r.saved.is_some() || r.prints.is_some() {
        rare.iter().for_each(|count| list.count(*count));
        list.signed(r.saved.map(|saved| saved.0));
        list.signed(r.prints.map(|prints| prints.prompt.cast_signed()));
        list.signed(r.prints.and_then(|prints| prints.prefix).map(u64::cast_signed));
    }
    list.end();
}
