//! Use of a key that is unlike its own past: a network or a model that it never used, or far more
//! calls or money in an hour than ever. What is unusual is said in words that show why.
//!
//! False alarms are bounded by design. Nothing is unusual before a key has a past (a week for
//! networks and models; a day's worth of hours over three days for amounts). An amount is unusual
//! only above a floor, far above the key's usual hour (the median of the hours in which it was used,
//! which a few busy ones do not move), and well above its busiest hour of four weeks, so that what
//! happens every night or every week is no news.

use std::net::IpAddr;

use crate::{KeyTrait, Nanos, Timestamp, TraitKind};

const DAY: i64 = 86_400;
/// Days in which networks and models are learnt silently.
const LEARNING_DAYS: i64 = 7;
/// A key that comes from more places than this is one that travels: another is no news. The same of
/// models.
pub const MOST_TRAITS: usize = 64;
/// Weeks of hours that a key's past is made of.
pub const PAST_DAYS: i64 = 28;
/// Hours in which a key was used, and days since the first of them, before amounts are looked at.
const LEARNT_HOURS: usize = 24;
const LEARNT_DAYS: i64 = 3;
/// Times the usual hour, and times the busiest one.
const OVER_USUAL: u64 = 10;
const OVER_BUSIEST: u64 = 2;
/// Less than this in an hour harms nobody: five dollars, and calls.
pub const SPEND_FLOOR: u64 = 5_000_000_000;
pub const REQUESTS_FLOOR: u64 = 500;

/// What is unusual about a key's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusual {
    Network(String),
    Model(String),
    Spend(Burst),
    Requests(Burst),
}

/// Far more in an hour than in the hours before: of nano-dollars, or of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    pub now: u64,
    /// The median of the hours in which the key was used.
    pub usual: u64,
    pub busiest: u64,
    /// How many such hours there were.
    pub hours: usize,
}

/// What a key did in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourUse {
    /// Unix seconds.
    pub start: i64,
    pub cost: Nanos,
    pub requests: u64,
}

/// The first address of the network of an address: a /24 of IPv4, a /48 of IPv6.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(six) => {
            let [a, b, c, ..] = six.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0])
        }
    }
}

/// The same as people write it.
#[must_use]
pub fn network_words(address: IpAddr) -> String {
    let network = network_of(address);
    format!("{network}/{}", if network.is_ipv4() { 24 } else { 48 })
}

/// Whether something that a key was not seen with before is unusual for it. `known` is all that it
/// was seen with.
#[must_use]
pub fn is_unusual_trait(kind: TraitKind, known: &[KeyTrait], now: Timestamp) -> bool {
    let Some(first) = known.iter().map(|it| it.first_at).min() else { return false };
    let of_kind = known.iter().filter(|it| it.kind == kind).count();
    now >= first.plus_seconds(LEARNING_DAYS * DAY) && (1..MOST_TRAITS).contains(&of_kind)
}

/// What is unusual about the last hour, against the hours of the past in which the key was used.
#[must_use]
pub fn unusual_hour(past: &[HourUse], last: HourUse) -> Vec<Unusual> {
    let used: Vec<&HourUse> = past.iter().filter(|hour| hour.requests > 0).collect();
    let Some(first) = used.iter().map(|hour| hour.start).min() else { return Vec::new() };
    if used.len() < LEARNT_HOURS || last.start < first + LEARNT_DAYS * DAY {
        return Vec::new();
    }
    let spend = |hour: &HourUse| hour.cost.0.max(0).unsigned_abs();
    let requests = |hour: &HourUse| hour.requests;
    let of = |amount: fn(&HourUse) -> u64, floor| burst(&used, amount, amount(&last), floor);
    let spend = of(spend, SPEND_FLOOR).map(Unusual::Spend);
    let requests = of(requests, REQUESTS_FLOOR).map(Unusual::Requests);
    spend.into_iter().chain(requests).collect()
}

fn burst(used: &[&HourUse], amount: fn(&HourUse) -> u64, now: u64, floor: u64) -> Option<Burst> {
    let mut amounts: Vec<u64> = used.iter().map(|hour| amount(hour)).collect();
    amounts.sort_unstable();
    let usual = *amounts.get(amounts.len() / 2)?;
    let busiest = *amounts.last()?;
    let is_burst = now >= floor
        && now >= usual.saturating_mul(OVER_USUAL)
        && now >= busiest.saturating_mul(OVER_BUSIEST);
    is_burst.then_some(Burst { now, usual, busiest, hours: used.len() })
}

