//! The account: one store of objects, keyed by the path under which they are found.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;

use crate::codec;

/// A stored object, and its content if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) serial: u64,
    pub(crate) value: Value,
    pub(crate) blob: Bytes,
}

pub(crate) struct World {
    rows: BTreeMap<String, Row>,
    serial: u64,
    pub(crate) gone_models: HashSet<String>,
    pub(crate) course: Course,
    /// How often work that is not done was looked at.
    looks: HashMap<String, u32>,
}

/// How work in the background goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Looks that find it still going on.
    pub(crate) looks: u32,
    /// What it ends as, if not completed.
    pub(crate) end: Option<&'static str>,
    /// A batch does not say what its lines came to.
    pub(crate) silent: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            serial: 0,
            gone_models: HashSet::new(),
            course: Course::default(),
            looks: HashMap::new(),
        }
    }

    /// Whether the work of an object is not done yet; each time this is asked is a look at it.
    pub(crate) fn is_working(&mut self, path: &str) -> bool {
        let looks = self.looks.entry(path.to_owned()).or_default();
        *looks = looks.saturating_add(1);
        *looks <= self.course.looks
    }

    /// A fresh id. The same one never comes twice, in this account or another.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}{}{:06x}", codec::random_hex(18), self.serial & 0xff_ffff)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs())
    }

    pub(crate) fn put(&mut self, path: &str, value: Value) {
        self.put_blob(path, value, Bytes::new());
    }

    pub(crate) fn put_blob(&mut self, path: &str, value: Value, blob: Bytes) {
        self.serial += 1;
        let serial = self.rows.get(path).map_or(self.serial, |row| row.serial);
        self.rows.insert(path.to_owned(), Row { serial, value, blob });
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Row> {
        self.rows.get(path)
    }

    pub(crate) fn value(&self, path: &str) -> Option<&Value> {
        self.rows.get(path).map(|row| &row.value)
    }

    pub(crate) fn value_mut(&mut self, path: &str) -> Option<&mut Value> {
        self.rows.get_mut(path).map(|row| &mut row.value)
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.rows.contains_key(path)
    }

    /// Removes an object and everything below it.
    pub(crate) fn remove(&mut self, path: &str) -> Option<Row> {
        let below = format!("{path}/");
        let doomed: Vec<String> = self.below(&below).map(|(key, _)| key.clone()).collect();
        for key in doomed {
            self.rows.remove(&key);
        }
        self.rows.remove(path)
    }

    /// The objects of a collection, oldest first.
    pub(crate) fn list(&self, collection: &str) -> Vec<&Value> {
        let below = format!("{collection}/");
        let own = |key: &String| !key[below.len()..].contains('/');
        let mut rows: Vec<&Row> =
            self.below(&below).filter(|(key, _)| own(key)).map(|(_, row)| row).collect();
        rows.sort_by_key(|row| row.serial);
        rows.into_iter().map(|row| &row.value).collect()
    }

    fn below(&self, prefix: &str) -> impl Iterator<Item = (&String, &Row)> {
        let prefix = prefix.to_owned();
        self.rows.range(prefix.clone()..).take_while(move |(key, _)| key.starts_with(&prefix))
    }
}
