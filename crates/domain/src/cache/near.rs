//! Near matches: an answer to a question that is nearly the same, and how far that can be trusted.
//!
//! Vectors are whole numbers from −127 to 127, so that a similarity is the same on every machine. All
//! shares are thousandths.

use std::collections::HashMap;
use std::sync::Arc;

use super::CacheKey;
use crate::{ProjectId, RequestId, Timestamp};

/// What a route says of near matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearRules {
    /// The model that makes a vector of what is asked: a public name, by its own route.
    pub model: Arc<str>,
    /// From this similarity on an answer is given (thousandths of the cosine).
    pub threshold: u16,
    /// Nothing is given: what would have been is written down, beside what the provider said.
    pub observe: bool,
}

impl NearRules {
    pub const THRESHOLD: u16 = 970;
    /// Below this two questions have nothing to do with each other, and nothing is written down.
    pub const FLOOR: u16 = 700;
}

/// What a text is about: the direction in which it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector(Box<[i8]>);

impl Vector {
    /// Numbers that a vector has at most.
    pub const LONGEST: usize = 8_192;

    /// `None` for what has no direction.
    #[must_use]
    pub fn of(numbers: Vec<i8>) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&numbers.len());
        (fits && numbers.iter().any(|number| *number != 0)).then(|| Self(numbers.into()))
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The cosine in thousandths, rounded down; 0 where they lie apart or are of two lengths.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> u16 {
        if self.0.len() != other.0.len() {
            return 0;
        }
        let (mut dot, mut own, mut others) = (0_i32, 0_i32, 0_i32);
        // At most 8,192 × 128²: no overflow.
        for (a, b) in self.0.iter().zip(&other.0) {
            let (a, b) = (i32::from(*a), i32::from(*b));
            dot += a * b;
            own += a * a;
            others += b * b;
        }
        let norms = (i64::from(own) * i64::from(others)).isqrt().max(1);
        let share = i64::from(dot) * 1_000 / norms;
        u16::try_from(share.clamp(0, 1_000)).unwrap_or(0)
    }
}

/// How much two answers have in common: twice the words that both have, of all their words
/// (Dice's coefficient over words with their counts), in thousandths.
#[must_use]
pub fn common_words(one: &str, other: &str) -> u16 {
    fn words(text: &str) -> impl Iterator<Item = String> {
        let split = text.split(|c: char| !c.is_alphanumeric());
        split.filter(|word| !word.is_empty()).map(str::to_lowercase)
    }
    let mut counts: HashMap<String, i64> = HashMap::new();
    let (mut all, mut both) = (0_i64, 0_i64);
    for word in words(one) {
        *counts.entry(word).or_default() += 1;
        all += 1;
    }
    for word in words(other) {
        all += 1;
        if let Some(left) = counts.get_mut(&word).filter(|left| **left > 0) {
            *left -= 1;
            both += 1;
        }
    }
    if all == 0 {
        return if one == other { 1_000 } else { 0 };
    }
    u16::try_from(2_000 * both / all).unwrap_or(1_000)
}

/// A question that was near one asked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMatch {
    /// The place among all: later ones are larger; 0 of one that is not kept yet.
    pub place: i64,
    pub at: Timestamp,
    pub project: ProjectId,
    /// As the caller wrote it.
    pub model: String,
    pub request: RequestId,
    /// The stored answer that was near.
    pub key: CacheKey,
    pub similarity: u16,
    /// Whether it was given; else the provider was asked.
    pub given: bool,
    /// Where the provider was asked: what its answer has in common with the stored one.
    pub common: Option<u16>,
    /// Both questions and the answers, sealed.
    pub sealed: Option<Vec<u8>>,
}

impl NearMatch {
    /// What its texts are sealed for.
    #[must_use]
    pub fn context(project: &ProjectId, request: &RequestId) -> String {
        format!("near match {project} {}", request.as_str())
    }
}

/// Which ones, newest first.
#[derive(Clone, Debug, Default)]
pub struct NearQuery {
    pub project: Option<ProjectId>,
    pub model: Option<String>,
    /// Only what is older than this place.
    pub before: Option<i64>,
    pub limit: u32,
}

/// What a threshold would have done with the pairs that were asked both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtThreshold {
    pub threshold: u16,
    /// Pairs at or above it.
    pub pairs: u32,
    /// Of these: pairs whose answers have too little in common.
    pub apart: u32,
    /// The share of these, in thousandths; `None` without pairs.
    pub rate: Option<u16>,
    /// The highest share that such a sample leaves likely: the upper end of Wilson's interval at
    /// 95 %, in thousandths, rounded up.
    pub at_most: Option<u16>,
}

