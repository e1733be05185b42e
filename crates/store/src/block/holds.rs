//! What a block may hold: some bits for each thing that a look can ask for.
//!
//! A Bloom filter. A bit may be another thing's too, so a block may be opened for nothing; one that
//! holds what is looked for is always opened. Filters lie in the database: neither the hash nor what
//! is put into it may ever change.

use domain::{AttemptFilter, Outcome, UsageRecord};

use super::read::Kind;

/// Bits a thing has.
const EACH: u32 = 3;
/// Bits of the filter, a thing: three in a thousand blocks are opened for nothing then.
const ROOM: usize = 12;
const FEWEST_BITS: usize = 64;
const MOST_BITS: usize = 16_384;
/// Spans of statuses beyond these classes are not asked for by anybody.
const CLASSES: std::ops::RangeInclusive<u16> = 1..=5;

/// The hashes of what a block holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Things(Vec<u64>);

impl Things {
    /// What a call of a new kind brings.
    pub(super) fn note(&mut self, record: &UsageRecord) {
        self.names([record.project.as_str(), record.key.as_str()]);
        let models = [&record.model_asked, &record.model_served];
        models.into_iter().flatten().for_each(|model| self.0.push(hash(b'm', model.as_bytes())));
        self.end(record.status, record.outcome.as_str(), record.prints.is_some());
    }

    pub(crate) fn note_kind(&mut self, kind: &Kind) {
        self.names([&kind.project, &kind.key]);
        let models = [&kind.model_asked, &kind.model_served];
        models.into_iter().flatten().for_each(|model| self.0.push(hash(b'm', model.as_bytes())));
        self.end(kind.status, &kind.outcome, kind.prints != 0);
    }

    fn names(&mut self, [project, key]: [&str; 2]) {
        self.0.extend([hash(b'p', project.as_bytes()), hash(b'k', key.as_bytes())]);
    }

    fn end(&mut self, status: u16, outcome: &str, prints: bool) {
        self.0.extend([one_status(status), class(status / 100), hash(b'o', outcome.as_bytes())]);
        self.0.extend(prints.then(hashed));
    }

    /// The filter, as it lies in the database.
    pub(crate) fn filter(&self) -> Vec<u8> {
        let mut all = self.0.clone();
        all.sort_unstable();
        all.dedup();
        let bits = (all.len() * ROOM).next_power_of_two().clamp(FEWEST_BITS, MOST_BITS);
        let mut filter = vec![0_u8; bits / 8];
        for place in all.iter().flat_map(|hash| places(*hash, bits)) {
            filter[place / 8] |= 1 << (place % 8);
        }
        filter
    }
}

/// What a look asks for: of each list, one at least.
pub(crate) struct Wanted(Vec<Vec<u64>>);

impl Wanted {
    pub(crate) fn of(filter: &AttemptFilter) -> Self {
        let AttemptFilter { project, key, model, status, outcome, request: _ } = filter;
        let named = |tag: u8, name: &Option<String>| {
            name.as_ref().map(|name| vec![hash(tag, name.as_bytes())])
        };
        let outcome = outcome.map(|outcome: Outcome| vec![hash(b'o', outcome.as_str().as_bytes())]);
        let all = [named(b'p', project), named(b'k', key), named(b'm', model), outcome];
        let status = status.and_then(|(low, high)| {
            let (from, to) = (low / 100, high / 100);
            let known = CLASSES.contains(&from) && CLASSES.contains(&to);
            match low == high {
                true => Some(vec![one_status(low)]),
                false => known.then(|| (from..=to).map(class).collect()),
            }
        });
        Self(all.into_iter().chain([status]).flatten().collect())
    }

    /// Calls whose prompts are known.
    pub(crate) fn prompts() -> Self {
        Self(vec![vec![hashed()]])
    }

    pub(crate) fn may_be_in(&self, filter: &[u8]) -> bool {
        let bits = filter.len() * 8;
        if !bits.is_power_of_two() {
            return true;
        }
        let is_set = |place: usize| filter[place / 8] & (1 << (place % 8)) != 0;
        let has = |thing: &u64| places(*thing, bits).all(is_set);
        self.0.iter().all(|any| any.iter().any(has))
    }
}

fn one_status(status: u16) -> u64 {
    hash(b's', &status.to_le_bytes())
}

fn class(of: u16) -> u64 {
    hash(b'c', &of.to_le_bytes())
}

fn hashed() -> u64 {
    hash(b'h', &[])
}

/// `bits` is a power of two.
fn places(hash: u64, bits: usize) -> impl Iterator<Item = usize> {
    let mask = (bits - 1) as u64;
    (0..EACH).map(move |n| usize::try_from((hash >> (n * 20)) & mask).unwrap_or(0))
}

/// FNV-1a, and a last step that brings its high bits down.
fn hash(tag: u8, bytes: &[u8]) -> u64 {
    let step = |word: u64, byte: &u8| (word ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let word = [tag].iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, step);
    let word = (word ^ (word >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word ^ (word >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(names: impl Iterator<Item = u32>) -> Things {
        let mut things = Things::default();
        for n in names {
            things.names(["project", &format!("key_{n}")]);
            things.end(200, "completed", false);
        }
        things
    }

    fn key(n: u32) -> Wanted {
        let key = Some(format!("key_{n}"));
        Wanted::of(&AttemptFilter { key, ..AttemptFilter::default() })
    }

    fn status(low: u16, high: u16) -> Wanted {
        Wanted::of(&AttemptFilter { status: Some((low, high)), ..AttemptFilter::default() })
    }

    #[test]
    fn what_a_block_holds_is_always_found_and_what_it_does_not_hold_hardly_ever() {
        for count in [1, 7, 60, 512] {
            let filter = things(0..count).filter();
            assert!((0..count).all(|n| key(n).may_be_in(&filter)), "{count}");
            let others = (1_000_000..1_010_000).filter(|n| key(*n).may_be_in(&filter)).count();
            assert!(others < 200, "{count}: {others} of 10,000");
        }
    }

    #[test]
    fn a_status_is_looked_for_by_itself_or_by_its_class() {
        let filter = things(0..50).filter();
        assert!(status(200, 200).may_be_in(&filter) && status(200, 299).may_be_in(&filter));
        assert!(!status(400, 599).may_be_in(&filter));
        assert!(!status(500, 599).may_be_in(&filter) && !status(204, 204).may_be_in(&filter));
        // Nothing is known of what is in no class.
        assert!(status(0, 999).may_be_in(&filter));
    }

    #[test]
    fn a_filter_of_no_known_form_may_hold_anything() {
        assert!(key(1).may_be_in(&[]) && key(1).may_be_in(&[0; 3]));
    }
}
