use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60_000_000;

fn limits(measure: Measure, limit: u64) -> RateLimits {
    RateLimits::default().with(measure, limit)
}

fn requests(limit: u64) -> RateLimits {
    limits(Measure::RequestsPerMinute, limit)
}

fn ask(
    counters: &mut Counters,
    at: u64,
    limits: &RateLimits,
    draw: Draw,
) -> Result<Ticket, Refusal> {
    take(Moment(at), &mut [(counters, limits)], &draw)
}

fn one() -> Draw {
    Draw { requests: 1, ..Draw::default() }
}

fn tokens(tokens: u64) -> Draw {
    Draw { requests: 1, tokens, ..Draw::default() }
}

/// Whether some window of a minute holds more than the limit.
fn most_in_a_window(taken: &[(u64, u64)]) -> u64 {
    let within = |from: u64| taken.iter().filter(move |(at, _)| (from..from + MINUTE).contains(at));
    taken.iter().map(|(from, _)| within(*from).map(|(_, n)| n).sum()).max().unwrap_or(0)
}

#[test]
fn p28_exactly_the_limit_passes_at_once_and_the_next_waits_a_window() {
    let (mut counters, limits) = (Counters::default(), requests(3));
    for at in [0, 0, 5_000] {
        drop(ask(&mut counters, at, &limits, one()).unwrap());
    }
    let refusal = ask(&mut counters, 1_000_000, &limits, one()).unwrap_err();
    assert_eq!((refusal.limit, refusal.used, refusal.requested), (3, 3, 1));
    assert_eq!(refusal.wait_ms, Some(59_000));
    assert!(ask(&mut counters, MINUTE - 1, &limits, one()).is_err());
    // Both of the first instant are back, the third is not.
    drop(ask(&mut counters, MINUTE, &limits, one()).unwrap());
    drop(ask(&mut counters, MINUTE, &limits, one()).unwrap());
    assert_eq!(ask(&mut counters, MINUTE, &limits, one()).unwrap_err().wait_ms, Some(5));
}

#[test]
fn case_58_a_scope_that_refuses_leaves_the_others_as_they_were() {
    let (mut key, mut project) = (Counters::default(), Counters::default());
    let (wide, narrow) = (requests(100).with(Measure::Concurrent, 100), requests(2));
    let mut passed = 0;
    for at in 0..50 {
        let mut scopes = [(&mut key, &wide), (&mut project, &narrow)];
        match take(Moment(at), &mut scopes, &one()) {
            Ok(_) => passed += 1,
            Err(refusal) => assert_eq!(refusal.scope, 1),
        }
    }
    assert_eq!(passed, 2);
    let gauges = Gauges::of(&[(&mut key, &wide)]);
    assert_eq!((gauges.requests.remaining, key.gauge(Measure::Concurrent).0), (98, 2));
}

#[test]
fn what_can_never_pass_has_no_wait() {
    let (mut counters, limit) = (Counters::default(), limits(Measure::TokensPerMinute, 10));
    assert_eq!(ask(&mut counters, 0, &limit, tokens(11)).unwrap_err().wait_ms, None);
    drop(ask(&mut counters, 0, &limit, tokens(10)).unwrap());
    for zero in [Measure::RequestsPerMinute, Measure::RequestsPerDay, Measure::Concurrent] {
        let refusal = ask(&mut Counters::default(), 0, &limits(zero, 0), one()).unwrap_err();
        assert_eq!((refusal.measure, refusal.limit, refusal.wait_ms), (zero, 0, None));
    }
    // What a limit counts and a call does not take is no reason to refuse it.
    drop(ask(&mut counters, 0, &limits(Measure::ImagesPerMinute, 0), one()).unwrap());
}

#[test]
fn the_longest_wait_is_told_so_that_one_wait_is_enough() {
    let mut counters = Counters::default();
    let both = requests(1).with(Measure::RequestsPerDay, 1);
    drop(ask(&mut counters, 0, &both, one()).unwrap());
    let refusal = ask(&mut counters, 1_000_000, &both, one()).unwrap_err();
    assert_eq!(refusal.measure, Measure::RequestsPerDay);
    assert_eq!(refusal.wait_ms, Some(86_399_000));
}

