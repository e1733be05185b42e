//! Looks, every second, whether the wall clock has jumped (case 66).

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use dataplane::Dataplane;
use domain::{Clock, ClockWatch};
use tokio::time::{Instant, sleep};

use crate::server::Stop;

const EVERY: Duration = Duration::from_secs(1);
/// Seconds since the machine started, its sleep included; a process's own clock leaves that out.
const UPTIME: &str = "/proc/uptime";

/// Tells the data plane whether the clock may begin a new period, until `quit` is called.
pub async fn watch_clock(dataplane: &Dataplane, clock: &Arc<dyn Clock>, quit: &Stop) {
    let start = Instant::now();
    let mut watch = ClockWatch::new(clock.now(), steady_ms(start));
    let mut believed = true;
    while !quit.is_called() {
        let now = clock.now();
        let before = std::mem::replace(&mut believed, watch.look(now, steady_ms(start)));
        if believed {
            dataplane.believe_clock(now);
        }
        match (before, believed) {
            (true, false) => tracing::error!(
                "the clock has jumped ahead: no spend limit begins a new period before it is back, \
                 or has stood for a minute"
            ),
            (false, true) => tracing::warn!("the clock is believed again"),
            _ => {}
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = quit.called() => {}
        }
    }
}

/// Milliseconds of a clock that only goes on.
fn steady_ms(start: Instant) -> i64 {
    let uptime = fs::read_to_string(UPTIME).ok().and_then(|text| milliseconds(&text));
    uptime.unwrap_or_else(|| i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// `350735.47 234388.90`: seconds and hundredths, and idle time.
fn milliseconds(text: &str) -> Option<i64> {
    let (seconds, rest) = text.split_once('.')?;
    let hundredths = rest.get(..2)?.parse::<i64>().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(hundredths * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_the_machine_started_is_read() {
        assert_eq!(milliseconds("350735.47 234388.90\n"), Some(350_735_470));
        for text in ["", "5", "5.", "x.00 1", "99999999999999999999.00 1"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
