//! What spend limits cost: the same load on a key under three of them, far from their end, and on
//! one under none.

use super::cpu;
use super::fleet::Fleet;
use super::options::Options;
use crate::Result;
use crate::load::{bodies, bounded};
use crate::report::{Aim, Rounds, Row, Unit};

pub(super) async fn measure(fleet: &Fleet, options: &Options) -> Result<Vec<Row>> {
    let floor = fleet.floor()?;
    let (plain, limited) =
        (fleet.tollgate("plain").await?, fleet.limited_tollgate("limits").await?);
    let (body, requests) = (bodies::chat(1_024), options.plan().small_requests);
    let (mut whole, mut added) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        let load = |target| cpu::one(target, &body, requests);
        let (of_floor, _) = bounded("floor", load(&floor.target)).await?;
        let (without, _) = bounded("no limits", load(&plain.target)).await?;
        let (with, _) = bounded("three limits", load(&limited.target)).await?;
        whole.floor.push(of_floor);
        whole.tollgate.push(with);
        // Here the reference is Tollgate itself.
        added.floor.push(without);
        added.tollgate.push(with);
    }
    Ok(vec![
        Row::new("CPU a request, 1 KB, three limits", Unit::Microseconds, whole, Aim::Times(1.5)),
        Row::new("the same, beside no limits", Unit::Microseconds, added, Aim::Plus(3.0)),
    ])
}
