//! What a request's `Cache-Control` asks for.

/// The request directives of RFC 9111 §5.2.1 that mean something here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Nothing stored may be given; what comes may be kept.
    pub no_cache: bool,
    /// Nothing stored is looked at, and nothing is kept.
    pub no_store: bool,
    /// A stored answer or none.
    pub only_if_cached: bool,
    /// Seconds. One that is not a number is 0: an answer that nobody could call too old.
    pub max_age: Option<u64>,
    pub min_fresh: Option<u64>,
    /// The outer `Some`: it was said; without a number, any staleness will do.
    pub max_stale: Option<Option<u64>>,
}

/// Whether a stored answer may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    Fresh,
    /// Yes, and it is to be asked for anew in the background.
    Stale,
    No,
}

impl Directives {
    /// Reads one field value and adds what it says; what is not known is passed over.
    #[must_use]
    pub fn and(mut self, value: &str) -> Self {
        for directive in value.split(',') {
            let (name, argument) = match directive.split_once('=') {
                Some((name, argument)) => (name.trim(), Some(argument.trim().trim_matches('"'))),
                None => (directive.trim(), None),
            };
            let seconds = || argument.and_then(seconds);
            match name.to_ascii_lowercase().as_str() {
                "no-cache" => self.no_cache = true,
                "no-store" => self.no_store = true,
                "only-if-cached" => self.only_if_cached = true,
                // Said twice, the narrower holds.
                "max-age" => {
                    let said = seconds().unwrap_or(0);
                    self.max_age = Some(self.max_age.map_or(said, |other| other.min(said)));
                }
                "min-fresh" => self.min_fresh = Some(seconds().unwrap_or(u64::MAX)),
                "max-stale" if argument.is_none() => self.max_stale = Some(None),
                "max-stale" => self.max_stale = Some(Some(seconds().unwrap_or(0))),
                _ => {}
            }
        }
        self
    }

    /// Whether an answer of some age may be given, where one is fresh for `ttl` seconds and may be
    /// used for `stale` more while it is asked for anew.
    #[must_use]
    pub fn reuse(&self, age: u64, ttl: u64, stale: u64) -> Reuse {
        if self.no_cache || self.no_store || self.max_age.is_some_and(|most| age > most) {
            return Reuse::No;
        }
        if age < ttl && ttl - age >= self.min_fresh.unwrap_or(0) {
            return Reuse::Fresh;
        }
        if self.min_fresh.is_some() {
            return Reuse::No;
        }
        let over = age.saturating_sub(ttl);
        match self.max_stale {
            Some(None) => Reuse::Fresh,
            Some(Some(most)) if over <= most => Reuse::Fresh,
            _ if over < stale => Reuse::Stale,
            _ => Reuse::No,
        }
    }
}

/// A number of seconds; one that is too large is the largest.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}
