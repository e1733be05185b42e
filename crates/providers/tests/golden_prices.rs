//! Costs worked out by hand from the prices that OpenAI publishes, to the nano-dollar.
//!
//! A dollar a million tokens is 1,000 nano-dollars a token. Each row says the bill as its
//! provider would write it; the sum beside it was added up by hand.

use domain::price::{Billed, CostError, Layer, ModelPrice, PriceBook, Tier, Unit, Units, cost};
use domain::{Nanos, Timestamp, Tokens};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const NOTHING: Tokens = Tokens {
    input: 0,
    input_cached: 0,
    input_cache_write: 0,
    input_cache_write_long: 0,
    input_audio: 0,
    input_image: 0,
    output: 0,
    output_reasoning: 0,
    output_audio: 0,
    output_image: 0,
};

fn price(model: &str) -> std::sync::Arc<ModelPrice> {
    let rows = providers::prices::built_in().map(|(name, price)| (Layer::BuiltIn, name, price));
    PriceBook::new(rows).lookup(model, NOW).unwrap_or_else(|| panic!("{model} has no price"))
}

#[track_caller]
fn bills(model: &str, tier: Option<&str>, tokens: Tokens, nanos: i64) {
    let billed = Billed { tier: Tier::served(tier), tokens, units: Units::default() };
    let cost = cost(&price(model), &billed);
    assert_eq!(cost.map(|cost| cost.total()), Ok(Nanos(nanos)), "{model}: {cost:?}");
}

#[track_caller]
fn bills_units(model: &str, units: Units, nanos: i64) {
    let billed = Billed { units, ..Billed::tokens(NOTHING) };
    let cost = cost(&price(model), &billed).map(|cost| cost.total());
    assert_eq!(cost, Ok(Nanos(nanos)), "{model}");
}

fn plain(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..NOTHING }
}

fn cached(input: u64, input_cached: u64, output: u64) -> Tokens {
    Tokens { input_cached, ..plain(input, output) }
}

#[test]
fn text() {
    // 1,000 × 2,500 + 500 × 10,000
    bills("gpt-4o", None, plain(1_000, 500), 7_500_000);
    // 200 × 2,500 + 800 × 1,250 + 10 × 10,000
    bills("gpt-4o", Some("default"), cached(1_000, 800, 10), 1_600_000);
    // 150 + 600
    bills("gpt-4o-mini", None, plain(1, 1), 750);
    // 75
    bills("gpt-4o-mini-2024-07-18", None, cached(1, 1, 0), 75);
    // 3 × 25
    bills("gpt-4.1-nano", None, cached(3, 3, 0), 75);
    // Reasoning is output: 100 × 15,000 + 2,000 × 60,000
    let reasoned = Tokens { output_reasoning: 1_900, ..plain(100, 2_000) };
    bills("o1", None, reasoned, 121_500_000);
    // The row of the tuned base: 100 × 300 + 10 × 1,200
    bills("ft:gpt-4o-mini-2024-07-18:acme::A1b2", None, plain(100, 10), 42_000);
    // 100 × 250 + 3 × 1,000, made up
    bills("demo-chat", None, plain(100, 3), 28_000);
    bills("omni-moderation-latest", None, plain(1_000, 0), 0);
}

#[test]
fn case_29_service_tiers() {
    let tokens = cached(10_000, 4_000, 1_000);
    // 6,000 × 1,250 + 4,000 × 125 + 1,000 × 10,000
    bills("gpt-5", None, tokens, 18_000_000);
    // 6,000 × 625 + 4,000 × 62.5 + 1,000 × 5,000
    bills("gpt-5", Some("flex"), tokens, 9_000_000);
    bills("gpt-5", Some("batch"), tokens, 9_000_000);
    // 6,000 × 2,500 + 4,000 × 250 + 1,000 × 20,000
    bills("gpt-5", Some("priority"), tokens, 36_000_000);
    bills("gpt-5", Some("fast"), tokens, 36_000_000);
    // 1,000 × 138 + 2,200
    bills("o4-mini", Some("flex"), cached(1_000, 1_000, 1), 140_200);
    // No price for cached tokens in a batch, so they are not cheaper there than others:
    // 1,000 × 1,000 + 100 × 4,000
    bills("gpt-4.1", Some("batch"), cached(1_000, 500, 100), 1_400_000);
    // A tier of which only the price is known, to be the dearest: 1,000 × 60,000 + 100 × 300,000
    bills("gpt-6-astra", Some("ultrafast"), plain(1_000, 100), 90_000_000);
    // One that nobody has heard of, on a model whose dearest is priority: 2,500 + 20,000
    bills("gpt-5", Some("tomorrow"), plain(1, 1), 22_500);
}

