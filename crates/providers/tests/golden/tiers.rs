//! Service tiers, and calls so long that all of them is dearer.

use crate::check;
use crate::used::text;

#[test]
fn case_29_service_tiers() {
    let used = text(10_000, 1_000).cached(4_000);
    let half = "6,000 in × $0.625/M + 4,000 cached × $0.0625/M + 1,000 out × $5/M";
    let double = "6,000 in × $2.50/M + 4,000 cached × $0.25/M + 1,000 out × $20/M";
    check(&[
        (
            "gpt-5",
            used,
            18_000_000,
            "6,000 in × $1.25/M + 4,000 cached × $0.125/M + 1,000 out × $10/M",
        ),
        ("gpt-5", used.at("flex"), 9_000_000, half),
        ("gpt-5", used.at("batch"), 9_000_000, half),
        ("gpt-5", used.at("priority"), 36_000_000, double),
        ("gpt-5", used.at("fast"), 36_000_000, double),
        (
            "gpt-4.1",
            text(1_000, 100).cached(500).at("priority"),
            3_587_500,
            "500 in × $3.50/M + 500 cached × $0.875/M + 100 out × $14/M",
        ),
        (
            "gpt-5.5",
            text(1_000, 100).at("priority"),
            20_000_000,
            "1,000 in × $12.50/M + 100 out × $75/M",
        ),
        ("o3", text(1_000, 1_000).at("flex"), 5_000_000, "1,000 in × $1/M + 1,000 out × $4/M"),
        (
            "o4-mini",
            text(1_000, 1).cached(1_000).at("flex"),
            140_200,
            "1,000 cached × $0.138/M + 1 out × $2.20/M",
        ),
        // No price for cached tokens in a batch, so they are not cheaper there than others.
        (
            "gpt-4.1",
            text(1_000, 100).cached(500).at("batch"),
            1_400_000,
            "1,000 in × $1/M + 100 out × $4/M",
        ),
        // A tier of which only the price is known, and one that nobody has heard of: the dearest.
        (
            "gpt-6-astra",
            text(1_000, 100).at("ultrafast"),
            90_000_000,
            "1,000 in × $60/M + 100 out × $300/M",
        ),
        ("gpt-5", text(1, 1).at("tomorrow"), 22_500, "1 in × $2.50/M + 1 out × $20/M"),
    ]);
}

#[test]
fn case_28_above_272_000_tokens_the_whole_call_is_dearer() {
    check(&[
        ("gpt-5.4", text(272_000, 1_000), 695_000_000, "272,000 in × $2.50/M + 1,000 out × $15/M"),
        (
            "gpt-5.4",
            text(272_001, 1_000),
            1_382_505_000,
            "272,001 in × $5/M + 1,000 out × $22.50/M",
        ),
        (
            "gpt-5.4",
            text(300_000, 1_000).at("flex"),
            761_250_000,
            "300,000 in × $2.50/M + 1,000 out × $11.25/M",
        ),
        (
            "gpt-5.4",
            text(300_000, 1_000).cached(100_000).at("batch"),
            536_250_000,
            "200,000 in × $2.50/M + 100,000 cached × $0.25/M + 1,000 out × $11.25/M",
        ),
        // Not sold as priority: the dearer of long default and short priority.
        (
            "gpt-5.4",
            text(300_000, 1_000).at("priority"),
            1_530_000_000,
            "300,000 in × $5/M + 1,000 out × $30/M",
        ),
        (
            "gpt-5.6",
            text(300_000, 1_000).cached(200_000).written(100_000, 0).at("priority"),
            2_380_000_000,
            "200,000 cached × $1.60/M + 100,000 written × $20/M + 1,000 out × $60/M",
        ),
    ]);
}

#[test]
fn case_28_above_200_000_tokens_the_whole_call_is_dearer() {
    let sonnet = "anthropic.claude-sonnet-4-20250514-v1:0";
    check(&[
        (sonnet, text(200_000, 1_000), 615_000_000, "200,000 in × $3/M + 1,000 out × $15/M"),
        (sonnet, text(200_001, 1_000), 1_222_506_000, "200,001 in × $6/M + 1,000 out × $22.50/M"),
        // Cached tokens count for the length.
        (
            sonnet,
            text(200_001, 10).cached(150_000).written(50_000, 0),
            465_231_000,
            "1 in × $6/M + 150,000 cached × $0.60/M + 50,000 written × $7.50/M + 10 out × $22.50/M",
        ),
        // So the output is no part of it.
        (sonnet, text(1, 300_000), 4_500_003_000, "1 in × $3/M + 300,000 out × $15/M"),
    ]);
}
