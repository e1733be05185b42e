use super::*;
use domain::KeyKind;

fn finds(text: &[u8]) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    Finder::new().find(text, &mut |find| {
        all.push((find.kind.id, String::from_utf8_lossy(&text[find.start..find.end]).into_owned()));
    });
    all
}

fn ids(text: &str) -> Vec<&'static str> {
    finds(text.as_bytes()).into_iter().map(|(id, _)| id).collect()
}

/// Put together here, so that this file holds no secret itself.
fn legacy() -> String {
    format!("sk-{}T3{}{}", "a8Kd0Qm3Zr7Wx1Vb5NcY", "BlbkFJ", "p4Gh6Tj9Lq2Sf8Dm0XeU")
}

#[test]
fn our_keys_are_found_by_their_checksum_alone() {
    for kind in [KeyKind::Project, KeyKind::ServiceAccount, KeyKind::Admin] {
        let minted = key::mint(kind);
        let secret = minted.expose();
        for around in [("", ""), ("KEY=", "\n"), ("\"", "\""), ("xyz", "xyz"), ("_", "_")] {
            let text = format!("{}{secret}{}", around.0, around.1);
            assert_eq!(finds(text.as_bytes()), [("tollgate-key", secret.to_owned())], "{around:?}");
        }
        let mut mistyped = secret.to_owned();
        let last = mistyped.pop().unwrap();
        mistyped.push(if last == 'a' { 'b' } else { 'a' });
        assert!(ids(&mistyped).is_empty());
    }
}

#[test]
fn a_secret_is_found_in_every_place_it_can_stand() {
    let secret = legacy();
    for text in [
        secret.clone(),
        format!("export OPENAI_API_KEY={secret}"),
        format!("{{\"key\": \"{secret}\"}}"),
        format!("\"source\": [\"x\\n{secret}\\n\"]"),
        format!("?key%3D{secret}&x"),
        format!("\\u0022{secret}\\u0022"),
        format!("Bearer {secret}"),
    ] {
        assert_eq!(finds(text.as_bytes()), [("openai-legacy-key", secret.clone())], "{text}");
    }
}

#[test]
fn words_that_only_begin_so_are_nothing() {
    for text in [
        "task-proj-management-of-things",
        "disk-abcdef0123456789abcdef0123456789",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-here-your-key-here-your-key-here",
        "AKIAIOSFODNN7EXAMPLE",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "fw_getFirmwareLoaderNames",
        "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
        "mistral key: 0123456789abcdef0123456789abcdef0",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    ] {
        assert!(ids(text).is_empty(), "{text}: {:?}", ids(text));
    }
}

#[test]
fn a_value_without_a_form_needs_a_name_that_says_key() {
    let value = "q8ZkV3rT0yLw6NcB1mXf9HsJ2dGp4AuE";
    assert_eq!(ids(&format!("MISTRAL_API_KEY={value}")), ["mistral-key"]);
    assert_eq!(ids(&format!("- name: MISTRAL_API_KEY\n  value: {value}")), ["mistral-key"]);
    assert!(ids(&format!("mistral weights: {value}")).is_empty());
    assert!(ids(&format!("MISTRAL_API_KEY=\n\n\n{value}")).is_empty());
    assert!(ids(value).is_empty());
}

#[test]
fn a_private_key_is_found_in_a_file_and_in_a_string() {
    let line = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
    let key = "QyNTUxOQAAACBz9TqLw4vXk0m7Ue2JpRd8sYhNcG1oFbKi5VtZr3WxEAAAAJiQnD7fHk+a";
    for (newline, title) in [("\n", "OPENSSH "), ("\\n", ""), ("\r\n", "RSA ")] {
        let text = format!(
            "x-----BEGIN {title}PRIVATE KEY-----{newline}{line}{newline}{key}{newline}\
             -----END {title}PRIVATE KEY-----x"
        );
        let found = finds(text.as_bytes());
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].1.ends_with("PRIVATE KEY-----"), "{}", found[0].1);
        assert!(!mask(&KINDS[KINDS.len() - 1], found[0].1.as_bytes()).contains("b3Blbn"));
    }
    let sealed = format!(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{line}\n-----END ENCRYPTED PRIVATE KEY-----"
    );
    assert!(ids(&sealed).is_empty());
}

#[test]
fn a_mask_shows_too_little_to_be_used() {
    let secret = legacy();
    let kind = KINDS.iter().find(|kind| kind.id == "openai-legacy-key").unwrap();
    assert_eq!(mask(kind, secret.as_bytes()), format!("sk-…{}", &secret[secret.len() - 4..]));
    let named = KINDS.iter().find(|kind| kind.id == "mistral-key").unwrap();
    assert_eq!(mask(named, b"q8ZkV3rT0yLw6NcB1mXf9HsJ2dGp4AuE"), "…4AuE"); // tollgate:allow
}

#[test]
fn a_fingerprint_depends_on_salt_kind_and_secret() {
    let first = fingerprint(b"salt", &KINDS[0], b"secret");
    assert_eq!(first, fingerprint(b"salt", &KINDS[0], b"secret"));
    assert_eq!(first.len(), 32);
    assert_ne!(first, fingerprint(b"tlas", &KINDS[0], b"secret"));
    assert_ne!(first, fingerprint(b"salt", &KINDS[1], b"secret"));
    assert_ne!(first, fingerprint(b"salt", &KINDS[0], b"secreT"));
}

#[test]
fn the_literals_fit_the_vector_search() {
    // 64 is what its masks are made for; more than 128 are refused.
    assert!(anchors().len() <= 80, "{}", anchors().len());
    let mut ids: Vec<_> = KINDS.iter().map(|kind| kind.id).collect();
    assert!(ids.len() >= 25);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), KINDS.len());
}

#[test]
fn hostile_bytes_end() {
    let finder = Finder::new();
    for text in [
        "sk-".repeat(100_000),
        "AZURE_OPENAI".repeat(20_000),
        "-----BEGIN ".repeat(20_000),
        format!("sk-{}", "a".repeat(1_000_000)),
    ] {
        let mut count = 0;
        finder.find(text.as_bytes(), &mut |_| count += 1);
        assert_eq!(count, 0);
    }
    for cut in ["sk-", "SG.", "lsv2_pt_", "JQQJ99", "-----BEGIN ", "sk-tg-", "AKIA", "mistral key "]
    {
        assert!(ids(cut).is_empty());
        assert!(ids(&cut[..cut.len() - 1]).is_empty());
    }
}
