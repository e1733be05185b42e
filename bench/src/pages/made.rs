//! A year of calls, each from its number alone.
//!
//! Keys are used as keys are: a few of them by far the most, each mostly for one model, ten calls
//! at a time.

use std::ops::Range;
use std::sync::Arc;

use domain::ledger::{Batch, Covered, Holder, Payer, Posting, Reason};
use domain::{
    Cost, Nanos, Outcome, RefusedCall, Stage, Timestamp, Tokens, UsageFamily, UsageRecord,
};

/// Seconds.
pub(crate) const DAY: i64 = 86_400;
const DAYS: i64 = 365;
const MODELS: u64 = 50;
/// Calls that follow one another, of one key to one model.
const BURST: u64 = 10;
/// Calls that Tollgate refused.
const REFUSED: u64 = 5_000;

/// What the Administration API made.
pub(crate) struct House {
    pub(crate) projects: Vec<String>,
    /// The busiest first.
    pub(crate) keys: Vec<Payer>,
}

pub(crate) struct Year {
    pub(crate) house: House,
    pub(crate) records: u64,
    pub(crate) now: Timestamp,
}

impl Year {
    pub(crate) fn new(house: House, records: u64, now: Timestamp) -> Self {
        Self { house, records, now }
    }

    /// Records, and what of them the ledger is told.
    pub(crate) fn group(&self, numbers: Range<u64>, batch: u64) -> (Vec<UsageRecord>, Batch) {
        let made: Vec<_> = numbers.map(|number| self.call(number)).collect();
        let postings = made.iter().filter_map(|(record, payer)| {
            let cost = record.cost?.total();
            (cost.0 > 0).then(|| Posting {
                payer: (*payer).clone(),
                admitted: record.at,
                hold: Nanos(0),
                covered: Covered::default(),
                cost,
                reason: Reason::Settled,
                request: record.request.to_string(),
            })
        });
        let holder = Holder("year".to_owned());
        let batch = Batch {
            lessee: holder.clone(),
            holder,
            number: batch,
            at: made.last().map_or(self.now, |(record, _)| record.at),
            postings: postings.collect(),
        };
        (made.into_iter().map(|(record, _)| record).collect(), batch)
    }

    /// The newest calls that were refused.
    pub(crate) fn refused(&self) -> Vec<RefusedCall> {
        let call = |number: u64| {
            let (record, _) = self.call(self.records - 1 - number);
            RefusedCall {
                place: 0,
                request: record.request,
                at: record.at,
                stage: Stage::Money,
                operation: Some(record.operation.to_owned()),
                project: Some(record.project.to_string()),
                key: Some(record.key.to_string()),
                model: record.model_asked.map(|model| model.to_string()),
                code: "project_spend_limit_exceeded".to_owned(),
                status: 429,
                message: "The spend limit of this project is reached.".to_owned(),
                param: None,
                figures: Vec::new(),
                total_us: 90,
            }
        };
        (0..REFUSED.min(self.records)).rev().map(call).collect()
    }

    fn call(&self, number: u64) -> (UsageRecord, &Payer) {
        let (chance, burst) = (mixed(number), mixed(number / BURST + (1 << 40)));
        let payer = self.payer(burst);
        let model = self.model(payer, burst >> 32);
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
        let record = UsageRecord {
            request: format!("req_{:012x}{chance:016x}{:04x}", at.0, number & 0xffff).into(),
            attempt: 1,
            at,
            operation: "createChatCompletion",
            family: UsageFamily::Completions,
            project: (&*payer.project).into(),
            key: (&*payer.api_key).into(),
            user: Arc::clone(&payer.user),
            user_label: None,
            model_asked: Some(format!("model-{model}-large").into()),
            model_served: Some(format!("model-{model}-large").into()),
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
            error: refused.then_some("rate_limit_exceeded"),
            queue_us: 40,
            first_byte_us: 300_000,
            total_us: 1_500_000,
            bytes_in: 2_400,
            bytes_out: 9_000,
            cache: None,
            saved: None,
            shadow: false,
            prints: None,
        };
        (record, payer)
    }

    /// Evenly over the year up to now; the calls of a burst within seconds.
    fn at(&self, number: u64) -> Timestamp {
        let year = i128::from(DAYS * DAY) * 1_000;
        let burst = i128::from(number / BURST * BURST);
        let passed = i64::try_from(burst * year / i128::from(self.records)).unwrap_or_default();
        let within = (number % BURST).cast_signed() * 700;
        let begins = self.now.0 - DAYS * DAY * 1_000;
        Timestamp((begins + passed + within).min(self.now.0))
    }

    /// One key in ten makes half of the calls.
    fn payer(&self, chance: u64) -> &Payer {
        let keys = self.house.keys.len() as u64;
        let part = |bits: u64| bits % 1_024;
        let share = part(chance) * part(chance >> 10) * part(chance >> 20);
        &self.house.keys[((share * keys) >> 30) as usize]
    }

    fn model(&self, payer: &Payer, chance: u64) -> u64 {
        let own =
            payer.api_key.bytes().fold(7, |sum: u64, byte| sum * 31 % 9_973 + u64::from(byte));
        let other = u64::from(chance.is_multiple_of(5));
        (own + other * (chance >> 8) % 3) % MODELS
    }
}

/// SplitMix64: the same number, the same chance.
fn mixed(number: u64) -> u64 {
    let mut word = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
