use super::*;

fn said(value: &str) -> Directives {
    Directives::default().and(value)
}

#[test]
fn directives_are_read_as_http_says() {
    let both = said(" No-Cache, max-age=60 , MAX-AGE=\"30\",foo=bar,, only-if-cached");
    assert!(both.no_cache && both.only_if_cached && !both.no_store);
    assert_eq!(both.max_age, Some(30), "said twice: the narrower");
    assert_eq!(said("max-age=soon").max_age, Some(0), "what is no number is too old");
    assert_eq!(said("max-age=99999999999999999999999").max_age, Some(u64::MAX));
    assert_eq!(said("max-stale").max_stale, Some(None));
    assert_eq!(said("max-stale=5").max_stale, Some(Some(5)));
    assert_eq!(said("").and("no-store"), Directives { no_store: true, ..said("") });
}

#[test]
fn an_answer_is_fresh_for_its_time_and_not_a_second_longer() {
    let plain = said("");
    assert_eq!(plain.reuse(59, 60, 0), Reuse::Fresh);
    assert_eq!(plain.reuse(60, 60, 0), Reuse::No);
    assert_eq!(plain.reuse(60, 60, 30), Reuse::Stale);
    assert_eq!(plain.reuse(90, 60, 30), Reuse::No);
    assert_eq!(said("no-cache").reuse(0, 60, 30), Reuse::No);
    assert_eq!(said("no-store").reuse(0, 60, 30), Reuse::No);
    assert_eq!(said("max-age=10").reuse(10, 60, 30), Reuse::Fresh);
    assert_eq!(said("max-age=10").reuse(11, 60, 30), Reuse::No);
    assert_eq!(said("max-age=70").reuse(65, 60, 30), Reuse::Stale, "its own word narrows only");
    assert_eq!(said("min-fresh=20").reuse(40, 60, 30), Reuse::Fresh);
    assert_eq!(said("min-fresh=20").reuse(41, 60, 30), Reuse::No);
    assert_eq!(said("max-stale=5").reuse(65, 60, 0), Reuse::Fresh);
    assert_eq!(said("max-stale=5").reuse(66, 60, 0), Reuse::No);
    assert_eq!(said("max-stale").reuse(6_000, 60, 0), Reuse::Fresh);
}

#[test]
fn the_cache_is_off_until_it_is_turned_on() {
    let off = CacheRules::default();
    assert!(![None, Some(true), Some(false)].into_iter().any(|asked| off.applies(asked)));
    let by_header = CacheRules { by_header: true, ..off };
    assert!(by_header.applies(Some(true)) && !by_header.applies(None));
    let on = CacheRules { enabled: true, ..off };
    assert!(on.applies(None) && on.applies(Some(true)) && !on.applies(Some(false)));
}

#[test]
fn a_patch_changes_what_it_names_and_a_purge_never_goes_back() {
    let rules = CacheRules { purged_at: Some(Timestamp(50)), ..CacheRules::default() };
    let patch = CachePatch { enabled: Some(true), ttl_seconds: Some(5), ..CachePatch::default() };
    let set = patch.on(rules);
    assert_eq!((set.enabled, set.ttl_seconds, set.purged_at), (true, 5, Some(Timestamp(50))));
    let earlier = CachePatch { purged_at: Some(Timestamp(40)), ..CachePatch::default() };
    assert_eq!(earlier.on(rules).purged_at, Some(Timestamp(50)));
}

#[test]
fn an_entry_lives_until_its_end_or_a_purge() {
    let entry = CacheEntry {
        project: "proj_1".into(),
        model: "m".into(),
        upstream: "up_1".into(),
        served: None,
        at: Timestamp(1_000),
        until: Timestamp(9_000),
        stream: false,
        took_ms: 1,
        cost: None,
        body: Arc::from(b"{}".as_slice()),
    };
    let rules = CacheRules::default();
    assert!(entry.is_alive(Timestamp(8_999), &rules) && !entry.is_alive(Timestamp(9_000), &rules));
    let purged = |at| CacheRules { purged_at: Some(Timestamp(at)), ..rules };
    assert!(entry.is_alive(Timestamp(5_000), &purged(999)));
    assert!(!entry.is_alive(Timestamp(5_000), &purged(1_000)), "asked for in that very moment");
    assert_eq!((entry.age(Timestamp(3_999)), entry.age(Timestamp(0))), (2, 0));
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let key = CacheKey(std::array::from_fn(|at| u8::try_from(at * 7 % 256).unwrap()));
    assert_eq!(CacheKey::parse(&key.to_hex()), Some(key));
    for bad in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
        assert_eq!(CacheKey::parse(bad), None, "{bad}");
    }
}
