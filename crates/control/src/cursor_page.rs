//! Pages of lists that are short enough to be read whole.

use domain::Paged;

/// Which rows of a list: a walk may go either way.
#[derive(Clone, Copy, Debug)]
pub struct CursorPage<'a> {
    pub limit: usize,
    /// The id of the row that the page follows.
    pub after: Option<&'a str>,
    /// The id of the row that the page ends in front of.
    pub before: Option<&'a str>,
}

impl CursorPage<'_> {
    /// Cuts the page out of all rows. An unknown cursor gives an empty page.
    pub(crate) fn of<T>(&self, mut rows: Vec<T>, is: impl Fn(&T, &str) -> bool) -> Paged<T> {
        let place = |rows: &[T], id: &str| rows.iter().position(|row| is(row, id));
        if let Some(id) = self.before {
            rows.truncate(place(&rows, id).unwrap_or(0));
        }
        if let Some(id) = self.after {
            rows.drain(..place(&rows, id).map_or(rows.len(), |at| at + 1));
        }
        let more = rows.len().saturating_sub(self.limit);
        // Backwards, the page is the one that ends at the cursor.
        if self.before.is_some() && self.after.is_none() {
            rows.drain(..more);
        } else {
            rows.truncate(self.limit);
        }
        Paged { rows, has_more: more > 0 }
    }
}
