//! Which client's certificates are let in by which active ones.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and certificates are made on the real clock"
)]

use domain::{Timestamp, TrustedCertificate};
use testkit::{Authority, Certificate, Valid};
use vault::certificate::{Untrusted, admits, read};

/// Certificates of "now" are made on the real clock.
fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(i64::try_from(now.as_secs()).unwrap())
}

fn trusted(pems: &[&str]) -> Vec<TrustedCertificate> {
    let trust = |pem: &&str| {
        let read = read(pem).ok().unwrap();
        TrustedCertificate {
            der: read.der,
            valid_at: read.valid_at,
            expires_at: read.expires_at,
            is_authority: read.is_authority,
        }
    };
    pems.iter().map(trust).collect()
}

fn client(authority: &Authority) -> Certificate {
    authority.sign(&["client"], Valid::Now)
}

#[test]
fn a_certificate_comes_from_an_active_authority_or_is_active_itself() {
    let (one, other) = (Authority::new("one"), Authority::new("other"));
    let own = Certificate::make(&["pinned"]);
    let list = trusted(&[&one.pem(), own.pem()]);
    let of = |shown: &Certificate| admits(shown.chain(), &list, now()).map(drop);
    assert_eq!(of(&client(&one)), Ok(()));
    assert_eq!(of(&own), Ok(()));
    assert_eq!(of(&client(&other)), Err(Untrusted::Stranger));
    assert_eq!(of(&Certificate::make(&["pinned"])), Err(Untrusted::Stranger));
    assert_eq!(admits(&[], &list, now()), Err(Untrusted::Stranger));
    assert_eq!(admits(client(&one).chain(), &[], now()), Err(Untrusted::NothingValid));
    // The same name is not the same authority.
    assert_eq!(of(&client(&Authority::new("one"))), Err(Untrusted::Stranger));
}

#[test]
fn what_stands_between_must_be_shown_and_may_be_active_itself() {
    let root = Authority::new("root");
    let middle = root.below("middle");
    let list = trusted(&[&root.pem()]);
    assert!(admits(client(&middle).chain(), &list, now()).is_ok());
    let alone = client(&middle).alone();
    assert_eq!(admits(alone.chain(), &list, now()), Err(Untrusted::Stranger));
    assert!(admits(alone.chain(), &trusted(&[&middle.pem()]), now()).is_ok());
}

#[test]
fn one_that_is_no_authority_lets_in_nobody_but_itself() {
    let imposter = Authority::imposter("pinned");
    let list = trusted(&[&imposter.pem()]);
    assert!(!list[0].is_authority);
    assert_eq!(admits(client(&imposter).chain(), &list, now()), Err(Untrusted::Stranger));
    // Nor does it help to stand between.
    let root = Authority::new("root");
    let chain = [client(&imposter).chain(), client(&root).chain()].concat();
    assert_eq!(admits(&chain, &trusted(&[&root.pem()]), now()), Err(Untrusted::Stranger));
}

#[test]
fn times_hold_for_all_of_them() {
    let root = Authority::new("root");
    let list = trusted(&[&root.pem()]);
    for year in [2020, 4000] {
        let shown = root.sign(&["client"], Valid::Year(year));
        assert_eq!(admits(shown.chain(), &list, now()), Err(Untrusted::OutOfTime), "{year}");
        let pinned = Certificate::valid(&["client"], Valid::Year(year));
        let list = trusted(&[pinned.pem()]);
        assert_eq!(admits(pinned.chain(), &list, now()), Err(Untrusted::OutOfTime), "{year}");
        let old = Authority::valid("old", Valid::Year(year));
        let list = trusted(&[&old.pem()]);
        assert_eq!(admits(client(&old).chain(), &list, now()), Err(Untrusted::NothingValid));
    }
    // It holds until the first of them ends, its last second counted.
    let shown = client(&root);
    let until = admits(shown.chain(), &list, now()).unwrap();
    assert_eq!(until, trusted(&[shown.pem()])[0].end().min(list[0].end()));
    let last = Timestamp(until.0 - 1);
    assert_eq!(admits(shown.chain(), &list, last), Ok(until));
    assert!(admits(shown.chain(), &list, until).is_err());
}

#[test]
fn a_servers_certificate_is_no_clients() {
    let root = Authority::new("root");
    let list = trusted(&[&root.pem()]);
    let shown = root.sign_server(&["server"]);
    assert_eq!(admits(shown.chain(), &list, now()), Err(Untrusted::Stranger));
}

#[test]
fn uploads_that_are_no_certificate_are_told_why() {
    let (one, two) = (Certificate::make(&["one"]), Certificate::make(&["two"]));
    let why = |text: &str| read(text).err().unwrap_or_default();
    assert!(why("").contains("0 certificates"));
    assert!(why(&format!("{}{}", one.pem(), two.pem())).contains("2 certificates"));
    let key = std::fs::read_to_string(one.key_path()).unwrap();
    assert!(why(&format!("{}{key}", one.pem())).contains("private key"));
    assert!(why(&one.pem().replace("-----END", "-----KEEP")).contains("END line"));
    assert!(why(&one.pem().replacen('\n', "\n*", 1)).contains("base64"));
    assert!(why(&" ".repeat(20_000)).contains("longer"));
    // Every cut of the bytes inside.
    let body: String = one.pem().lines().filter(|line| !line.starts_with("--")).collect();
    for end in (4..body.len() - 4).step_by(4) {
        let cut =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", &body[..end]);
        assert!(why(&cut).contains("X.509"), "{end}");
    }
    // Words around it are no harm.
    let read = read(&format!("subject=fake\n\n{}\n", one.pem())).ok().unwrap();
    assert_eq!(read.der, one.chain()[0].as_ref());
    assert!(!read.is_authority && read.valid_at < now() && read.expires_at > now());
}