/// The thresholds that are looked at.
pub const THRESHOLDS: [u16; 12] = [700, 750, 800, 850, 880, 900, 920, 940, 950, 960, 970, 980];

/// For each threshold, how often the answer that would have been given was another one than the
/// provider's. `pairs`: similarity of the questions, common words of the answers. `same`: answers
/// with so much in common count as the same.
#[must_use]
pub fn evaluate(pairs: &[(u16, u16)], same: u16) -> Vec<AtThreshold> {
    let at = |threshold: u16| {
        let above = pairs.iter().filter(|(similarity, _)| *similarity >= threshold);
        let (mut all, mut apart) = (0_u32, 0_u32);
        for (_, common) in above {
            all += 1;
            apart += u32::from(*common < same);
        }
        let share = |of: u32| u16::try_from(u64::from(of) * 1_000 / u64::from(all.max(1))).ok();
        AtThreshold {
            threshold,
            pairs: all,
            apart,
            rate: share(apart).filter(|_| all > 0),
            at_most: (all > 0).then(|| upper(apart, all)),
        }
    };
    THRESHOLDS.into_iter().map(at).collect()
}

/// Wilson's upper end at 95 % (z = 1.96), in thousandths, rounded up. With k of n:
/// (2k + z² + z·√(z² + 4k(n − k)/n)) / (2(n + z²)). Whole numbers, z² = 3.8416 in ten-thousandths.
fn upper(apart: u32, all: u32) -> u16 {
    const UNIT: u128 = 10_000;
    const SQUARE: u128 = 38_416;
    let (k, n) = (u128::from(apart), u128::from(all));
    // z·√x = √(z²·x); both in ten-thousandths, so that the root is of 10⁸.
    let inner = SQUARE + 4 * k * (n - k) * UNIT / n;
    let root = (SQUARE * inner).isqrt() + 1;
    let top = 2 * k * UNIT + SQUARE + root;
    let bottom = 2 * (n * UNIT + SQUARE);
    u16::try_from((top * 1_000).div_ceil(bottom).min(1_000)).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(numbers: &[i8]) -> Vector {
        Vector::of(numbers.to_vec()).unwrap()
    }

    #[test]
    fn similarity_is_the_cosine_in_thousandths() {
        let a = vector(&[3, 4]);
        assert_eq!(a.similarity(&a), 1_000);
        assert_eq!(a.similarity(&vector(&[6, 8])), 1_000, "its length does not matter");
        // By hand: 3·4 + 4·3 = 24 of 5 · 5.
        assert_eq!(a.similarity(&vector(&[4, 3])), 960);
        assert_eq!(a.similarity(&vector(&[-4, 3])), 0);
        assert_eq!(a.similarity(&vector(&[-3, -4])), 0, "never below nothing");
        assert_eq!(a.similarity(&vector(&[3, 4, 0])), 0, "of another length");
        let longest = vector(&[-128; Vector::LONGEST]);
        assert_eq!(longest.similarity(&longest), 1_000);
        for none in [vec![], vec![0, 0], vec![1; Vector::LONGEST + 1]] {
            assert_eq!(Vector::of(none), None);
        }
    }

    #[test]
    fn common_words_are_counted_as_often_as_both_have_them() {
        assert_eq!(common_words("Paris.", "paris"), 1_000);
        // 2 × 3 of 4 + 5 words.
        assert_eq!(common_words("It is Paris, yes", "It is Lyon, yes indeed"), 666);
        assert_eq!(common_words("no no no", "no"), 500);
        assert_eq!((common_words("", ""), common_words("", "a")), (1_000, 0));
    }

    #[test]
    fn an_evaluation_can_be_done_again_by_hand() {
        // Ten pairs: six at 0.96, of which one differs; four at 0.86, of which three do.
        let mut pairs = vec![(960, 900); 5];
        pairs.extend([(960, 100), (860, 900), (860, 0), (860, 10), (860, 20)]);
        let rows = evaluate(&pairs, 500);
        let at = |threshold| *rows.iter().find(|row| row.threshold == threshold).unwrap();
        assert_eq!((at(700).pairs, at(700).apart, at(700).rate), (10, 4, Some(400)));
        assert_eq!((at(960).pairs, at(960).apart, at(960).rate), (6, 1, Some(166)));
        // Wilson, 1 of 6: (2 + 3.8416 + 1.96·√(3.8416 + 4·1·5/6)) / (2·(6 + 3.8416)) = 0.5635.
        assert_eq!(at(960).at_most, Some(564));
        assert_eq!((at(970).pairs, at(970).rate, at(970).at_most), (0, None, None));
        // None of 100: 2·3.8416 / (2·103.8416) = 0.037, much like the rule of three.
        assert_eq!(evaluate(&vec![(960, 1_000); 100], 500)[0].at_most, Some(37));
    }
}
