//! OpenAI's error envelope: `{"error":{"message","type","param","code"}}`, all four always there.

use bytes::Bytes;
use domain::Fault;
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// The JSON body of a refusal.
#[must_use]
pub fn body(fault: &Fault) -> Bytes {
    let envelope = Envelope {
        error: Body {
            message: &fault.message,
            kind: fault.kind,
            param: fault.param.as_deref(),
            code: fault.entry.public_code,
        },
    };
    serde_json::to_vec(&envelope).map_or_else(|_| Bytes::from_static(FALLBACK), Bytes::from)
}

/// Serialising four strings cannot fail; should it ever, the client still gets an envelope.
const FALLBACK: &[u8] =
    br#"{"error":{"message":"internal error","type":"server_error","param":null,"code":null}}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::fault::catalogue;

    #[test]
    fn all_four_keys_are_present() {
        let fault = Fault::because(&catalogue::INVALID_VALUE, "no \"such\" value").param("limit");
        assert_eq!(
            body(&fault),
            r#"{"error":{"message":"no \"such\" value","type":"invalid_request_error","param":"limit","code":"invalid_value"}}"#
        );
        let text = body(&Fault::new(&catalogue::MISSING_API_KEY));
        assert!(text.ends_with(br#""param":null,"code":null}}"#));
    }
}
