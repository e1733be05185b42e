//! What a provider charges, by its price list: of the models that tests use, and by arithmetic
//! that shares nothing with the gateway's.

use crate::provider::Bill;

/// A line of the price list. Prices are pico-dollars a token (a hundredth of a dollar a million
/// tokens is 10,000).
struct Line {
    models: &'static [&'static str],
    tier: &'static str,
    /// Holds for calls with more input tokens than this.
    above: u64,
    input: u128,
    cached: u128,
    cache_write: u128,
    output: u128,
}

const fn line(
    models: &'static [&'static str],
    tier: &'static str,
    [input, cached, output]: [u128; 3],
) -> Line {
    Line { models, tier, above: 0, input, cached, cache_write: input, output }
}

const GPT_4O: &[&str] = &["gpt-4o", "gpt-4o-2024-08-06"];
const GPT_4O_MINI: &[&str] = &["gpt-4o-mini", "gpt-4o-mini-2024-07-18"];
const GPT_5: &[&str] = &["gpt-5"];
const GPT_5_NANO: &[&str] = &["gpt-5-nano"];
const GPT_5_4: &[&str] = &["gpt-5.4"];
const O3: &[&str] = &["o3"];

/// Dearer lines of one model stand behind cheaper ones of fewer tokens.
const LINES: &[Line] = &[
    line(GPT_4O, "default", [2_500_000, 1_250_000, 10_000_000]),
    line(GPT_4O, "priority", [4_250_000, 2_125_000, 17_000_000]),
    line(GPT_4O_MINI, "default", [150_000, 75_000, 600_000]),
    line(GPT_4O_MINI, "priority", [250_000, 125_000, 1_000_000]),
    line(GPT_5, "default", [1_250_000, 125_000, 10_000_000]),
    line(GPT_5, "flex", [625_000, 62_500, 5_000_000]),
    line(GPT_5, "priority", [2_500_000, 250_000, 20_000_000]),
    line(GPT_5_NANO, "default", [50_000, 5_000, 400_000]),
    line(O3, "default", [2_000_000, 500_000, 8_000_000]),
    line(O3, "flex", [1_000_000, 250_000, 4_000_000]),
    line(O3, "priority", [3_500_000, 875_000, 14_000_000]),
    line(GPT_5_4, "default", [2_500_000, 250_000, 15_000_000]),
    Line { above: 272_000, ..line(GPT_5_4, "default", [5_000_000, 500_000, 22_500_000]) },
    line(&["gpt-4.1"], "default", [2_000_000, 500_000, 8_000_000]),
    line(&["gpt-3.5-turbo-instruct"], "default", [1_500_000, 1_500_000, 2_000_000]),
    line(&["text-embedding-3-small"], "default", [20_000, 20_000, 0]),
    line(&["text-embedding-3-large"], "default", [130_000, 130_000, 0]),
];

/// Models that are charged by the second of sound, and by the character.
const SECONDS: &[(&str, u128)] = &[("whisper-1", 100_000_000), ("sora-2", 100_000_000_000)];
const CHARACTERS: &[(&str, u128)] = &[("tts-1", 15_000_000)];

/// What a bill comes to in nano-dollars, rounded up once; `None` where the list has no such model
/// or tier.
pub(super) fn price(bill: &Bill) -> Option<i64> {
    let of = |list: &[(&str, u128)], count: u64| {
        let (_, each) = list.iter().find(|(model, _)| *model == bill.model)?;
        Some(u128::from(count) * each)
    };
    let picos = by_tokens(bill)
        .or_else(|| of(SECONDS, bill.seconds))
        .or_else(|| of(CHARACTERS, bill.characters))?;
    i64::try_from((picos + u128::from(bill.fees) * 1000).div_ceil(1000)).ok()
}

/// The part of it that is charged by tokens, in pico-dollars; `None` where nothing is.
pub(super) fn by_tokens(bill: &Bill) -> Option<u128> {
    let tokens = &bill.tokens;
    let fits = |l: &&Line| l.models.contains(&bill.model.as_str()) && l.tier == bill.tier;
    let line = LINES.iter().filter(fits).rfind(|line| tokens.input > line.above || line.above == 0);
    let Line { input, cached, cache_write, output, .. } = *line?;
    let [read, kept, hit, written] =
        [tokens.input, tokens.cache_write, tokens.cached, tokens.output].map(u128::from);
    let fresh = read.checked_sub(kept + hit)?;
    Some(fresh * input + hit * cached + kept * cache_write + written * output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tokens;

    fn bill(model: &str, tier: &str, tokens: Tokens) -> Bill {
        Bill { model: model.to_owned(), tier: tier.to_owned(), tokens, ..Bill::default() }
    }

    #[test]
    fn a_bill_is_priced_by_its_kinds_its_tier_and_its_length() {
        let tokens = Tokens { cached: 3, ..Tokens::text(10, 2) };
        let of = |model, tier| price(&bill(model, tier, tokens));
        // 7 × 0.15 + 3 × 0.075 + 2 × 0.6 micro-dollars.
        assert_eq!(of("gpt-4o-mini", "default"), Some(2_475));
        assert_eq!(of("gpt-4o-mini", "priority"), Some(4_125));
        assert_eq!(of("gpt-4o-mini", "flex"), None);
        assert_eq!(of("unheard-of", "default"), None);
        let long = |input| price(&bill("gpt-5.4", "default", Tokens::text(input, 0)));
        assert_eq!(long(272_000), Some(272_000 * 2_500));
        assert_eq!(long(272_001), Some(272_001 * 5_000));
        let one = price(&bill("gpt-5-nano", "default", Tokens { cached: 1, ..Tokens::text(1, 0) }));
        assert_eq!(one, Some(5), "5,000 pico-dollars");
    }
}
