//! Which changes of prices somebody has to look at before they hold (case 27).

use std::collections::BTreeMap;
use std::fmt;

use crate::Timestamp;

use super::{Cell, ModelPrice, Tier, TokenKind, Unit};

/// A price that changes by more than this factor, up or down, is more likely a mistake.
const FACTOR: u128 = 10;

/// Why a new set of prices is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It has no price for the model any more.
    Dropped { model: String },
    /// It says that the model costs nothing from now on.
    Free { model: String },
    /// It has no price any more for something that had one.
    Lost { model: String, what: String },
    /// Pico-dollars a token or unit.
    Changed { model: String, what: String, old: u64, new: u64 },
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { model } => write!(f, "{model}: has no price any more"),
            Self::Free { model } => write!(f, "{model}: would be free"),
            Self::Lost { model, what } => write!(f, "{model}: no price any more for {what}"),
            Self::Changed { model, what, old, new } => {
                write!(f, "{model}: {what} from {old} to {new} pico-dollars")
            }
        }
    }
}

/// Everything in `new` that nobody should take over unseen. Prices that do not hold now are none.
#[must_use]
pub fn alarming<'a>(
    old: impl IntoIterator<Item = (&'a str, &'a ModelPrice)>,
    new: impl IntoIterator<Item = (&'a str, &'a ModelPrice)>,
    now: Timestamp,
) -> Vec<Alarm> {
    let holds = |(_, price): &(&str, &ModelPrice)| price.holds_at(now);
    let new: BTreeMap<_, _> = new.into_iter().filter(holds).collect();
    let mut found = Vec::new();
    for (name, old) in old.into_iter().filter(holds) {
        let model = name.to_owned();
        match new.get(name) {
            None => found.push(Alarm::Dropped { model }),
            Some(new) if new.free && !old.free => found.push(Alarm::Free { model }),
            Some(new) if !new.free => compare(name, old, new, &mut found),
            Some(_) => {}
        }
    }
    found
}

fn compare(model: &str, old: &ModelPrice, new: &ModelPrice, found: &mut Vec<Alarm>) {
    let new: BTreeMap<Place, u64> = places(new).collect();
    for (place, old) in places(old) {
        let (model, what) = (model.to_owned(), || place.to_string());
        match new.get(&place) {
            None if !place.may_be_missed() => {}
            None => found.push(Alarm::Lost { model, what: what() }),
            Some(new) if far(old, *new) => {
                found.push(Alarm::Changed { model, what: what(), old, new: *new });
            }
            Some(_) => {}
        }
    }
}

fn far(a: u64, b: u64) -> bool {
    let (low, high) = (u128::from(a.min(b)), u128::from(a.max(b)));
    high > low * FACTOR
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Token(Option<Tier>, u32, TokenKind),
    Unit(Unit),
}

impl Place {
    /// Whether something would cost less for want of this price. Without its own, a cached token
    /// costs what a fresh one does and a quick call is refused to whoever has a limit; but a long
    /// call would cost what a short one does, and sound what text does.
    fn may_be_missed(self) -> bool {
        let Self::Token(tier, above, kind) = self else { return false };
        let cached = matches!(
            kind,
            TokenKind::InputCached | TokenKind::AudioCached | TokenKind::ImageCached
        );
        tier == Some(Tier::Default) && (above > 0 || !cached)
    }
}

fn places(price: &ModelPrice) -> impl Iterator<Item = (Place, u64)> {
    let cell = |Cell { tier, above, kind, picos }| (Place::Token(tier, above, kind), picos);
    let units = price.units().map(|(unit, picos)| (Place::Unit(unit), picos));
    price.cells().map(cell).chain(units)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(unit) => write!(f, "{unit:?}"),
            Self::Token(tier, above, kind) => {
                write!(f, "{kind:?}")?;
                match tier {
                    Some(Tier::Default) => {}
                    Some(tier) => write!(f, ", {tier:?}")?,
                    None => f.write_str(", other tiers")?,
                }
                if *above > 0 { write!(f, ", above {above} tokens") } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn price(cells: &[(TokenKind, u64)]) -> ModelPrice {
        let mut price = ModelPrice::default();
        for (kind, picos) in cells {
            let tier = Some(Tier::Default);
            price.set(Cell { tier, above: 0, kind: *kind, picos: *picos });
        }
        price
    }

    fn alarms(old: &ModelPrice, new: &ModelPrice) -> Vec<Alarm> {
        alarming([("m", old)], [("m", new)], NOW)
    }

    #[test]
    fn case_27_a_dropped_model_and_a_leap_are_alarming() {
        let old = price(&[(TokenKind::Input, 100), (TokenKind::Output, 100)]);
        let model = || "m".to_owned();
        assert_eq!(alarming([("m", &old)], [], NOW), [Alarm::Dropped { model: model() }]);
        let mut ended = old.clone();
        ended.until = Some(NOW);
        assert_eq!(alarms(&old, &ended), [Alarm::Dropped { model: model() }]);
        assert_eq!(alarms(&old, &ModelPrice::free()), [Alarm::Free { model: model() }]);
        let lost = Alarm::Lost { model: model(), what: "Output".to_owned() };
        assert_eq!(alarms(&old, &price(&[(TokenKind::Input, 100)])), [lost]);
        for new in [9, 1001] {
            let leap = price(&[(TokenKind::Input, 100), (TokenKind::Output, new)]);
            let what = "Output".to_owned();
            let changed = Alarm::Changed { model: model(), what, old: 100, new };
            assert_eq!(alarms(&old, &leap), [changed]);
        }
    }

    #[test]
    fn case_27_a_price_whose_loss_makes_nothing_cheaper_may_go() {
        let mut old = price(&[(TokenKind::Input, 100), (TokenKind::InputCached, 50)]);
        let tier = Some(Tier::Priority);
        old.set(Cell { tier, above: 0, kind: TokenKind::Input, picos: 200 });
        old.set_unit(Unit::Image, 7);
        assert_eq!(alarms(&old, &price(&[(TokenKind::Input, 100)])), []);
        let tier = Some(Tier::Default);
        old.set(Cell { tier, above: 272_000, kind: TokenKind::InputCached, picos: 60 });
        assert_eq!(alarms(&old, &price(&[(TokenKind::Input, 100)])).len(), 1);
    }

    #[test]
    fn case_27_what_is_new_or_within_ten_times_is_not() {
        let old = price(&[(TokenKind::Input, 100)]);
        for new in [10, 100, 1000] {
            let cells = [(TokenKind::Input, new), (TokenKind::Output, 5)];
            assert_eq!(alarms(&old, &price(&cells)), []);
        }
        assert_eq!(alarming([], [("m", &old)], NOW), []);
        assert_eq!(alarms(&ModelPrice::free(), &old), []);
    }
}