impl Unusual {
    /// For marks, metrics and rules.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Model(_) => "model",
            Self::Spend(_) => "spend",
            Self::Requests(_) => "requests",
        }
    }

    /// Why it is unusual, as people read it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Network(network) => format!("it was used from {network}, for the first time"),
            Self::Model(model) => format!("it was used for {model}, for the first time"),
            Self::Spend(burst) => {
                let cents = |nanos: u64| nanos / 10_000_000;
                let dollars = |nanos| format!("${}.{:02}", cents(nanos) / 100, cents(nanos) % 100);
                burst.words("it has spent", dollars, |it| it)
            }
            Self::Requests(burst) => {
                burst.words("it has made", |calls| calls.to_string(), |it| format!("{it} calls"))
            }
        }
    }
}

impl Burst {
    fn words(
        &self,
        did: &str,
        amount: impl Fn(u64) -> String,
        unit: impl Fn(String) -> String,
    ) -> String {
        let (now, usual) = (unit(amount(self.now)), amount(self.usual));
        let times = match self.now.checked_div(self.usual) {
            Some(times) => format!("{times} × its usual hour ({usual}"),
            None => "while its usual hour comes to nothing (0".to_owned(),
        };
        format!(
            "{did} {now} in the last hour, {times}; at most {} in the {} hours of the last {} days \
             in which it was used)",
            amount(self.busiest),
            self.hours,
            PAST_DAYS
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2026-06-01, midnight UTC.
    const MONDAY: i64 = 1_780_272_000;
    const HOUR: i64 = 3_600;

    /// An hour of so many cents and calls.
    fn hour(number: i64, cents: i64, requests: u64) -> HourUse {
        HourUse { start: MONDAY + number * HOUR, cost: Nanos(cents * 10_000_000), requests }
    }

    /// Four weeks of a history, hour by hour; hours without calls are left out.
    fn weeks(use_of: impl Fn(i64, i64) -> (i64, u64)) -> Vec<HourUse> {
        let hours = (0..28 * 24).map(|number| {
            let (cents, requests) = use_of(number / 24, number % 24);
            hour(number, cents, requests)
        });
        hours.filter(|hour| hour.requests > 0).collect()
    }

    fn kinds(past: &[HourUse], last: HourUse) -> Vec<&'static str> {
        unusual_hour(past, last).iter().map(Unusual::kind).collect()
    }

    const NOW: i64 = 28 * 24;

    #[test]
    fn a_sudden_burst_is_unusual_and_says_why() {
        // Fifty cents and forty calls an hour on working days, from nine to five.
        let office = weeks(|day, hour| match (day % 7 < 5, (9..17).contains(&hour)) {
            (true, true) => (50, 40),
            _ => (0, 0),
        });
        let found = unusual_hour(&office, hour(NOW, 700, 2_000));
        let [spend, requests] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            spend.words(),
            "it has spent $7.00 in the last hour, 14 × its usual hour ($0.50; at most $0.50 in the \
             160 hours of the last 28 days in which it was used)"
        );
        assert_eq!(
            requests.words(),
            "it has made 2000 calls in the last hour, 50 × its usual hour (40; at most 40 in the \
             160 hours of the last 28 days in which it was used)"
        );
        // The same at three in the morning of a Sunday: it is the amount that counts.
        assert_eq!(kinds(&office, hour(6 * 24 + 3 + NOW, 700, 40)), ["spend"]);
    }

    #[test]
    fn a_busy_day_is_not_unusual() {
        let office = weeks(|_, hour| if (9..17).contains(&hour) { (50, 40) } else { (0, 0) });
        for (cents, requests) in [(50, 40), (200, 160), (499, 399), (499, 499)] {
            assert_eq!(kinds(&office, hour(NOW, cents, requests)), [""; 0], "{cents} {requests}");
        }
    }

    #[test]
    fn what_happens_every_night_or_week_is_no_news() {
        // A trickle by day, and eight dollars at two in the night.
        let nightly = weeks(|_, hour| if hour == 2 { (800, 3_000) } else { (2, 5) });
        assert_eq!(kinds(&nightly, hour(NOW + 2, 1_500, 5_500)), [""; 0]);
        assert_eq!(kinds(&nightly, hour(NOW + 2, 1_600, 6_000)), ["spend", "requests"]);
        // Every Sunday a report.
        let weekly =
            weeks(|day, hour| if day % 7 == 6 && hour == 5 { (2_000, 900) } else { (3, 4) });
        assert_eq!(kinds(&weekly, hour(NOW, 3_500, 1_700)), [""; 0]);
    }

