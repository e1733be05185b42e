//! Calls that were made before, and calls that begin as others do: known by keyed hashes, where an
//! operator has them written into the request log. No text is in them.

use std::collections::{BTreeMap, HashMap};

use super::{Finding, FindingKind, percent};
use crate::{Nanos, Timestamp};

/// Hashes of a request under the installation's key and its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prints {
    /// Of all that matters to the answer.
    pub prompt: u64,
    /// Of the first 4,096 bytes of what is said to the model, where there are as many.
    pub prefix: Option<u64>,
}

/// An answered call whose answer could have been kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptCall {
    pub project: String,
    pub model: String,
    pub at: Timestamp,
    pub prints: Prints,
    pub cost: Nanos,
    /// As the provider counted.
    pub input: u64,
    pub cached: u64,
}

/// How long (s) after a call another one counts as near it: providers keep prefixes for minutes.
const NEAR: i64 = 300;
/// Fewer tokens of input are not cached by the providers that cache prefixes by themselves.
const CACHEABLE: u64 = 1_024;

#[derive(Default)]
struct Sums {
    calls: u64,
    cost: i64,
    hits: u64,
    saved: i64,
    long: u64,
    near: u64,
    near_input: u64,
    near_cached: u64,
}

/// What a cache that keeps answers for `ttl_seconds` would have answered, and how far the provider
/// cached the prefixes that came again: of each project and model. Calls in the order of time.
#[must_use]
pub fn repeated(calls: &[PromptCall], ttl_seconds: i64) -> Vec<Finding> {
    let mut sums: BTreeMap<(&str, &str), Sums> = BTreeMap::new();
    // When an answer was stored; an answer that is given again is not stored anew.
    let mut stored: HashMap<(&str, u64), i64> = HashMap::new();
    let mut begun: HashMap<(&str, &str, u64), i64> = HashMap::new();
    for call in calls {
        let (project, model, at) = (&*call.project, &*call.model, call.at.0);
        let sum = sums.entry((project, model)).or_default();
        sum.calls += 1;
        sum.cost = sum.cost.saturating_add(call.cost.0);
        let since = stored.entry((project, call.prints.prompt)).or_insert(i64::MIN);
        if at.saturating_sub(*since) < ttl_seconds * 1_000 {
            sum.hits += 1;
            sum.saved = sum.saved.saturating_add(call.cost.0);
        } else {
            *since = at;
        }
        let Some(prefix) = call.prints.prefix.filter(|_| call.input >= CACHEABLE) else { continue };
        sum.long += 1;
        let last = begun.insert((project, model, prefix), at);
        if last.is_some_and(|last| at.saturating_sub(last) <= NEAR * 1_000) {
            sum.near += 1;
            sum.near_input += call.input;
            sum.near_cached += call.cached;
        }
    }
    let mut found: Vec<Finding> = sums
        .into_iter()
        .flat_map(|(of, sum)| [answers(of, &sum, ttl_seconds), prefixes(of, &sum)])
        .flatten()
        .collect();
    found.sort_by_key(|finding| (finding.kind, std::cmp::Reverse(finding.saves)));
    found
}

fn answers((project, model): (&str, &str), sum: &Sums, ttl: i64) -> Option<Finding> {
    let rest = Nanos(sum.cost - sum.saved);
    let (saved, cost) = (Nanos(sum.saved), Nanos(sum.cost));
    let what = format!(
        "{} of {} calls of {model} repeated an earlier one of the project; a cache that keeps \
         answers for {ttl} s would have saved {saved} US dollars",
        sum.hits, sum.calls
    );
    let arithmetic = format!(
        "{} calls that came again within {ttl} s of the call whose answer would have been stored \
         ({}), with what each of them was booked at: {saved} of {cost} US dollars",
        sum.hits,
        percent(sum.hits, sum.calls)
    );
    (sum.hits > 0).then(|| Finding {
        project: Some(project.to_owned()),
        model: Some(model.to_owned()),
        calls: Some(sum.hits),
        of_calls: Some(sum.calls),
        cost: Some(cost),
        otherwise: Some(rest),
        saves: Some(saved),
        ..Finding::new(FindingKind::RepeatedPrompts, what, arithmetic)
    })
}

fn prefixes((project, model): (&str, &str), sum: &Sums) -> Option<Finding> {
    let what = format!(
        "{} of {} calls of {model} with 1,024 input tokens or more began like one of the five \
         minutes before; the provider counted {} of their input tokens as cached",
        sum.near,
        sum.long,
        percent(sum.near_cached, sum.near_input)
    );
    let arithmetic = format!(
        "the first 4,096 bytes of {} calls were those of a call at most 300 s earlier; {} of {} \
         input tokens were cached ones. What more would have cost less is the provider's rule; it is \
         not computed here.",
        sum.near, sum.near_cached, sum.near_input
    );
    (sum.near > 0).then(|| Finding {
        project: Some(project.to_owned()),
        model: Some(model.to_owned()),
        calls: Some(sum.near),
        of_calls: Some(sum.long),
        ..Finding::new(FindingKind::RepeatedPrefixes, what, arithmetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(second: i64, prompt: u64, cost: i64) -> PromptCall {
        PromptCall {
            project: "proj_1".into(),
            model: "gpt-4o".into(),
            at: Timestamp(second * 1_000),
            prints: Prints { prompt, prefix: None },
            cost: Nanos(cost),
            input: 0,
            cached: 0,
        }
    }

    #[test]
    fn hand_worked_repeats_within_an_hour() {
        // One prompt at noon, half past, and a second before one: the first is stored, the other two
        // are given again, at two and three nano-dollars. At one o'clock it has been stored for an
        // hour and is made anew; a quarter later it is given again, at five. Another prompt comes once,
        // and another project's same hash is its own. Three of six, for ten of twenty-seven.
        let mut calls = vec![
            call(0, 1, 1),
            call(1_800, 1, 2),
            call(3_599, 1, 3),
            call(3_600, 1, 4),
            call(4_500, 1, 5),
            call(4_501, 2, 12),
        ];
        let other = PromptCall { project: "proj_2".into(), ..call(4_502, 1, 100) };
        calls.push(other);
        let found = repeated(&calls, 3_600);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].calls, found[0].of_calls), (Some(3), Some(6)));
        assert_eq!((found[0].saves, found[0].cost), (Some(Nanos(10)), Some(Nanos(27))));
        assert_eq!(found[0].otherwise, Some(Nanos(17)));
        assert!(found[0].arithmetic.contains("(50.0 %)"), "{}", found[0].arithmetic);
    }

    #[test]
    fn hand_worked_prefixes_of_five_minutes() {
        // Four long calls begin alike: the second comes five minutes after the first and had half of
        // its two thousand tokens cached, the third comes a second too late, the fourth is near the
        // third with none. A short call counts nowhere. Two of four, a thousand of four thousand.
        let long = |second, cached| PromptCall {
            prints: Prints { prompt: second as u64, prefix: Some(7) },
            input: 2_000,
            cached,
            ..call(second, 0, 1)
        };
        let short = PromptCall { input: 1_023, ..long(302, 0) };
        let calls = [long(0, 0), long(300, 1_000), short, long(601, 0), long(700, 0)];
        let found = repeated(&calls, 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, FindingKind::RepeatedPrefixes);
        assert_eq!((found[0].calls, found[0].of_calls), (Some(2), Some(4)));
        assert_eq!(found[0].saves, None);
        assert!(found[0].what.contains("25.0 %"), "{}", found[0].what);
        assert!(found[0].arithmetic.contains("1000 of 4000"), "{}", found[0].arithmetic);
    }
}
