//! How long a thing took, without what the machine added.

use std::time::{Duration, Instant};

/// Where the kernel counts the time in which something had to wait for a processor, or for a disk.
const STALLS: [&str; 2] = ["/proc/pressure/cpu", "/proc/pressure/io"];

/// For promises in seconds. Time in which the machine had less to give than was asked for is left
/// out: what it does to others says nothing of the gateway. Where the kernel does not count it,
/// nothing is left out.
///
/// A twentieth of the time always counts, so that a wait ends on a machine that is never free.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    began: Instant,
    stalled: Duration,
}

impl Watch {
    pub fn start() -> Self {
        Self { began: Instant::now(), stalled: stalled() }
    }

    /// Since the start, less the time in which something had to wait.
    pub fn elapsed(&self) -> Duration {
        let passed = self.began.elapsed();
        let stalled = stalled().saturating_sub(self.stalled);
        passed.saturating_sub(stalled).max(passed / 20)
    }
}

/// Since the machine began.
fn stalled() -> Duration {
    let micros = |path: &&str| total(&std::fs::read_to_string(path).unwrap_or_default());
    Duration::from_micros(STALLS.iter().filter_map(micros).sum())
}

/// Microseconds; from a line such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234`.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.rsplit_once("total=")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        let text = "some avg10=1.92 avg60=1.26 avg300=1.61 total=2682524013\n\
                    full avg10=0.00 avg60=0.00 avg300=0.14 total=769629571\n";
        assert_eq!((total(text), total("")), (Some(2_682_524_013), None));
    }

    #[test]
    fn it_never_says_more_than_passed() {
        let (began, watch) = (Instant::now(), Watch::start());
        std::thread::sleep(Duration::from_millis(20));
        let told = watch.elapsed();
        assert!(told <= began.elapsed(), "{told:?}");
    }
}
