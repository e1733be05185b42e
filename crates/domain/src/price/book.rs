//! The price book: what every model costs, layer over layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Cell, ModelPrice};
use crate::Timestamp;

/// Where a price comes from; later layers win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    BuiltIn,
    /// The file that was imported last.
    Imported,
    /// `tollgate.toml`.
    Config,
    /// Set through the API.
    Set,
}

impl Layer {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built_in",
            Self::Imported => "imported",
            Self::Config => "config",
            Self::Set => "set",
        }
    }
}

/// One model's price in one layer.
#[derive(Clone, Debug)]
pub struct PriceEntry {
    pub layer: Layer,
    pub price: Arc<ModelPrice>,
}

/// Every model's price. Never changed: a new book takes its place.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// By name; of each the highest layer first.
    models: Vec<(Box<str>, Vec<PriceEntry>)>,
    /// Where a name stands in `models`: every call asks, and a search through thousands of names
    /// would touch a dozen of them.
    places: Places,
    version: String,
}

/// A table of places by the hashes of names, at most half full.
#[derive(Clone, Debug, Default)]
struct Places(Vec<u32>);

const NOBODY: u32 = u32::MAX;

impl Places {
    fn of<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> Self {
        let size = (names.len() * 2).next_power_of_two();
        let mut table = vec![NOBODY; size];
        for (place, name) in (0..NOBODY).zip(names) {
            let mut at = hash(name) & (size - 1);
            while table[at] != NOBODY {
                at = (at + 1) & (size - 1);
            }
            table[at] = place;
        }
        Self(table)
    }

    /// The first place of those that a name may have, for which this is so.
    fn find(&self, name: &str, is: impl Fn(usize) -> bool) -> Option<usize> {
        let last = self.0.len().checked_sub(1)?;
        let mut at = hash(name) & last;
        while self.0[at] != NOBODY {
            let place = self.0[at] as usize;
            if is(place) {
                return Some(place);
            }
            at = (at + 1) & last;
        }
        None
    }
}

/// Eight bytes at a time, mixed at the end: names differ most where they end.
fn hash(name: &str) -> usize {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let all = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
    let sum =
        all.fold(name.len() as u64, |sum, word| (sum.rotate_left(23) ^ word).wrapping_mul(PRIME));
    (sum ^ (sum >> 32)) as usize
}

impl PriceBook {
    /// A book of rows. Of two rows of a layer for the same model, the later one holds.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = (Layer, String, ModelPrice)>) -> Self {
        let mut models: BTreeMap<Box<str>, Vec<PriceEntry>> = BTreeMap::new();
        for (layer, model, price) in rows {
            let entries = models.entry(model.into()).or_default();
            entries.retain(|entry| entry.layer != layer);
            entries.push(PriceEntry { layer, price: Arc::new(price) });
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.layer));
        }
        let version = version(&models);
        let models: Vec<_> = models.into_iter().collect();
        let places = Places::of(models.iter().map(|(name, _)| &**name));
        Self { models, places, version }
    }

    /// Sixteen hexadecimal digits that change with any price in the book.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The price of a model: of that very name, or of the model that a fine-tuned one was made
    /// from (`ft:base:organization::id` costs what the row `ft:base` says). Names are not guessed.
    #[must_use]
    pub fn lookup(&self, model: &str, at: Timestamp) -> Option<Arc<ModelPrice>> {
        self.find(model, at).map(|entry| Arc::clone(&entry.price))
    }

    /// [`PriceBook::lookup`], with the layer.
    #[must_use]
    pub fn find(&self, model: &str, at: Timestamp) -> Option<&PriceEntry> {
        self.exact(model, at).or_else(|| self.exact(tuned_from(model)?, at))
    }

    /// The price by which an answer is billed: the model's that the provider names, else the
    /// asked one's (a provider may name a snapshot that is younger than the book).
    #[must_use]
    pub fn for_answer(
        &self,
        asked: Option<&str>,
        served: Option<&str>,
        at: Timestamp,
    ) -> Option<Arc<ModelPrice>> {
        [served, asked].into_iter().flatten().find_map(|model| self.lookup(model, at))
    }

    /// Every model with its entries, the highest layer first, by name.
    pub fn models(&self) -> impl Iterator<Item = (&str, &[PriceEntry])> {
        self.models.iter().map(|(model, entries)| (&**model, &entries[..]))
    }

    fn exact(&self, model: &str, at: Timestamp) -> Option<&PriceEntry> {
        let place = self.places.find(model, |place| *self.models[place].0 == *model)?;
        self.models[place].1.iter().find(|entry| entry.price.holds_at(at))
    }
}

