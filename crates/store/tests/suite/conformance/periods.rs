//! Limits with days and months of their own.

use domain::ledger::{
    AccountFilter, AccountId, AccountQuery, Ask, Batch, Correction, Covered, EntryQuery, Holder,
    Payer, Posting, Reason, Remedy, Row, place,
};
use domain::{
    Calendar, Change, LimitRules, Nanos, Period, PeriodKind, ScopeId, ScopeKind, SpendLimit,
    StandingLimit, Timestamp, Zone,
};

use super::Ports;

/// 2023-11-14T22:13:20Z.
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2023-11-01 in UTC, and in Zurich an hour before; its end there.
const NOVEMBER: i64 = 1_698_796_800;
const IN_ZURICH: i64 = NOVEMBER - HOUR;
const DECEMBER: i64 = NOVEMBER + 30 * DAY;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn node() -> Holder {
    Holder("node-1".into())
}

fn scope() -> ScopeId {
    ScopeId { kind: ScopeKind::Project, id: "proj_1".into() }
}

fn payer() -> Payer {
    let [api_key, user] = ["key_1", "user-1"].map(Into::into);
    Payer { api_key, user, project: "proj_1".into(), organization: "org-1".into() }
}

fn account(period: Period) -> AccountId {
    AccountId { scope: scope(), period }
}

fn calendar(zone: &str) -> Calendar {
    Calendar { zone: Zone::named(zone), anchor_day: 1 }
}

fn zurich() -> Period {
    Period { kind: PeriodKind::Month, start: IN_ZURICH, end: Some(DECEMBER - HOUR) }
}

fn limit(period: PeriodKind, amount: i64, calendar: Calendar, now: Timestamp) -> SpendLimit {
    let (rules, amount) = (LimitRules::default(), Nanos(amount));
    SpendLimit { scope: scope(), period, amount, rules, calendar, updated_at: now }
}

async fn apply(store: &impl Ports, change: Change) {
    store.apply(vec![change], vec![]).await.unwrap();
}

async fn set(store: &impl Ports, limit: SpendLimit) {
    apply(store, Change::PutSpendLimit(limit)).await;
}

async fn clear(store: &impl Ports, period: PeriodKind) {
    apply(store, Change::RemoveSpendLimit { scope: scope(), period }).await;
}

fn call(admitted: Timestamp, cost: i64) -> Posting {
    Posting {
        payer: payer(),
        admitted,
        hold: Nanos(cost),
        covered: Covered::default(),
        cost: Nanos(cost),
        reason: Reason::Settled,
        request: "req_1".into(),
    }
}

async fn post(store: &impl Ports, posting: Posting, now: Timestamp) {
    let number = store.last_batch(node()).await.unwrap() + 1;
    let (holder, lessee) = (node(), node());
    store.post(Batch { holder, lessee, number, at: now, postings: vec![posting] }).await.unwrap();
}

async fn grant(store: &impl Ports, account: &AccountId, least: i64) -> Option<i64> {
    let asks = vec![Ask { account: account.clone(), least: Nanos(least), open: Nanos(0) }];
    store.grant(node(), asks).await.unwrap()[0].ok().map(|granted| granted.0)
}

async fn row(store: &impl Ports, period: Period) -> Option<Row> {
    let rows = store.accounts(scope()).await.unwrap();
    rows.into_iter().find(|(id, _)| id.period == period).map(|(_, row)| row)
}

async fn posted(store: &impl Ports, period: Period) -> i64 {
    row(store, period).await.map_or(0, |row| row.posted.0)
}

/// The one limit's period at an instant.
async fn stands(store: &impl Ports, now: Timestamp) -> Option<Period> {
    let all: Vec<StandingLimit> = store.limits(now).await.unwrap();
    assert_eq!(all.len(), 1);
    all[0].period
}

async fn balanced(store: &impl Ports) {
    for whole in [false, true] {
        assert_eq!(store.verify(whole).await.unwrap().breaches, []);
    }
}

