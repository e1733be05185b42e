//! Reads the request log as it stands on the disk.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::{Map, Value, json};

/// Every record, in the order of writing; none while there is no log.
pub(super) fn read(data_dir: &Path) -> Vec<Value> {
    let path = data_dir.join("requests.db");
    rows(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()))
}

fn rows(path: &Path) -> rusqlite::Result<Vec<Value>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(super::PATIENCE)?;
    let mut query = db.prepare("SELECT * FROM requests ORDER BY id")?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    query.query_map([], |row| object(&names, row))?.collect()
}

fn object(names: &[String], row: &Row<'_>) -> rusqlite::Result<Value> {
    let mut object = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Integer(number) => json!(number),
            ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            _ => Value::Null,
        };
        object.insert(name.clone(), value);
    }
    Ok(object.into())
}
