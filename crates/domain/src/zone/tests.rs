use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600;

fn calendar(zone: &str, anchor_day: i8) -> Calendar {
    Calendar { zone: Some(Zone::named(zone).unwrap()), anchor_day }
}

/// `2026-10-25T00:00+02:00` and so on, as Unix seconds.
fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn day_of(zone: &str, text: &str) -> (i64, i64) {
    let day = calendar(zone, 1).around(PeriodKind::Day, Timestamp::from_seconds(at(text)));
    (day.start, day.end.unwrap())
}

fn month_of(zone: &str, anchor_day: i8, text: &str) -> (i64, i64) {
    let instant = Timestamp::from_seconds(at(text));
    let month = calendar(zone, anchor_day).around(PeriodKind::Month, instant);
    (month.start, month.end.unwrap())
}

#[test]
fn case_64_a_day_has_23_or_25_hours_where_the_clocks_are_changed() {
    let spring = day_of("Europe/Zurich", "2026-03-29T12:00+02:00");
    assert_eq!(spring, (at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00")));
    assert_eq!(spring.1 - spring.0, 23 * HOUR);
    let autumn = day_of("Europe/Zurich", "2026-10-25T23:59:59+01:00");
    assert_eq!(autumn.1 - autumn.0, 25 * HOUR);
    // The hour that comes twice is in one day, and its second time is not the next.
    for twice in ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"] {
        assert_eq!(day_of("Europe/Zurich", twice), autumn);
    }
    // Half an hour; and a day that begins at one, because there is no midnight.
    let howe = day_of("Australia/Lord_Howe", "2026-10-04T12:00+11:00");
    assert_eq!(howe.1 - howe.0, 23 * HOUR + HOUR / 2);
    let beirut = day_of("Asia/Beirut", "2026-03-29T12:00+03:00");
    assert_eq!((beirut.0, beirut.1 - beirut.0), (at("2026-03-29T01:00+03:00"), 23 * HOUR));
}

#[test]
fn case_64_zones_far_from_utc_have_their_own_edges() {
    assert_eq!(
        day_of("Pacific/Tongatapu", "2026-11-23T11:30Z"),
        (at("2026-11-23T11:00Z"), at("2026-11-24T11:00Z"))
    );
    assert_eq!(
        day_of("Etc/GMT+12", "2026-11-23T11:30Z"),
        (at("2026-11-22T12:00Z"), at("2026-11-23T12:00Z"))
    );
    // A day that Samoa left out when it crossed the date line.
    assert_eq!(
        day_of("Pacific/Apia", "2011-12-30T09:59:59Z"),
        (at("2011-12-29T10:00Z"), at("2011-12-30T10:00Z"))
    );
}

#[test]
fn case_65_a_month_from_the_31st_on_begins_on_the_last_day_of_a_shorter_one() {
    let mut begins = Vec::new();
    let mut instant = "2027-01-31T00:00Z".to_owned();
    for _ in 0..14 {
        let (start, end) = month_of("UTC", 31, &instant);
        begins.push(crate::calendar::date(start));
        instant = jiff::Timestamp::from_second(end).unwrap().to_string();
    }
    assert_eq!(
        begins,
        [
            "2027-01-31",
            "2027-02-28",
            "2027-03-31",
            "2027-04-30",
            "2027-05-31",
            "2027-06-30",
            "2027-07-31",
            "2027-08-31",
            "2027-09-30",
            "2027-10-31",
            "2027-11-30",
            "2027-12-31",
            "2028-01-31",
            "2028-02-29",
        ]
    );
    let (start, end) = month_of("UTC", 30, "2028-02-29T00:00Z");
    assert_eq!((start, end), (at("2028-02-29T00:00Z"), at("2028-03-30T00:00Z")));
    let zurich = month_of("Europe/Zurich", 31, "2026-03-31T00:30+02:00");
    assert_eq!(zurich, (at("2026-03-31T00:00+02:00"), at("2026-04-30T00:00+02:00")));
}

#[test]
fn case_69_a_zone_is_known_by_its_name_or_not_at_all() {
    assert_eq!(Zone::named("europe/zurich").unwrap().name(), "Europe/Zurich");
    assert_eq!(Zone::named("UTC").unwrap(), Zone::utc());
    for none in ["", "Europe/Atlantis", "Etc/Unknown", "CET-1CEST", "../etc/passwd", "+02:00"] {
        assert_eq!(Zone::named(none), None, "{none}");
    }
    assert!(Zone::data_version().starts_with("20"));
}

#[test]
fn plain_periods_of_utc_are_nobodys_own() {
    let plain = Calendar::utc();
    for kind in PeriodKind::ALL {
        let instant = Timestamp::from_seconds(at("2028-02-29T12:00Z"));
        assert_eq!(plain.around(kind, instant), kind.around(instant));
        assert!(!plain.around(kind, instant).is_own());
        let own = calendar("Asia/Tokyo", 1).around(kind, instant).is_own();
        assert_eq!(own, kind != PeriodKind::Total);
    }
    // No calendar has a date for these.
    for strange in [i64::MIN, i64::MAX] {
        let strange = Timestamp(strange);
        let day = calendar("Asia/Tokyo", 1).around(PeriodKind::Day, strange);
        assert_eq!(day, PeriodKind::Day.around(strange));
    }
}

fn period(start: &str, end: &str) -> Period {
    Period { kind: PeriodKind::Month, start: at(start), end: Some(at(end)) }
}

fn stands(zone: &str, anchor_day: i8, begun: &[Period], text: &str) -> Period {
    let instant = Timestamp::from_seconds(at(text));
    standing(&calendar(zone, anchor_day), PeriodKind::Month, begun, instant)
}

#[test]
fn p9_a_changed_calendar_counts_from_the_end_of_what_has_begun() {
    let november = period("2026-11-01T00:00Z", "2026-12-01T00:00Z");
    // UTC became Zurich in November: nothing is early, and December lacks its first hour.
    assert_eq!(stands("Europe/Zurich", 1, &[november], "2026-11-30T23:30Z"), november);
    let next = stands("Europe/Zurich", 1, &[november], "2026-12-01T00:00Z");
    assert_eq!(next, period("2026-12-01T00:00Z", "2026-12-31T23:00Z"));
    // And back again: the last hour of December is no period of its own.
    let back = stands("UTC", 1, &[november, next], "2026-12-31T23:00Z");
    assert_eq!(back, period("2026-12-31T23:00Z", "2027-02-01T00:00Z"));
    let then = stands("UTC", 1, &[november, next, back], "2027-02-01T00:00Z");
    assert_eq!(then, period("2027-02-01T00:00Z", "2027-03-01T00:00Z"));
    assert!(!then.is_own());
    // Half a month and more stands by itself.
    let anchored = stands("UTC", 20, &[november], "2026-12-01T00:00Z");
    assert_eq!(anchored, period("2026-12-01T00:00Z", "2026-12-20T00:00Z"));
}

#[test]
fn case_66_a_clock_that_goes_back_cuts_no_period_that_has_begun() {
    let december = period("2026-11-30T23:00Z", "2026-12-31T23:00Z");
    let back = stands("UTC", 1, &[december], "2026-11-23T12:00Z");
    assert_eq!(back, period("2026-11-01T00:00Z", "2026-11-30T23:00Z"));
    assert_eq!(stands("UTC", 1, &[december, back], "2026-11-30T23:00Z"), december);
}

fn zones() -> impl Strategy<Value = Calendar> {
    let all: Vec<String> =
        TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
    (proptest::sample::select(all), 1..=31i8).prop_filter_map("a zone", |(name, anchor_day)| {
        Some(Calendar { zone: Some(Zone::named(&name)?), anchor_day })
    })
}

fn dated() -> impl Strategy<Value = PeriodKind> {
    prop_oneof![Just(PeriodKind::Day), Just(PeriodKind::Month)]
}

/// From 1990 to 2060.
const INSTANTS: std::ops::Range<i64> = 631_152_000..2_840_140_800;

proptest! {
    /// The periods of any calendar lie end to end: each second is in one of them.
    #[test]
    fn p9_every_period_ends_where_the_next_begins(
        calendar in zones(), kind in dated(), second in INSTANTS,
    ) {
        let mut period = calendar.around(kind, Timestamp::from_seconds(second));
        for _ in 0..40 {
            let end = period.end.unwrap();
            let length = end - period.start;
            let most = if kind == PeriodKind::Day { 48 } else { 32 * 24 };
            prop_assert!(length > 0 && length <= most * HOUR, "{length}");
            // What the ledger's lines are told apart by.
            prop_assert!(end % QUARTER == 0);
            let last = calendar.around(kind, Timestamp::from_seconds(end - 1));
            prop_assert_eq!(last, period);
            let next = calendar.around(kind, Timestamp::from_seconds(end));
            prop_assert_eq!(next.start, end);
            period = next;
        }
    }

    /// Whatever calendars follow each other, and however the clock jumps: no two periods overlap,
    /// what has begun is never another, and none is shorter than half of its calendar's unless
    /// something stood there already.
    #[test]
    fn p9_no_change_of_calendar_or_clock_makes_two_periods_overlap(
        kind in dated(),
        start in INSTANTS,
        steps in prop::collection::vec((zones(), -40 * 24 * HOUR..80 * 24 * HOUR), 1..40),
    ) {
        let mut begun: Vec<Period> = Vec::new();
        let mut now = start;
        for (calendar, step) in steps {
            now += step;
            let instant = Timestamp::from_seconds(now);
            let found = standing(&calendar, kind, &begun, instant);
            prop_assert!(found.holds(instant));
            prop_assert_eq!(standing(&calendar, kind, &begun, instant), found);
            if !begun.contains(&found) {
                for other in &begun {
                    let apart = found.end <= Some(other.start) || other.end <= Some(found.start);
                    prop_assert!(apart, "{:?} {:?}", found, other);
                }
                begun.push(found);
            }
        }
    }
}
