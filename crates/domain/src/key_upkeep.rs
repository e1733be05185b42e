//! Age and idleness of keys: when to warn, when a key is out of use, when its secret is rotated.

use crate::{Key, KeyRules, RotationRule, Suspension, Timestamp};

const DAY: i64 = 86_400;
/// Days that a resumed key may be used before its age or idleness counts again.
const REPRIEVE_DAYS: i64 = 7;

/// What is to be done about a key's age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// A new secret goes to the key's handler.
    Rotate,
    /// It is out of use from now on.
    Suspend(Suspension),
    /// Its owners are told that it will be; once for each such end.
    Remind { why: Suspension, ends_at: Timestamp },
}

/// What is due for a live key. A key that somebody takes new secrets of is rotated instead of being
/// put out of use for its age.
#[must_use]
pub fn upkeep(
    key: &Key,
    rules: &KeyRules,
    rotation: Option<RotationRule>,
    now: Timestamp,
) -> Vec<Upkeep> {
    if key.revoked_at.is_some() || key.suspended.is_some() {
        return Vec::new();
    }
    let mut due = Vec::new();
    let Some(newest) = key.secrets.first() else { return due };
    let warning = i64::from(rules.remind_days.unwrap_or(KeyRules::REMIND_DAYS));
    let reprieve = key.resumed_at.map(|at| at.plus_seconds(REPRIEVE_DAYS * DAY));
    let ends = |due: &mut Vec<Upkeep>, why, from: Timestamp, days: i64| {
        let end = from.plus_seconds(days.saturating_mul(DAY));
        let ends_at = reprieve.map_or(end, |reprieve| end.max(reprieve));
        // A warning of the whole time would be one from the beginning.
        let ahead = warning.min(days / 2).saturating_mul(DAY);
        if ends_at <= now {
            due.push(Upkeep::Suspend(why));
        } else if ends_at <= now.plus_seconds(ahead) {
            due.push(Upkeep::Remind { why, ends_at });
        }
    };
    match rotation {
        Some(rule) => {
            if rotates_at(newest.created_at, rules, rule).is_some_and(|at| at <= now) {
                due.push(Upkeep::Rotate);
            }
        }
        // One that has ended is past its age.
        None => {
            let is_live = newest.ends_at.is_none_or(|end| end > now);
            if let Some(days) = rules.max_age_days.filter(|_| is_live) {
                ends(&mut due, Suspension::TooOld, newest.created_at, i64::from(days));
            }
        }
    }
    if let Some(days) = rules.idle_days {
        let used = key.secrets.iter().filter_map(|secret| secret.last_used_at).max();
        let last = used.unwrap_or(key.created_at).max(newest.created_at);
        ends(&mut due, Suspension::Idle, last, i64::from(days));
    }
    due
}

