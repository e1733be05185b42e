//! Price files: taken whole or refused whole, with everything that is wrong in them (case 26).

use domain::price::{Cell, ModelPrice, Tier, TokenKind, Unit};
use providers::prices::{Take, built_in, parse, parse_row, render};

fn mistakes(text: &str) -> Vec<String> {
    parse(text.as_bytes(), Take::OpenAi).err().unwrap_or_default()
}

#[test]
fn case_26_a_file_is_refused_with_every_mistake_in_it() {
    let found = mistakes(
        r#"{
        "fine": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
        "negative": {"input_cost_per_token": -1e-6, "output_cost_per_token": 2e-6},
        "null": {"input_cost_per_token": null, "output_cost_per_token": 2e-6},
        "text": {"input_cost_per_token": "1e-6", "output_cost_per_token": 2e-6},
        "absurd": {"input_cost_per_token": 1e30, "output_cost_per_token": 0.02},
        "zero": {"input_cost_per_token": 0.0, "output_cost_per_token": 0},
        "absent": {"input_cost_per_token": 1e-6},
        "tier": {"input_cost_per_token_priority": 1e-6, "output_cost_per_token": 2e-6},
        "unit": {"mode": "audio_speech", "input_cost_per_character": 1000},
        "search": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
            "search_context_cost_per_query": {"search_context_size_low": -1}},
        "free": {"free": true, "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
        "row": 3,
        "fine": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    }"#,
    );
    assert_eq!(
        found,
        [
            "negative: `input_cost_per_token` is negative",
            "null: `input_cost_per_token` is no number: prices are US dollars, such as 2.5e-6",
            "text: `input_cost_per_token` is no number: prices are US dollars, such as 2.5e-6",
            "absurd: `input_cost_per_token` is absurdly high: prices are US dollars a token or unit, not for a million",
            "absurd: `output_cost_per_token` is absurdly high: prices are US dollars a token or unit, not for a million",
            "zero: `input_cost_per_token` is zero: what costs nothing has \"free\": true (`--free`) and no prices",
            "zero: `output_cost_per_token` is zero: what costs nothing has \"free\": true (`--free`) and no prices",
            "absent: `output_cost_per_token` is absent",
            "tier: `input_cost_per_token` is absent",
            "unit: `input_cost_per_character` is absurdly high: prices are US dollars a token or unit, not for a million",
            "search: `search_context_cost_per_query.search_context_size_low` is negative",
            "free: is free and has a price",
            "row: is no object",
            "fine: stands twice",
        ]
    );
}

#[test]
fn case_26_what_is_no_json_is_refused() {
    for text in ["", "[]", "null", r#"{"m": {"input_cost_per_token": NaN}}"#, "{\"m\":"] {
        assert_eq!(mistakes(text).len(), 1, "{text}");
    }
}

#[test]
fn rows_of_other_providers_are_checked_and_left_out() {
    let others = r#"{
        "sample_spec": {"input_cost_per_token": 0.0, "mode": "one of: chat"},
        "theirs": {"litellm_provider": "other", "input_cost_per_token": 0, "output_cost_per_token": 0},
        "also": {"litellm_provider": "other", "input_cost_per_token": 1e-6},
        "ours": {"litellm_provider": "openai", "mode": "chat",
            "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "input_cost_per_pixel": 1},
        "mine": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
        "nothing": {"litellm_provider": "openai", "mode": "chat"}
    }"#;
    let file = parse(others.as_bytes(), Take::OpenAi).unwrap();
    assert_eq!(file.models.keys().collect::<Vec<_>>(), ["mine", "ours"]);
    assert_eq!(file.left_out, 3);
    assert_eq!(file.warnings, ["`input_cost_per_pixel` is not understood (1 row)"]);
    assert_eq!(parse(others.as_bytes(), Take::Everything).unwrap_err().len(), 3);
    assert_eq!(
        mistakes(r#"{"x": {"litellm_provider": "other", "input_cost_per_token": -1}}"#).len(),
        1
    );
}

#[test]
fn variants_and_fees_go_to_the_models() {
    let text = r#"{
        "draw": {"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image_token": 4e-5, "input_cost_per_token": 5e-6},
        "high/1024-x-1024/draw": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.167},
        "high/1024-x-1536/draw": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.25},
        "sketch": {"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image_token": 4e-5},
        "low/1024-x-1024/sketch": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.01},
        "openai/container": {"litellm_provider": "openai", "mode": "chat", "code_interpreter_cost_per_session": 0.04},
        "talk": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    }"#;
    let file = parse(text.as_bytes(), Take::OpenAi).unwrap();
    let unit = |model: &str, unit| domain::price::Priced::unit(&file.models[model], unit);
    assert_eq!(file.models.len(), 3);
    assert_eq!(unit("draw", Unit::Image), Some(250_000_000_000));
    assert_eq!(unit("sketch", Unit::Image), None);
    assert_eq!(unit("talk", Unit::CodeInterpreterSession), Some(40_000_000_000));
    assert_eq!(unit("talk", Unit::FileSearchCall), Some(2_500_000_000));
}

#[test]
fn a_row_may_end_and_may_be_free() {
    let text = r#"{"free": true, "valid_from": "2026-11-01", "valid_until": 1793577600}"#;
    let (price, warnings) = parse_row("m", text).unwrap();
    assert!(price.free && warnings.is_empty());
    assert_eq!(price.from.unwrap().seconds(), 1_793_491_200);
    assert_eq!(price.until.unwrap().seconds(), 1_793_577_600);
    for (text, why) in [
        ("{}", "m: has no price"),
        ("{\"free\": false}", "m: has no price"),
        ("{\"free\": 1}", "m: `free` must be true or false"),
        ("[", "m: the price is not JSON"),
        (
            r#"{"free": true, "valid_from": 9, "valid_until": 9}"#,
            "m: `valid_until` is not after `valid_from`",
        ),
    ] {
        assert_eq!(parse_row("m", text).unwrap_err().first().unwrap(), why);
    }
}

#[test]
fn a_name_that_is_not_understood_is_told_before_what_is_absent_for_it() {
    let text = r#"{"input_cost_per_token": 1e-6, "outptu_cost_per_token": 2e-6}"#;
    let told = parse_row("m", text).unwrap_err();
    let expected =
        ["m: `outptu_cost_per_token` is not understood", "m: `output_cost_per_token` is absent"];
    assert_eq!(told, expected);
}

#[test]
fn what_is_rendered_reads_as_it_was() {
    let mut odd = ModelPrice::default();
    for tier in
        [Some(Tier::Default), Some(Tier::Flex), Some(Tier::Priority), Some(Tier::Batch), None]
    {
        for above in [0, 128_000, 272_000] {
            for (at, kind) in TokenKind::ALL.into_iter().enumerate() {
                let picos = 1_000 + above as u64 + at as u64;
                odd.set(Cell { tier, above, kind, picos });
            }
        }
    }
    odd.from = Some(domain::Timestamp::from_seconds(1));
    let mut models: Vec<_> = built_in().collect();
    assert!(models.len() > 150);
    models.push(("odd".to_owned(), odd));
    models.push(("free".to_owned(), ModelPrice::free()));
    for (name, price) in models {
        let text = render(&price);
        let (read, warnings) =
            parse_row(&name, &text).unwrap_or_else(|why| panic!("{why:?} {text}"));
        assert_eq!((read, warnings), (price, Vec::new()), "{text}");
    }
}
