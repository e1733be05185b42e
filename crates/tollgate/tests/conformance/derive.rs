//! Bad bodies, from a good one and the document's shape.

use serde_json::{Value, json};
use testkit::spec::{Field, Shape, Spec};

/// A body with one thing wrong.
pub struct Bad {
    /// The field, with the objects around it: `notification_channel.type`.
    pub field: String,
    pub body: Value,
}

/// Each required field left out.
pub fn missing(spec: &Spec, shape: &Shape, good: &Value) -> Vec<Bad> {
    let required = places(spec, shape, "", good).into_iter().filter(|place| place.field.required);
    required
        .map(|place| {
            let mut body = good.clone();
            place.parent(&mut body).remove(&place.field.name).expect("the good body is whole");
            Bad { field: place.named(), body }
        })
        .collect()
}

/// Each field with every value that does not fit.
pub fn mistyped(spec: &Spec, shape: &Shape, good: &Value) -> Vec<Bad> {
    let mut found = Vec::new();
    for place in places(spec, shape, "", good) {
        let field = place.field;
        for value in candidates(spec, field) {
            if spec.differences(&field.shape, &value).is_empty() {
                continue;
            }
            let mut body = good.clone();
            place.parent(&mut body).insert(field.name.clone(), value);
            found.push(Bad { field: place.named(), body });
        }
    }
    found
}

/// Some of each kind; whoever takes them leaves out what fits.
fn candidates(spec: &Spec, field: &Field) -> Vec<Value> {
    let mut values = vec![
        json!(true),
        json!(12345),
        json!(1.5),
        json!("conformance"),
        json!(["conformance"]),
        json!([12345]),
        json!([["conformance"]]),
        json!({"conformance": 12345}),
    ];
    // Elsewhere null is the same as leaving the field out.
    if field.required {
        values.push(Value::Null);
    }
    for shape in alternatives(spec, &field.shape) {
        if let Shape::Number { least, most, .. } = shape {
            values.extend(least.map(|least| json!(least - 1)));
            values.extend(most.map(|most| json!(most + 1)));
        }
    }
    values
}

/// What a shape may be, without null.
pub fn alternatives<'a>(spec: &'a Spec, shape: &'a Shape) -> Vec<&'a Shape> {
    match spec.resolve(shape) {
        Shape::Either(shapes) => shapes.iter().flat_map(|it| alternatives(spec, it)).collect(),
        Shape::Null => Vec::new(),
        other => vec![other],
    }
}

/// A field of the document in a good body.
struct Place<'a> {
    /// JSON pointer of the object around it.
    around: String,
    field: &'a Field,
}

impl Place<'_> {
    fn parent<'a>(&self, body: &'a mut Value) -> &'a mut serde_json::Map<String, Value> {
        body.pointer_mut(&self.around).and_then(Value::as_object_mut).expect("an object")
    }

    fn named(&self) -> String {
        let around = self.around.split('/').filter(|part| part.parse::<usize>().is_err());
        let parts: Vec<&str> = around.filter(|part| !part.is_empty()).collect();
        [parts, vec![self.field.name.as_str()]].concat().join(".")
    }
}

fn places<'a>(spec: &'a Spec, shape: &'a Shape, at: &str, good: &Value) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    for shape in alternatives(spec, shape) {
        match (shape, good.pointer(at)) {
            (Shape::Object(fields, _), Some(Value::Object(_))) => {
                for field in fields {
                    found.push(Place { around: at.to_owned(), field });
                    found.extend(places(spec, &field.shape, &format!("{at}/{}", field.name), good));
                }
            }
            // One element stands for all.
            (Shape::List(item), Some(Value::Array(_))) => {
                found.extend(places(spec, item, &format!("{at}/0"), good));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn bad_bodies_differ_from_the_document_where_they_say() {
    let spec = Spec::administration();
    let operation = spec.find("POST", "/organization/spend_alerts").unwrap();
    let shape = operation.body.as_ref().unwrap();
    let good = json!({"currency": "USD", "interval": "month", "threshold_amount": 1,
        "notification_channel": {"type": "email", "recipients": ["ada@example.com"]}});
    assert_eq!(spec.differences(shape, &good), Vec::<String>::new());
    let missing = missing(&spec, shape, &good);
    assert_eq!(missing.len(), 6);
    let mistyped = mistyped(&spec, shape, &good);
    for bad in missing.iter().chain(&mistyped) {
        let differences = spec.differences(shape, &bad.body);
        let place = format!("$.{}", bad.field);
        let there = differences.iter().all(|text| text.starts_with(&place));
        assert!(there && !differences.is_empty(), "{}: {differences:?}", bad.body);
    }
    for field in ["threshold_amount", "notification_channel.recipients"] {
        assert!(mistyped.iter().filter(|bad| bad.field == field).count() > 5, "{field}");
    }
}
