//! Calls of a model that another one could have answered, and what that would have cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Finding, FindingKind, percent};
use crate::price::{Billed, Cell, ModelPrice, Tier, TokenKind, cost_of_many};
use crate::route::MaxPrice;
use crate::{Nanos, Tokens};

/// A model that somebody says another one stands in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivalent {
    pub model: String,
    pub cheaper: String,
}

/// Smaller models of the same family. Not equivalents: only whoever knows the calls can say that.
const FAMILIES: [(&str, &str); 6] = [
    ("gpt-4o", "gpt-4o-mini"),
    ("gpt-4.1", "gpt-4.1-mini"),
    ("gpt-4.1-mini", "gpt-4.1-nano"),
    ("gpt-5", "gpt-5-mini"),
    ("gpt-5-mini", "gpt-5-nano"),
    ("claude-opus-4-1", "claude-sonnet-4-5"),
];

const STATED: &str = "stated by the operator";
const FAMILY: &str = "same family, smaller; whether it does for these calls is not known";

/// What a key used of a model, as the rollups have it: at the usual tier, in no batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUse {
    pub project: String,
    pub key: String,
    pub model: String,
    pub calls: u64,
    pub tokens: Tokens,
    /// What was booked.
    pub cost: Nanos,
}

/// The model that a model is compared with, and why. What the operator states comes first.
#[must_use]
pub fn equivalent(model: &str, stated: &[Equivalent]) -> Option<(String, &'static str)> {
    let own = stated.iter().find(|one| is_it(model, &one.model));
    if let Some(own) = own {
        return Some((own.cheaper.clone(), STATED));
    }
    let family = FAMILIES.iter().find(|(base, _)| is_it(model, base));
    family.map(|(_, smaller)| ((*smaller).to_owned(), FAMILY))
}

/// Whether a name is a model's, or a dated one's of it: `gpt-4o-2024-08-06` is `gpt-4o`.
fn is_it(name: &str, model: &str) -> bool {
    let Some(rest) = name.strip_prefix(model) else { return false };
    let dated = rest.strip_prefix('-').is_some_and(|date| {
        date.len() >= 8 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    });
    rest.is_empty() || dated
}

/// What would have been saved elsewhere, the largest first. Only where it is cheaper by the book, and
/// for calls of text alone: pictures and sound are counted in other ways by other models.
#[must_use]
pub fn cheaper(
    uses: &[ModelUse],
    stated: &[Equivalent],
    price: impl Fn(&str) -> Option<Arc<ModelPrice>>,
) -> Vec<Finding> {
    let mut of_key: BTreeMap<&str, u64> = BTreeMap::new();
    for one in uses {
        *of_key.entry(&one.key).or_default() += one.calls;
    }
    let of_key = |key: &str| of_key.get(key).copied().unwrap_or_default();
    let found = uses.iter().filter_map(|one| {
        let (other, basis) = equivalent(&one.model, stated)?;
        finding(one, of_key(&one.key), (&other, basis), &*price(&other)?)
    });
    let mut found: Vec<Finding> = found.collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.saves));
    found
}

