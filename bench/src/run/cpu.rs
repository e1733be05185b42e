//! CPU time a request and requests a second, with every connection busy.

use std::time::Duration;

use bytes::Bytes;

use super::fleet::Pair;
use super::options::Options;
use crate::Result;
use crate::load::{Saturation, Target, bodies, bounded};
use crate::proc::settled_cpu;
use crate::report::{Aim, Rounds, Row, Unit};

const CONNECTIONS: usize = 64;
/// Records are written in batches by timer; the last batch belongs to the load.
pub(super) const WRITERS_WAKE: Duration = Duration::from_millis(1_100);

/// 1 KB in, 1 KB out.
pub(super) async fn small(pair: &Pair, options: &Options) -> Result<Vec<Row>> {
    let body = bodies::chat(1_024);
    let (cpu, rate) = rounds(pair, &body, options.rounds, options.plan().small_requests).await?;
    Ok(vec![
        Row::new("CPU a request, 1 KB", Unit::Microseconds, cpu, Aim::Times(1.5)),
        Row::new("requests a second, 64 clients", Unit::PerSecond, rate, Aim::None),
    ])
}

/// 100 KB in, 1 KB out.
pub(super) async fn large(pair: &Pair, options: &Options) -> Result<Vec<Row>> {
    let body = bodies::chat(100 * 1_024);
    let (cpu, rate) = rounds(pair, &body, options.rounds, options.plan().large_requests).await?;
    Ok(vec![
        Row::new("CPU a request, 100 KB", Unit::Microseconds, cpu, Aim::Times(1.5)),
        Row::new("requests a second, 100 KB", Unit::PerSecond, rate, Aim::None),
    ])
}

async fn rounds(
    pair: &Pair,
    body: &Bytes,
    rounds: usize,
    requests: usize,
) -> Result<(Rounds, Rounds)> {
    let (mut cpu, mut rate) = (Rounds::default(), Rounds::default());
    for _ in 0..rounds {
        let (spent, speed) = bounded("floor", one(&pair.floor.target, body, requests)).await?;
        cpu.floor.push(spent);
        rate.floor.push(speed);
        let load = one(&pair.tollgate.target, body, requests);
        let (spent, speed) = bounded("tollgate", load).await?;
        cpu.tollgate.push(spent);
        rate.tollgate.push(speed);
    }
    Ok((cpu, rate))
}

/// Microseconds of CPU a request, and requests a second.
pub(super) async fn one(target: &Target, body: &Bytes, requests: usize) -> Result<(f64, f64)> {
    let mut load = Saturation::open(target, CONNECTIONS, body.clone()).await?;
    let before = settled_cpu(target.pid, WRITERS_WAKE).await?;
    let took = load.send(requests).await?;
    let spent = settled_cpu(target.pid, WRITERS_WAKE).await?.saturating_sub(before);
    let count = requests as f64;
    Ok((spent.as_secs_f64() * 1e6 / count, count / took.as_secs_f64()))
}