#[test]
fn case_28_long_context() {
    // 272,000 × 2,500 + 1,000 × 15,000: exactly at the step is not above it
    bills("gpt-5.4", None, plain(272_000, 1_000), 695_000_000);
    // One more, and the whole call is dearer: 272,001 × 5,000 + 1,000 × 22,500
    bills("gpt-5.4", None, plain(272_001, 1_000), 1_382_505_000);
    // 300,000 × 5,000 + 1,000 × 22,500
    bills("gpt-5.4", None, plain(300_000, 1_000), 1_522_500_000);
    // 300,000 × 2,500 + 1,000 × 11,250
    bills("gpt-5.4", Some("flex"), plain(300_000, 1_000), 761_250_000);
    // Not sold as priority; the dearer of long default and short priority: 5,000 and 30,000
    bills("gpt-5.4", Some("priority"), plain(300_000, 1_000), 1_530_000_000);
    // 200,000 × 1,600 + 100,000 × 20,000 + 1,000 × 60,000
    let written = Tokens { input_cache_write: 100_000, ..cached(300_000, 200_000, 1_000) };
    bills("gpt-5.6", Some("priority"), written, 2_380_000_000);
}

#[test]
fn case_30_cache_writes() {
    // 1,000 × 4,000 + 3,000 × 400 + 6,000 × 5,000 + 100 × 20,000
    let written = Tokens { input_cache_write: 6_000, ..cached(10_000, 3_000, 100) };
    bills("gpt-5.6", None, written, 37_200_000);
    // 2,000 of them for twelve hours, at 10,000
    let longer = Tokens { input_cache_write_long: 2_000, ..written };
    bills("gpt-5.6", None, longer, 47_200_000);
    // No price for writing: it is input. 100 × 2,500
    bills("gpt-4o", None, Tokens { input_cache_write: 60, ..plain(100, 0) }, 250_000);
}

#[test]
fn case_30_sound() {
    // 100 × 2,500 + 400 × 32,000 + 50 × 10,000 + 250 × 64,000
    let spoken = Tokens { input_audio: 400, output_audio: 250, ..plain(500, 300) };
    bills("gpt-audio", None, spoken, 29_550_000);
    // No price for what is cached: all of it as if it were not
    bills("gpt-audio", None, Tokens { input_cached: 100, ..spoken }, 29_550_000);
    // 400 text and 600 sound, 500 of them cached: text first, where it saves least.
    // 500 × 400 + 500 × 32,000
    let mixed = Tokens { input_audio: 600, ..cached(1_000, 500, 0) };
    bills("gpt-realtime", None, mixed, 16_200_000);
    // 100 × 2,500 + 20 × 10,000; the five seconds are the same sound again
    let heard = Tokens { input_audio: 100, ..plain(100, 20) };
    let units = Units { input_ms: 5_000, ..Units::default() };
    let billed = Billed { units, ..Billed::tokens(heard) };
    assert_eq!(cost(&price("gpt-4o-transcribe"), &billed).unwrap().total(), Nanos(450_000));
    // 20 × 600 + 300 × 12,000: all that it puts out is sound
    bills("gpt-4o-mini-tts", None, plain(20, 300), 3_612_000);
}

