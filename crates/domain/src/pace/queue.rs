//! Start-time fair queuing: of those who wait, each flow (a key) is served by its weight, however
//! many calls another one brings.
//!
//! A flow's first call carries a start tag: the virtual time when the flow came, or when its last
//! call is paid for, whichever is later. The smallest tag is served, and virtual time goes on to it.
//! Calls behind a flow's first have no tag yet, so one that leaves costs its flow nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub per_flow: usize,
    pub total: usize,
}

/// The queue has no place for this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Its flow has as many waiting as one may.
    Flow,
    /// All together have.
    Total,
}

/// A call's place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceId {
    flow: Arc<str>,
    number: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    number: u64,
    cost: u64,
    what: T,
}

#[derive(Debug)]
struct Flow<T> {
    /// What the flow's first call starts at; without one, when its last is paid for.
    start: u64,
    weight: u64,
    waiting: VecDeque<Waiting<T>>,
}

/// Those who wait, in a fair order.
#[derive(Debug)]
pub struct FairQueue<T> {
    bounds: Bounds,
    flows: BTreeMap<Arc<str>, Flow<T>>,
    /// The first call of each flow: its tag, its number.
    heads: BTreeSet<(u64, u64, Arc<str>)>,
    virtual_time: u64,
    next: u64,
    length: usize,
}

/// A weight's share of a cost is rounded up in this many parts, so that small costs keep their
/// proportions.
const PARTS: u64 = 1_000;

