//! CPU time a chunk of many streams at once.

use bytes::Bytes;

use super::cpu::WRITERS_WAKE;
use super::fleet::Pair;
use super::options::Options;
use crate::Result;
use crate::load::{Streams, Target, bodies, bounded};
use crate::proc::settled_cpu;
use crate::report::{Aim, Rounds, Row, Unit};

const STREAMS: usize = 200;
const CHUNKS: u32 = 100;
/// Wide enough that the machine keeps up: a proxy that falls behind reads several chunks at once
/// and looks cheaper for it.
const GAP_US: u32 = 10_000;

pub(super) async fn measure(pair: &Pair, options: &Options) -> Result<Vec<Row>> {
    let body = bodies::stream(CHUNKS, GAP_US);
    let (mut cpu, mut frames) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        let (spent, seen) = bounded("floor", one(&pair.floor.target, &body)).await?;
        cpu.floor.push(spent);
        frames.floor.push(seen);
        let (spent, seen) = bounded("tollgate", one(&pair.tollgate.target, &body)).await?;
        cpu.tollgate.push(spent);
        frames.tollgate.push(seen);
    }
    Ok(vec![
        Row::new("CPU a chunk, 200 streams", Unit::Microseconds, cpu, Aim::Times(1.5)),
        Row::new("frames seen a chunk", Unit::Count, frames, Aim::None),
    ])
}

/// Microseconds of CPU a chunk, and frames a chunk at the clients.
async fn one(target: &Target, body: &Bytes) -> Result<(f64, f64)> {
    let mut streams = Streams::open(target, STREAMS).await?;
    let before = settled_cpu(target.pid, WRITERS_WAKE).await?;
    let frames = streams.run(body, CHUNKS).await?;
    let spent = settled_cpu(target.pid, WRITERS_WAKE).await?.saturating_sub(before);
    let chunks = STREAMS as f64 * f64::from(CHUNKS);
    Ok((spent.as_secs_f64() * 1e6 / chunks, frames as f64 / chunks))
}
