use proptest::prelude::*;

use super::*;
use crate::price::{Rates, Tier};

/// A model whose input costs 1 nano-dollar a token and whose output costs 4; twice as much above
/// 272,000 tokens of input and with priority, half with flex and in a batch.
struct Plain;

impl Priced for Plain {
    fn dearest(&self, reach: &Reach) -> Option<Rates> {
        let long = if reach.input_tokens > 272_000 { 2 } else { 1 };
        let half_nanos = match reach.tier {
            Tier::Default => 2,
            Tier::Flex | Tier::Batch => 1,
            Tier::Priority => 4,
        };
        let sound = if reach.audio_in { 10 } else { 1 };
        let made = if reach.audio_out || reach.image_out { 10 } else { 1 };
        Some(Rates {
            input_picos: 500 * half_nanos * long * sound,
            output_picos: 2_000 * half_nanos * long * made,
        })
    }

    fn unit(&self, unit: Unit) -> Option<u64> {
        match unit {
            Unit::WebSearchCall => Some(10_000_000_000),
            Unit::FileSearchCall => Some(2_500_000_000),
            Unit::CodeInterpreterSession => Some(30_000_000_000),
            _ => None,
        }
    }
}

/// Priced by units only, each 1 nano-dollar.
struct Units;

impl Priced for Units {
    fn dearest(&self, _: &Reach) -> Option<Rates> {
        None
    }

    fn unit(&self, _: Unit) -> Option<u64> {
        Some(1_000)
    }
}

const MODEL: Limits<'static> =
    Limits { name: "m", window: Some(128_000), max_output: Some(16_384) };

fn chat(tokens: u64, limit: OutputLimit) -> Metered {
    let mut metered = Metered::read(tokens);
    metered.input.one_window = true;
    metered.output.limit = Some(limit);
    metered
}

fn whole(metered: Metered) -> i64 {
    bound(&Demand::Metered(metered), &Plain, &MODEL).unwrap().whole().0
}

#[test]
fn text_costs_its_input_and_every_choice() {
    assert_eq!(whole(chat(1_000, OutputLimit::Asked(100))), 1_000 + 400);
    let mut three = chat(1_000, OutputLimit::Asked(100));
    three.output.choices = 3;
    assert_eq!(whole(three), 1_000 + 3 * 400);
    three.output.beside = 50;
    assert_eq!(whole(three), 1_000 + 3 * (400 + 200));
}

#[test]
fn case_22_an_absent_maximum_is_the_models_or_the_limits() {
    let mut open = Demand::Metered(chat(0, OutputLimit::Open));
    assert_eq!(bound(&open, &Plain, &MODEL).unwrap().max_output, Some(16_384));
    open.default_output(Some(500));
    assert_eq!(bound(&open, &Plain, &MODEL).unwrap().max_output, Some(500));
    // Not more than the model can: the provider would refuse it.
    open.default_output(Some(100_000));
    assert_eq!(bound(&open, &Plain, &MODEL).unwrap().max_output, Some(16_384));
    let unknown = Limits { max_output: None, ..MODEL };
    assert_eq!(bound(&open, &Plain, &unknown).unwrap().max_output, Some(100_000));
    open.default_output(None);
    assert_eq!(bound(&open, &Plain, &unknown), Err(NoBound::NoMaximum));
    // Where nothing can be said, the default changes nothing.
    let mut fixed = Demand::Metered(chat(0, OutputLimit::Models));
    fixed.default_output(Some(1));
    let bound = bound(&fixed, &Plain, &MODEL).unwrap();
    assert_eq!((bound.max_output, bound.whole().0), (None, 4 * 16_384));
}

#[test]
fn case_56_a_bound_is_rounded_up() {
    let line = Bound { fixed_picos: 1, per_output_token_picos: 400, max_output: None };
    assert_eq!([0, 1, 2, 3].map(|tokens| line.total(tokens).0), [1, 1, 1, 2]);
    assert_eq!(line.affordable(Nanos(1)), 2);
}

#[test]
fn case_28_a_long_prompt_is_priced_at_the_long_rate() {
    let long = Limits { window: Some(1_000_000), ..MODEL };
    let demand = |tokens| Demand::Metered(chat(tokens, OutputLimit::Asked(100)));
    let cost = |tokens| bound(&demand(tokens), &Plain, &long).unwrap().whole().0;
    assert_eq!(cost(272_000), 272_000 + 400);
    assert_eq!(cost(300_000), 2 * 300_000 + 2 * 400);
}

#[test]
fn case_29_the_tier_asked_for_is_the_tier_that_is_priced() {
    let mut metered = chat(1_000, OutputLimit::Asked(100));
    metered.tier = Tier::Priority;
    assert_eq!(whole(metered), 2 * 1_400);
    metered.tier = Tier::Flex;
    assert_eq!(whole(metered), 700);
}

