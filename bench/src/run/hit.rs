//! What an answer from the cache costs, beside the least that any answer from memory does: the origin
//! reads a request and gives a fixed body back, with the same library and runtime as the floor.

use super::cpu;
use super::fleet::Fleet;
use super::options::Options;
use crate::Result;
use crate::load::{bodies, bounded};
use crate::report::{Aim, Rounds, Row, Unit};

pub(super) async fn measure(fleet: &Fleet, options: &Options) -> Result<Vec<Row>> {
    let (floor, tollgate) = (fleet.origin(), fleet.caching_tollgate("hits").await?);
    let (body, requests) = (bodies::chat(1_024), options.plan().small_requests);
    // The first asks the origin; all others of the run are hits.
    bounded("a first answer", cpu::one(&tollgate.target, &body, 64)).await?;
    let (mut spent, mut rate) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        let load = |target| cpu::one(target, &body, requests);
        let (cpu, speed) = bounded("answers from memory", load(&floor)).await?;
        spent.floor.push(cpu);
        rate.floor.push(speed);
        let (cpu, speed) = bounded("hits", load(&tollgate.target)).await?;
        spent.tollgate.push(cpu);
        rate.tollgate.push(speed);
    }
    Ok(vec![
        Row::new(
            "CPU a hit, 1 KB, beside an answer from memory",
            Unit::Microseconds,
            spent,
            Aim::Times(1.3),
        ),
        Row::new("hits a second, 64 clients", Unit::PerSecond, rate, Aim::None),
    ])
}
