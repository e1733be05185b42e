//! Text, what was cached of it, and what is made of text alone.

use crate::check;
use crate::used::text;

#[test]
fn text_and_cached_text() {
    check(&[
        ("gpt-4o", text(1_000, 500), 7_500_000, "1,000 in × $2.50/M + 500 out × $10/M"),
        (
            "gpt-4o",
            text(1_000, 10).cached(800).at("default"),
            1_600_000,
            "200 in × $2.50/M + 800 cached × $1.25/M + 10 out × $10/M",
        ),
        ("gpt-4o-mini", text(1, 1), 750, "1 in × $0.15/M + 1 out × $0.60/M"),
        ("gpt-4o-mini-2024-07-18", text(1, 0).cached(1), 75, "1 cached × $0.075/M"),
        ("gpt-4.1-nano", text(3, 0).cached(3), 75, "3 cached × $0.025/M"),
        ("gpt-4.1", text(10_000, 2_500), 40_000_000, "10,000 in × $2/M + 2,500 out × $8/M"),
        (
            "gpt-5-mini",
            text(12_345, 678).cached(10_240),
            2_138_250,
            "2,105 in × $0.25/M + 10,240 cached × $0.025/M + 678 out × $2/M",
        ),
        ("gpt-5-nano", text(7, 3), 1_550, "7 in × $0.05/M + 3 out × $0.40/M"),
        (
            "gpt-3.5-turbo",
            text(1_000, 1_000),
            2_000_000,
            "1,000 in × $0.50/M + 1,000 out × $1.50/M",
        ),
        (
            "gpt-4-turbo",
            text(128_000, 4_096),
            1_402_880_000,
            "128,000 in × $10/M + 4,096 out × $30/M",
        ),
        ("davinci-002", text(100, 100), 400_000, "100 in × $2/M + 100 out × $2/M"),
        (
            "ft:gpt-4o-mini-2024-07-18:acme::A1b2",
            text(100, 10),
            42_000,
            "100 in × $0.30/M + 10 out × $1.20/M",
        ),
        (
            "ft:gpt-4.1-mini-2025-04-14:acme::A1b2",
            text(100, 10).cached(40),
            88_000,
            "60 in × $0.80/M + 40 cached × $0.20/M + 10 out × $3.20/M",
        ),
        ("demo-chat", text(100, 3), 28_000, "100 in × $0.25/M + 3 out × $1/M"),
    ]);
}

#[test]
fn reasoning_is_inside_the_output() {
    check(&[
        (
            "o1",
            text(100, 2_000).reasoning(1_900),
            121_500_000,
            "100 in × $15/M + 2,000 out × $60/M",
        ),
        (
            "o3-pro",
            text(50, 1_000).reasoning(1_000),
            81_000_000,
            "50 in × $20/M + 1,000 out × $80/M",
        ),
        ("gpt-5-pro", text(1, 1).reasoning(0), 135_000, "1 in × $15/M + 1 out × $120/M"),
    ]);
}

#[test]
fn case_30_cache_writes() {
    let written = text(10_000, 100).cached(3_000);
    check(&[
        (
            "gpt-5.6",
            written.written(6_000, 0),
            37_200_000,
            "1,000 in × $4/M + 3,000 cached × $0.40/M + 6,000 written × $5/M + 100 out × $20/M",
        ),
        (
            "gpt-5.6",
            written.written(6_000, 2_000),
            47_200_000,
            "1,000 in × $4/M + 3,000 cached × $0.40/M + 4,000 written × $5/M + 2,000 for-12-hours × $10/M + 100 out × $20/M",
        ),
        (
            "gpt-5.6",
            text(1_000, 0).written(1_000, 0).at("flex"),
            2_500_000,
            "1,000 written × $2.50/M",
        ),
        // No price for writing: it is input.
        ("gpt-4o", text(100, 0).written(60, 0), 250_000, "100 in × $2.50/M"),
    ]);
}

#[test]
fn embeddings_and_moderations() {
    check(&[
        ("text-embedding-3-small", text(7, 0), 140, "7 in × $0.02/M"),
        ("text-embedding-3-small", text(1, 0).at("batch"), 10, "1 in × $0.01/M"),
        ("text-embedding-3-large", text(8, 0), 1_040, "8 in × $0.13/M"),
        ("text-embedding-3-large", text(3, 0).at("batch"), 195, "3 in × $0.065/M"),
        ("text-embedding-ada-002", text(10, 0), 1_000, "10 in × $0.10/M"),
        ("omni-moderation-latest", text(1_000, 0), 0, "free"),
        ("omni-moderation-2024-09-26", text(1, 1).image(1, 0), 0, "free"),
        ("text-moderation-latest", text(1_000, 0), 0, "free"),
    ]);
}
