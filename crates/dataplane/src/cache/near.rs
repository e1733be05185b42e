//! Where the questions of kept answers lie, to find the one that is nearest to a new question.
//!
//! Only questions that are equal in all but their last text can stand in for each other, so they lie
//! in groups by that. A group is gone through one by one: it is exact, needs no structure that could
//! break, and a full group takes less than the question's own way to the model that makes its vector
//! (docs/adr). In memory alone, under a bound; after a start it is empty, and near matches begin anew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{CacheKey, CachePurge, ProjectId, Vector};

/// Questions of a group; the oldest go.
const OF_A_GROUP: usize = 2_048;
/// Bytes of all of them.
const BYTES: usize = 32 << 20;
/// What one takes up beside its vector and text, about.
const BESIDE: usize = 256;
/// Characters of a text that are kept, for a person to judge by.
pub(super) const TEXT: usize = 1_000;
/// How many are told of, the nearest first: an answer may be gone since.
const NEAREST: usize = 4;

/// A question whose answer was kept.
#[derive(Debug)]
pub(crate) struct Point {
    pub(super) project: ProjectId,
    /// Under which its answer lies.
    pub(super) key: CacheKey,
    pub(super) model: Arc<str>,
    pub(super) vector: Vector,
    pub(super) text: Box<str>,
}

impl Point {
    fn bytes(&self) -> usize {
        self.vector.bytes() + self.text.len() + BESIDE
    }
}

/// Which questions may stand in for each other: a hash of everything but the text.
pub(crate) type Group = CacheKey;

pub(super) struct Near {
    index: Mutex<Index>,
    budget: usize,
}

impl Default for Near {
    fn default() -> Self {
        Self::new(BYTES)
    }
}

#[derive(Default)]
struct Index {
    groups: HashMap<Group, Vec<Arc<Point>>>,
    /// All of them, the oldest first.
    order: VecDeque<(Group, CacheKey)>,
    bytes: usize,
}

impl Near {
    fn new(budget: usize) -> Self {
        Self { index: Mutex::default(), budget }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nearest of a group with their similarity, the nearest first.
    pub(super) fn find(&self, group: Group, vector: &Vector) -> Vec<(u16, Arc<Point>)> {
        // The lock is not held while they are gone through.
        let points = self.index().groups.get(&group).cloned().unwrap_or_default();
        let mut near: Vec<(u16, Arc<Point>)> = points
            .into_iter()
            .map(|point| (vector.similarity(&point.vector), point))
            .filter(|(similarity, _)| *similarity > 0)
            .collect();
        near.sort_by_key(|(similarity, _)| std::cmp::Reverse(*similarity));
        near.truncate(NEAREST);
        near
    }

    /// Adds one, or puts it in the place of what lay under its key.
    pub(super) fn add(&self, group: Group, point: Point) {
        let mut index = self.index();
        index.remove(group, point.key);
        index.bytes += point.bytes();
        index.order.push_back((group, point.key));
        let of_group = index.groups.entry(group).or_default();
        of_group.push(Arc::new(point));
        let oldest = of_group.first().filter(|_| of_group.len() > OF_A_GROUP).map(|old| old.key);
        if let Some(oldest) = oldest {
            index.remove(group, oldest);
        }
        while index.bytes > self.budget
            && let Some((group, key)) = index.order.front().copied()
        {
            index.remove(group, key);
        }
    }

    /// Lets go of what a purge takes.
    pub(super) fn forget(&self, project: &ProjectId, what: &CachePurge) {
        let mut index = self.index();
        let meant =
            |point: &Arc<Point>| point.project == *project && what.takes(point.key, &point.model);
        let gone: Vec<(Group, CacheKey)> = index
            .groups
            .iter()
            .flat_map(|(group, points)| {
                points.iter().filter(|point| meant(point)).map(|point| (*group, point.key))
            })
            .collect();
        gone.into_iter().for_each(|(group, key)| index.remove(group, key));
    }
}

impl Index {
    fn remove(&mut self, group: Group, key: CacheKey) {
        let Some(points) = self.groups.get_mut(&group) else { return };
        let Some(at) = points.iter().position(|point| point.key == key) else { return };
        self.bytes -= points.remove(at).bytes();
        if points.is_empty() {
            self.groups.remove(&group);
        }
        if let Some(at) = self.order.iter().position(|one| *one == (group, key)) {
            self.order.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use openai::kept::said::direction;

    use super::*;

    fn key(number: u16) -> CacheKey {
        let [a, b] = number.to_le_bytes();
        CacheKey(std::array::from_fn(|at| [a, b][at % 2]))
    }

    fn point(number: u16, numbers: &[f32]) -> Point {
        Point {
            project: if number.is_multiple_of(2) { "even".into() } else { "odd".into() },
            key: key(number),
            model: "m".into(),
            vector: direction(numbers).unwrap(),
            text: "text".into(),
        }
    }

    fn found(near: &Near, group: u16, numbers: &[f32]) -> Vec<(u16, CacheKey)> {
        let all = near.find(key(group), &direction(numbers).unwrap());
        all.into_iter().map(|(similarity, point)| (similarity, point.key)).collect()
    }

    #[test]
    fn the_nearest_of_a_group_come_first_and_no_other_group_is_looked_at() {
        let near = Near::default();
        near.add(key(1), point(1, &[1.0, 0.0]));
        near.add(key(1), point(2, &[1.0, 1.0]));
        near.add(key(9), point(3, &[0.0, 1.0]));
        assert_eq!(found(&near, 1, &[0.0, 1.0]), [(707, key(2))]);
        assert_eq!(found(&near, 1, &[1.0, 0.0]), [(1_000, key(1)), (707, key(2))]);
        near.add(key(1), point(1, &[0.0, 1.0]));
        assert_eq!(found(&near, 1, &[0.0, 1.0])[0], (1_000, key(1)), "the new one stands there");
        near.forget(&"odd".into(), &CachePurge::All);
        assert_eq!(found(&near, 1, &[0.0, 1.0]), [(707, key(2))]);
        assert!(found(&near, 9, &[0.0, 1.0]).is_empty());
        near.forget(&"even".into(), &CachePurge::Entry(key(2)));
        let index = near.index();
        assert_eq!((index.bytes, index.order.len(), index.groups.len()), (0, 0, 0));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go() {
        let size = point(1, &[1.0, 0.0]).bytes();
        let near = Near::new(size * 3);
        for number in 1..=5 {
            near.add(key(number % 2), point(number, &[1.0, 0.0]));
        }
        assert_eq!(near.index().bytes, size * 3);
        let there = |group| found(&near, group, &[1.0, 0.0]).len();
        assert_eq!((there(0), there(1)), (1, 2));
        let near = Near::default();
        for number in 0..=OF_A_GROUP as u16 {
            near.add(key(1), point(number, &[1.0, 0.0]));
        }
        assert_eq!(near.index().groups[&key(1)].len(), OF_A_GROUP);
        assert_ne!(near.index().groups[&key(1)][0].key, key(0));
    }
}
