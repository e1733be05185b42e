//! `/v1/organization/invites`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::office::{INVITES, Office, PROJECTS, USERS, refusal, refused, text};

#[test]
fn an_invite_is_made_without_mail_read_and_deleted() {
    let office = Office::open();
    let made = office.post(INVITES, json!({"email": "ada@example.com", "role": "reader"}));
    assert_eq!(text(&made, "status"), "pending");
    assert_eq!(made["projects"], json!([{"id": office.project, "role": "member"}]));
    assert_eq!(made["accepted_at"], Value::Null);
    let second = office.post(
        INVITES,
        json!({"email": "bob@example.com", "role": "owner",
                                             "projects": []}),
    );
    assert_eq!(second["projects"], json!([]));
    let (first, second) = (text(&made, "id"), text(&second, "id"));
    assert_eq!(office.ids(INVITES), [first.as_str(), &second]);
    assert_eq!(office.ids(&format!("{INVITES}?after={first}&limit=1")), [second.as_str()]);
    let path = format!("{INVITES}/{first}");
    assert_eq!(office.get(&path), made);
    assert_eq!(office.delete(&path)["deleted"], true);
    for method in ["GET", "DELETE"] {
        let refusal = office.refusal(method, &path, Value::Null);
        assert_eq!(refusal, refused(404, "not_found", ""), "{method}");
    }
}

#[test]
fn an_accepted_invite_is_a_user_in_its_projects_and_stays() {
    let office = Office::open();
    let blue = office.gateway.create_project("blue");
    let gone = office.gateway.create_project("gone");
    let made = office.post(
        INVITES,
        json!({"email": "ada@example.com", "role": "owner",
        "projects": [{"id": blue, "role": "owner"}, {"id": gone, "role": "member"}]}),
    );
    office.post(&format!("{PROJECTS}/{gone}/archive"), json!({}));
    let path = format!("{INVITES}/{}", text(&made, "id"));
    let accept = format!("/tollgate/v1/invites/{}/accept", text(&made, "id"));
    let user = office.post(&accept, json!({"name": "Ada"}));
    assert_eq!((text(&user, "name"), text(&user, "role")), ("Ada".to_owned(), "owner".to_owned()));
    let member = office.get(&format!("{PROJECTS}/{blue}/users/{}", text(&user, "id")));
    assert_eq!(text(&member, "role"), "owner");
    let kept = office.get(&path);
    assert_eq!(text(&kept, "status"), "accepted");
    assert!(kept["accepted_at"].is_i64());
    assert_eq!(office.refusal("DELETE", &path, Value::Null), refused(409, "conflict", ""));
    assert_eq!(office.refusal("POST", &accept, json!({})), refused(409, "conflict", ""));
    let again = json!({"email": "ADA@example.com", "role": "reader"});
    assert_eq!(office.refusal("POST", INVITES, again), refused(409, "conflict", ""));
}

#[test]
fn two_who_accept_at_once_make_one_user() {
    let office = Office::open();
    let made = office.post(INVITES, json!({"email": "ada@example.com", "role": "reader"}));
    let accept = format!("/tollgate/v1/invites/{}/accept", text(&made, "id"));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let call = || office.call("POST", &accept, json!({})).status;
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    assert_eq!(office.ids(USERS).len(), 2);
}

#[test]
fn bad_invites_are_named() {
    let office = Office::open();
    let project = &office.project;
    let twice = json!([{"id": project, "role": "member"}, {"id": project, "role": "owner"}]);
    for (body, expected) in [
        (json!({"role": "reader"}), refused(400, "missing_required_parameter", "email")),
        (json!({"email": "ada", "role": "reader"}), refused(400, "invalid_value", "email")),
        (json!({"email": "a@b"}), refused(400, "missing_required_parameter", "role")),
        (json!({"email": "a@b", "role": "member"}), refused(400, "invalid_value", "role")),
        (
            json!({"email": "a@b", "role": "reader", "projects": project}),
            refused(400, "invalid_value", "projects"),
        ),
        (
            json!({"email": "a@b", "role": "reader", "projects": [{"id": project}]}),
            refused(400, "missing_required_parameter", "projects.role"),
        ),
        (
            json!({"email": "a@b", "role": "reader", "projects": twice}),
            refused(400, "invalid_value", "projects"),
        ),
        (
            json!({"email": "a@b", "role": "reader", "projects": [{"id": "proj_no", "role": "owner"}]}),
            refused(404, "not_found", ""),
        ),
        (
            json!({"email": "a@b", "role": "reader", "admin": true}),
            refused(400, "unknown_field", "admin"),
        ),
    ] {
        assert_eq!(office.refusal("POST", INVITES, body.clone()), expected, "{body}");
    }
    assert_eq!(office.ids(INVITES), Vec::<String>::new());
}

#[test]
fn of_two_invites_to_one_address_one_is_accepted() {
    let office = Office::open();
    let invite = |email: &str| {
        let made = office.post(INVITES, json!({"email": email, "role": "reader"}));
        format!("/tollgate/v1/invites/{}/accept", text(&made, "id"))
    };
    let (first, second) = (invite("ada@example.com"), invite("Ada@Example.com"));
    office.post(&first, json!({}));
    let answer = office.call("POST", &second, json!({}));
    assert_eq!(refusal(&answer), refused(409, "conflict", ""));
    assert!(answer.text().contains("somebody with this email"), "{}", answer.text());
}

/// Takes one mail, as plainly as a server can, and gives its data.
fn one_mail(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = BufReader::new(stream);
    let say = |reader: &mut BufReader<TcpStream>, line: &str| {
        reader.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    };
    say(&mut reader, "220 here");
    let mut data = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.split_whitespace().next().unwrap_or_default() {
            "DATA" => break say(&mut reader, "354 go on"),
            _ => say(&mut reader, "250 yes"),
        }
    }
    while !data.ends_with("\r\n.\r\n") {
        reader.read_line(&mut data).unwrap();
    }
    say(&mut reader, "250 taken");
    data
}

#[test]
fn with_mail_configured_an_invite_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let smtp = format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"t@example.com\"\n"
    );
    let office = Office::configured(&smtp);
    office.post(INVITES, json!({"email": "ada@example.com", "role": "reader"}));
    let mail = one_mail(&listener);
    assert!(mail.contains("To: <ada@example.com>"), "{mail}");
    assert!(mail.contains("Subject: You are invited to Tollgate"), "{mail}");
}