pub(crate) async fn case_64_a_limit_set_in_mid_month_counts_from_its_own_first_second(
    store: &impl Ports,
) {
    let before = at(IN_ZURICH - 1);
    for (admitted, cost) in [(before, 1), (at(IN_ZURICH), 10), (at(NOVEMBER), 100), (NOW, 1_000)] {
        post(store, call(admitted, cost), NOW).await;
    }
    set(store, limit(PeriodKind::Month, 2_000, calendar("Europe/Zurich"), NOW)).await;
    assert_eq!(stands(store, NOW).await, Some(zurich()));
    assert_eq!(posted(store, zurich()).await, 1_110);
    // What was admitted before and ends now is in it as well, or in none of it.
    post(store, call(NOW, 90), NOW).await;
    post(store, call(before, 7), NOW).await;
    assert_eq!(posted(store, zurich()).await, 1_200);
    let own = account(zurich());
    assert_eq!(grant(store, &own, 801).await, None);
    assert_eq!(grant(store, &own, 800).await, Some(800));
    let balances = store.balances(scope()).await.unwrap();
    let shown: Vec<_> = balances.iter().filter(|one| one.period.is_own()).collect();
    assert!(matches!(shown[..], [one] if (one.posted, one.held) == (Nanos(1_200), Nanos(800))));
    balanced(store).await;
}

pub(crate) async fn case_64_a_share_of_an_own_account_ends_with_its_call(store: &impl Ports) {
    set(store, limit(PeriodKind::Month, 1_000, calendar("Europe/Zurich"), NOW)).await;
    let own = account(stands(store, NOW).await.unwrap());
    grant(store, &own, 600).await.unwrap();
    let covered = Covered::default().with(place(ScopeKind::Project, &own.period));
    // Case 63: it ends when the next period runs.
    let late = at(DECEMBER + DAY);
    let held = Posting { hold: Nanos(600), covered, ..call(NOW, 250) };
    post(store, held.clone(), late).await;
    let kept = row(store, own.period).await.unwrap();
    assert_eq!((kept.posted, kept.leased), (Nanos(250), Nanos(350)), "the rest is the node's");
    let plain = row(store, PeriodKind::Month.around(NOW)).await.unwrap();
    assert_eq!((plain.posted, plain.leased, plain.limit), (Nanos(250), Nanos(0), None));
    // A hold that stood nowhere else ends no share of it.
    grant(store, &own, 100).await.unwrap();
    let elsewhere =
        Covered::default().with(place(ScopeKind::Project, &PeriodKind::Month.around(NOW)));
    post(store, Posting { covered: elsewhere, ..held }, late).await;
    assert_eq!(row(store, own.period).await.unwrap().leased, Nanos(450));
    store.close(node()).await.unwrap();
    assert_eq!(row(store, own.period).await.unwrap().leased, Nanos(0));
    balanced(store).await;
}

pub(crate) async fn p9_each_edge_is_met_once(store: &impl Ports) {
    // 2024-03-30 to 2024-04-01 in Zurich, each quarter of an hour a call; one day has 23 hours.
    let start = 1_711_753_200;
    set(store, limit(PeriodKind::Day, 100, calendar("Europe/Zurich"), at(start))).await;
    let mut days: Vec<(Period, i64)> = Vec::new();
    for second in (start..start + 71 * HOUR).step_by(900) {
        let now = at(second);
        let day = stands(store, now).await.unwrap();
        assert!(day.holds(now));
        assert_eq!(stands(store, at(second + 899)).await, Some(day));
        match days.last_mut().filter(|(last, _)| *last == day) {
            Some((_, calls)) => *calls += 1,
            None => days.push((day, 1)),
        }
        post(store, call(now, 1), now).await;
    }
    let hours: Vec<_> = days.iter().map(|(day, _)| (day.end.unwrap() - day.start) / HOUR).collect();
    assert_eq!(hours, [24, 23, 24]);
    // Who was admitted just before an edge and is late finds the day before.
    let last = &store.limits(at(start + 71 * HOUR - 1)).await.unwrap()[0];
    assert_eq!((last.before, last.period), (Some(days[1].0), Some(days[2].0)));
    assert_eq!(last.period_at(at(days[2].0.start - 1)), Some(days[1].0));
    assert_eq!(last.period_at(at(days[0].0.start)), None);
    for (day, calls) in days {
        assert_eq!(posted(store, day).await, calls);
        assert_eq!(calls * 900, day.end.unwrap() - day.start);
    }
    balanced(store).await;
}

