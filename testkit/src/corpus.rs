//! Answers and streams with odd but legal bytes. A gateway that has nothing to change must pass
//! every one of them on byte for byte.

use bytes::Bytes;

type Case = (&'static str, Bytes);

/// JSON bodies which a parse and a re-serialization would not give back as they were.
pub fn json_answers() -> Vec<Case> {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let long = format!(r#"{{"id":"x","text":"{}"}}"#, "0123456789abcdef".repeat(16 * 1024));
    let mut cases = fixed_answers();
    cases.push(("deep nesting", deep.into()));
    cases.push(("a long text", long.into()));
    cases
}

fn fixed_answers() -> Vec<Case> {
    let cases: &[(&str, &[u8])] = &[
        ("compact chat", br#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#),
        ("odd spacing", b" \t{ \"id\" :\n\"chatcmpl-2\"  ,\r\n\t\"usage\"\n:\n{ \"prompt_tokens\" : 3 ,\"completion_tokens\":4 , \"total_tokens\":7 } }\r\n\n "),
        ("usage first, keys in odd order", br#"{"usage":{"total_tokens":7,"completion_tokens":4,"prompt_tokens":3},"model":"gpt-4o","choices":[],"object":"chat.completion","id":"z"}"#),
        ("big integers", br#"{"id":"big","n":123456789012345678901234567890,"m":-9223372036854775809,"u":18446744073709551615,"usage":{"prompt_tokens":9007199254740993,"completion_tokens":1,"total_tokens":9007199254740994}}"#),
        ("exponents", br#"{"id":"exp","a":1e5,"b":1E+5,"c":1.0e-10,"d":-0.0,"e":0e0,"f":1.10,"g":12345678901234567890.123456789}"#),
        ("unknown fields", br#"{"id":"u","x_new":{"deep":[1,{"y":null}]},"moderation":{"results":[]},"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"new_tokens":{"kind":9}},"":"empty key"}"#),
        ("escapes", br#"{"id":"esc","text":"\u0041\/\b\f\n\r\t\"\\ \u00e9 \ud83d\ude00 \u2028 \u0000"}"#),
        ("lone surrogate", br#"{"id":"lone","text":"\ud800 and \udfff"}"#),
        ("raw UTF-8", "{\"id\":\"utf8\",\"text\":\"é 漢字 😀 \u{2028}\u{7f}\"}".as_bytes()),
        ("a key twice", br#"{"id":"dup","model":"a","model":"b","usage":null,"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#),
        ("usage named in a text", br#"{"id":"decoy","text":"{\"usage\":{\"prompt_tokens\":99}}","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#),
        ("usage deeper down", br#"{"id":"inner","data":[{"usage":{"prompt_tokens":50,"completion_tokens":50,"total_tokens":100}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#),
        ("null details", br#"{"id":"nulls","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null}}"#),
        ("byte order mark", b"\xef\xbb\xbf{\"id\":\"bom\"}"),
        ("an array", br#"[1, 2 ,3]"#),
        ("a number", b"42"),
        ("a text", br#""just text""#),
        ("an empty object", b"{ }\n"),
        ("nothing", b""),
    ];
    cases.iter().map(|(name, bytes)| (*name, Bytes::from_static(bytes))).collect()
}

/// Event streams in all the forms that a reader must take.
pub fn streams() -> Vec<Case> {
    let long = format!(
        "data: {{\"id\":\"l\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\ndata: [DONE]\n\n",
        "long ".repeat(40_000)
    );
    let mut cases = chat_streams();
    cases.extend(named_streams());
    cases.push(("one very long line", long.into()));
    cases
}

fn chat_streams() -> Vec<Case> {
    let cases: &[(&str, &[u8])] = &[
        ("LF", b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n"),
        ("CRLF", b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\r\n\r\ndata: [DONE]\r\n\r\n"),
        ("CR", b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\r\rdata: [DONE]\r\r"),
        ("line ends mixed", b"data: {\"id\":\"a\",\"choices\":[]}\r\n\ndata: {\"id\":\"b\",\"choices\":[]}\n\r\ndata: {\"id\":\"c\",\"choices\":[]}\r\r\ndata: [DONE]\n\n"),
        ("byte order mark", b"\xef\xbb\xbfdata: {\"id\":\"a\",\"choices\":[]}\n\ndata: [DONE]\n\n"),
        ("comments", b": keep-alive\n\n:\n\n:OPENROUTER PROCESSING\ndata: {\"id\":\"a\",\"choices\":[]}\n: between\n\ndata: [DONE]\n\n: after\n\n"),
        ("no space after the colon", b"data:{\"id\":\"a\",\"choices\":[]}\n\ndata:[DONE]\n\n"),
        ("two spaces after the colon", b"data:  {\"id\":\"a\",\"choices\":[]}\n\ndata: [DONE]\n\n"),
        ("data over several lines", b"data: {\"id\":\"a\",\ndata: \"choices\":\ndata:[]}\n\ndata: [DONE]\n\n"),
        ("ids, retries and unknown fields", b"id: 7\nretry: 1000\nfoo: bar\nbaz\ndata: {\"id\":\"a\",\"choices\":[]}\n\nid\n\ndata: [DONE]\n\n"),
        ("many blank lines", b"\n\n\n\ndata: {\"id\":\"a\",\"choices\":[]}\n\n\n\n\ndata: [DONE]\n\n\n"),
        ("raw UTF-8", "data: {\"id\":\"é\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"漢字 😀 é\"}}]}\n\ndata: [DONE]\n\n".as_bytes()),
        ("odd numbers and spacing", b"data: { \"id\" : \"a\" , \"created\" : 1.7e9 , \"big\":123456789012345678901234567890,\"choices\" : [ ] }\n\ndata: [DONE]\n\n"),
        ("usage on the last choice", b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}\n\ndata: [DONE]\n\n"),
        ("usage twice", b"data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\ndata: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":5,\"total_tokens\":6}}\n\ndata: [DONE]\n\n"),
        ("an error in the stream", b"data: {\"id\":\"a\",\"choices\":[]}\n\ndata: {\"error\": {\"message\": \"broke\", \"type\": \"server_error\", \"param\": null, \"code\": null}}\n\n"),
        ("data that is not JSON", b"data: hello\n\ndata: {broken\n\ndata: [DONE]\n\n"),
        ("no end marker", b"data: {\"id\":\"a\",\"choices\":[]}\n\n"),
        ("cut in an event", b"data: {\"id\":\"a\",\"choices\":[]}\n\ndata: {\"id\":\"b\",\"cho"),
        ("more after the end", b"data: [DONE]\n\ndata: {\"id\":\"late\",\"choices\":[]}\n\n"),
        ("nothing", b""),
    ];
    cases.iter().map(|(name, bytes)| (*name, Bytes::from_static(bytes))).collect()
}

fn named_streams() -> Vec<Case> {
    let cases: &[(&str, &[u8])] = &[
        ("named events", b"event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"usage\":null}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":1,\"response\":{\"id\":\"resp_1\",\"usage\":{\"input_tokens\":1,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":3}}}\n\n"),
        ("the name after the data", b"data: {\"type\":\"response.created\",\"sequence_number\":0}\nevent: response.created\n\n"),
        ("named events with CRLF and no spaces", b"event:response.created\r\ndata:{\"type\":\"response.created\",\"sequence_number\":0}\r\n\r\n"),
        ("an event without data", b"event: ping\n\nevent: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0}\n\n"),
        ("an unknown event", b"event: response.brand_new\ndata: {\"type\":\"response.brand_new\",\"sequence_number\":0,\"x\":[1,2]}\n\n"),
        ("an error event", b"event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"broke\",\"param\":null,\"sequence_number\":1}\n\n"),
    ];
    cases.iter().map(|(name, bytes)| (*name, Bytes::from_static(bytes))).collect()
}

/// The same bytes in pieces of `size`, which fall inside lines, numbers and UTF-8 characters.
pub fn split(bytes: &Bytes, size: usize) -> Vec<Bytes> {
    (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect()
}
