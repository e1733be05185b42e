//! Forms, what they can consume, and what that costs.

use super::*;
use crate::multipart::FilePart;

/// An operation, fields, the bytes of a file, what it costs.
type Row = (&'static str, &'static [(&'static str, &'static str)], u64, Expected);

const AROUND: u64 = 256;
const IMAGE: u64 = 49_152;

#[test]
fn every_row_costs_what_it_says() {
    for (id, fields, file, expected) in rows() {
        let text_bytes = fields.iter().map(|(_, value)| value.len() as u64).sum();
        let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec()));
        let files = (file > 0).then(|| FilePart { name: "image".to_owned(), bytes: file });
        let form = Form {
            fields: fields.collect(),
            files: files.into_iter().collect(),
            text_bytes,
            ..Form::default()
        };
        assert_eq!(found(of_form(operation(id), &form), None), expected, "{id}: {form:?}");
    }
}

pub(super) fn rows() -> Vec<Row> {
    const EDIT: &str = "createImageEdit";
    const LISTEN: &str = "createTranscription";
    vec![
        (EDIT, &[("model", "m"), ("prompt", "cat")], 1_000, Costs(4 + AROUND + IMAGE + 6 * 24_576)),
        (
            EDIT,
            &[("model", "m"), ("n", "2"), ("size", "1024x1536")],
            1_000,
            Costs(11 + AROUND + IMAGE + 2 * 6 * 8_192),
        ),
        (
            EDIT,
            &[("model", "m"), ("image[]", "x"), ("mask", "y")],
            1_000,
            Costs(3 + AROUND + 3 * IMAGE + 6 * 24_576),
        ),
        (
            EDIT,
            &[("model", "m"), ("partial_images", "2")],
            1,
            Costs(2 + AROUND + IMAGE + 6 * (24_576 + 200)),
        ),
        (EDIT, &[("model", "m"), ("n", "-1")], 1, bad("n")),
        (EDIT, &[("model", "m"), ("n", "1"), ("n", "9")], 1, bad("n")),
        (EDIT, &[("prompt", "cat")], 1, unbounded("model")),
        ("createImageVariation", &[("model", "m")], 9, Costs(1 + AROUND + IMAGE + 6 * 24_576)),
        // 500 bytes a second: 2,001 seconds; each 32 tokens heard at 10 and 32 written at 2.
        (
            LISTEN,
            &[("model", "m"), ("language", "en")],
            1_000_000,
            Costs(10 * (3 + AROUND + 2_001 * 32) + 2 * (2_001 * 32 + 2_048)),
        ),
        (
            "createTranslation",
            &[("model", "m")],
            498,
            Costs(10 * (1 + AROUND + 32) + 2 * (32 + 2_048)),
        ),
        (LISTEN, &[("language", "en")], 1_000, unbounded("model")),
        (LISTEN, &[("model", "")], 1_000, unbounded("model")),
        (
            "createVideo",
            &[("model", "m"), ("seconds", "8"), ("prompt", "cat")],
            1_000,
            Costs(8_000),
        ),
        ("createVideo", &[("model", "m"), ("seconds", "1.5")], 0, bad("seconds")),
        ("CreateVideoEdit", &[("prompt", "cat")], 1_000, NEVER),
        ("create-realtime-call", &[("sdp", "v=0")], 0, NEVER),
        ("createFile", &[("purpose", "batch")], 1_000, Free),
    ]
}
