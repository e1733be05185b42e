//! What a cost is for, as cost reports tell it apart.

use crate::{Cost, Nanos};

/// One part of a [`Cost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CostPart {
    Input,
    InputCached,
    Output,
    Other,
}

impl CostPart {
    pub const ALL: [Self; 4] = [Self::Input, Self::InputCached, Self::Output, Self::Other];

    /// As a line item ends: `gpt-4o, cached input`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::InputCached => "cached input",
            Self::Output => "output",
            Self::Other => "other",
        }
    }
}

impl Cost {
    #[must_use]
    pub fn part(&self, part: CostPart) -> Nanos {
        match part {
            CostPart::Input => self.input,
            CostPart::InputCached => self.input_cached,
            CostPart::Output => self.output,
            CostPart::Other => self.other,
        }
    }

    /// Part by part; a sum that no amount can hold stays at the largest one.
    #[must_use]
    pub fn plus(&self, more: &Self) -> Self {
        let sum = |a: Nanos, b: Nanos| Nanos(a.0.saturating_add(b.0));
        Self {
            input: sum(self.input, more.input),
            input_cached: sum(self.input_cached, more.input_cached),
            output: sum(self.output, more.output),
            other: sum(self.other, more.other),
        }
    }

    /// As it is stored: the total and three parts; the fourth is what is left.
    #[must_use]
    pub fn from_total(total: Nanos, input: Nanos, input_cached: Nanos, output: Nanos) -> Self {
        let parts = input.0.saturating_add(input_cached.0).saturating_add(output.0);
        Self { input, input_cached, output, other: Nanos(total.0.saturating_sub(parts)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_total_and_come_back_from_it() {
        let cost = Cost {
            input: Nanos(1),
            input_cached: Nanos(20),
            output: Nanos(300),
            other: Nanos(4_000),
        };
        let sum: i64 = CostPart::ALL.iter().map(|part| cost.part(*part).0).sum();
        assert_eq!(Nanos(sum), cost.total());
        assert_eq!(
            Cost::from_total(cost.total(), cost.input, cost.input_cached, cost.output),
            cost
        );
        assert_eq!(cost.plus(&cost).total(), Nanos(2 * 4_321));
    }
}
