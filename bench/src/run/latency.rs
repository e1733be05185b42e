//! Latency at a fixed rate far below what the machine can do: what the proxy itself adds.

use super::fleet::Pair;
use super::options::Options;
use crate::Result;
use crate::load::{Target, bodies, bounded, paced};
use crate::report::{Aim, Rounds, Row, Unit};
use crate::stats::percentile;

const RATE: u32 = 500;

pub(super) async fn measure(pair: &Pair, origin: Target, options: &Options) -> Result<Vec<Row>> {
    let (mut p50, mut p99) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        let (middle, tail) = one("origin", &origin, options).await?;
        p50.origin.push(middle);
        p99.origin.push(tail);
        let (middle, tail) = one("floor", &pair.floor.target, options).await?;
        p50.floor.push(middle);
        p99.floor.push(tail);
        let (middle, tail) = one("tollgate", &pair.tollgate.target, options).await?;
        p50.tollgate.push(middle);
        p99.tollgate.push(tail);
    }
    Ok(vec![
        Row::new("latency p50, 500 a second", Unit::Microseconds, p50, Aim::Plus(60.0)),
        Row::new("latency p99, 500 a second", Unit::Microseconds, p99, Aim::Plus(300.0)),
    ])
}

/// The 50th and 99th percentile in microseconds.
async fn one(what: &str, target: &Target, options: &Options) -> Result<(f64, f64)> {
    let body = bodies::chat(1_024);
    let time = options.plan().latency_time;
    let latencies = bounded(what, paced(target, &body, RATE, time)).await?;
    match (percentile(&latencies, 0.5), percentile(&latencies, 0.99)) {
        (Some(middle), Some(tail)) => Ok((middle, tail)),
        _ => Err(format!("{what}: no latencies").into()),
    }
}
