//! The order in which places are tried: by weight within a step, then step by step.

use super::Target;

/// All targets, by their places in the list: within each step drawn by weight, the lowest step
/// first. `random` is another number each time.
#[must_use]
pub fn order(targets: &[Target], random: u64) -> Vec<usize> {
    let mut steps: Vec<u32> = targets.iter().map(|target| target.step).collect();
    steps.sort_unstable();
    steps.dedup();
    let mut all = Vec::with_capacity(targets.len());
    for (nth, step) in steps.into_iter().enumerate() {
        let of_step: Vec<usize> = (0..targets.len()).filter(|&t| targets[t].step == step).collect();
        let weights: Vec<u32> = of_step.iter().map(|&t| targets[t].weight).collect();
        let drawn = draw(&weights, random.wrapping_add(nth as u64));
        all.extend(drawn.into_iter().map(|at| of_step[at]));
    }
    all
}

/// All places of a list in an order drawn by weight: each next one as likely as its share of what
/// is left. Those of weight 0 come last, as they stand.
#[must_use]
pub fn draw(weights: &[u32], mut random: u64) -> Vec<usize> {
    let mut left: Vec<usize> = (0..weights.len()).collect();
    let mut drawn = Vec::with_capacity(left.len());
    while !left.is_empty() {
        random = mix(random);
        let total: u64 = left.iter().map(|&at| u64::from(weights[at])).sum();
        // A number below the total; 0 where all that is left weighs nothing.
        let mut at = ((u128::from(random) * u128::from(total)) >> 64) as u64;
        let next = left.iter().position(|&place| {
            let weight = u64::from(weights[place]);
            let is_it = at < weight;
            at = at.saturating_sub(weight);
            is_it
        });
        drawn.push(left.remove(next.unwrap_or(0)));
    }
    drawn
}

/// A number from 0 to 99 of any number: each as likely.
#[must_use]
pub fn percent(random: u64) -> u32 {
    u32::try_from((u128::from(mix(random)) * 100) >> 64).unwrap_or(99)
}

/// SplitMix64's step: from one number to another that does not look alike.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(step: u32, weight: u32) -> Target {
        Target { weight, step, ..Target::at("up") }
    }

    #[test]
    fn shares_follow_the_weights() {
        let targets = [target(1, 1), target(0, 3), target(0, 1), target(0, 0)];
        let mut first = [0_u32; 4];
        let mut random = 1;
        for _ in 0..40_000 {
            random = mix(random);
            let order = order(&targets, random);
            first[order[0]] += 1;
            assert_eq!(order[2..], [3, 0], "what weighs nothing, then the next step");
        }
        assert_eq!((first[0], first[3]), (0, 0));
        // Three to one; off by six standard deviations would be 520.
        assert!(first[1].abs_diff(30_000) < 520, "{first:?}");
    }

    proptest! {
        #[test]
        fn every_target_stands_once_and_no_step_before_a_lower(
            shape in prop::collection::vec((0_u32..4, 0_u32..3), 0..12),
            random: u64,
        ) {
            let targets: Vec<Target> = shape.iter().map(|&(s, w)| target(s, w)).collect();
            let order = order(&targets, random);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..targets.len()).collect::<Vec<_>>());
            for pair in order.windows(2) {
                let (one, next) = (&targets[pair[0]], &targets[pair[1]]);
                prop_assert!(one.step <= next.step);
                let by_weight = one.step < next.step || one.weight > 0 || next.weight == 0;
                prop_assert!(by_weight, "weight 0 before another of its step");
            }
        }
    }
}