pub(crate) async fn p9_a_changed_zone_counts_from_the_end_of_what_runs(store: &impl Ports) {
    let month = PeriodKind::Month.around(NOW);
    set(store, limit(PeriodKind::Month, 100, Calendar::utc(), NOW)).await;
    assert_eq!(stands(store, NOW).await, None, "months of UTC need no word");
    post(store, call(NOW, 60), NOW).await;
    set(store, limit(PeriodKind::Month, 100, calendar("Europe/Zurich"), NOW)).await;
    // The last hour of November is still in November's count, which nothing has reset.
    let last = at(DECEMBER - 1);
    assert_eq!(stands(store, last).await, Some(month));
    assert_eq!(grant(store, &account(month), 41).await, None);
    let next = stands(store, at(DECEMBER)).await.unwrap();
    assert_eq!((next.start, next.end), (DECEMBER, Some(DECEMBER + 31 * DAY - HOUR)));
    // Whoever takes the limit away and sets it anew finds the same period.
    clear(store, PeriodKind::Month).await;
    set(store, limit(PeriodKind::Month, 100, calendar("Asia/Tokyo"), at(DECEMBER))).await;
    assert_eq!(stands(store, at(DECEMBER)).await, Some(next));
    balanced(store).await;
}

pub(crate) async fn p9_the_organizations_zone_is_that_of_limits_without_their_own(
    store: &impl Ports,
) {
    let zone = Zone::named("Pacific/Tongatapu").unwrap();
    apply(store, Change::SetTimeZone { zone, at: NOW }).await;
    set(store, limit(PeriodKind::Day, 100, Calendar::default(), NOW)).await;
    let day = stands(store, NOW).await.unwrap();
    assert_eq!((day.start.rem_euclid(DAY), day.end), (11 * HOUR, Some(day.start + DAY)));
    post(store, call(NOW, 30), NOW).await;
    // Another zone does not touch the day that runs; the one between is no stub of a few hours.
    let zone = Zone::named("Etc/GMT+12").unwrap();
    apply(store, Change::SetTimeZone { zone, at: NOW }).await;
    let end = day.end.unwrap();
    assert_eq!(stands(store, at(end - 1)).await, Some(day));
    assert_eq!(posted(store, day).await, 30);
    let next = stands(store, at(end)).await.unwrap();
    assert_eq!((next.start, next.end), (end, Some(end + DAY + HOUR)));
    balanced(store).await;
}

pub(crate) async fn case_69_what_no_lease_accounted_for_is_carried(store: &impl Ports) {
    set(store, limit(PeriodKind::Month, 1_000, Calendar::utc(), NOW)).await;
    grant(store, &account(PeriodKind::Month.around(NOW)), 70).await.unwrap();
    assert_eq!(store.forfeit(node(), NOW).await.unwrap(), 1);
    post(store, call(NOW, 5), NOW).await;
    clear(store, PeriodKind::Month).await;
    set(store, limit(PeriodKind::Month, 1_000, calendar("Europe/Zurich"), NOW)).await;
    assert_eq!(posted(store, stands(store, NOW).await.unwrap()).await, 75);
    balanced(store).await;
}

