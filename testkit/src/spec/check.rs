//! Holds a value against a shape.

use serde_json::Value;

use super::{Field, Shape, Spec};

/// Adds what differs, in the order of the shape.
pub(super) fn value(spec: &Spec, shape: &Shape, value: &Value, at: &str, found: &mut Vec<String>) {
    part(spec, shape, value, (at, &[]), found);
}

/// The same of one shape of several that hold at once: the others' fields are no strangers.
fn part(
    spec: &Spec,
    shape: &Shape,
    value: &Value,
    (at, also): (&str, &[&str]),
    found: &mut Vec<String>,
) {
    let fits = match spec.resolve(shape) {
        Shape::Any => true,
        Shape::Nothing => false,
        Shape::Null => value.is_null(),
        Shape::Boolean => value.is_boolean(),
        Shape::Text => value.is_string(),
        Shape::Number { whole, least, most } => number(value, *whole, *least, *most),
        Shape::Literal(wanted) => wanted == value,
        Shape::List(item) => match value.as_array() {
            Some(items) => return items_of(spec, item, items, at, found),
            None => false,
        },
        Shape::Object(fields, others) => match value.as_object() {
            Some(_) => {
                let others = others.as_deref();
                return object(spec, (fields, others), value, (at, also), found);
            }
            None => false,
        },
        Shape::Either(shapes) => return either(spec, shapes, value, at, found),
        Shape::All(shapes) => {
            let mut names = also.to_vec();
            shapes.iter().for_each(|shape| fields_of(spec, shape, &mut names));
            return shapes.iter().for_each(|shape| part(spec, shape, value, (at, &names), found));
        }
        Shape::Named(_) => unreachable!("resolved"),
    };
    if !fits {
        found.push(format!("{at}: {value} is not {:?}", spec.resolve(shape)));
    }
}

fn number(value: &Value, whole: bool, least: Option<i64>, most: Option<i64>) -> bool {
    let Some(number) = value.as_f64() else { return false };
    let within = least.is_none_or(|least| number >= least as f64)
        && most.is_none_or(|most| number <= most as f64);
    within && (!whole || value.is_i64() || value.is_u64())
}

fn items_of(spec: &Spec, item: &Shape, items: &[Value], at: &str, found: &mut Vec<String>) {
    for (index, one) in items.iter().enumerate() {
        value(spec, item, one, &format!("{at}[{index}]"), found);
    }
}

/// The names of all fields that an object of this shape may have.
fn fields_of<'a>(spec: &'a Spec, shape: &'a Shape, names: &mut Vec<&'a str>) {
    match spec.resolve(shape) {
        Shape::Object(fields, _) => names.extend(fields.iter().map(|field| field.name.as_str())),
        Shape::All(shapes) => shapes.iter().for_each(|shape| fields_of(spec, shape, names)),
        _ => {}
    }
}

fn object(
    spec: &Spec,
    (fields, others): (&[Field], Option<&Shape>),
    whole: &Value,
    (at, also): (&str, &[&str]),
    found: &mut Vec<String>,
) {
    for Field { name, required, shape } in fields {
        let at = format!("{at}.{name}");
        match whole.get(name) {
            Some(part) => value(spec, shape, part, &at, found),
            None if *required => found.push(format!("{at}: missing")),
            None => {}
        }
    }
    let known = |name: &String| {
        fields.iter().any(|field| field.name == *name) || also.contains(&name.as_str())
    };
    let rest = whole.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
    if let Some(others) = others {
        rest.for_each(|(name, part)| value(spec, others, part, &format!("{at}.{name}"), found));
    }
}

/// One of the shapes must fit; when none does, the differences from the nearest one are told.
fn either(spec: &Spec, shapes: &[Shape], whole: &Value, at: &str, found: &mut Vec<String>) {
    let tried = shapes.iter().map(|shape| {
        let mut differences = Vec::new();
        value(spec, shape, whole, at, &mut differences);
        differences
    });
    let nearest = tried.min_by_key(|differences| {
        // A value of another kind altogether is farther than any object with faults.
        let other_kind = differences.iter().any(|text| text.starts_with(&format!("{at}: ")));
        (other_kind, differences.len())
    });
    found.extend(nearest.unwrap_or_default());
}
