use std::sync::Arc;

use super::*;
use domain::{Cost, Outcome, Timestamp, Tokens, UsageFamily};

fn record(request: &str) -> UsageRecord {
    UsageRecord {
        request: request.into(),
        attempt: 1,
        at: Timestamp(1_700_000_000_123),
        operation: "createChatCompletion",
        family: UsageFamily::Completions,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        user_label: Some("a label".into()),
        model_asked: Some("gpt-4o".into()),
        model_served: None,
        service_tier: Some("".into()),
        upstream: "openai".into(),
        upstream_request: None,
        status: 200,
        outcome: Outcome::ClientGone,
        stream: true,
        batch: false,
        estimated: true,
        tokens: Tokens { input: 7, output: u64::MAX, output_image: 3, ..Tokens::default() },
        images: 2,
        media_ms: 3,
        characters: 4,
        cost: Some(Cost { input: Nanos(1), other: Nanos(-2), ..Cost::default() }),
        error: Some("upstream_error"),
        queue_us: 5,
        first_byte_us: 6,
        total_us: 8,
        bytes_in: 9,
        bytes_out: 10,
        cache: Some(domain::CacheUse::Hit),
        saved: None,
        shadow: true,
        prints: None,
    }
}

const MONEY: Money = Money { hold: Nanos(50), posted: Nanos(20) };

fn reopened(dir: &tempfile::TempDir, last: u64) -> Vec<Found> {
    Slots::open(&dir.path().join("slots"), 8, last).unwrap().1
}

#[test]
fn a_record_comes_back_as_it_went_in() {
    let mut room = [0; SIZE - HEAD];
    let bare = UsageRecord { user_label: None, cost: None, error: None, ..record("req_2") };
    for record in [record("req_1"), bare] {
        let length = codec::encode(&mut room, &record);
        let back = codec::decode(&room[..length]).unwrap();
        assert_eq!(format!("{back:?}"), format!("{record:?}"));
    }
}

#[test]
fn the_longest_record_fits() {
    let long = "é".repeat(400);
    let text = || Some(Arc::<str>::from(long.as_str()));
    let record = UsageRecord {
        user_label: Some(long.clone().into()),
        model_asked: text(),
        model_served: text(),
        service_tier: text(),
        upstream_request: Some(long.clone().into()),
        ..record("req_1")
    };
    let mut room = [0; SIZE - HEAD];
    let length = codec::encode(&mut room, &record);
    let back = codec::decode(&room[..length]).unwrap();
    assert_eq!(back.model_asked.unwrap().len(), 96, "cut, at a character");
    assert_eq!(back.bytes_out, 10, "nothing behind it is lost");
}

#[test]
fn case_46_a_kill_leaves_what_was_sent_and_what_was_settled() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, found) = Slots::open(&dir.path().join("slots"), 8, 4).unwrap();
    assert!(found.is_empty());
    let [mut a, mut b, mut c] = [(); 3].map(|()| slots.take().unwrap());
    for (slot, request) in [(&mut a, "req_a"), (&mut b, "req_b"), (&mut c, "req_c")] {
        slots.sent(slot, MONEY.hold, &record(request)).unwrap();
    }
    assert_eq!(slots.settled(&b, MONEY, &record("req_b")), 5);
    assert_eq!(slots.settled(&a, MONEY, &record("req_a")), 6);
    // The process ends here, without a word.
    drop(slots);
    let found = reopened(&dir, 4);
    let told: Vec<_> =
        found.iter().map(|f| (f.settled, f.money.posted.0, f.record.request.as_str())).collect();
    assert_eq!(told, [(Some(5), 20, "req_b"), (Some(6), 20, "req_a"), (None, 0, "req_c")]);
    assert_eq!(found[2].money.hold, Nanos(50));
    // What the store has posted is history; what was sent is not.
    let left: Vec<_> = reopened(&dir, 5).into_iter().map(|f| f.settled).collect();
    assert_eq!(left, [Some(6), None]);
}

#[test]
fn a_short_record_is_found_where_a_longer_one_stood() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 8, 0).unwrap();
    let mut slot = slots.take().unwrap();
    for more in 0..16 {
        let long = record(&format!("req_long_{}", "x".repeat(40 + more)));
        slots.settled(&slot, MONEY, &long);
        slots.sent(&mut slot, MONEY.hold, &record("req_short")).unwrap();
        let found = reopened(&dir, u64::MAX);
        assert_eq!(found.len(), 1, "{more}");
        assert_eq!(found[0].record.request.as_str(), "req_short");
    }
}

#[test]
fn an_orphan_is_settled_where_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 8, 0).unwrap();
    let mut taken: Vec<_> = (0..3).map(|_| slots.take().unwrap()).collect();
    slots.sent(&mut taken[2], MONEY.hold, &record("req_1")).unwrap();
    drop(slots);
    let (slots, found) = Slots::open(&dir.path().join("slots"), 8, 0).unwrap();
    let money = Money { posted: MONEY.hold, ..MONEY };
    assert_eq!(slots.settle_found(found[0].place, money, &found[0].record).unwrap(), 1);
    // The start ends here as well; the next one knows what it had made of it.
    let again = reopened(&dir, 0);
    assert_eq!((again.len(), again[0].settled, again[0].money), (1, Some(1), money));
    assert!(again[0].orphan);
    assert!(reopened(&dir, 1).is_empty());
}

