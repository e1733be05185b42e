//! What must hold in each state. It looks at what was billed, at the store's rows and its lines,
//! and believes no node.

use super::actions::Action;
use super::world::{Mode, World, account};

pub(super) fn check(world: &World) -> Result<(), String> {
    for (at, row) in world.rows.iter().enumerate() {
        let limit = world.shape.limits[at];
        let of = |what: &str| Err(format!("account {at}: {what}"));
        if world.billed > limit {
            return of("more is billed than the limit");
        }
        if row.posted.0 + row.leased.0 > limit {
            return of("posted and leased are more than the limit");
        }
        if row.posted.0 != world.entries[at] {
            return of("the lines do not add up to what is posted");
        }
        if row.leased.0 != world.leases.iter().map(|leases| leases[at]).sum::<i64>() {
            return of("the leases do not add up to what is leased");
        }
        if row.overage.0 != 0 {
            return of("something was not covered by its hold");
        }
    }
    world.nodes.iter().all(|node| node.book.is_sound()).then_some(()).ok_or("a book".to_owned())
}

/// Kills and starts every node; then nothing may be held, nothing billed be missing, and nothing be
/// posted that is not accounted for.
pub(super) fn check_at_rest(world: &World) -> Result<(), String> {
    let mut world = world.clone();
    for node in 0..world.nodes.len() {
        if world.nodes[node].mode != Mode::Down {
            world.act(Action::Kill(node));
        }
        if !world.nodes[node].fenced {
            world.act(Action::Mark(node));
            world.act(Action::PostFound(node));
        }
        world.act(Action::Open(node));
    }
    check(&world)?;
    for (at, row) in world.rows.iter().enumerate() {
        let of = |what: &str| Err(format!("account {at}, at rest: {what}"));
        if row.leased.0 != 0 {
            return of("something is still held");
        }
        if row.posted.0 < world.billed {
            return of("something billed is missing");
        }
        if row.posted.0 > world.billed + world.spare[at] {
            return of("something was posted twice");
        }
    }
    let held = |node: &super::world::Node| {
        let mut book = node.book.clone();
        let seat = book.seat(&account(0));
        book.held(seat).0
    };
    world.nodes.iter().all(|n| held(n) == 0).then_some(()).ok_or("a hold at rest".to_owned())
}
