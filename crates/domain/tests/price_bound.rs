//! What the hard limit rests on: a call never costs more than the bound took it to, and never less
//! than its provider can bill.

use domain::price::{Billed, Cell, ModelPrice, Priced, Reach, Tier, TokenKind, Units, cost};
use domain::{Nanos, Tokens};
use proptest::prelude::*;

const TIERS: [Option<Tier>; 5] =
    [Some(Tier::Default), Some(Tier::Flex), Some(Tier::Priority), Some(Tier::Batch), None];
const STEPS: [u32; 3] = [0, 1_000, 2_000];
/// Every place that a price has for a token.
const CELLS: usize = TIERS.len() * STEPS.len() * TokenKind::ALL.len();

/// A price with holes anywhere, dearer tiers and cheaper steps anywhere.
fn prices(holes_percent: u8) -> impl Strategy<Value = ModelPrice> {
    let picos = prop_oneof![Just(1_u64), 1..100_u64, 1..1_000_000_000_u64];
    let cell = (0..100_u8, picos)
        .prop_map(move |(dice, picos)| if dice < holes_percent { 0 } else { picos });
    prop::collection::vec(cell, CELLS).prop_map(|cells| {
        let mut price = ModelPrice::default();
        for (at, picos) in cells.into_iter().enumerate() {
            let (place, kind) = (at / TokenKind::ALL.len(), at % TokenKind::ALL.len());
            price.set(Cell {
                tier: TIERS[place / STEPS.len()],
                above: STEPS[place % STEPS.len()],
                kind: TokenKind::ALL[kind],
                picos,
            });
        }
        price
    })
}

fn reaches() -> impl Strategy<Value = Reach> {
    let flags = prop::array::uniform4(any::<bool>());
    (0..4_usize, 0..4_000_u64, flags).prop_map(|(tier, input_tokens, flags)| {
        let [audio_in, image_in, audio_out, image_out] = flags;
        let tier = TIERS[tier].unwrap_or(Tier::Default);
        Reach { tier, input_tokens, audio_in, image_in, audio_out, image_out }
    })
}

/// Counts as parts of the totals, but otherwise as a provider may send them.
fn usages() -> impl Strategy<Value = Tokens> {
    (0..4_000_u64, 0..4_000_u64, prop::array::uniform7(0..4_000_u64)).prop_map(
        |(input, output, parts)| Tokens {
            input,
            input_cached: parts[0],
            input_cache_write: parts[1],
            input_cache_write_long: parts[2],
            input_audio: parts[3],
            input_image: parts[4],
            output,
            output_reasoning: output / 2,
            output_audio: parts[5],
            output_image: parts[6],
        },
    )
}

fn within(reach: &Reach, mut tokens: Tokens) -> Tokens {
    tokens.input = tokens.input.min(reach.input_tokens);
    for (allowed, count) in [
        (reach.audio_in, &mut tokens.input_audio),
        (reach.image_in, &mut tokens.input_image),
        (reach.audio_out, &mut tokens.output_audio),
        (reach.image_out, &mut tokens.output_image),
    ] {
        *count *= u64::from(allowed);
    }
    tokens
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_usage_within_reach_costs_more_than_the_dearest(
        price in prop_oneof![prices(95), prices(50), prices(0)],
        reach in reaches(),
        tokens in usages(),
        falls_back: bool,
    ) {
        let Some(dearest) = price.dearest(&reach) else { return Ok(()) };
        let tokens = within(&reach, tokens);
        let may_fall = matches!(reach.tier, Tier::Priority | Tier::Flex);
        let tier = if falls_back && may_fall { Tier::Default } else { reach.tier };
        let billed = Billed { tier: Some(tier), tokens, units: Units::default() };
        let cost = cost(&price, &billed).unwrap().total();
        let picos = u128::from(tokens.input) * u128::from(dearest.input_picos)
            + u128::from(tokens.output) * u128::from(dearest.output_picos);
        let bound = Nanos(i64::try_from(picos.div_ceil(1000)).unwrap());
        prop_assert!(cost <= bound, "{cost} > {bound}");
    }

    /// The provider knows which of the cached tokens were sound; its usage does not say.
    #[test]
    fn no_provider_can_bill_more_than_the_cost(
        price in prices(0),
        counts in prop::array::uniform12(0..200_u64),
        outputs in prop::array::uniform3(0..200_u64),
        tier in 0..5_usize,
    ) {
        let by_kind = |kinds: [TokenKind; 4], at: usize| {
            kinds.into_iter().zip(counts[at..at + 4].iter().copied()).collect::<Vec<_>>()
        };
        use TokenKind::{
            AudioCached, AudioIn, CacheWrite, CacheWriteLong, ImageCached, ImageIn, Input,
            InputCached,
        };
        let mut used = by_kind([Input, InputCached, CacheWrite, CacheWriteLong], 0);
        used.extend(by_kind([AudioIn, AudioCached, CacheWrite, CacheWriteLong], 4));
        used.extend(by_kind([ImageIn, ImageCached, CacheWrite, CacheWriteLong], 8));
        used.extend([TokenKind::Output, TokenKind::AudioOut, TokenKind::ImageOut].into_iter().zip(outputs));
        let sum = |at: &[usize]| at.iter().map(|at| counts[*at]).sum::<u64>();
        let tokens = Tokens {
            input: counts.iter().sum(),
            input_cached: sum(&[1, 5, 9]),
            input_cache_write: sum(&[2, 3, 6, 7, 10, 11]),
            input_cache_write_long: sum(&[3, 7, 11]),
            input_audio: sum(&[4, 5, 6, 7]),
            input_image: sum(&[8, 9, 10, 11]),
            output: outputs.iter().sum(),
            output_reasoning: 0,
            output_audio: outputs[1],
            output_image: outputs[2],
        };
        let step = STEPS.into_iter().rfind(|step| *step == 0 || u64::from(*step) < tokens.input);
        let rate = |kind: TokenKind| {
            let mut cells = price.cells();
            let cell = cells.find(|c| c.tier == TIERS[tier] && Some(c.above) == step && c.kind == kind);
            u128::from(cell.unwrap().picos)
        };
        let bill: u128 = used.iter().map(|(kind, count)| u128::from(*count) * rate(*kind)).sum();
        let billed = Billed { tier: TIERS[tier], tokens, units: Units::default() };
        let cost = cost(&price, &billed).unwrap().total();
        prop_assert!(i128::from(cost.0) * 1000 >= i128::try_from(bill).unwrap());
    }
}
