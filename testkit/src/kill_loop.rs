//! The kill loop: the real binary under load, killed at random moments and started again on the
//! same directory, held against the fake provider's true bill each time.
//!
//! The limit is moved up a little after each start, so that most kills come while it binds.

mod audit;
mod clients;
mod providers;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Key, TestGateway, Watch};
use audit::Audit;
use clients::Load;
use providers::Providers;

/// The longest time from the first call to the kill.
const LONGEST: u64 = 250;
/// How long a start may take that is killed as well.
const START: u64 = 60;
/// Nano-dollars: from next to nothing to more than the clients can hold at once.
const ROOM: u64 = 1_500_000;
/// When all has ended nothing may be held any more (P4).
const QUIET: Duration = Duration::from_secs(5);

/// How the loop is run.
#[derive(Clone, Copy, Debug)]
pub struct KillLoop {
    pub kills: usize,
    pub clients: usize,
    pub seed: u64,
    /// Whether a spend limit is set; without one only the answered calls are looked for.
    pub limited: bool,
    /// Whether the first of two upstreams fails for many calls, so that they are made again, made
    /// elsewhere, hedged, and wait.
    pub failing: bool,
}

/// What a whole loop came to. Amounts are nano-dollars.
#[derive(Clone, Copy, Debug, Default)]
pub struct Killed {
    pub kills: usize,
    /// Of which so many hit a start.
    pub starts: usize,
    pub finished: u64,
    pub refused: u64,
    pub orphans: u64,
    pub billed: i64,
    pub posted: i64,
    /// Posted above the bill, and at most so much: the holds that were open at the kills.
    pub over: i64,
    pub open_holds: i64,
    /// Starts after which at least 99 % of the limit was spent or held.
    pub at_the_limit: usize,
    /// The longest start after a kill, until it listened, without what the machine added.
    pub slowest_start: Duration,
    pub seconds: u64,
}

/// A generator of its own, so that a seed means the same everywhere (xorshift64*).
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn wait(&mut self, most: u64) {
        std::thread::sleep(Duration::from_micros(self.below(most * 1000)));
    }
}

impl KillLoop {
    /// Runs it; panics with what is wrong as soon as anything is.
    pub fn run(self, bin: &Path) -> Killed {
        let began = Instant::now();
        let providers = Providers::start(self.failing);
        let mut gateway = providers.builder(bin).without_bill_check().start();
        let key = gateway.create_key(&json!({"name": "killed"}));
        let mut audit = Audit::new(self, &key);
        let mut dice = Dice::new(self.seed);
        let mut killed = Killed { kills: self.kills, ..Killed::default() };
        audit.raise(&gateway, ROOM.cast_signed());
        for kill in 0..self.kills {
            let load = Load::start(&gateway, &key, self, dice.below(u64::MAX));
            dice.wait(LONGEST);
            gateway.kill9();
            audit.answered(&load.stop());
            if kill % 8 == 7 {
                killed.starts += 1;
                gateway.start_and_kill(Duration::from_micros(dice.below(START * 1000)));
            }
            let watch = Watch::start();
            gateway.restart();
            killed.slowest_start = killed.slowest_start.max(watch.elapsed());
            audit.after_a_start(&gateway, &providers, &format!("{self:?}, kill {kill}"));
            // Now and then with room for hardly a call.
            let room = if dice.below(4) == 0 { ROOM / 16 } else { ROOM };
            audit.raise(&gateway, dice.below(room).cast_signed());
        }
        self.end(&mut gateway, &providers, &key, &mut audit);
        let end = Killed { seconds: began.elapsed().as_secs(), ..audit.told(killed) };
        gateway.finish();
        end
    }

    /// A last round that nobody kills: everything ends by itself, and what is held comes back.
    fn end(self, gateway: &mut TestGateway, providers: &Providers, key: &Key, audit: &mut Audit) {
        let load = Load::start(gateway, key, self, self.seed);
        std::thread::sleep(Duration::from_millis(LONGEST));
        audit.answered(&load.stop());
        audit.at_rest(gateway, providers, QUIET);
    }
}

impl std::fmt::Display for Killed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dollars =
            |nanos: i64| format!("${}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        writeln!(f, "kills            {} under load, {} of a start", self.kills, self.starts)?;
        writeln!(f, "answers          {} whole, {} refused", self.finished, self.refused)?;
        writeln!(f, "orphans          {} posted in full", self.orphans)?;
        writeln!(f, "billed           {} by the provider", dollars(self.billed))?;
        writeln!(f, "posted           {}, over by {}", dollars(self.posted), dollars(self.over))?;
        writeln!(f, "may be over by   {}: open at kills", dollars(self.open_holds))?;
        writeln!(f, "at the limit     {} starts found 99 % of it spent", self.at_the_limit)?;
        writeln!(f, "slowest start    {} ms", self.slowest_start.as_millis())?;
        write!(f, "took             {} s", self.seconds)
    }
}
