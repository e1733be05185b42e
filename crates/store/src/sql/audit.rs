//! The texts of the audit log.

use domain::AuditQuery;

pub(crate) const ADD: &str = "INSERT INTO audit_log
    (id, at, event, actor_type, actor_id, project_id, resource_id, payload, request_id, address, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
pub(crate) const NEWEST_HASH: &str = "SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1";
/// Oldest first, with all that a hash covers.
pub(crate) const WHOLE: &str = "SELECT id, at, event, actor_type, actor_id, project_id,
    resource_id, payload, request_id, address, hash, seq FROM audit_log ORDER BY seq";
pub(crate) const PUT_HASH: &str = "UPDATE audit_log SET hash = $1 WHERE seq = $2";

const LINES: &str = "SELECT a.id, a.at, a.event, a.actor_type, a.actor_id, k.owner_type,
        k.owner_id, u.email, a.project_id, p.name, a.payload, a.request_id, a.address, a.hash
    FROM audit_log a
    LEFT JOIN api_keys k ON k.id = a.actor_id
    LEFT JOIN users u ON u.id = CASE WHEN a.actor_type = 'user' THEN a.actor_id
        WHEN k.owner_type = 'user' THEN k.owner_id END
    LEFT JOIN projects p ON p.id = a.project_id
    WHERE 1 = 1";

/// A value of a query, in the order of its placeholder.
pub(crate) enum Bound {
    Text(String),
    Number(i64),
}

/// A page's text with its values.
pub(crate) struct Page {
    text: String,
    values: Vec<Bound>,
}

/// One row more than asked tells whether there are more. Where a page is counted from its newer
/// end (`before`), the rows come oldest first.
pub(crate) fn page(query: &AuditQuery) -> (String, Vec<Bound>) {
    let mut page = Page { text: LINES.to_owned(), values: Vec::new() };
    if let Some(from) = query.from {
        page.number(" AND a.at >= ", from.0);
    }
    if let Some(until) = query.until {
        page.number(" AND a.at < ", until.0);
    }
    page.one_of(&["a.project_id"], &query.projects);
    page.one_of(&["a.actor_id", "k.owner_id"], &query.actors);
    page.one_of(&["u.email"], &query.emails);
    page.one_of(&["a.resource_id"], &query.resources);
    if let Some(events) = &query.events {
        page.text.push_str(" AND (a.event");
        page.list(" IN ", &events.named);
        if !events.but.is_empty() {
            page.text.push_str(" OR a.event");
            page.list(" NOT IN ", &events.but);
        }
        page.text.push(')');
    }
    page.beyond("<", query.place.after.as_deref());
    page.beyond(">", query.place.before.as_deref());
    let direction = if from_newer_end(query) { "ASC" } else { "DESC" };
    page.text.push_str(&format!(" ORDER BY a.seq {direction}"));
    page.number(" LIMIT ", i64::from(query.limit) + 1);
    (page.text, page.values)
}

/// Whether the rows next to `before` are wanted, rather than the newest.
pub(crate) fn from_newer_end(query: &AuditQuery) -> bool {
    query.place.before.is_some() && query.place.after.is_none()
}

impl Page {
    fn number(&mut self, before: &str, value: i64) {
        self.text.push_str(before);
        self.place(Bound::Number(value));
    }

    fn place(&mut self, value: Bound) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }

    /// An empty list is `IN ()`, which nothing is in.
    fn list<T: AsRef<str>>(&mut self, before: &str, values: &[T]) {
        self.text.push_str(before);
        self.text.push('(');
        for (index, value) in values.iter().enumerate() {
            self.text.push_str(if index == 0 { "" } else { ", " });
            self.place(Bound::Text(value.as_ref().to_owned()));
        }
        self.text.push(')');
    }

    fn one_of(&mut self, columns: &[&str], values: &[String]) {
        if values.is_empty() {
            return;
        }
        for (index, column) in columns.iter().enumerate() {
            self.text.push_str(if index == 0 { " AND (" } else { " OR " });
            self.text.push_str(column);
            self.list(" IN ", values);
        }
        self.text.push(')');
    }

    /// An unknown line compares with NULL and gives an empty page.
    fn beyond(&mut self, comparison: &str, line: Option<&str>) {
        let Some(line) = line else { return };
        let text = format!(" AND a.seq {comparison} (SELECT c.seq FROM audit_log c WHERE c.id = ");
        self.text.push_str(&text);
        self.place(Bound::Text(line.to_owned()));
        self.text.push(')');
    }
}
