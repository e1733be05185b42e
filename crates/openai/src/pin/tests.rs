use domain::bound::Demand;
use http::Method;

use super::*;
use crate::demand;
use crate::surface;

fn operation(path: &str) -> &'static Operation {
    surface::find(&Method::POST, path).unwrap().operation
}

/// The body as it is sent, with `output` as the chosen maximum.
fn sent(path: &str, body: &str, output: Option<u64>) -> String {
    let view = View::of(body.as_bytes()).unwrap();
    let operation = operation(path);
    let Demand::Metered(metered) = demand::of_json(operation, &view, body.as_bytes()).unwrap()
    else {
        panic!("{body} is not metered");
    };
    let pins = pins(operation, &view, body.as_bytes(), &metered, output);
    let sent = pinned(&Bytes::copy_from_slice(body.as_bytes()), &view, &pins);
    String::from_utf8(sent.to_vec()).unwrap()
}

#[test]
fn case_22_an_absent_maximum_is_sent() {
    for (path, before, after) in [
        (
            "/chat/completions",
            r#"{"model":"m","messages":[]}"#,
            r#"{"max_completion_tokens":512,"service_tier":"default","model":"m","messages":[]}"#,
        ),
        (
            "/responses",
            "{ \"model\" : \"m\" ,\n \"input\":\"x\" }",
            "{\"max_output_tokens\":512,\"service_tier\":\"default\", \"model\" : \"m\" ,\n \"input\":\"x\" }",
        ),
        // A null stands for nothing, and is replaced where it stands.
        (
            "/chat/completions",
            r#"{"max_completion_tokens": null,"model":"m","service_tier" : null}"#,
            r#"{"max_completion_tokens": 512,"model":"m","service_tier" : "default"}"#,
        ),
        // But not in a field of yesterday.
        (
            "/chat/completions",
            r#"{"max_tokens":null,"model":"m","service_tier":"auto"}"#,
            r#"{"max_completion_tokens":512,"max_tokens":null,"model":"m","service_tier":"default"}"#,
        ),
    ] {
        assert_eq!(sent(path, before, Some(512)), after);
    }
}

#[test]
fn case_21_a_clamped_maximum_is_replaced_where_the_client_wrote_it() {
    for (path, before, after) in [
        (
            "/chat/completions",
            r#"{"model":"m","max_tokens" :  4096 , "service_tier":"flex","seed":1e0}"#,
            r#"{"model":"m","max_tokens" :  512 , "service_tier":"flex","seed":1e0}"#,
        ),
        (
            "/chat/completions",
            r#"{"max_tokens":9000,"max_completion_tokens":9000,"model":"m","service_tier":"priority"}"#,
            r#"{"max_tokens":512,"max_completion_tokens":512,"model":"m","service_tier":"priority"}"#,
        ),
        (
            "/completions",
            r#"{"model":"m","prompt":"x","max\u005ftokens":9000}"#,
            r#"{"model":"m","prompt":"x","max\u005ftokens":512}"#,
        ),
        (
            "/responses",
            r#"{"model":"m","metadata":{"max_output_tokens":"9"},"max_output_tokens":9000,"service_tier":"default"}"#,
            r#"{"model":"m","metadata":{"max_output_tokens":"9"},"max_output_tokens":512,"service_tier":"default"}"#,
        ),
    ] {
        assert_eq!(sent(path, before, Some(512)), after);
    }
}

#[test]
fn what_is_said_already_is_not_touched() {
    let body = r#"{"model":"m","max_completion_tokens":512,"service_tier":"default"}"#;
    assert_eq!(sent("/chat/completions", body, Some(512)), body);
    let body = r#"{"model":"m","input":["a"]}"#;
    assert_eq!(sent("/embeddings", body, None), body);
    // The provider's own default, sent all the same: it is what was computed with.
    let body = r#"{"model":"m","prompt":"x"}"#;
    let expected = r#"{"max_tokens":16,"model":"m","prompt":"x"}"#;
    assert_eq!(sent("/completions", body, Some(16)), expected);
}

#[test]
fn case_32_the_most_tool_calls_are_sent() {
    let body = r#"{"model":"m","service_tier":"flex","max_output_tokens":9,"tools":[{"type":"web_search"}]}"#;
    let told = body.replacen('{', r#"{"max_tool_calls":8,"#, 1);
    assert_eq!(sent("/responses", body, Some(9)), told);
    let own = body.replacen('{', r#"{"max_tool_calls":3,"#, 1);
    assert_eq!(sent("/responses", &own, Some(9)), own);
}

#[test]
fn all_is_told_in_one_go() {
    let told = |body: &'static str| {
        let view = View::of(body.as_bytes()).unwrap();
        let pins = [
            Pin::Number(Field::MaxTokens, 7),
            Pin::AskUsage,
            Pin::Text(Field::ServiceTier, "default"),
        ];
        pinned(&Bytes::from(body), &view, &pins)
    };
    let all = r#""max_tokens":7,"stream_options":{"include_usage":true},"service_tier":"default""#;
    assert_eq!(told("{}"), format!("{{{all}}}"));
    assert_eq!(told(" {\n } "), format!(" {{{all}\n }} "));
    assert_eq!(told(r#"{"a":"{"}"#), format!(r#"{{{all},"a":"{{"}}"#));
    assert_eq!(
        told(r#"{"service_tier":{"a":[1]},"stream_options":{},"max_tokens":"x\"}"}"#),
        r#"{"service_tier":"default","stream_options":{"include_usage":true},"max_tokens":7}"#
    );
    assert_eq!(
        told(r#"{"stream_options":{"include_usage":true},"max_tokens":[],"service_tier":[{}]}"#),
        r#"{"stream_options":{"include_usage":true},"max_tokens":7,"service_tier":"default"}"#
    );
    // Two for one place: the first counts, and nothing is lost.
    let view = View::of(br#"{"n":1}"#).unwrap();
    let twice = [Pin::Number(Field::N, 2), Pin::Number(Field::N, 3)];
    assert_eq!(pinned(&Bytes::from_static(br#"{"n":1}"#), &view, &twice), r#"{"n":2}"#);
}

#[test]
fn the_model_changes_and_no_other_byte_does() {
    let body =
        Bytes::from(" {\"a\":1.50,\"model\" : \"ga\\u0073\" ,\"tools\":[{\"model\":\"x\"}]}\n");
    let view = View::of(&body).unwrap();
    assert_eq!(
        pinned(&body, &view, &[Pin::Model("a/b\"c")]),
        " {\"a\":1.50,\"model\" : \"a/b\\\"c\" ,\"tools\":[{\"model\":\"x\"}]}\n"
    );
    let none = Bytes::from("{\"input\":1}");
    assert_eq!(pinned(&none, &View::of(&none).unwrap(), &[Pin::Model("m")]), none);
}
