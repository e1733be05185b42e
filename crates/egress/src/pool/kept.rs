//! Connections that wait for their next request, each in its place: one upstream, one way, one
//! session. What was opened through one proxy is never used for another, or for none.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{H1, H2};
use crate::Origin;

/// Shorter than any provider's keep-alive, so that we close first.
const IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept in one place, by one worker.
const IDLE_MOST: usize = 256;
/// Places behind proxies in which a worker keeps connections: sessions may be many.
const TUNNELS_MOST: usize = 1024;

/// To which upstream, which way, in whose session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    origin: u64,
    /// 0: none.
    proxy: u64,
    session: u64,
}

impl Place {
    /// An origin is itself: two upstreams at one address do not share connections.
    pub(super) fn direct(origin: &Arc<Origin>) -> Self {
        Self { origin: origin.id, proxy: 0, session: 0 }
    }

    pub(super) fn through(origin: &Arc<Origin>, proxy: u64, session: u64) -> Self {
        Self { origin: origin.id, proxy, session }
    }
}

#[derive(Default)]
pub(super) struct Kept {
    /// There are few origins.
    direct: Vec<(Place, Idle)>,
    tunnels: HashMap<Place, Idle>,
}

#[derive(Default)]
struct Idle {
    h1: Vec<(H1, Instant)>,
    h2: Option<H2>,
}

impl Kept {
    /// The most recently used idle connection that is still usable.
    pub(super) fn take_h1(&mut self, place: Place) -> Option<H1> {
        let idle = &mut self.at(place)?.h1;
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() > IDLE {
                // All below it are older.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    pub(super) fn h2(&mut self, place: Place) -> Option<H2> {
        self.at(place)?.h2.clone().filter(|sender| !sender.is_closed())
    }

    pub(super) fn forget_h2(&mut self, place: Place) {
        if let Some(idle) = self.at(place) {
            idle.h2 = None;
        }
    }

    pub(super) fn keep_h2(&mut self, place: Place, sender: H2) {
        if let Some(idle) = self.at_or_new(place) {
            idle.h2 = Some(sender);
        }
    }

    pub(super) fn give_back(&mut self, place: Place, sender: H1) {
        if sender.is_closed() {
            return;
        }
        if let Some(idle) = self.at_or_new(place).filter(|idle| idle.h1.len() < IDLE_MOST) {
            idle.h1.push((sender, Instant::now()));
        }
    }

    pub(super) fn sweep(&mut self, live: &[Arc<Origin>]) {
        let is_live = |place: &Place| live.iter().any(|o| o.id == place.origin);
        self.direct.retain(|(place, _)| is_live(place));
        for (_, idle) in &mut self.direct {
            idle.sweep();
        }
        self.tunnels.retain(|place, idle| {
            idle.sweep();
            is_live(place) && !(idle.h1.is_empty() && idle.h2.is_none())
        });
    }

    fn at(&mut self, place: Place) -> Option<&mut Idle> {
        if place.proxy != 0 {
            return self.tunnels.get_mut(&place);
        }
        self.direct.iter_mut().find(|(at, _)| *at == place).map(|(_, idle)| idle)
    }

    /// Nothing where there are too many places already: the connection closes after its call.
    fn at_or_new(&mut self, place: Place) -> Option<&mut Idle> {
        if place.proxy != 0 {
            let room = self.tunnels.len() < TUNNELS_MOST || self.tunnels.contains_key(&place);
            return room.then(|| self.tunnels.entry(place).or_default());
        }
        let at = self.direct.iter().position(|(at, _)| *at == place).unwrap_or_else(|| {
            self.direct.push((place, Idle::default()));
            self.direct.len() - 1
        });
        Some(&mut self.direct[at].1)
    }
}

impl Idle {
    fn sweep(&mut self) {
        self.h1.retain(|(sender, since)| !sender.is_closed() && since.elapsed() <= IDLE);
        self.h2.take_if(|sender| sender.is_closed());
    }
}
