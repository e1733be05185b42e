//! Records as a busy installation makes them, each from its number alone.

use domain::{Cost, Nanos, Outcome, Timestamp, Tokens, UsageFamily, UsageRecord};

/// A midnight, and the days that follow it.
pub(crate) const START: i64 = 1_767_225_600;
pub(crate) const DAYS: i64 = 31;

pub(crate) struct Made {
    pub(crate) records: u64,
    pub(crate) projects: u64,
    /// Of each project.
    pub(crate) keys: u64,
    pub(crate) models: u64,
}

impl Made {
    /// As long as a real one.
    pub(crate) fn project(&self, number: u64) -> String {
        format!("proj_{number:0>22}")
    }

    pub(crate) fn key(&self, project: u64, number: u64) -> String {
        format!("key_{:0>22}", project * self.keys + number)
    }

    pub(crate) fn record(&self, number: u64) -> UsageRecord {
        let chance = mixed(number);
        let project = chance % self.projects;
        let key = (chance >> 8) % self.keys;
        let model = (chance >> 16) % self.models;
        let at = self.at(number);
        let refused = (chance >> 24).is_multiple_of(50);
        let tokens = match refused {
            true => Tokens::default(),
            false => Tokens {
                input: 500 + (chance >> 32) % 1_000,
                input_cached: (chance >> 40) % 500,
                output: 1 + (chance >> 48) % 400,
                ..Tokens::default()
            },
        };
        let nanos = |count: u64, each: u64| Nanos((count * each).cast_signed());
        let cost = Cost {
            input: nanos(tokens.input - tokens.input_cached, 2_500),
            input_cached: nanos(tokens.input_cached, 1_250),
            output: nanos(tokens.output, 10_000),
            other: Nanos(0),
        };
        UsageRecord {
            request: format!("req_{:012x}{chance:016x}{:04x}", at.0, number & 0xffff).into(),
            attempt: 1,
            at,
            operation: "createChatCompletion",
            family: UsageFamily::Completions,
            project: self.project(project).into(),
            key: self.key(project, key).into(),
            user: format!("user-{:0>22}", project % 7).into(),
            user_label: None,
            model_asked: Some(format!("model-{model}-large").into()),
            model_served: Some(format!("model-{model}-large-2026-01-01").into()),
            service_tier: Some("default".into()),
            upstream: "up_0000000000000000000001".into(),
            upstream_request: Some(format!("req_{chance:032x}").into()),
            status: if refused { 429 } else { 200 },
            outcome: if refused { Outcome::Refused } else { Outcome::Completed },
            stream: chance.is_multiple_of(2),
            batch: false,
            estimated: (chance >> 56).is_multiple_of(100),
            tokens,
            images: 0,
            media_ms: 0,
            characters: 0,
            cost: (!refused).then_some(cost),
            error: None,
            queue_us: 40,
            first_byte_us: 300_000,
            total_us: 1_500_000,
            bytes_in: 2_400,
            bytes_out: 9_000,
            cache: None,
            saved: None,
            shadow: false,
            prints: None,
        }
    }

    /// Evenly over the month, in the order of their numbers.
    fn at(&self, number: u64) -> Timestamp {
        let month = i128::from(DAYS) * 86_400_000;
        let of_month = i128::from(number) * month / i128::from(self.records);
        let passed = i64::try_from(of_month).unwrap_or_default();
        Timestamp(START * 1_000 + passed)
    }
}

/// SplitMix64: the same number, the same chance.
fn mixed(number: u64) -> u64 {
    let mut word = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