    #[test]
    fn a_few_wild_hours_do_not_make_a_wild_past() {
        let wild = weeks(|day, hour| if day == 3 && hour < 3 { (300, 90) } else { (10, 9) });
        // The median is ten cents; the busiest hour was three dollars.
        assert_eq!(kinds(&wild, hour(NOW, 590, 9)), [""; 0]);
        assert_eq!(kinds(&wild, hour(NOW, 600, 9)), ["spend"]);
    }

    #[test]
    fn a_new_key_has_no_usual_hour() {
        assert_eq!(kinds(&[], hour(NOW, 100_000, 90_000)), [""; 0]);
        let few: Vec<HourUse> = (0..23).map(|n| hour(n * 12, 1, 1)).collect();
        assert_eq!(kinds(&few, hour(NOW, 100_000, 90_000)), [""; 0]);
        let short: Vec<HourUse> = (0..48).map(|n| hour(n, 1, 1)).collect();
        assert_eq!(kinds(&short, hour(48, 100_000, 90_000)), [""; 0]);
        assert_eq!(kinds(&short, hour(72, 100_000, 90_000)), ["spend", "requests"]);
    }

    #[test]
    fn small_amounts_alarm_nobody() {
        let tiny = weeks(|_, _| (0, 1));
        assert_eq!(kinds(&tiny, hour(NOW, 499, 499)), [""; 0]);
        let found = unusual_hour(&tiny, hour(NOW, 500, 500));
        assert_eq!(found.iter().map(Unusual::kind).collect::<Vec<_>>(), ["spend", "requests"]);
        assert!(
            found[0].words().contains("its usual hour comes to nothing"),
            "{}",
            found[0].words()
        );
    }

    #[test]
    fn a_steady_year_with_noise_alarms_never() {
        // A generator of noise: the amounts of an hour spread over a factor of eight.
        let noise =
            |n: i64| u64::try_from(n.wrapping_mul(7_919).rem_euclid(1_009)).unwrap() % 800 + 100;
        let hours: Vec<HourUse> =
            (0..365 * 24).map(|n| hour(n, noise(n).cast_signed(), noise(n + 5))).collect();
        let window = 28 * 24;
        for at in window..hours.len() {
            assert_eq!(unusual_hour(&hours[at - window..at], hours[at]), [], "hour {at}");
        }
    }

    fn seen(kind: TraitKind, value: &str, day: i64) -> KeyTrait {
        let first_at = Timestamp::from_seconds(day * DAY);
        KeyTrait { key: "key_1".into(), kind, value: value.into(), first_at }
    }

    #[test]
    fn networks_and_models_are_learnt_for_a_week() {
        let known =
            [seen(TraitKind::Network, "10.0.0.0/24", 0), seen(TraitKind::Model, "gpt-4o", 2)];
        let at = |kind, day| is_unusual_trait(kind, &known, Timestamp::from_seconds(day * DAY));
        assert!(!at(TraitKind::Network, 6) && at(TraitKind::Network, 7));
        assert!(at(TraitKind::Model, 7));
        assert!(!is_unusual_trait(TraitKind::Network, &[], Timestamp(i64::MAX)));
        // A key that only ever listed files has no usual model.
        assert!(!is_unusual_trait(TraitKind::Model, &known[..1], Timestamp::from_seconds(9 * DAY)));
    }

    #[test]
    fn a_key_that_travels_has_no_usual_network() {
        let known: Vec<KeyTrait> = (0..MOST_TRAITS)
            .map(|n| seen(TraitKind::Network, &format!("10.0.{n}.0/24"), 0))
            .collect();
        let at = |known: &[KeyTrait]| {
            is_unusual_trait(TraitKind::Network, known, Timestamp::from_seconds(30 * DAY))
        };
        assert!(at(&known[..MOST_TRAITS - 1]) && !at(&known));
    }

    #[test]
    fn a_network_is_what_one_site_has() {
        let of = |text: &str| network_words(text.parse().unwrap());
        assert_eq!(of("203.0.113.77"), "203.0.113.0/24");
        assert_eq!(of("::ffff:203.0.113.77"), "203.0.113.0/24");
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1::/48");
        assert_eq!(of("::1"), "::/48");
    }
}