/// By its own rule, or before its project's maximum.
fn rotates_at(made: Timestamp, rules: &KeyRules, rule: RotationRule) -> Option<Timestamp> {
    let by_rule = rule.every_seconds.map(|every| made.plus_seconds(every));
    let by_age = rules.max_age_days.map(|days| {
        let warning = rules.remind_days.unwrap_or(KeyRules::REMIND_DAYS);
        made.plus_seconds(i64::from(days - warning.min(days / 2)) * DAY)
    });
    match (by_rule, by_age) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Seconds until a handler that failed so often is asked again: soon at first, at most six hours.
#[must_use]
pub fn handover_pause(failures: u32) -> i64 {
    match failures {
        0 => 0,
        1 => 5,
        2 => 60,
        3 => 600,
        4 => 3_600,
        _ => 21_600,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, KeyPolicy, KeySecret, Owner, SecretHash, Suspended};

    fn day(number: i64) -> Timestamp {
        Timestamp::from_seconds(number * DAY)
    }

    fn secret(made: i64, used: Option<i64>) -> KeySecret {
        KeySecret {
            hash: SecretHash([0; 32]),
            display: String::new(),
            created_at: day(made),
            ends_at: None,
            last_used_at: used.map(day),
            leaked_at: None,
        }
    }

    fn key(secrets: Vec<KeySecret>) -> Key {
        Key {
            id: "key_1".into(),
            kind: KeyKind::Project,
            project: Some("proj_1".into()),
            owner: Owner::User("user-1".into()),
            name: String::new(),
            policy: KeyPolicy::default(),
            created_at: day(0),
            expires_at: None,
            revoked_at: None,
            suspended: None,
            resumed_at: None,
            secrets,
        }
    }

    fn rules(age: Option<u32>, idle: Option<u32>) -> KeyRules {
        KeyRules { max_age_days: age, idle_days: idle, ..KeyRules::default() }
    }

    #[test]
    fn an_old_secret_is_warned_of_and_then_out_of_use() {
        let key = key(vec![secret(10, Some(95))]);
        let at = |now| upkeep(&key, &rules(Some(90), None), None, day(now));
        assert_eq!(at(92), []);
        let why = Suspension::TooOld;
        assert_eq!(at(93), [Upkeep::Remind { why, ends_at: day(100) }]);
        assert_eq!(at(100), [Upkeep::Suspend(why)]);
        // A new secret is young, whatever the old one beside it is.
        let rotated = Key { secrets: vec![secret(99, None), secret(10, None)], ..key.clone() };
        assert_eq!(upkeep(&rotated, &rules(Some(90), None), None, day(100)), []);
    }

    #[test]
    fn an_idle_key_is_one_that_nobody_used_or_renewed() {
        let at =
            |used, now| upkeep(&key(vec![secret(0, used)]), &rules(None, Some(30)), None, day(now));
        assert_eq!(at(None, 22), []);
        assert_eq!(at(None, 23), [Upkeep::Remind { why: Suspension::Idle, ends_at: day(30) }]);
        assert_eq!(at(None, 30), [Upkeep::Suspend(Suspension::Idle)]);
        assert_eq!(at(Some(20), 42), []);
        assert_eq!(at(Some(20), 50), [Upkeep::Suspend(Suspension::Idle)]);
    }

    #[test]
    fn a_short_age_is_not_warned_of_from_the_beginning() {
        let at = |now| upkeep(&key(vec![secret(0, None)]), &rules(Some(4), None), None, day(now));
        assert_eq!(at(1), []);
        assert!(matches!(at(2)[..], [Upkeep::Remind { .. }]));
    }

    #[test]
    fn a_resumed_key_has_a_week() {
        let mut key = key(vec![secret(0, None)]);
        key.resumed_at = Some(day(100));
        let at = |now| upkeep(&key, &rules(Some(90), None), None, day(now));
        assert_eq!(at(100), [Upkeep::Remind { why: Suspension::TooOld, ends_at: day(107) }]);
        assert_eq!(at(107), [Upkeep::Suspend(Suspension::TooOld)]);
    }

    #[test]
    fn what_somebody_takes_is_rotated_and_never_too_old() {
        let key = key(vec![secret(0, Some(500))]);
        let rule = |every: Option<i64>| RotationRule {
            every_seconds: every.map(|days| days * DAY),
            grace_seconds: 0,
        };
        let at = |age, every, now| upkeep(&key, &rules(age, None), Some(rule(every)), day(now));
        assert_eq!(at(None, Some(30), 29), []);
        assert_eq!(at(None, Some(30), 30), [Upkeep::Rotate]);
        // In time before the project's maximum.
        assert_eq!(at(Some(90), None, 82), []);
        assert_eq!(at(Some(90), None, 83), [Upkeep::Rotate]);
        assert_eq!(at(Some(90), Some(10), 500), [Upkeep::Rotate]);
        assert_eq!(at(None, None, 500), []);
    }

    #[test]
    fn what_is_out_of_use_already_is_left() {
        let mut key = key(vec![secret(0, None)]);
        let note = String::new();
        key.suspended = Some(Suspended { why: Suspension::Idle, at: day(1), note });
        assert_eq!(upkeep(&key, &rules(Some(1), Some(1)), None, day(50)), []);
    }

    #[test]
    fn a_handler_is_asked_again_at_growing_pauses() {
        let pauses: Vec<_> = (0..9).map(handover_pause).collect();
        assert!(pauses.is_sorted() && pauses.last() == Some(&21_600));
    }
}
