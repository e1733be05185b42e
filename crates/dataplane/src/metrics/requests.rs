//! Requests answered, by route and status: one table of counters for each worker.
//!
//! Which counter is known from the place of an operation in its table, so that counting is one
//! addition to memory that no other thread writes to.

use std::sync::atomic::{AtomicU64, Ordering};

use openai::surface::{OPERATIONS, Operation};

/// What a request was for.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Operation(&'static Operation),
    /// The Administration API.
    Administration,
    Health,
    Readiness,
    Metrics,
    /// The root, and what is nobody's path.
    Other,
}

const OWN: [&str; 5] = ["administration", "/healthz", "/readyz", "/metrics", "other"];

/// The statuses that are told apart; all others count as the last.
const CODES: [u16; 27] = [
    200, 201, 202, 204, 206, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 424,
    426, 429, 499, 500, 502, 503, 504, 0,
];

/// One worker's counters.
pub(crate) struct Requests(Box<[AtomicU64]>);

/// One counter that is not zero.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// `GET` or the like; empty for what is not an operation of the data plane.
    pub method: &'static str,
    /// The path with its parameters in braces, or a word for a group of paths.
    pub route: &'static str,
    /// 0 for a status that is not told apart.
    pub code: u16,
    pub count: u64,
}

impl Default for Requests {
    fn default() -> Self {
        let all = (OPERATIONS.len() + OWN.len()) * CODES.len();
        Self((0..all).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Requests {
    pub(crate) fn count(&self, place: Place, status: u16) {
        let column = CODES.iter().position(|&code| code == status).unwrap_or(CODES.len() - 1);
        if let Some(counter) = self.0.get(row(place) * CODES.len() + column) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counters of several workers, added up; those that are not zero.
    pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Vec<Answered> {
        let mut found = Vec::new();
        for row in 0..OPERATIONS.len() + OWN.len() {
            let (method, route) = match OPERATIONS.get(row) {
                Some(operation) => (method(operation), operation.path),
                None => ("", OWN[row - OPERATIONS.len()]),
            };
            for (column, &code) in CODES.iter().enumerate() {
                let at = row * CODES.len() + column;
                let count = all.clone().map(|r| r.0[at].load(Ordering::Relaxed)).sum();
                if count > 0 {
                    found.push(Answered { method, route, code, count });
                }
            }
        }
        found
    }
}

fn row(place: Place) -> usize {
    let own = match place {
        Place::Operation(operation) => {
            // Its distance from the table's beginning; every operation stands in the table.
            let first = OPERATIONS.as_ptr().addr();
            return (std::ptr::from_ref(operation).addr() - first) / size_of::<Operation>();
        }
        Place::Administration => 0,
        Place::Health => 1,
        Place::Readiness => 2,
        Place::Metrics => 3,
        Place::Other => 4,
    };
    OPERATIONS.len() + own
}

fn method(operation: &'static Operation) -> &'static str {
    operation.method.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_row_of_its_own() {
        let (one, two) = (Requests::default(), Requests::default());
        for operation in OPERATIONS {
            one.count(Place::Operation(operation), 200);
            two.count(Place::Operation(operation), 599);
        }
        one.count(Place::Other, 404);
        let found = Requests::sum([&one, &two].into_iter());
        assert_eq!(found.len(), OPERATIONS.len() * 2 + 1);
        for (operation, pair) in OPERATIONS.iter().zip(found.chunks(2)) {
            for (answered, code) in pair.iter().zip([200, 0]) {
                assert_eq!((answered.route, answered.code), (operation.path, code));
                assert_eq!((answered.method, answered.count), (operation.method.as_str(), 1));
            }
        }
    }
}
