//! `bench train`: every kind of load once, for a build that notes which code runs (`cargo xtask
//! release`). Measures nothing. Floor and origin are driven as well: what is compared is built alike.

use bytes::Bytes;
use testkit::Certificate;

use super::fleet::Fleet;
use super::options::Options;
use crate::Result;
use crate::load::{Saturation, Streams, Target, bodies, bounded, paced};

const CLIENTS: usize = 64;
const STREAMS: usize = 100;
const CHUNKS: u32 = 100;
const GAP_US: u32 = 5_000;
/// Calls that come alone, a second.
const RATE: u32 = 500;

pub(crate) async fn train(options: &Options) -> Result<()> {
    let fleet = Fleet::assemble(options)?;
    let pair = fleet.pair("plain").await?;
    for proxy in [&pair.floor, &pair.tollgate] {
        every_load(&proxy.target, options).await?;
    }
    drop(pair);
    let limited = fleet.limited_tollgate("limits").await?;
    every_load(&limited.target, options).await?;
    drop(limited);
    let caching = fleet.caching_tollgate("hits").await?;
    let hit = bodies::chat(1_024);
    bounded("hits", saturate(&caching.target, &hit, options.plan().small_requests)).await?;
    bounded("answers", saturate(&fleet.origin(), &hit, options.plan().small_requests)).await?;
    drop(caching);
    over_tls(&fleet, options).await
}

async fn every_load(target: &Target, options: &Options) -> Result<()> {
    let plan = options.plan();
    let small = bodies::chat(1_024);
    bounded("small", saturate(target, &small, plan.small_requests)).await?;
    bounded("large", saturate(target, &bodies::chat(102_400), plan.large_requests)).await?;
    bounded("streams", stream(target)).await?;
    let alone = paced(target, &small, RATE, plan.latency_time);
    bounded("calls that come alone", alone).await.map(drop)
}

async fn saturate(target: &Target, body: &Bytes, requests: usize) -> Result<()> {
    let mut load = Saturation::open(target, CLIENTS, body.clone()).await?;
    load.send(requests).await.map(drop)
}

async fn stream(target: &Target) -> Result<()> {
    let mut streams = Streams::open(target, STREAMS).await?;
    streams.run(&bodies::stream(CHUNKS, GAP_US), CHUNKS).await.map(drop)
}

/// A Tollgate before another one that speaks TLS: as most calls leave, and as many come.
async fn over_tls(fleet: &Fleet, options: &Options) -> Result<()> {
    let certificate = Certificate::make(&["127.0.0.1"]);
    let (_behind, before) = fleet.tls_chain(&certificate).await?;
    every_load(&before.target, options).await
}
