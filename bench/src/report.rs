//! What a run found: one row a figure, with its aim.

mod record;
mod table;

pub(crate) use record::write_record;
pub(crate) use table::print;

use crate::stats::{Spread, spread};

/// How a row's numbers are shown; the numbers themselves are in the smaller unit named here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    PerSecond,
    Bytes,
    Count,
}

/// What Tollgate's figure is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// Only shown.
    None,
    /// At most so many times the floor's.
    Times(f64),
    /// At most so much more than the floor's.
    Plus(f64),
    /// At most this, whatever the floor's is.
    AtMost(f64),
}

/// One value a round for each of those measured; an empty list is a thing not measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) origin: Vec<f64>,
    pub(crate) floor: Vec<f64>,
    pub(crate) tollgate: Vec<f64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) unit: Unit,
    pub(crate) rounds: Rounds,
    pub(crate) aim: Aim,
}

impl Row {
    pub(crate) fn new(figure: impl Into<String>, unit: Unit, rounds: Rounds, aim: Aim) -> Self {
        Self { figure: figure.into(), unit, rounds, aim }
    }

    /// Tollgate beside the floor, round by round: the difference where the aim is one, else the
    /// ratio.
    pub(crate) fn comparison(&self) -> Option<Spread> {
        let pairs = self.rounds.floor.iter().zip(&self.rounds.tollgate);
        let compared: Vec<f64> = match self.aim {
            Aim::Plus(_) => pairs.map(|(floor, tollgate)| tollgate - floor).collect(),
            _ => pairs.map(|(floor, tollgate)| tollgate / floor).collect(),
        };
        spread(&compared)
    }

    /// Whether the aim is met; nothing where there is no aim or no figure.
    pub(crate) fn met(&self) -> Option<bool> {
        match self.aim {
            Aim::None => None,
            Aim::Times(most) | Aim::Plus(most) => Some(self.comparison()?.median <= most),
            Aim::AtMost(most) => Some(spread(&self.rounds.tollgate)?.median <= most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(aim: Aim) -> Row {
        let rounds = Rounds {
            origin: vec![],
            floor: vec![10.0, 20.0, 10.0],
            tollgate: vec![12.0, 30.0, 13.0],
        };
        Row::new("a figure", Unit::Microseconds, rounds, aim)
    }

    #[test]
    fn rounds_are_compared_pair_by_pair() {
        let ratio = row(Aim::Times(1.3)).comparison();
        assert_eq!(ratio, Some(Spread { median: 1.3, min: 1.2, max: 1.5 }));
        let difference = row(Aim::Plus(3.0)).comparison();
        assert_eq!(difference, Some(Spread { median: 3.0, min: 2.0, max: 10.0 }));
    }

    #[test]
    fn aims_are_met_by_the_median() {
        assert_eq!(row(Aim::None).met(), None);
        assert_eq!(row(Aim::Times(1.3)).met(), Some(true));
        assert_eq!(row(Aim::Plus(2.9)).met(), Some(false));
        assert_eq!(row(Aim::AtMost(13.0)).met(), Some(true));
    }
}
