//! Memory: at rest, for each open stream, and at most under load. Each from a fresh process, so
//! that what one load leaves in the allocator does not hide what the next one needs.

use std::time::Duration;

use tokio::time::sleep;

use super::fleet::{Fleet, Proxy};
use super::options::{Options, Plan};
use crate::Result;
use crate::load::{Saturation, Target, bodies, bounded, hold_open};
use crate::proc::{proportional, resident, resident_peak};
use crate::report::{Aim, Rounds, Row, Unit};

const MIB: f64 = 1024.0 * 1024.0;
const AT_REST: Duration = Duration::from_secs(1);
const HELD_SECONDS: u32 = 150;
/// The processes are fresh, so further rounds would repeat the first.
const ROUNDS_AT_MOST: usize = 3;
const LOAD_CONNECTIONS: usize = 64;

#[derive(Default)]
struct Figures {
    idle: Rounds,
    shared_out: Rounds,
    per_stream: Rounds,
    peak: Rounds,
}

pub(super) async fn measure(fleet: &Fleet, options: &Options) -> Result<Vec<Row>> {
    let mut figures = Figures::default();
    for round in 0..options.rounds.min(ROUNDS_AT_MOST) {
        let floor = fleet.floor()?;
        let read = bounded("floor", streams(&floor.target, options.plan())).await?;
        figures.push(read, |rounds| &mut rounds.floor);
        let tollgate = fleet.tollgate(&format!("streams-{round}")).await?;
        let read = bounded("tollgate", streams(&tollgate.target, options.plan())).await?;
        figures.push(read, |rounds| &mut rounds.tollgate);
        drop((floor, tollgate));

        figures.peak.floor.push(peak(&fleet.floor()?, options.plan()).await?);
        let tollgate = fleet.tollgate(&format!("load-{round}")).await?;
        figures.peak.tollgate.push(peak(&tollgate, options.plan()).await?);
    }
    Ok(figures.rows(options.plan()))
}

struct Read {
    idle: f64,
    shared_out: Option<f64>,
    per_stream: f64,
}

impl Figures {
    fn push(&mut self, read: Read, side: fn(&mut Rounds) -> &mut Vec<f64>) {
        side(&mut self.idle).push(read.idle);
        side(&mut self.shared_out).extend(read.shared_out);
        side(&mut self.per_stream).push(read.per_stream);
    }

    fn rows(self, plan: &Plan) -> Vec<Row> {
        let open = format!("memory an open stream, {} open", plan.held_streams);
        vec![
            Row::new("memory at rest", Unit::Bytes, self.idle, Aim::AtMost(25.0 * MIB)),
            Row::new("memory at rest, shared out", Unit::Bytes, self.shared_out, Aim::None),
            Row::new(open, Unit::Bytes, self.per_stream, Aim::Times(1.25)),
            Row::new("memory peak under load", Unit::Bytes, self.peak, Aim::None),
        ]
    }
}

/// At rest, then with many streams open.
async fn streams(target: &Target, plan: &Plan) -> Result<Read> {
    sleep(AT_REST).await;
    let (idle, shared_out) = (resident(target.pid)?, proportional(target.pid));
    let held = hold_open(target, plan.held_streams, &bodies::held(HELD_SECONDS)).await?;
    sleep(AT_REST).await;
    let per_stream = (resident(target.pid)? - idle) / held.len() as f64;
    Ok(Read { idle, shared_out, per_stream })
}

/// The most that small and large requests at full speed ever took.
async fn peak(proxy: &Proxy, plan: &Plan) -> Result<f64> {
    let loads = [(1_024, plan.small_requests / 4), (100 * 1_024, plan.large_requests / 4)];
    for (size, requests) in loads {
        let load = async {
            let body = bodies::chat(size);
            let mut load = Saturation::open(&proxy.target, LOAD_CONNECTIONS, body).await?;
            load.send(requests).await
        };
        bounded("load", load).await?;
    }
    resident_peak(proxy.target.pid)
}