#[test]
fn case_31_what_is_only_pointed_at_costs_the_context_window() {
    let mut open = chat(10, OutputLimit::Asked(1));
    open.input.open = true;
    assert_eq!(whole(open), 128_000 + 4);
    // A long body does not cost more than fits the window, either.
    assert_eq!(whole(chat(1_000_000, OutputLimit::Asked(1))), 128_000 + 4);
    // But many windows hold many times as much.
    let mut many = chat(1_000_000, OutputLimit::Asked(1));
    many.input.one_window = false;
    assert_eq!(whole(many), 2 * (1_000_000 + 4));
    let unknown = Limits { window: None, ..MODEL };
    let refused = bound(&Demand::Metered(open), &Plain, &unknown);
    assert!(matches!(refused, Err(NoBound::Unbounded(_))));
}

#[test]
fn images_have_their_most_tokens() {
    let mut two = chat(100, OutputLimit::Asked(1));
    two.input.images = 2;
    assert_eq!(whole(two), 100 + 2 * 49_152 + 4);
    two.input.images = 3;
    assert_eq!(whole(two), 128_000 + 4);
}

#[test]
fn case_32_tools_cost_their_calls_and_a_context_each() {
    let mut search = chat(10, OutputLimit::Asked(100));
    search.tools = Some(Tools {
        calls: 8,
        calls_open: true,
        web_search: true,
        file_search: true,
        sessions: 0,
    });
    // The dearer of the two tools, 8 times; 10 turns.
    assert_eq!(whole(search), 10 * 128_000 + 400 + 8 * 10_000_000);
    if let Some(tools) = &mut search.tools {
        tools.sessions = 64;
    }
    assert_eq!(whole(search), 10 * 128_000 + 400 + 8 * 64 * 30_000_000);
}

#[test]
fn models_that_search_unasked_are_billed_for_it() {
    let limits = Limits { name: "gpt-4o-search-preview", ..MODEL };
    let demand = Demand::Metered(chat(10, OutputLimit::Asked(0)));
    assert_eq!(bound(&demand, &Plain, &limits).unwrap().whole().0, 128_000 + 10_000_000);
    let freely = Limits { name: "gpt-5-search-api", ..MODEL };
    assert!(matches!(bound(&demand, &Plain, &freely), Err(NoBound::Unbounded(_))));
}

#[test]
fn the_dearer_of_two_prices_counts() {
    let images = Metered::media(100, Media::Images { count: 2, tokens: 1_000 });
    let demand = Demand::Metered(images);
    // 100 read, 2 × 1,000 written at ten times the output price.
    assert_eq!(bound(&demand, &Plain, &MODEL).unwrap().whole().0, 100 + 2_000 * 40);
    assert_eq!(bound(&demand, &Units, &MODEL).unwrap().whole().0, 2);
    for (media, nanos) in [
        (Media::Speech { characters: 500, seconds: 90 }, 500),
        (Media::Sound { seconds: 90 }, 90),
        (Media::Video { seconds: 12 }, 12),
    ] {
        let demand = Demand::Metered(Metered::media(7, media));
        assert_eq!(bound(&demand, &Units, &MODEL).unwrap().whole().0, nanos);
    }
    let video = Demand::Metered(Metered::media(7, Media::Video { seconds: 4 }));
    assert_eq!(bound(&video, &Plain, &MODEL), Err(NoBound::Unpriced));
}

#[test]
fn some_transcriptions_are_refused_when_they_are_long() {
    let hour = Demand::Metered(Metered::media(0, Media::Sound { seconds: 3_600 }));
    let limits = Limits { name: "gpt-4o-mini-transcribe", ..MODEL };
    assert_eq!(bound(&hour, &Units, &limits).unwrap().whole().0, 1_500);
    let whisper = Limits { name: "whisper-1", ..MODEL };
    assert_eq!(bound(&hour, &Units, &whisper).unwrap().whole().0, 3_600);
}

#[test]
fn a_batch_is_told_nothing() {
    let mut metered = chat(1_000, OutputLimit::Open);
    metered.tier_open = true;
    let line = metered.in_batch().unwrap();
    assert_eq!(whole(line), (1_000 + 4 * 16_384) / 2);
    assert!(!line.tier_open && line.output.limit == Some(OutputLimit::Models));
    metered.tools = Some(Tools {
        calls: 8,
        calls_open: true,
        web_search: true,
        file_search: false,
        sessions: 0,
    });
    assert!(metered.in_batch().is_err());
    assert!(bound(&Demand::Lines, &Plain, &MODEL).is_err());
}

