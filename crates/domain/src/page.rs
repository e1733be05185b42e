//! Cursor pages: `after`, `limit`, `order` in; rows and whether more follow out.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Ascending,
    Descending,
}

/// One page of a list. `limit` is already within its bounds.
#[derive(Clone, Debug)]
pub struct PageQuery {
    pub limit: u32,
    pub after: Option<String>,
    pub order: Order,
}

/// The rows of a page, and whether rows follow.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    pub rows: Vec<T>,
    pub has_more: bool,
}
