//! Fees beside tokens.

use domain::Nanos;
use domain::price::cost;

use crate::used::{text, tools, units};
use crate::{check, price};

#[test]
fn fees_of_tools_come_on_top() {
    check(&[
        (
            "gpt-5",
            text(100, 10).and(tools(2, 0, 0)),
            20_225_000,
            "100 in × $1.25/M + 10 out × $10/M + 2 searches × $10/K",
        ),
        (
            "gpt-4.1",
            text(1_000, 0).and(tools(1, 0, 0)),
            27_000_000,
            "1,000 in × $2/M + 1 search × $25/K",
        ),
        ("gpt-5", units(tools(0, 3, 0)), 7_500_000, "3 file-searches × $2.50/K"),
        ("gpt-5", units(tools(0, 0, 1)), 30_000_000, "1 container × $0.03"),
        (
            "gpt-5.5",
            text(100, 10).and(tools(2, 1, 1)),
            53_300_000,
            "100 in × $5/M + 10 out × $30/M + 2 searches × $10/K + 1 file-search × $2.50/K + 1 container × $0.03",
        ),
        (
            "gpt-4o-search-preview",
            text(100, 10).and(tools(1, 0, 0)),
            25_350_000,
            "100 in × $2.50/M + 10 out × $10/M + 1 search × $25/K",
        ),
        // Its row has no fee for searches: the dearest.
        (
            "o3-deep-research",
            text(1_000, 100).and(tools(10, 0, 0)),
            264_000_000,
            "1,000 in × $10/M + 100 out × $40/M + 10 searches × $25/K",
        ),
    ]);
}

#[test]
fn each_part_of_a_cost_is_on_its_line() {
    let used = text(1_000, 10).cached(800).and(tools(2, 0, 0));
    let found = cost(&price("gpt-5"), &used.billed()).unwrap();
    // 200 × $1.25/M, 800 × $0.125/M, 10 × $10/M, 2 × $10/K
    assert_eq!((found.input, found.input_cached), (Nanos(250_000), Nanos(100_000)));
    assert_eq!((found.output, found.other), (Nanos(100_000), Nanos(20_000_000)));
}
