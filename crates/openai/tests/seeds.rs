//! The fuzzer's properties, held for every seed under `fuzz/seeds`.

#[allow(unreachable_pub, reason = "the fuzz crate includes the same file as a library")]
#[path = "../../../fuzz/properties.rs"]
mod properties;

use std::path::Path;

/// Runs a property over its seeds; the last line before a panic names the seed.
fn replay(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut seeds: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("fuzz/seeds/{target}: {error}"))
        .map(|entry| entry.unwrap_or_else(|error| panic!("fuzz/seeds/{target}: {error}")).path())
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 8, "fuzz/seeds/{target} holds only {}", seeds.len());
    for seed in seeds {
        let name = seed.file_name().unwrap_or_default().to_string_lossy();
        println!("fuzz/seeds/{target}/{name}");
        let input = std::fs::read(&seed).unwrap_or_else(|error| panic!("{name}: {error}"));
        property(&input);
    }
}

#[test]
fn event_streams_survive_every_split() {
    replay("sse", properties::sse);
}

#[test]
fn request_views_agree_with_a_json_parser() {
    replay("request_view", properties::request_view);
}

#[test]
fn answers_are_noted_the_same_in_any_pieces() {
    replay("answer_scan", properties::answer_scan);
}

#[test]
fn forms_are_read_the_same_in_any_pieces() {
    replay("multipart", properties::multipart);
}

#[test]
fn keys_hold_their_checksum() {
    replay("key", properties::key);
}

#[test]
fn targets_have_one_reading() {
    replay("target", properties::target);
}
