//! Reads `multipart/form-data` into JSON fields and file parts.

use bytes::Bytes;
use serde_json::{Map, Value};

/// A part with a file name.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: String,
    pub(crate) bytes: Bytes,
}

/// Splits a form; `None` when it is not well formed.
pub(crate) fn read(content_type: &str, body: &Bytes) -> Option<(Value, Vec<Part>)> {
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim_matches('"');
    let (open, next) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut at = memchr::memmem::find(body, open.as_bytes())? + open.len();
    let (mut fields, mut files) = (Map::new(), Vec::new());
    while !body[at..].starts_with(b"--") {
        let head_end = at + memchr::memmem::find(&body[at..], b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&body[at..head_end]).into_owned();
        let start = head_end + 4;
        // The blank line may be shared with an empty value.
        let end = start - 2 + memchr::memmem::find(&body[start - 2..], next.as_bytes())?;
        let value = body.slice(start..end.max(start));
        let name = attribute(&head, "name")?;
        match attribute(&head, "filename") {
            Some(filename) => files.push(Part { name, filename, bytes: value }),
            None => put(&mut fields, &name, &String::from_utf8_lossy(&value)),
        }
        at = end + next.len();
    }
    Some((Value::Object(fields), files))
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with("content-disposition"))?;
    let key = format!(" {name}=");
    let rest = &line[line.find(&key)? + key.len()..];
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?.trim(),
    };
    Some(value.to_owned())
}

/// Sets `a`, `a[]` or `a[b]`.
fn put(fields: &mut Map<String, Value>, name: &str, text: &str) {
    let value = Value::String(text.to_owned());
    let Some((outer, inner)) = name.split_once('[') else {
        fields.insert(name.to_owned(), value);
        return;
    };
    match inner.trim_end_matches(']') {
        "" => {
            let list = fields.entry(outer).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(value);
            }
        }
        key => {
            let inner = fields.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            inner[key] = value;
        }
    }
}