#[test]
fn numbers_go_on_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("slots");
    let (slots, _) = Slots::open(&path, 8, 0).unwrap();
    let slot = slots.take().unwrap();
    assert_eq!(slots.settled(&slot, MONEY, &record("req_1")), 1);
    let (mut slots, _) = Slots::open(&path, 8, 0).unwrap();
    slots.clear().unwrap();
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, MONEY.hold, &record("req_2")).unwrap();
    let (mut slots, _) = Slots::open(&path, 8, 0).unwrap();
    slots.clear().unwrap();
    let slot = slots.take().unwrap();
    assert_eq!(slots.settled(&slot, MONEY, &record("req_3")), 2, "never used twice");
}

#[test]
fn a_torn_slot_is_nobodys_and_a_full_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 2, 0).unwrap();
    let [mut a, mut b] = [(); 2].map(|()| slots.take().unwrap());
    assert!(slots.take().is_none() && slots.free() == 0);
    slots.sent(&mut a, MONEY.hold, &record("req_a")).unwrap();
    slots.sent(&mut b, MONEY.hold, &record("req_b")).unwrap();
    slots.file.file().write_all_at(b"x", 60).unwrap();
    let found = reopened(&dir, 0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].record.request.as_str(), "req_b");
    slots.give_back([a]);
    assert_eq!(slots.free(), 1);
}

/// What a kill between two stores leaves of a settlement.
fn tear(slots: &Slots, slot: &Slot) {
    slots.wipe(slot.place, SETTLED_AREA);
    slots.area((slot.place, SETTLED_AREA)).unwrap()[9].store(0, Ordering::Relaxed);
}

#[test]
fn case_46_a_kill_within_a_settlement_leaves_what_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 1, 0).unwrap();
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, MONEY.hold, &record("req_1")).unwrap();
    slots.settled(&slot, MONEY, &record("req_1"));
    assert_eq!(reopened(&dir, 0)[0].settled, Some(1));
    tear(&slots, &slot);
    let found = reopened(&dir, 0);
    assert_eq!((found.len(), found[0].settled, found[0].money.hold), (1, None, MONEY.hold));
}

#[test]
fn case_46_what_was_sent_and_posted_comes_back_in_no_state_of_its_slot() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 1, 0).unwrap();
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, MONEY.hold, &record("req_1")).unwrap();
    slots.settled(&slot, MONEY, &record("req_1"));
    assert!(reopened(&dir, 1).is_empty(), "posted, and not given back yet");
    slots.give_back([slot]);
    assert!(reopened(&dir, 1).is_empty());
    // The next one has no limit over it: its end is the first that is written of it.
    let slot = slots.take().unwrap();
    slots.settled(&slot, MONEY, &record("req_2"));
    let found = reopened(&dir, 1);
    assert_eq!((found.len(), found[0].record.request.as_str()), (1, "req_2"));
    tear(&slots, &slot);
    assert!(reopened(&dir, 1).is_empty());
    // And one with a limit again, in a slot that tells of the one before it.
    slots.settled(&slot, MONEY, &record("req_2"));
    slots.give_back([slot]);
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, MONEY.hold, &record("req_3")).unwrap();
    let found = reopened(&dir, 3);
    assert_eq!((found.len(), found[0].settled), (1, None));
    assert_eq!(found[0].record.request.as_str(), "req_3");
}

#[test]
fn an_area_is_nobodys_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 1, 0).unwrap();
    let slot = slots.take().unwrap();
    slots.settled(&slot, MONEY, &record("req_1"));
    let words = slots.area((slot.place, SETTLED_AREA)).unwrap();
    let first = words[0].swap(0, Ordering::Relaxed);
    assert!(reopened(&dir, 0).is_empty());
    words[0].store(first, Ordering::Relaxed);
    assert_eq!(reopened(&dir, 0).len(), 1);
}

#[test]
fn case_46_a_kill_leaves_the_hold_as_far_as_it_had_grown() {
    let dir = tempfile::tempdir().unwrap();
    let (slots, _) = Slots::open(&dir.path().join("slots"), 8, 0).unwrap();
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, Nanos(50), &record("req_a")).unwrap();
    for more in [7, 1 << 40] {
        slots.extended(&slot, Nanos(more)).unwrap();
        let found = reopened(&dir, 0);
        let money = Money { hold: Nanos(50 + more), posted: Nanos(0) };
        assert_eq!((found.len(), found[0].settled, found[0].money), (1, None, money));
    }
    let grown = Money { hold: Nanos(50 + (1 << 40)), posted: Nanos(60) };
    assert_eq!(slots.settled(&slot, grown, &record("req_a")), 1);
    assert_eq!(reopened(&dir, 0)[0].money, grown);
    slots.give_back([slot]);
    let mut slot = slots.take().unwrap();
    slots.sent(&mut slot, Nanos(3), &record("req_b")).unwrap();
    drop(slots);
    let found = reopened(&dir, 1);
    assert_eq!(found[0].money.hold, Nanos(3), "the next attempt begins with its own");
}
