//! Spans as OTLP sends them over HTTP: JSON or protobuf, by the same message.
//!
//! The message is small and does not change, so it is written out here by hand; what a library
//! would bring along is a second HTTP client.

use dataplane::Hex;
use serde_json::{Value as Json, json};

use super::spans::{Span, Value};

/// How spans are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Protobuf,
    Json,
}

/// What sends: the resource's attributes, `service.name` among them.
pub type Resource = [(String, String)];

const SCOPE: &str = "tollgate";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// A span of a client, in the enumeration of kinds.
const CLIENT: u64 = 3;
/// A status that says: failed.
const FAILED: u64 = 2;

impl Encoding {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// A request that exports these spans.
    pub fn write(self, resource: &Resource, spans: &[Span]) -> Vec<u8> {
        match self {
            Self::Protobuf => protobuf(resource, spans),
            Self::Json => json(resource, spans).to_string().into_bytes(),
        }
    }
}

fn json(resource: &Resource, spans: &[Span]) -> Json {
    let of = |name: &str, value: Json| json!({ "key": name, "value": value });
    let resource: Vec<_> =
        resource.iter().map(|(name, value)| of(name, json!({ "stringValue": value }))).collect();
    let spans: Vec<_> = spans
        .iter()
        .map(|span| {
            let attributes = span.attributes.iter().map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => json!({ "stringValue": text }),
                    // 64 bits are text in JSON.
                    Value::Whole(number) => json!({ "intValue": number.to_string() }),
                    Value::Float(number) => json!({ "doubleValue": number }),
                    Value::Bool(yes) => json!({ "boolValue": yes }),
                };
                of(name, value)
            });
            let mut one = json!({
                "traceId": Hex(&span.trace).to_string(),
                "spanId": Hex(&span.id).to_string(),
                "name": span.name,
                "kind": CLIENT,
                "startTimeUnixNano": span.start.to_string(),
                "endTimeUnixNano": span.end.to_string(),
                "attributes": attributes.collect::<Vec<_>>(),
                "status": if span.failed { json!({ "code": FAILED }) } else { json!({}) },
            });
            if let Some(parent) = &span.parent {
                one["parentSpanId"] = Hex(parent).to_string().into();
            }
            one
        })
        .collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": SCOPE, "version": VERSION }, "spans": spans }],
    }] })
}

/// A protobuf message in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or(0));
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.key(field, 0);
        self.varint(number);
    }

    fn fixed(&mut self, field: u64, number: u64) {
        self.key(field, 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn inner(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    fn attribute(&mut self, field: u64, name: &str, value: impl FnOnce(&mut Self)) {
        self.inner(field, |pair| {
            pair.bytes(1, name.as_bytes());
            pair.inner(2, value);
        });
    }
}

fn protobuf(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let mut request = Message::default();
    request.inner(1, |all| {
        all.inner(1, |message| {
            for (name, value) in resource {
                message.attribute(1, name, |any| any.bytes(1, value.as_bytes()));
            }
        });
        all.inner(2, |scope| {
            scope.inner(1, |named| {
                named.bytes(1, SCOPE.as_bytes());
                named.bytes(2, VERSION.as_bytes());
            });
            spans.iter().for_each(|span| scope.inner(2, |message| write_span(message, span)));
        });
    });
    request.0
}

fn write_span(message: &mut Message, span: &Span) {
    message.bytes(1, &span.trace);
    message.bytes(2, &span.id);
    if let Some(parent) = &span.parent {
        message.bytes(4, parent);
    }
    message.bytes(5, span.name.as_bytes());
    message.number(6, CLIENT);
    message.fixed(7, span.start);
    message.fixed(8, span.end);
    for (name, value) in &span.attributes {
        message.attribute(9, name, |any| match value {
            Value::Text(text) => any.bytes(1, text.as_bytes()),
            Value::Bool(yes) => any.number(2, u64::from(*yes)),
            Value::Whole(number) => any.number(3, number.cast_unsigned()),
            Value::Float(number) => any.fixed(4, number.to_bits()),
        });
    }
    if span.failed {
        message.inner(15, |status| status.number(3, FAILED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        Span {
            trace: [1; 16],
            id: [2; 8],
            parent: Some([3; 8]),
            name: "chat m".to_owned(),
            start: 1,
            end: 300,
            attributes: vec![
                ("t", Value::Text("x".to_owned())),
                ("w", Value::Whole(-1)),
                ("f", Value::Float(0.5)),
                ("b", Value::Bool(true)),
            ],
            failed: true,
        }
    }

    #[test]
    fn json_is_as_the_protocol_has_it() {
        let resource = [("service.name".to_owned(), "tollgate".to_owned())];
        let text = Encoding::Json.write(&resource, &[span()]);
        let json: Json = serde_json::from_slice(&text).unwrap();
        let all = &json["resourceSpans"][0];
        assert_eq!(all["resource"]["attributes"][0]["value"]["stringValue"], "tollgate");
        let one = &all["scopeSpans"][0]["spans"][0];
        assert_eq!(one["traceId"], "01010101010101010101010101010101");
        assert_eq!(one["parentSpanId"], "0303030303030303");
        assert_eq!(one["endTimeUnixNano"], "300");
        assert_eq!(one["attributes"][1]["value"]["intValue"], "-1");
        assert_eq!((&one["kind"], &one["status"]["code"]), (&json!(3), &json!(2)));
    }

    #[test]
    fn protobuf_is_as_the_protocol_has_it() {
        // Field 1 of the request: the resource's spans; in it field 2, the scope's; the bytes were
        // written down by hand from the message's definition.
        let bytes = Encoding::Protobuf.write(&[], &[span()]);
        let trace = [vec![0x0a, 16], vec![1; 16]].concat();
        let ids = [vec![0x12, 8], vec![2; 8], vec![0x22, 8], vec![3; 8]].concat();
        let name = b"\x2a\x06chat m\x30\x03";
        let times = b"\x39\x01\0\0\0\0\0\0\0\x41\x2c\x01\0\0\0\0\0\0";
        let text = b"\x4a\x08\x0a\x01t\x12\x03\x0a\x01x";
        let whole = b"\x4a\x10\x0a\x01w\x12\x0b\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        let float = b"\x4a\x0e\x0a\x01f\x12\x09\x21\0\0\0\0\0\0\xe0\x3f";
        let yes = b"\x4a\x07\x0a\x01b\x12\x02\x10\x01";
        let status = b"\x7a\x02\x18\x02";
        let one = [&trace[..], &ids, name, times, text, whole, float, yes, status].concat();
        let mut expected = Message::default();
        expected.inner(1, |all| {
            all.bytes(1, b"");
            all.inner(2, |scope| {
                let named = [b"\x0a\x08tollgate\x12".as_slice(), &[VERSION.len() as u8]].concat();
                scope.bytes(1, &[&named, VERSION.as_bytes()].concat());
                scope.bytes(2, &one);
            });
        });
        assert_eq!(bytes, expected.0);
    }
}