#[test]
fn a_correction_gives_back_or_takes_more() {
    let (mut counters, limit) = (Counters::default(), limits(Measure::TokensPerMinute, 100));
    let mut ticket = ask(&mut counters, 0, &limit, tokens(80)).unwrap();
    assert!(ask(&mut counters, 1, &limit, tokens(30)).is_err());
    ticket.correct(Moment(2), &mut [&mut counters], &tokens(10));
    assert_eq!(counters.gauge(Measure::TokensPerMinute).0, 10);
    // More than was thought, even above the limit; a later report of less takes that back.
    ticket.correct(Moment(3), &mut [&mut counters], &tokens(150));
    assert_eq!(counters.gauge(Measure::TokensPerMinute).0, 150);
    let refusal = ask(&mut counters, 4, &limit, tokens(1)).unwrap_err();
    assert_eq!((refusal.used, refusal.wait_ms), (150, Some(60_000)));
    ticket.correct(Moment(5), &mut [&mut counters], &tokens(40));
    assert_eq!(counters.gauge(Measure::TokensPerMinute).0, 40);
    // The estimate comes back with its own window, the rest with the correction's.
    drop(ask(&mut counters, MINUTE, &limit, tokens(70)).unwrap());
    // What has come back by itself cannot be given back again.
    ticket.correct(Moment(2 * MINUTE), &mut [&mut counters], &tokens(0));
    assert!(counters.gauge(Measure::TokensPerMinute).0 == 0);
}

#[test]
fn a_ticket_given_back_leaves_no_trace() {
    let all = Measure::ALL.into_iter().fold(RateLimits::default(), |all, m| all.with(m, 100));
    let mut counters = Counters::default();
    let draw = Draw { requests: 1, tokens: 5, images: 2, audio_bytes: 9 };
    let ticket = ask(&mut counters, 7, &all, draw).unwrap();
    assert!(!counters.is_idle(Moment(7)));
    ticket.give_back(&mut [&mut counters]);
    assert!(counters.is_idle(Moment(7)));
}

#[test]
fn slots_are_freed_once() {
    let (mut counters, limit) = (Counters::default(), limits(Measure::Concurrent, 2));
    let mut first = ask(&mut counters, 0, &limit, one()).unwrap();
    let second = ask(&mut counters, 0, &limit, one()).unwrap();
    let refusal = ask(&mut counters, 0, &limit, one()).unwrap_err();
    assert_eq!((refusal.used, refusal.wait_ms), (2, Some(1_000)));
    first.free_slots(&mut [&mut counters]);
    first.free_slots(&mut [&mut counters]);
    let _third = ask(&mut counters, 0, &limit, one()).unwrap();
    assert!(ask(&mut counters, 0, &limit, one()).is_err());
    second.give_back(&mut [&mut counters]);
    let _fourth = ask(&mut counters, 0, &limit, one()).unwrap();
}

#[test]
fn audio_is_limited_in_megabytes() {
    let (mut counters, limit) = (Counters::default(), limits(Measure::AudioPerMinute, 2));
    let audio = |audio_bytes| Draw { requests: 1, audio_bytes, ..Draw::default() };
    drop(ask(&mut counters, 0, &limit, audio(1_999_999)).unwrap());
    drop(ask(&mut counters, 0, &limit, audio(1)).unwrap());
    let refusal = ask(&mut counters, 0, &limit, audio(1_200_000)).unwrap_err();
    assert_eq!((refusal.limit, refusal.used, refusal.requested), (2, 2, 2));
    let vast = limits(Measure::AudioPerMinute, i64::MAX.unsigned_abs());
    drop(ask(&mut Counters::default(), 0, &vast, audio(1 << 40)).unwrap());
}

#[test]
fn gauges_show_the_tightest_limit() {
    let (mut key, mut project) = (Counters::default(), Counters::default());
    let (wide, narrow) = (requests(10), requests(4).with(Measure::RequestsPerDay, 1_000));
    for at in [0, 1_500_000] {
        drop(take(Moment(at), &mut [(&mut key, &wide), (&mut project, &narrow)], &one()).unwrap());
    }
    let gauges = Gauges::of(&[(&mut key, &wide), (&mut project, &narrow)]);
    assert_eq!(gauges.requests, Gauge { limit: 4, remaining: 2, reset_ms: 60_000 });
    assert_eq!(gauges.tokens, Gauge { limit: UNLIMITED, remaining: UNLIMITED, reset_ms: 0 });
}

