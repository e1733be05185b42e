//! From exec to ready over a data directory that exists, and the size of the binary.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use tokio::time::sleep;

use super::fleet::{Fleet, target_of};
use super::options::Plan;
use crate::Result;
use crate::load::{Connection, Target, bounded, read_whole};
use crate::report::{Aim, Rounds, Row, Unit};

const MIB: f64 = 1024.0 * 1024.0;
const POLL: Duration = Duration::from_millis(2);
/// The directory that the paired sections have filled, where they ran.
const DATA: &str = "shared";

/// Nothing for a Tollgate that we cannot start.
pub(super) async fn measure(fleet: &Fleet, plan: &Plan) -> Result<Vec<Row>> {
    let Some(binary) = fleet.binary() else { return Ok(Vec::new()) };
    let size = std::fs::metadata(binary)?.len() as f64;
    drop(fleet.tollgate(DATA).await?);
    let mut times = Vec::with_capacity(plan.starts);
    for _ in 0..plan.starts {
        let began = Instant::now();
        let server = fleet.bare_tollgate(DATA)?;
        let target = target_of(&server, String::new());
        bounded("tollgate's start", ready(&target)).await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let only = |tollgate| Rounds { tollgate, ..Rounds::default() };
    Ok(vec![
        Row::new("start to ready", Unit::Milliseconds, only(times), Aim::AtMost(200.0)),
        Row::new("size of the binary", Unit::Bytes, only(vec![size]), Aim::AtMost(40.0 * MIB)),
    ])
}

async fn ready(target: &Target) -> Result<()> {
    loop {
        if is_ready(target).await.unwrap_or(false) {
            return Ok(());
        }
        sleep(POLL).await;
    }
}

async fn is_ready(target: &Target) -> Result<bool> {
    let mut connection = Connection::open(target).await?;
    let response = connection.send(Method::GET, Uri::from_static("/readyz"), Bytes::new()).await?;
    let status = response.status();
    read_whole(response, 0).await?;
    Ok(status == StatusCode::OK)
}