pub(crate) async fn a_correction_is_in_the_own_account_as_well(store: &impl Ports) {
    let orphan = |cost| Posting { reason: Reason::Orphan, ..call(NOW, cost) };
    post(store, orphan(40), NOW).await;
    set(store, limit(PeriodKind::Month, 1_000, calendar("Europe/Zurich"), NOW)).await;
    post(store, orphan(50), NOW).await;
    let query = EntryQuery { limit: 100, ..EntryQuery::default() };
    let entries = store.entries(query.clone()).await.unwrap().rows;
    let orphans = entries.iter().filter(|entry| entry.reason == Reason::Orphan);
    for place in orphans.map(|entry| entry.place) {
        let remedy = Remedy::Entry { place, amount: Nanos(-30) };
        let (why, author) = ("the provider said so".into(), "key_admin".into());
        apply(store, Change::CorrectLedger(Correction { at: NOW, remedy, why, author })).await;
    }
    assert_eq!(posted(store, zurich()).await, 30);
    let filter = AccountFilter { scope: Some(scope()), at: Some(NOW), ..AccountFilter::default() };
    let asked = AccountQuery { filter, after: None, limit: 100 };
    let page = store.account_page(asked).await.unwrap();
    let own = page.rows.iter().find(|state| state.id.period == zurich()).unwrap();
    assert_eq!((own.row.limit, own.orphans, own.orphaned), (Some(Nanos(1_000)), 2, Nanos(90)));
    // The entry that opened it, and what came after.
    let of_own = EntryQuery { scope: Some(scope()), period: Some(zurich()), ..query };
    let found = store.entries(of_own).await.unwrap().rows;
    let sum: i64 = found.iter().map(|entry| entry.cost.0).sum();
    assert_eq!((sum, found.last().unwrap().reason), (30, Reason::Carried));
    balanced(store).await;
}

/// A small generator: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % sides
    }
}

/// Limits of any zone come and go, calls end hours after they began: in each period of its own a
/// scope has spent what its calls cost that were admitted in it, to the nano-dollar.
pub(crate) async fn p9_every_call_counts_once_whatever_the_zones(store: &impl Ports) {
    let zones = [
        "Europe/Zurich",
        "Pacific/Tongatapu",
        "Etc/GMT+12",
        "Asia/Kathmandu",
        "America/New_York",
        "Australia/Lord_Howe",
        "UTC",
        "Europe/London",
    ];
    let mut dice = Dice(20_231_114);
    let mut calls: Vec<(i64, i64)> = Vec::new();
    let mut seen: Vec<Period> = Vec::new();
    let mut now = NOW.seconds();
    for _ in 0..1_500 {
        now += dice.roll(9 * HOUR);
        let kind = [PeriodKind::Day, PeriodKind::Month][usize::try_from(dice.roll(2)).unwrap()];
        let name = zones[usize::try_from(dice.roll(8)).unwrap()];
        match dice.roll(12) {
            0 => {
                let anchor_day = i8::try_from(1 + dice.roll(31)).unwrap();
                let anchor_day = if kind == PeriodKind::Month { anchor_day } else { 1 };
                let zone = Zone::named(name).filter(|_| dice.roll(3) > 0);
                set(store, limit(kind, i64::MAX, Calendar { zone, anchor_day }, at(now))).await;
            }
            1 => {
                let change = Change::RemoveSpendLimit { scope: scope(), period: kind };
                let _ = store.apply(vec![change], vec![]).await;
            }
            2 => {
                let zone = Zone::named(name).unwrap();
                apply(store, Change::SetTimeZone { zone, at: at(now) }).await;
            }
            _ => {
                let (admitted, cost) = (now - dice.roll(30 * HOUR), 1 + dice.roll(1_000));
                // Who was admitted under a limit has made the store open its period.
                store.limits(at(now)).await.unwrap();
                calls.push((admitted, cost));
                post(store, call(at(admitted), cost), at(now)).await;
            }
        }
        for standing in store.limits(at(now)).await.unwrap() {
            let Some(period) = standing.period.filter(Period::is_own) else { continue };
            assert!(period.holds(at(now)));
            if !seen.contains(&period) {
                seen.push(period);
            }
        }
        for period in seen.iter().rev().take(3) {
            let within = calls.iter().filter(|(admitted, _)| period.holds(at(*admitted)));
            let sum: i64 = within.map(|(_, cost)| cost).sum();
            assert_eq!(posted(store, *period).await, sum, "{period:?}");
        }
    }
    assert!(seen.len() > 50, "{}", seen.len());
    balanced(store).await;
}
