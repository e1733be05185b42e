//! Cursor pages and the answer to a deletion.

use serde::Serialize;

/// What can stand in a cursor page: it has an id to go on from.
pub trait Listed {
    fn id(&self) -> &str;
}

/// `{object: "list", data, first_id, last_id, has_more}`. `last_id` is set whenever there is a
/// row, since the SDKs stop paging without it.
#[derive(Serialize)]
pub struct List<T> {
    object: &'static str,
    data: Vec<T>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl<T: Listed> List<T> {
    #[must_use]
    pub fn of(data: Vec<T>, has_more: bool) -> Self {
        let id = |row: &T| row.id().to_owned();
        let (first_id, last_id) = (data.first().map(id), data.last().map(id));
        Self { object: "list", data, first_id, last_id, has_more }
    }
}

/// `{object, id, deleted: true}`.
#[derive(Serialize)]
pub struct Deleted<'a> {
    object: &'static str,
    id: &'a str,
    deleted: bool,
}

impl<'a> Deleted<'a> {
    #[must_use]
    pub fn new(object: &'static str, id: &'a str) -> Self {
        Self { object, id, deleted: true }
    }
}