#[test]
fn durations_are_spelt_as_openai_does() {
    for (ms, text) in [
        (0, "0s"),
        (20, "20ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (8_640, "8.64s"),
        (18_642, "18.642s"),
        (60_000, "1m0s"),
        (360_000, "6m0s"),
        (432_500, "7m12.5s"),
        (86_399_001, "23h59m59.001s"),
    ] {
        assert_eq!(duration(ms), text);
    }
}

#[test]
fn a_project_finds_its_models_limits() {
    let row = |model: Option<&str>, limit| (model.map(str::to_owned), requests(limit));
    let rates = ProjectRates::of(vec![row(Some("o3"), 3), row(None, 9), row(Some("gpt-4o"), 4)]);
    assert_eq!(rates.model("gpt-4o").unwrap().1, requests(4));
    assert!(rates.model("gpt-4").is_none());
    assert_eq!(rates.all, requests(9));
    assert!(RateRules::of(RateLimits::default(), ProjectRates::default()).is_none());
    let mut unlimited = RateLimits::default();
    unlimited.set(Measure::TokensPerMinute, Some(UNLIMITED));
    assert!(unlimited.is_empty());
    assert!(Measure::ALL.iter().all(|m| Measure::parse(m.field()) == Some(*m)));
}

/// One step of a client: it lets time pass, then asks for tokens, uses a share of them, or is
/// refused for another reason behind the rate limit.
#[derive(Clone, Debug)]
struct Step {
    pause: u64,
    asks: u64,
    uses: u64,
    refused: bool,
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    // Crowds at one instant, pauses that fall on a window's edge, and everything between.
    let pause = prop_oneof![
        4 => Just(0), 3 => 0..3_000u64, 2 => 0..2_000_000u64, 1 => 0..70_000_000u64, 1 => Just(MINUTE),
    ];
    let step = (pause, 1..40u64, 0..40u64, any::<bool>());
    let step = step.prop_map(|(pause, asks, uses, refused)| Step { pause, asks, uses, refused });
    prop::collection::vec(step, 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p28_no_window_holds_more_than_the_limit(steps in steps(400), limit in 1..300u64) {
        let limit = limits(Measure::TokensPerMinute, limit).with(Measure::RequestsPerMinute, limit / 3 + 1);
        let mut counters = Counters::default();
        let (mut at, mut used, mut calls) = (0, Vec::new(), Vec::new());
        for step in steps {
            at += step.pause;
            let Ok(mut ticket) = ask(&mut counters, at, &limit, tokens(step.asks)) else { continue };
            if step.refused {
                ticket.give_back(&mut [&mut counters]);
                continue;
            }
            let uses = step.uses.min(step.asks);
            ticket.correct(Moment(at), &mut [&mut counters], &tokens(uses));
            used.push((at, uses));
            calls.push((at, 1));
        }
        prop_assert!(most_in_a_window(&used) <= limit.get(Measure::TokensPerMinute).unwrap());
        prop_assert!(most_in_a_window(&calls) <= limit.get(Measure::RequestsPerMinute).unwrap());
    }

    #[test]
    fn p28_nobody_is_refused_who_fits(steps in steps(200), limit in 1..30u64) {
        // So few that each take has a slice of its own: then the decision is the auditor's.
        let limit = requests(limit);
        let mut counters = Counters::default();
        let (mut at, mut calls): (u64, Vec<u64>) = (0, Vec::new());
        for step in steps {
            at += step.pause;
            let recent = calls.iter().filter(|call| **call + MINUTE > at).count() as u64;
            let fits = recent < limit.get(Measure::RequestsPerMinute).unwrap();
            match ask(&mut counters, at, &limit, one()) {
                Ok(ticket) if step.refused => ticket.give_back(&mut [&mut counters]),
                Ok(_) => {
                    prop_assert!(fits);
                    calls.push(at);
                }
                Err(_) => prop_assert!(!fits),
            }
        }
    }

    #[test]
    fn a_wait_is_right_to_the_millisecond(steps in steps(300), limit in 1..200u64) {
        let limits = limits(Measure::TokensPerMinute, limit).with(Measure::RequestsPerMinute, limit);
        let mut counters = Counters::default();
        let mut at = 0;
        for step in steps {
            at += step.pause;
            let Err(refusal) = ask(&mut counters, at, &limits, tokens(step.asks)) else { continue };
            let Some(wait) = refusal.wait_ms else {
                prop_assert!(step.asks > limit);
                continue;
            };
            prop_assert!(wait > 0 && wait <= 60_000);
            let (mut early, mut due) = (counters.clone(), counters.clone());
            let after = |ms: u64| at + ms * 1_000;
            prop_assert!(ask(&mut early, after(wait - 1), &limits, tokens(step.asks)).is_err());
            prop_assert!(ask(&mut due, after(wait), &limits, tokens(step.asks)).is_ok());
        }
    }
}

#[test]
fn a_window_stays_small_whatever_its_limit() {
    let (mut counters, limit) = (Counters::default(), requests(UNLIMITED - 1));
    for at in 0..100_000 {
        drop(ask(&mut counters, at * 1_000, &limit, one()).unwrap());
    }
    // A minute's worth of calls, each a millisecond after the other, and at most 1.6 slices more.
    let held = counters.gauge(Measure::RequestsPerMinute).0;
    assert!((60_000..=60_938).contains(&held), "{held}");
    assert!(counters.slices() <= 32 + 130, "{}", counters.slices());
}