#[test]
fn what_is_no_amount_of_money_is_refused() {
    for metered in [
        chat(0, OutputLimit::Asked(u64::MAX)),
        Metered::read(u64::MAX),
        Metered {
            output: Output { choices: u64::MAX, ..chat(0, OutputLimit::Open).output },
            ..chat(1, OutputLimit::Open)
        },
    ] {
        let refused = bound(&Demand::Metered(metered), &Plain, &MODEL);
        assert!(matches!(refused, Err(NoBound::Unbounded(_))), "{metered:?}");
    }
    assert_eq!(bound(&Demand::Free, &Plain, &MODEL).unwrap().whole(), Nanos(0));
}

#[test]
fn case_21_a_clamp_leaves_something_to_others_while_there_is_much() {
    // 1,000 nano-dollars of input, 4 a token of output.
    let demand = Demand::Metered(chat(1_000, OutputLimit::Asked(10_000)));
    let line = bound(&demand, &Plain, &MODEL).unwrap();
    assert_eq!(clamp(&line, Nanos(41_000)), Some(10_000), "it fits");
    assert_eq!(clamp(&line, Nanos(40_999)), Some((20_499 - 1_000) / 4), "half");
    assert_eq!(clamp(&line, Nanos(2 * (1_000 + 4 * 1_024))), Some(1_024), "half is still 1,024");
    let below = 2 * (1_000 + 4 * 1_024) - 2;
    assert_eq!(clamp(&line, Nanos(below)), Some(2_297), "then all of it");
    assert_eq!(clamp(&line, Nanos(1_000 + 4 * 16)), Some(16));
    assert_eq!(clamp(&line, Nanos(1_000 + 4 * 16 - 1)), None, "case 20: less is no answer");
    assert_eq!(clamp(&line, Nanos(-5)), None);
    // A call that wants less than the least is served, where it fits.
    let small = Demand::Metered(chat(1_000, OutputLimit::Asked(3)));
    let small = bound(&small, &Plain, &MODEL).unwrap();
    assert_eq!(clamp(&small, Nanos(1_012)), Some(3));
    assert_eq!(clamp(&small, Nanos(1_011)), None);
    // What has no output to choose is served whole or not at all.
    let read = bound(&Demand::Metered(Metered::read(100)), &Plain, &MODEL).unwrap();
    assert_eq!((clamp(&read, Nanos(100)), clamp(&read, Nanos(99))), (Some(0), None));
}

fn lines() -> impl Strategy<Value = Bound> {
    (0..=u128::from(u64::MAX), 0..=1_000_000_000_000_u128, proptest::option::of(0..=1_u64 << 31))
        .prop_map(|(fixed_picos, per_output_token_picos, max_output)| Bound {
            fixed_picos,
            per_output_token_picos,
            max_output,
        })
}

proptest! {
    #[test]
    fn what_is_affordable_is(line in lines(), amount in 0..=i64::MAX) {
        let tokens = line.affordable(Nanos(amount));
        if line.total(0) <= Nanos(amount) {
            prop_assert!(line.total(tokens) <= Nanos(amount));
            // And it is the most: one token more is too much.
            if tokens < u64::MAX && line.checked(tokens + 1).is_some() {
                prop_assert!(line.total(tokens + 1) > Nanos(amount));
            }
        } else {
            prop_assert_eq!(tokens, 0);
        }
    }

    #[test]
    fn more_output_never_costs_less(line in lines(), a in any::<u64>(), b in any::<u64>()) {
        prop_assert!(line.total(a.min(b)) <= line.total(a.max(b)));
    }

    #[test]
    fn a_clamp_fits_and_is_never_more_than_wanted(line in lines(), left in any::<i64>()) {
        match clamp(&line, Nanos(left)) {
            Some(tokens) => {
                let wanted = line.max_output.unwrap_or(0);
                prop_assert!(line.total(tokens) <= Nanos(left));
                prop_assert!(tokens <= wanted);
                prop_assert!(tokens == wanted || tokens >= 16);
            }
            None => prop_assert!(line.whole() > Nanos(left)),
        }
    }

    #[test]
    fn the_bound_is_never_below_what_is_billed(
        read in 0..200_000_u64,
        written in 0..20_000_u64,
        asked in 1..20_000_u64,
        choices in 1..5_u64,
    ) {
        let mut metered = chat(read, OutputLimit::Asked(asked));
        metered.output.choices = choices;
        let demand = Demand::Metered(metered);
        let billed = read.min(128_000) + 4 * choices * written.min(asked);
        let held = bound(&demand, &Plain, &MODEL).unwrap().whole().0;
        prop_assert!(u64::try_from(held).unwrap() >= billed);
    }
}
