//! The fair queue alone.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Bounds, FairQueue, Full, PlaceId};

const WIDE: Bounds = Bounds { per_flow: 10_000, total: 100_000 };

fn name(flow: usize) -> Arc<str> {
    Arc::from(format!("key_{flow:02}"))
}

fn push(queue: &mut FairQueue<(usize, u64)>, flow: usize, weight: u32, cost: u64) -> PlaceId {
    let number = queue.waiting(&name(flow)) as u64;
    queue.push(&name(flow), weight, cost, (flow, number)).ok().unwrap()
}

#[test]
fn a_flood_of_one_key_leaves_the_others_their_turns() {
    let mut queue = FairQueue::new(WIDE);
    for _ in 0..1_000 {
        push(&mut queue, 0, 1, 7);
    }
    let _ = queue.pop();
    for _ in 0..5 {
        push(&mut queue, 1, 1, 7);
        push(&mut queue, 2, 1, 7);
    }
    let served: Vec<usize> = (0..15).map(|_| queue.pop().unwrap().0).collect();
    for flow in 0..3 {
        assert_eq!(served.iter().filter(|f| **f == flow).count(), 5, "{served:?}");
    }
}

#[test]
fn a_weight_is_a_share() {
    let mut queue = FairQueue::new(WIDE);
    for _ in 0..400 {
        push(&mut queue, 0, 3, 10);
        push(&mut queue, 1, 1, 10);
    }
    let first = (0..400).filter(|_| queue.pop().unwrap().0 == 0).count();
    assert!((299..=301).contains(&first), "{first}");
}

#[test]
fn a_full_flow_takes_no_place_of_others() {
    let mut queue = FairQueue::new(Bounds { per_flow: 2, total: 3 });
    push(&mut queue, 0, 1, 1);
    push(&mut queue, 0, 1, 1);
    assert_eq!(queue.push(&name(0), 1, 1, (9, 9)).unwrap_err().0, Full::Flow);
    let place = push(&mut queue, 1, 1, 1);
    assert_eq!(queue.push(&name(2), 1, 1, (9, 9)).unwrap_err().0, Full::Total);
    assert_eq!(queue.longest().map(|(flow, many)| (&**flow, many)), Some(("key_00", 2)));
    // A place that is left is free at once, and left only once.
    assert_eq!(queue.remove(&place), Some((1, 0)));
    assert_eq!(queue.remove(&place), None);
    push(&mut queue, 2, 1, 1);
    assert_eq!(queue.remove_newest(&name(0)), Some((0, 1)));
    assert_eq!((queue.len(), queue.waiting("key_00")), (2, 1));
}

#[test]
fn leaving_costs_a_key_nothing() {
    let mut queue = FairQueue::new(WIDE);
    let left: Vec<PlaceId> = (0..50).map(|_| push(&mut queue, 0, 1, 10)).collect();
    push(&mut queue, 1, 1, 10);
    push(&mut queue, 1, 1, 10);
    assert!(left.iter().all(|place| queue.remove(place).is_some()));
    push(&mut queue, 0, 1, 10);
    assert_eq!(queue.pop().unwrap().0, 1);
    assert_eq!(queue.pop().unwrap().0, 0, "it did not pay for those that left");
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize, u64),
    Pop,
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_usize..6, 1_u64..50).prop_map(|(flow, cost)| Step::Push(flow, cost)),
        2 => Just(Step::Pop),
        1 => (0_usize..64).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Bounded in number and in memory, in order within a key, nothing lost, nothing twice.
    #[test]
    fn a_queue_keeps_its_bounds_and_its_order(steps in steps()) {
        let bounds = Bounds { per_flow: 8, total: 24 };
        let mut queue = FairQueue::new(bounds);
        let mut inside: Vec<(PlaceId, usize, u64)> = Vec::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Push(flow, cost) => {
                    let own = inside.iter().filter(|(_, f, _)| *f == flow).count();
                    match queue.push(&name(flow), 1, cost, (flow, next)) {
                        Ok(place) => inside.push((place, flow, next)),
                        Err((Full::Flow, _)) => prop_assert_eq!(own, bounds.per_flow),
                        Err((Full::Total, _)) => prop_assert_eq!(inside.len(), bounds.total),
                    }
                    next += 1;
                }
                Step::Pop => {
                    let first = queue.first().copied();
                    let popped = queue.pop();
                    prop_assert_eq!(first, popped);
                    let Some((flow, number)) = popped else {
                        prop_assert!(inside.is_empty());
                        continue;
                    };
                    let oldest = inside.iter().position(|(_, f, _)| *f == flow).unwrap();
                    prop_assert_eq!(inside.remove(oldest).2, number);
                }
                Step::Leave(at) if !inside.is_empty() => {
                    let (place, flow, number) = inside.remove(at % inside.len());
                    prop_assert_eq!(queue.remove(&place), Some((flow, number)));
                }
                Step::Leave(_) => {}
            }
            prop_assert_eq!(queue.len(), inside.len());
            let mut turns: Vec<_> = inside.iter().map(|(p, ..)| queue.before(p).unwrap()).collect();
            turns.sort_unstable();
            prop_assert!(turns.into_iter().eq(0..inside.len()), "every place is another turn");
            prop_assert!(queue.flows() <= 2 * inside.len() + 17);
            prop_assert_eq!(queue.ahead("nobody's", 1).count() <= inside.len(), true);
        }
    }

    /// Between two turns of a key that always has calls waiting, no other key of its weight gets
    /// more than its share and one call: nobody starves, whatever the others' calls cost.
    #[test]
    fn no_key_waits_longer_than_its_share(
        costs in prop::collection::vec(prop::collection::vec(1_u64..100, 30), 2..6),
    ) {
        let mut queue = FairQueue::new(WIDE);
        let mut served = vec![0_u64; costs.len()];
        for (flow, costs) in costs.iter().enumerate() {
            costs.iter().for_each(|cost| drop(push(&mut queue, flow, 1, *cost)));
        }
        let mut done = vec![0; costs.len()];
        // As long as all have calls waiting.
        while done.iter().all(|done| *done < 30) {
            let (flow, number) = queue.pop().unwrap();
            prop_assert_eq!(usize::try_from(number).unwrap(), done[flow]);
            served[flow] += costs[flow][done[flow]];
            done[flow] += 1;
            let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
            prop_assert!(most - least <= 200, "{:?}", served);
        }
    }
}