fn finding(
    one: &ModelUse,
    of_calls: u64,
    (other, basis): (&str, &'static str),
    price: &ModelPrice,
) -> Option<Finding> {
    let tokens = &one.tokens;
    let seen = [tokens.input_audio, tokens.input_image, tokens.output_audio, tokens.output_image];
    if seen.iter().any(|count| *count > 0) || one.calls == 0 {
        return None;
    }
    // No single call is longer than the sum, and most are far shorter: by the usual step.
    let otherwise = cost_of_many(price, &Billed::tokens(*tokens), 0).ok()?.total();
    let saves = Nanos(one.cost.0.checked_sub(otherwise.0)?);
    if saves.0 <= 0 {
        return None;
    }
    let what = format!(
        "{} of {of_calls} calls of the key went to {}; at {other}'s prices they would have cost \
         {otherwise} instead of {} US dollars ({basis})",
        one.calls, one.model, one.cost
    );
    let arithmetic = format!(
        "{}; {} booked − {otherwise} = {saves} US dollars; {} of {of_calls} calls are {}. Priced \
         at the usual tier below any long-context step, with as many cached tokens as there were, \
         and rounded once.",
        sum(price, tokens, otherwise),
        one.cost,
        one.calls,
        percent(one.calls, of_calls)
    );
    Some(Finding {
        project: Some(one.project.clone()),
        key: Some(one.key.clone()),
        model: Some(one.model.clone()),
        other_model: Some(other.to_owned()),
        basis: Some(basis),
        calls: Some(one.calls),
        of_calls: Some(of_calls),
        cost: Some(one.cost),
        otherwise: Some(otherwise),
        saves: Some(saves),
        ..Finding::new(FindingKind::CheaperModel, what, arithmetic)
    })
}

/// `1000 input × 0.15 + 200 cached × 0.075 + 500 output × 0.6 = …`, a million tokens each.
fn sum(price: &ModelPrice, tokens: &Tokens, total: Nanos) -> String {
    let usual = |cell: &Cell| cell.tier == Some(Tier::Default) && cell.above == 0;
    let rate = |kind| {
        let cell = price.cells().filter(usual).find(|cell| cell.kind == kind);
        cell.map_or_else(|| "its nearest price".to_owned(), |cell| MaxPrice::show(cell.picos))
    };
    let cached = tokens.input_cached.min(tokens.input);
    let written = tokens.input_cache_write.min(tokens.input - cached);
    let parts = [
        (tokens.input - cached - written, "input", TokenKind::Input),
        (cached, "cached", TokenKind::InputCached),
        (written, "written to cache", TokenKind::CacheWrite),
        (tokens.output, "output", TokenKind::Output),
    ];
    let told = parts.into_iter().filter(|(count, ..)| *count > 0);
    let told: Vec<String> =
        told.map(|(count, name, kind)| format!("{count} {name} × {}", rate(kind))).collect();
    format!("{} (a million tokens) = {total} US dollars", told.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(cells: &[(TokenKind, u64)]) -> Arc<ModelPrice> {
        let mut price = ModelPrice::default();
        for (kind, picos) in cells {
            price.set(Cell { tier: Some(Tier::Default), above: 0, kind: *kind, picos: *picos });
        }
        Arc::new(price)
    }

    fn mini(model: &str) -> Option<Arc<ModelPrice>> {
        // 0.15, 0.075 and 0.60 US dollars a million tokens.
        let cells = [
            (TokenKind::Input, 150_000),
            (TokenKind::InputCached, 75_000),
            (TokenKind::Output, 600_000),
        ];
        (model == "gpt-4o-mini").then(|| price(&cells))
    }

    fn uses(
        model: &str,
        calls: u64,
        (input, cached, output): (u64, u64, u64),
        cost: i64,
    ) -> ModelUse {
        ModelUse {
            project: "proj_1".into(),
            key: "key_1".into(),
            model: model.into(),
            calls,
            tokens: Tokens { input, input_cached: cached, output, ..Tokens::default() },
            cost: Nanos(cost),
        }
    }

    #[test]
    fn a_hand_worked_month_of_a_dearer_model() {
        // Thirty calls with three million tokens in, a million of them cached, and half a million out,
        // at 2.50, 1.25 and 10 dollars a million: five, one and a quarter, and five dollars: eleven
        // dollars and a quarter. At 0.15, 0.075 and 0.60: thirty cents, seven and a half cents and
        // thirty cents: sixty-seven and a half cents. The difference is ten dollars, fifty-seven and a
        // half cents. Ten more calls went elsewhere: thirty of forty are three quarters.
        let all = [
            uses("gpt-4o-2024-08-06", 30, (3_000_000, 1_000_000, 500_000), 11_250_000_000),
            uses("gpt-4o-mini", 10, (10, 0, 10), 100),
        ];
        let found = cheaper(&all, &[], mini);
        assert_eq!(found.len(), 1, "the smaller one has no smaller one here");
        let one = &found[0];
        assert_eq!((one.calls, one.of_calls), (Some(30), Some(40)));
        assert_eq!(one.cost, Some(Nanos(11_250_000_000)));
        assert_eq!(one.otherwise, Some(Nanos(675_000_000)));
        assert_eq!(one.saves, Some(Nanos(10_575_000_000)));
        assert_eq!(one.basis, Some(FAMILY));
        let told = "2000000 input × 0.15 + 1000000 cached × 0.075 + 500000 output × 0.6 (a million \
                    tokens) = 0.675 US dollars; 11.25 booked − 0.675 = 10.575 US dollars; 30 of 40 \
                    calls are 75.0 %.";
        assert!(one.arithmetic.starts_with(told), "{}", one.arithmetic);
    }

    #[test]
    fn what_is_stated_comes_first_and_what_is_not_cheaper_is_not_told() {
        let stated = [Equivalent { model: "gpt-4o".into(), cheaper: "house".into() }];
        assert_eq!(equivalent("gpt-4o-2024-08-06", &stated).unwrap(), ("house".into(), STATED));
        assert_eq!(equivalent("gpt-4o-audio-preview", &stated), None, "another model");
        assert_eq!(equivalent("gpt-4o", &[]).unwrap().0, "gpt-4o-mini");
        assert_eq!(equivalent("o3", &[]), None);
        // A call that cost a nano-dollar less than it would have there.
        let cheap = uses("gpt-4o", 1, (1_000_000, 0, 0), 149_999_999);
        assert_eq!(cheaper(&[cheap], &[], mini), []);
        let same = uses("gpt-4o", 1, (1_000_000, 0, 0), 150_000_000);
        assert_eq!(cheaper(&[same], &[], mini), []);
        // Pictures are counted in another way there; and without a price nothing is said.
        let mut seen = uses("gpt-4o", 1, (1_000_000, 0, 0), 2_500_000_000);
        assert_eq!(cheaper(&[seen.clone()], &stated, mini), []);
        seen.tokens.input_image = 7;
        assert_eq!(cheaper(&[seen], &[], mini), []);
    }
}
