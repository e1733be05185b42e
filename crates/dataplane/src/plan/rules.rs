//! What the conditions of a route's targets go by; looked at only where there are some.

use domain::Fault;
use domain::route::{self, CallFacts, Found};

use super::{Wish, coin};
use crate::shared::Dataplane;

/// Whether a target of the route has conditions.
pub(super) fn are_in(found: &Found<'_>) -> bool {
    found.route.targets.iter().any(|target| target.when.is_some())
}

/// # Errors
/// The limits over the call cannot be read.
pub(super) async fn facts(
    shared: &Dataplane,
    wish: &Wish<'_>,
    found: &Found<'_>,
) -> Result<CallFacts, Fault> {
    let (input_tokens, tools, images) = wish.taken.traits(wish.operation);
    let whens = || found.route.targets.iter().filter_map(|target| target.when.as_deref());
    let spent_percent = match whens().any(|when| when.near_limit.is_some()) {
        true => shared.budgets.spent_percent(wish.key, wish.project, wish.at).await?,
        false => None,
    };
    Ok(CallFacts {
        input_tokens,
        tools,
        images,
        // By the route too, so that it is not always the same keys.
        key_percent: route::percent(hash(&[wish.key.id.as_str(), &found.route.model])),
        call_percent: route::percent(coin()),
        spent_percent,
    })
}

/// FNV-1a: the same today as tomorrow, and no secret hangs on it.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_keys_is_about_that_share_and_stays_the_same() {
        let percent = |n: u32, route: &str| route::percent(hash(&[&format!("key_{n}"), route]));
        let share = |route: &str| (0..10_000).filter(|n| percent(*n, route) < 20).count();
        // Two thousand; six standard deviations are two hundred and forty.
        assert!(share("fast").abs_diff(2_000) < 240, "{}", share("fast"));
        let both = (0..10_000).filter(|n| percent(*n, "fast") < 20 && percent(*n, "slow") < 20);
        assert!(both.count().abs_diff(400) < 120, "another route has other keys");
        assert_eq!(percent(7, "fast"), percent(7, "fast"));
    }
}
