//! Where a model's calls may go: places in order, and the reasons to go on to the next one.

use std::fmt;
use std::ops::BitOr;

/// For which failures of an earlier place a call may come to a place: a small set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Reasons(u8);

impl Reasons {
    pub const NONE: Self = Self(0);
    /// It answered 429, or its limits are known to be used up.
    pub const THROTTLED: Self = Self(1);
    /// It cannot be reached, does not answer, answers 5xx, or refuses our credential.
    pub const FAILING: Self = Self(2);
    /// The request is longer than its model can read.
    pub const CONTEXT: Self = Self(4);
    /// It is dearer than is allowed, or than is left to spend.
    pub const PRICE: Self = Self(8);
    pub const ALL: Self = Self(15);

    /// Each with its name in configs and on the wire.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("throttled", Self::THROTTLED),
        ("failing", Self::FAILING),
        ("context", Self::CONTEXT),
        ("price", Self::PRICE),
    ];

    /// Whether all of `other` are in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one reason of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|&(_, reason)| reason)
    }

    /// The names of those in it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().filter(move |&(_, r)| self.contains(r)).map(|(name, _)| name)
    }
}

impl BitOr for Reasons {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_a_set_with_names() {
        let both = Reasons::THROTTLED | Reasons::PRICE;
        assert!(both.contains(Reasons::PRICE) && !both.contains(Reasons::FAILING));
        assert_eq!(both.names().collect::<Vec<_>>(), ["throttled", "price"]);
        assert!(Reasons::ALL.names().all(|name| Reasons::parse(name).is_some()));
        assert_eq!(Reasons::parse("bored"), None);
        assert!(Reasons::NONE.is_empty() && !both.is_empty());
    }
}