/// `ft:gpt-4o-mini-2024-07-18` of `ft:gpt-4o-mini-2024-07-18:acme::id`.
fn tuned_from(model: &str) -> Option<&str> {
    let base = model.strip_prefix("ft:")?.split(':').next()?;
    Some(&model[.."ft:".len() + base.len()])
}

/// FNV-1a over every row: no secret depends on it, it only has to differ.
fn version(models: &BTreeMap<Box<str>, Vec<PriceEntry>>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (model, entries) in models {
        add(model.as_bytes());
        for PriceEntry { layer, price } in entries {
            add(&[0xff, *layer as u8, u8::from(price.free)]);
            for bound in [price.from, price.until] {
                add(&bound.map_or(i64::MIN, |at| at.0).to_le_bytes());
            }
            for Cell { tier, above, kind, picos } in price.cells() {
                add(&[tier.map_or(0xff, |tier| tier as u8), kind as u8]);
                add(&above.to_le_bytes());
                add(&picos.to_le_bytes());
            }
            for (unit, picos) in price.units() {
                add(&[0xfe, unit as u8]);
                add(&picos.to_le_bytes());
            }
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::{Tier, TokenKind};

    const NOW: Timestamp = Timestamp(1_000);

    fn input(picos: u64) -> ModelPrice {
        let mut price = ModelPrice::default();
        let tier = Some(Tier::Default);
        price.set(Cell { tier, above: 0, kind: TokenKind::Input, picos });
        price
    }

    fn row(layer: Layer, model: &str, price: ModelPrice) -> (Layer, String, ModelPrice) {
        (layer, model.to_owned(), price)
    }

    #[test]
    fn a_later_layer_wins_while_its_price_holds() {
        let mut ended = input(9);
        ended.until = Some(NOW);
        let mut coming = input(8);
        coming.from = Some(Timestamp(NOW.0 + 1));
        let book = PriceBook::new([
            row(Layer::Set, "m", ended),
            row(Layer::BuiltIn, "m", input(1)),
            row(Layer::Config, "m", coming),
            row(Layer::Imported, "m", input(2)),
        ]);
        assert_eq!(book.find("m", NOW).unwrap().layer, Layer::Imported);
        assert_eq!(book.find("m", Timestamp(NOW.0 - 1)).unwrap().layer, Layer::Set);
        assert_eq!(book.find("m", Timestamp(NOW.0 + 1)).unwrap().layer, Layer::Config);
    }

    #[test]
    fn a_tuned_model_costs_what_the_row_of_its_base_says() {
        let book = PriceBook::new([row(Layer::BuiltIn, "ft:gpt-4o-2024-08-06", input(1))]);
        assert!(book.lookup("ft:gpt-4o-2024-08-06:acme::Ab1", NOW).is_some());
        assert!(book.lookup("ft:gpt-4o-2024-08-06", NOW).is_some());
        for other in ["gpt-4o-2024-08-06", "ft:gpt-4o:acme::Ab1", "ft:", "gpt-4o", ""] {
            assert!(book.lookup(other, NOW).is_none(), "{other}");
        }
    }

    #[test]
    fn an_answer_is_billed_as_what_was_served_or_asked() {
        let rows =
            [row(Layer::BuiltIn, "asked", input(1)), row(Layer::BuiltIn, "served", input(2))];
        let book = PriceBook::new(rows);
        let price = |asked, served| book.for_answer(asked, served, NOW).map(|p| (*p).clone());
        assert_eq!(price(Some("asked"), Some("served")), Some(input(2)));
        assert_eq!(price(Some("asked"), Some("asked-2030-01-01")), Some(input(1)));
        assert_eq!(price(Some("other"), None), None);
    }

    #[test]
    fn any_change_changes_the_version() {
        let book = |layer, picos| PriceBook::new([row(layer, "m", input(picos))]);
        let version = |layer, picos| book(layer, picos).version().to_owned();
        assert_eq!(version(Layer::Set, 1), version(Layer::Set, 1));
        assert_ne!(version(Layer::Set, 1), version(Layer::Set, 2));
        assert_ne!(version(Layer::Set, 1), version(Layer::Config, 1));
    }
}