#[test]
fn case_30_images() {
    // 50 × 5,000 + 320 × 10,000 + 4,160 × 40,000
    let drawn = Tokens { input_image: 320, output_image: 4_160, ..plain(370, 4_160) };
    bills("gpt-image-1", None, drawn, 169_850_000);
    // 20 × 5,000 + 900 × 32,000 + 100 × 10,000
    let split = Tokens { output_image: 900, ..plain(20, 1_000) };
    bills("gpt-image-1.5", None, split, 29_900_000);
    // The answer does not say what is image: 20 × 5,000 + 1,000 × 32,000
    bills("gpt-image-1.5", None, plain(20, 1_000), 32_100_000);
    // Pictures shown to a chat model are input like any other, cached or not:
    // 200 × 1,250 + 800 × 125
    let shown = Tokens { input_image: 900, ..cached(1_000, 800, 0) };
    bills("gpt-5", None, shown, 350_000);
    // No usage: 2 × 0.25 dollars, high quality at the largest size
    bills_units("gpt-image-1", Units { images: 2, ..Units::default() }, 500_000_000);
}

#[test]
fn embeddings() {
    bills("text-embedding-3-small", None, plain(7, 0), 140);
    bills("text-embedding-3-large", None, plain(8, 0), 1_040);
    bills("text-embedding-ada-002", None, plain(10, 0), 1_000);
    bills("text-embedding-3-small", Some("batch"), plain(1, 0), 10);
}

#[test]
fn units() {
    // 11 × 15,000; 11 × 30,000
    bills_units("tts-1", Units { characters: 11, ..Units::default() }, 165_000);
    bills_units("tts-1-hd", Units { characters: 11, ..Units::default() }, 330_000);
    // 3.021 s × 100,000
    bills_units("whisper-1", Units { input_ms: 3_021, ..Units::default() }, 302_100);
    // 10 s × 50,000
    bills_units("gpt-4o-mini-transcribe", Units { input_ms: 10_000, ..Units::default() }, 500_000);
    // 4 s × 0.10 dollars; 8 s × 0.50 dollars at its dearest size
    bills_units("sora-2", Units { video_ms: 4_000, ..Units::default() }, 400_000_000);
    bills_units("sora-2-pro", Units { video_ms: 8_000, ..Units::default() }, 4_000_000_000);
}

#[test]
fn tools_come_on_top() {
    // 100 × 1,250 + 10 × 10,000 + 2 × 0.01 dollars
    let units = Units { web_search_calls: 2, ..Units::default() };
    let billed = Billed { units, ..Billed::tokens(plain(100, 10)) };
    let searched = cost(&price("gpt-5"), &billed).unwrap();
    assert_eq!(searched.total(), Nanos(20_225_000));
    assert_eq!(searched.other, Nanos(20_000_000));
    // 3 × 0.0025 dollars; one container at 0.03 dollars
    bills_units("gpt-5", Units { file_search_calls: 3, ..Units::default() }, 7_500_000);
    bills_units("gpt-5", Units { code_interpreter_sessions: 1, ..Units::default() }, 30_000_000);
}

#[test]
fn case_56_a_fraction_of_a_nano_dollar_is_one() {
    // 2.5 nano-dollars
    bills("gpt-5-nano", Some("flex"), cached(1, 1, 0), 3);
    // 3 × 2.5 + 25 = 32.5, and the parts are the whole
    let billed = Billed { tier: Some(Tier::Flex), ..Billed::tokens(cached(4, 3, 0)) };
    let found = cost(&price("gpt-5-nano"), &billed).unwrap();
    assert_eq!((found.input, found.input_cached), (Nanos(26), Nanos(7)));
}

#[test]
fn case_25_what_has_no_price_is_never_nothing() {
    let units = Units { characters: 5, ..Units::default() };
    let billed = Billed { units, ..Billed::tokens(NOTHING) };
    assert_eq!(cost(&price("gpt-4o-mini-tts"), &billed), Err(CostError::Unit(Unit::Character)));
    let billed = Billed::tokens(plain(5, 0));
    assert_eq!(cost(&price("whisper-1"), &billed), Err(CostError::Tokens));
    let absurd = Billed::tokens(plain(u64::MAX, 0));
    assert_eq!(cost(&price("gpt-4o"), &absurd), Err(CostError::TooLarge));
}
