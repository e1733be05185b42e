use super::*;

struct Nothing;

impl Visit for Nothing {
    fn key(&mut self, _: usize, _: Range<usize>) {}
    fn string(&mut self, _: usize, _: Range<usize>) {}
    fn literal(&mut self, _: usize, _: Range<usize>) {}
    fn open(&mut self, _: usize, _: usize, _: bool) {}
    fn close(&mut self, _: usize, _: usize) {}
}

fn valid(text: &[u8]) -> bool {
    walk(text, &mut Nothing).is_ok()
}

#[test]
fn agrees_with_a_second_reader() {
    let texts = [
        r#"{}"#,
        r#"[]"#,
        r#" { "a" : [ 1 , -2.5e+10 , true , null , "x\n\u00e9" , {} , [] ] } "#,
        r#"1"#,
        r#""a""#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"[1 2]"#,
        r#"{"a":}"#,
        r#"01"#,
        r#"1."#,
        r#"-"#,
        r#"1e"#,
        r#"nul"#,
        r#"NaN"#,
        r#"{"a":1}x"#,
        r#"{'a':1}"#,
        r#"{"a":"\x"}"#,
        r#"["#,
        r#"{"a":1"#,
        r#"]"#,
        r#"[}"#,
        r#"{"a":[}]"#,
        r#"  "#,
        r#""#,
        r#"{"a":"b}"#,
        r#"[,1]"#,
        r#"{"\u0061":"\ud83d\ude00"}"#,
        r#"+1"#,
        r#".5"#,
        r#"1e5"#,
        r#"-0"#,
    ];
    for text in texts {
        let other = serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(valid(text.as_bytes()), other, "{text}");
    }
}

#[test]
fn case_90_hostile_texts_are_refused() {
    assert!(!valid(&[b"[".repeat(10_000), b"]".repeat(10_000)].concat()));
    assert!(valid(&[b"[".repeat(128), b"]".repeat(128)].concat()));
    assert!(!valid(&[b"[".repeat(129), b"]".repeat(129)].concat()));
    assert!(!valid(br#"{"a":"\ud800"}"#));
    assert!(!valid(br#"{"a":"\ud800\u0041"}"#));
    assert!(!valid(br#"{"a":"\udc00"}"#));
    assert!(!valid(b"{\"a\":\"\xff\"}"));
    assert!(!valid(b"\xef\xbb\xbf{}"));
    assert!(!valid(b"{\"a\":\"\n\"}"));
}

#[test]
fn every_string_is_utf_8() {
    let strings: [&[u8]; 10] = [
        "é".as_bytes(),
        "a\u{7f}\u{80}😀".as_bytes(),
        "long and plain, then é and \\n and é again".as_bytes(),
        b"\xc3",
        b"\xc3\\\"\xa9",
        b"\xc3\\n\xa9",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xc0\xaf",
        b"plain for more than one vector's length, then \x80",
    ];
    for string in strings {
        for text in [[b"\"", string, b"\""].concat(), [b"{\"", string, b"\":1}"].concat()] {
            let other = serde_json::from_slice::<serde_json::Value>(&text).is_ok();
            assert_eq!(valid(&text), other, "{}", String::from_utf8_lossy(&text));
        }
    }
    assert!(!valid(b"{\"a\":1\xc2\xa0}"));
    let Err(invalid) = walk(b"{\"a\":\"x\\nyz\xff\"}", &mut Nothing) else {
        panic!("it is not UTF-8")
    };
    assert_eq!((invalid.at, invalid.why), (11, "the text is not UTF-8"));
}

#[test]
fn short_strings_end_where_long_ones_do() {
    for length in 0..80 {
        for odd in
            [b"\"".as_slice(), b"\\\"", b"\\n", b"\x1f", b"\x00", b"\x7f", "é".as_bytes(), b"\xff"]
        {
            for place in 0..=length {
                let mut string = vec![b'a' + u8::try_from(place % 26).unwrap_or(0); length];
                string.splice(place..place, odd.iter().copied());
                string.extend_from_slice(b"\",\"more behind it\"");
                let length = match odd {
                    b"\"" => Some(place),
                    b"\x7f" => Some(length + 1),
                    _ => None,
                };
                assert_eq!(short_string(&string), length.filter(|l| *l < 32), "{string:?}");
            }
        }
    }
}

#[test]
fn unescaping_borrows_where_it_can() {
    assert!(matches!(unescape(b"plain"), Some(Cow::Borrowed("plain"))));
    assert_eq!(unescape(br"mod\u0065l").as_deref(), Some("model"));
}