impl<T> FairQueue<T> {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            flows: BTreeMap::new(),
            heads: BTreeSet::new(),
            virtual_time: 0,
            next: 0,
            length: 0,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Flows that are remembered: those with calls waiting, and those that were served ahead.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.flows.len()
    }

    /// How many calls of a flow wait.
    #[must_use]
    pub fn waiting(&self, flow: &str) -> usize {
        self.flows.get(flow).map_or(0, |flow| flow.waiting.len())
    }

    /// The flow with the most calls waiting, and how many.
    #[must_use]
    pub fn longest(&self) -> Option<(&Arc<str>, usize)> {
        let flows = self.flows.iter().map(|(name, flow)| (name, flow.waiting.len()));
        flows.filter(|(_, waiting)| *waiting > 0).max_by_key(|(_, waiting)| *waiting)
    }

    /// Puts a call at the end of its flow. `cost` is what it takes of whatever is waited for, in
    /// any unit; a weight of 2 is served twice as often as one of 1.
    ///
    /// # Errors
    /// [`Full`], with the queue as it was.
    pub fn push(
        &mut self,
        flow: &Arc<str>,
        weight: u32,
        cost: u64,
        what: T,
    ) -> Result<PlaceId, (Full, T)> {
        if self.waiting(flow) >= self.bounds.per_flow {
            return Err((Full::Flow, what));
        }
        if self.length >= self.bounds.total {
            return Err((Full::Total, what));
        }
        let number = self.next;
        self.next += 1;
        self.length += 1;
        let start = self.virtual_time;
        let weight = u64::from(weight.max(1));
        let new = || Flow { start, weight, waiting: VecDeque::new() };
        let place = self.flows.entry(Arc::clone(flow)).or_insert_with(new);
        place.weight = weight;
        if place.waiting.is_empty() {
            place.start = place.start.max(start);
            self.heads.insert((place.start, number, Arc::clone(flow)));
        }
        place.waiting.push_back(Waiting { number, cost, what });
        Ok(PlaceId { flow: Arc::clone(flow), number })
    }

    /// Whose turn it is next.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        let (_, _, flow) = self.heads.first()?;
        Some(&self.flows.get(flow)?.waiting.front()?.what)
    }

    /// Whether a call is the next.
    #[must_use]
    pub fn is_first(&self, place: &PlaceId) -> bool {
        self.heads.first().is_some_and(|(_, number, _)| *number == place.number)
    }

    /// How many would be served before this one as things stand; `None` if it is not here.
    #[must_use]
    pub fn before(&self, place: &PlaceId) -> Option<usize> {
        let own = self.flows.get(&place.flow)?;
        let at = own.waiting.binary_search_by_key(&place.number, |w| w.number).ok()?;
        let paid: u64 = own.waiting.iter().take(at).map(|w| share(w.cost, own.weight)).sum();
        let tag = own.start.saturating_add(paid);
        let others = self.flows.iter().filter(|(name, _)| **name != place.flow);
        let sooner = others.map(|(_, other)| {
            let mut next = other.start;
            let tags = other.waiting.iter().map(|waiting| {
                let this = (next, waiting.number);
                next = next.saturating_add(share(waiting.cost, other.weight));
                this
            });
            tags.take_while(|this| *this < (tag, place.number)).count()
        });
        Some(at + sooner.sum::<usize>())
    }

    /// Serves the next.
    pub fn pop(&mut self) -> Option<T> {
        let (start, _, name) = self.heads.pop_first()?;
        self.virtual_time = self.virtual_time.max(start);
        let flow = self.flows.get_mut(&name)?;
        let served = flow.waiting.pop_front()?;
        flow.start = start.saturating_add(share(served.cost, flow.weight));
        if let Some(next) = flow.waiting.front() {
            self.heads.insert((flow.start, next.number, name));
        }
        self.length -= 1;
        self.forget();
        Some(served.what)
    }

    /// Takes a call out wherever it stands; its place is free at once, and its flow has paid
    /// nothing for it.
    pub fn remove(&mut self, place: &PlaceId) -> Option<T> {
        let flow = self.flows.get_mut(&place.flow)?;
        let at = flow.waiting.binary_search_by_key(&place.number, |w| w.number).ok()?;
        if at == 0 {
            self.heads.remove(&(flow.start, place.number, Arc::clone(&place.flow)));
            if let Some(next) = flow.waiting.get(1) {
                self.heads.insert((flow.start, next.number, Arc::clone(&place.flow)));
            }
        }
        let removed = flow.waiting.remove(at)?;
        self.length -= 1;
        self.forget();
        Some(removed.what)
    }

    /// Takes out the newest call of a flow.
    pub fn remove_newest(&mut self, flow: &Arc<str>) -> Option<T> {
        let number = self.flows.get(flow)?.waiting.back()?.number;
        self.remove(&PlaceId { flow: Arc::clone(flow), number })
    }

    /// Those who would be served before a call that came now with this flow, weight and cost: as
    /// things stand, since others may still come.
    pub fn ahead<'a>(&'a self, flow: &'a str, weight: u32) -> impl Iterator<Item = &'a T> + 'a {
        let weight = u64::from(weight.max(1));
        let own = self.flows.get(flow);
        let start = own.map_or(0, |own| own.start).max(self.virtual_time);
        let before = own.map_or(0, |own| own.waiting.iter().map(|w| share(w.cost, weight)).sum());
        let tag = start.saturating_add(before);
        self.flows
            .iter()
            .flat_map(move |(name, other)| {
                let is_own = **name == *flow;
                let mut at = other.start;
                other.waiting.iter().take_while(move |waiting| {
                    let serves = is_own || at <= tag;
                    at = at.saturating_add(share(waiting.cost, other.weight));
                    serves
                })
            })
            .map(|waiting| &waiting.what)
    }

    /// Drops flows that have nothing waiting and no debt: as if they had never come.
    fn forget(&mut self) {
        if self.is_empty() {
            self.flows.clear();
            self.virtual_time = 0;
        } else if self.flows.len() > 2 * self.heads.len() + 16 {
            let now = self.virtual_time;
            self.flows.retain(|_, flow| !flow.waiting.is_empty() || flow.start > now);
        }
    }
}

fn share(cost: u64, weight: u64) -> u64 {
    cost.max(1).saturating_mul(PARTS).div_ceil(weight)
}
