//! What two runs of a script saw, without what differs from run to run.

use serde_json::Value;

/// Ids of the provider end in as many hexadecimal digits, or more.
const ID_DIGITS: usize = 24;

/// Panics with every step that was not seen alike.
pub(crate) fn must_be_equal(control: &[Value], seen: &[Value]) {
    assert!(!control.is_empty(), "the control saw nothing");
    let mut faults = Vec::new();
    for (at, (left, right)) in control.iter().zip(seen).enumerate() {
        let (left, right) = (settled(left.clone()), settled(right.clone()));
        if let Some((place, left, right)) = difference(String::new(), &left, &right) {
            let step = &control[at]["step"];
            faults.push(format!("{step} {place}\n  provider: {left}\n   gateway: {right}"));
        }
    }
    assert!(faults.is_empty(), "seen differently:\n{}", faults.join("\n"));
    assert_eq!(control.len(), seen.len(), "steps");
}

/// The same value with ids and times of now blanked.
fn settled(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) => *text = without_ids(text),
        Value::Number(number) => {
            let now = 1_700_000_000.0..2_100_000_000.0;
            if number.as_f64().is_some_and(|n| now.contains(&n)) {
                return Value::from("a time");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|one| *one = settled(one.take())),
        Value::Object(fields) => {
            // A gateway that counts asks for usage; its `null` in the chunks before may stay.
            if fields.contains_key("choices") && fields.get("usage") == Some(&Value::Null) {
                fields.remove("usage");
            }
            fields.values_mut().for_each(|one| *one = settled(one.take()));
        }
        Value::Null | Value::Bool(_) => {}
    }
    value
}

fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= ID_DIGITS {
            out.push('#');
        } else {
            out.push_str(&rest[..digits]);
        }
        rest = &rest[digits..];
        let other = rest.find(|c: char| c.is_ascii_hexdigit()).unwrap_or(rest.len());
        out.push_str(&rest[..other]);
        rest = &rest[other..];
    }
    out
}

/// The first place where they differ, and what stands there.
fn difference(place: String, left: &Value, right: &Value) -> Option<(String, Value, Value)> {
    match (left, right) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(format!("{place}/{at}"), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let mut names = a.keys();
            names.find_map(|name| difference(format!("{place}/{name}"), &a[name], &b[name]))
        }
        _ => (left != right).then(|| (place, left.clone(), right.clone())),
    }
}
