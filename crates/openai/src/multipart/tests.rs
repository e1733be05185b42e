use super::*;

const TYPE: &str = "multipart/form-data; boundary=XyZ";
const FORM: &[u8] = b"--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"b.wav\"\r\nContent-Type: audio/wav\r\n\r\n\x00\r\n--Xy\r\nrest\r\n--XyZ\r\ncontent-disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--XyZ\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XyZ--\r\n";

fn read(pieces: &[&[u8]]) -> Result<Form, BadForm> {
    let mut scanner = Scanner::new(TYPE)?;
    for piece in pieces {
        scanner.feed(piece)?;
    }
    scanner.finish()
}

#[test]
fn the_model_is_found_behind_the_file_for_every_split() {
    for at in 0..FORM.len() {
        let form = read(&[&FORM[..at], &FORM[at..]]).unwrap();
        assert_eq!(form.one("model"), Ok(Some("whisper-1")), "split at {at}");
        assert_eq!(form.one("empty"), Ok(Some("")));
        let span = form.span("model").unwrap();
        let span = usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap();
        assert_eq!(&FORM[span], b"whisper-1", "split at {at}");
        assert_eq!(form.text_bytes, 9, "split at {at}");
        assert_eq!(form.files, [FilePart { name: "file".into(), bytes: 13 }]);
    }
}

#[test]
fn case_92_bad_forms_are_refused() {
    assert_eq!(Scanner::new("multipart/form-data").err(), Some(BadForm::Boundary));
    assert_eq!(Scanner::new("text/plain; boundary=x").err(), Some(BadForm::Boundary));
    assert_eq!(read(&[&FORM[..FORM.len() - 8]]).err(), Some(BadForm::Malformed));
    assert_eq!(read(&[b"no boundary at all"]).err(), Some(BadForm::Malformed));
    let part = b"--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n".repeat(1_001);
    assert_eq!(read(&[&part]).err(), Some(BadForm::TooMany));
}

#[test]
fn a_field_that_stands_twice_decides_nothing() {
    let part = b"--XyZ\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n".repeat(2);
    let form = read(&[&part, b"--XyZ--"]).unwrap();
    assert_eq!(form.one("model"), Err(BadForm::Malformed));
}

#[test]
fn a_boundary_has_one_reading() {
    for (text, wanted) in [
        ("multipart/form-data; boundary=b", Some("b")),
        ("Multipart/Form-Data; charset=utf-8; Boundary=\"a-'_b\"", Some("a-'_b")),
        ("multipart/form-data; boundary=\"a=b/c\"", Some("a=b/c")),
        ("multipart/form-data; boundary=a; boundary=b", None),
        ("multipart/form-data; boundary=a; BOUNDARY=a", None),
        ("multipart/form-data; boundary=\"a;b\"", None),
        ("multipart/form-data; boundary=\"a\\b\"", None),
        ("multipart/form-data; boundary=\"a", None),
        ("multipart/form-data; boundary=a\"", None),
        ("multipart/form-data; boundary=\"\"a\"\"", None),
        ("multipart/form-data; boundary = a", None),
        ("multipart/form-data; boundary=a b", None),
        ("multipart/form-data; boundary*=utf-8''a", None),
        ("multipart/form-data; boundary*0=a; boundary=b", None),
        ("multipart/form-data; x=\"; boundary=b", None),
        ("multipart/form-data; boundary=a;", None),
        ("multipart/form-data; boundary=", None),
    ] {
        assert_eq!(boundary(text), wanted, "{text}");
    }
    assert_eq!(content_type("a-b"), "multipart/form-data; boundary=a-b");
    assert_eq!(content_type("a=b"), "multipart/form-data; boundary=\"a=b\"");
    assert_eq!(boundary(&content_type("a=b")), Some("a=b"));
}

/// A form of one part with this head.
fn part(head: &str) -> Result<Form, BadForm> {
    read(&[format!("--XyZ\r\n{head}\r\n\r\nv\r\n--XyZ--\r\n").as_bytes()])
}

#[test]
fn a_head_with_two_readings_is_refused() {
    for head in [
        "Content-Disposition: form-data; name=\"prompt\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"prompt\"; NAME=model",
        "Content-Disposition: form-data; name=\"prompt\"; name*=utf-8''model",
        "Content-Disposition: form-data; name*=utf-8''model",
        "Content-Disposition: form-data; name*0=mo; name*1=del",
        "Content-Disposition: form-data; name=\"mo\\del\"",
        "Content-Disposition: form-data; name =\"model\"",
        "Content-Disposition: form-data; name=mo\"del",
        "Content-Disposition: form-data; name=\"a\"x; filename=\"b\"",
        "Content-Disposition: form-data; filename=\"a\\\"; name=b; x=\"; name=\"c\"",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition : form-data; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
        "Content-Disposition: form-data;\r\n name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"\r\n\tx: y",
        "X: y\nContent-Disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\nX: y",
        "Content-Disposition: form-data; name=\"a\"\r\nno colon",
        "Content-Disposition: form-data; name=\"a\"; filename=\"\"",
        "Content-Disposition: form-data; name=\"model\"; filename=\"x\"",
        "Content-Disposition: form-data; name=\"model\"; filename*=utf-8''x",
        "Content-Disposition: form-data; name=\"characters[0][id]\"; filename=\"x\"",
        "Content-Disposition: form-data; name=\"input_reference[file_id]\"; filename=\"x\"",
    ] {
        assert_eq!(part(head).err(), Some(BadForm::Malformed), "{head}");
    }
}

#[test]
fn heads_as_clients_write_them_pass() {
    for head in [
        "Content-Disposition: form-data; name=\"file\"; filename=\"a%22b;c=d.wav\"\r\nContent-Type: audio/wav",
        "Content-Disposition: form-data; name=\"file\"; filename=\"a\\\\b.wav\"",
        "Content-Disposition: form-data; name=file; filename=a.wav; filename*=utf-8''a.wav",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=prompt",
        "content-disposition:form-data;name=\"timestamp_granularities[]\"",
        "Content-Disposition: form-data; name=\"input_reference\"; filename=\"\u{e4}.png\"",
    ] {
        assert!(part(head).is_ok(), "{head}");
    }
}

#[test]
fn nothing_stands_outside_the_parts() {
    let form = "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--XyZ--";
    for (before, behind, fine) in [
        ("", "", true),
        ("\r\n", "\r\n", true),
        ("x\r\n", "", false),
        ("\r\n\r\n", "", false),
        ("xx", "", false),
        ("\n", "", false),
        ("", "\r\n--XyZ\r\n", false),
        ("", "x", false),
    ] {
        let text = format!("{before}{form}{behind}");
        for at in 0..text.len() {
            let (one, two) = text.as_bytes().split_at(at);
            assert_eq!(read(&[one, two]).is_ok(), fine, "{text:?} at {at}");
        }
    }
    // A reader of bare line feeds would end the part here.
    let bare = form.replace("\r\nv", "\r\nv\n--XyZ\nX: y\n\nz");
    assert_eq!(read(&[bare.as_bytes()]).err(), Some(BadForm::Malformed));
}

#[test]
fn what_decides_on_the_cost_is_no_file() {
    for name in ["n", "seconds", "size", "partial_images"] {
        let form = format!(
            "--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n9\r\n--XyZ--\r\n"
        );
        assert_eq!(read(&[form.as_bytes()]).err(), Some(BadForm::Malformed), "{name}");
    }
}
