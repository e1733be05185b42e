//! One model's price: the cells that its provider has published.

use super::{Tier, TokenKind, Unit};
use crate::Timestamp;

/// A model's price as published. What is not in it is unknown; nothing in it is zero, unless the
/// whole model is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPrice {
    /// Costs nothing, and is known to.
    pub free: bool,
    /// The first instant at which the price holds.
    pub from: Option<Timestamp>,
    /// The first instant at which it holds no more.
    pub until: Option<Timestamp>,
    /// By tier and step, each once.
    rows: Vec<Row>,
    units: Vec<(Unit, u64)>,
}

/// One published price of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// `None`: a tier that has no name here, such as one that only few may use.
    pub tier: Option<Tier>,
    /// The price of a whole call whose input has more tokens than this; 0 is the usual price.
    pub above: u32,
    pub kind: TokenKind,
    /// Pico-dollars a token.
    pub picos: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) tier: Option<Tier>,
    pub(super) above: u32,
    /// By kind, 0 where there is none.
    picos: [u64; TokenKind::ALL.len()],
}

impl Row {
    pub(super) fn get(&self, kind: TokenKind) -> Option<u64> {
        Some(self.picos[kind as usize]).filter(|picos| *picos > 0)
    }
}

impl ModelPrice {
    /// A price of nothing at all.
    #[must_use]
    pub fn free() -> Self {
        Self { free: true, ..Self::default() }
    }

    /// Puts a cell in place. Of two prices for the same thing the dearer one stays; zero is no
    /// price.
    pub fn set(&mut self, cell: Cell) {
        if cell.picos == 0 {
            return;
        }
        let place = (cell.tier, cell.above);
        let at = match self.rows.binary_search_by_key(&place, |row| (row.tier, row.above)) {
            Ok(at) => at,
            Err(at) => {
                let picos = [0; TokenKind::ALL.len()];
                self.rows.insert(at, Row { tier: cell.tier, above: cell.above, picos });
                at
            }
        };
        let slot = &mut self.rows[at].picos[cell.kind as usize];
        *slot = cell.picos.max(*slot);
    }

    /// Puts a unit's price in place, in pico-dollars; the dearer one stays.
    pub fn set_unit(&mut self, unit: Unit, picos: u64) {
        if picos == 0 {
            return;
        }
        match self.units.binary_search_by_key(&unit, |(unit, _)| *unit) {
            Ok(at) => self.units[at].1 = self.units[at].1.max(picos),
            Err(at) => self.units.insert(at, (unit, picos)),
        }
    }

    /// Every published price of a token, in a fixed order.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        self.rows.iter().flat_map(|row| {
            TokenKind::ALL.into_iter().filter_map(|kind| {
                let picos = row.get(kind)?;
                Some(Cell { tier: row.tier, above: row.above, kind, picos })
            })
        })
    }

    /// Every published price of a unit, in pico-dollars.
    pub fn units(&self) -> impl Iterator<Item = (Unit, u64)> {
        self.units.iter().copied()
    }

    /// Whether nothing is known at all.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !self.free && self.rows.is_empty() && self.units.is_empty()
    }

    /// Whether the price holds at an instant.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// The fewest input tokens that reach the same prices.
    #[must_use]
    pub fn step_below(&self, input_tokens: u64) -> u64 {
        let steps = self.rows.iter().map(|row| u64::from(row.above) + 1);
        steps.filter(|step| *step <= input_tokens).max().unwrap_or(0)
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn unit_picos(&self, unit: Unit) -> Option<u64> {
        let at = self.units.binary_search_by_key(&unit, |(unit, _)| *unit).ok()?;
        Some(self.units[at].1)
    }

    /// Whether some tier has a price of its own for a kind.
    pub(super) fn prices(&self, kind: TokenKind) -> bool {
        self.rows.iter().any(|row| row.get(kind).is_some())
    }
}
