//! Every order of events in a small world: a few nodes with a few attempts each over one store,
//! made of the ledger's own types. Grants and acknowledgements are lost and batches come again;
//! nodes sleep, are forfeited, are killed, and are killed again while they start. Holds grow, and are
//! killed between the book and the file.
//!
//! In each state that can be reached an auditor compares what the provider has billed with the
//! limits; and from each state the world is brought to rest, and must then add up.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

mod actions;
mod auditor;
mod world;

use actions::Action;
use world::{Shape, World};

/// Visits all states of a world; how many there are.
fn explore(shape: Shape) -> usize {
    let first = World::new(shape);
    let mut came = HashMap::from([(print(&first), None)]);
    let mut open = VecDeque::from([first]);
    while let Some(world) = open.pop_front() {
        let from = print(&world);
        for action in world.actions() {
            let mut next = world.clone();
            next.act(action);
            let here = print(&next);
            if came.contains_key(&here) {
                continue;
            }
            came.insert(here, Some((from, action)));
            if let Err(why) = auditor::check(&next).and_then(|()| auditor::check_at_rest(&next)) {
                panic!("{why}\n{shape:?}\n{}{next:?}", path(&came, here));
            }
            open.push_back(next);
        }
    }
    came.len()
}

/// States that differ only in which node is which are one.
fn print(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.key().hash(&mut hasher);
    hasher.finish()
}

/// The shortest way to a state.
fn path(came: &HashMap<u64, Option<(u64, Action)>>, to: u64) -> String {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some(Some((from, action))) = came.get(&at) {
        steps.push(format!("{action:?}\n"));
        at = *from;
    }
    steps.into_iter().rev().collect()
}

fn told(name: &str, shape: Shape) -> usize {
    let states = explore(shape);
    println!("{name}: {states} states");
    states
}

/// The small worlds of every test run. `TOLLGATE_MODEL`, set when this is built, asks for the
/// large ones as well, which take minutes and gigabytes.
#[test]
fn p1_no_order_of_events_passes_a_limit() {
    let one = Shape { nodes: 1, attempts: 2, limits: &[3], holds: &[1, 2], growth: 0 };
    assert!(told("one node, two attempts", one) > 1_000);
    let two = Shape { nodes: 2, attempts: 1, limits: &[3], holds: &[2], growth: 0 };
    assert!(told("two nodes, one attempt each", two) > 1_000);
    let scopes = Shape { nodes: 1, attempts: 2, limits: &[3, 2], holds: &[2], growth: 0 };
    assert!(told("two accounts", scopes) > 1_000);
    let growing = Shape { nodes: 1, attempts: 2, limits: &[3], holds: &[1], growth: 1 };
    assert!(told("holds that grow", growing) > 1_000);
    if option_env!("TOLLGATE_MODEL").is_some() {
        told("three attempts", Shape { attempts: 3, ..one });
        told("two nodes, two attempts each", Shape { attempts: 2, ..two });
        told("holds that grow twice", Shape { growth: 2, limits: &[4], ..growing });
        told("two nodes with holds that grow", Shape { nodes: 2, attempts: 1, ..growing });
        told("two nodes, two holds", Shape { holds: &[1, 2], ..two });
    }
}
