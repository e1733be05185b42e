//! `/v1/organization/users` and `/v1/organization/projects/{project_id}/users`.

use serde_json::{Value, json};

use crate::office::{INVITES, Office, PROJECTS, USERS, refused, text};

#[test]
fn users_are_listed_found_by_email_changed_and_deleted() {
    let office = Office::open();
    let ada = office.person("Ada@example.com", "reader");
    let bob = office.person("bob@example.com", "owner");
    assert_eq!(office.ids(USERS), [office.owner.as_str(), &ada, &bob]);
    assert_eq!(office.ids(&format!("{USERS}?limit=1&after={ada}")), [bob.as_str()]);
    // The brackets of arrays come percent-encoded from the SDKs.
    let by_email = format!("{USERS}?emails%5B%5D=ada%40example.com&emails%5B%5D=x%40example.com");
    assert_eq!(office.ids(&by_email), [ada.as_str()]);
    assert_eq!(office.ids(&format!("{USERS}?emails=nobody%40example.com")), Vec::<String>::new());

    let path = format!("{USERS}/{ada}");
    let changed = office.post(&path, json!({"role": "owner", "technical_level": "expert"}));
    assert_eq!(
        (text(&changed, "role"), text(&changed, "technical_level")),
        ("owner".to_owned(), "expert".to_owned())
    );
    let changed = office.post(&path, json!({"role_id": "role-api-organization-reader"}));
    assert_eq!(text(&changed, "role"), "reader");
    assert_eq!(
        office.post(&path, json!({"technical_level": null}))["technical_level"],
        Value::Null
    );
    assert_eq!(office.get(&path), office.post(&path, json!({})));

    assert_eq!(office.delete(&path)["deleted"], true);
    for (method, body) in [("GET", Value::Null), ("POST", json!({})), ("DELETE", Value::Null)] {
        assert_eq!(office.refusal(method, &path, body), refused(404, "not_found", ""), "{method}");
    }
    assert_eq!(office.ids(USERS), [office.owner.as_str(), &bob]);
    // A cursor whose user has gone still holds its place.
    assert_eq!(office.ids(&format!("{USERS}?after={ada}")), [bob.as_str()]);
    // The address is free again.
    assert_ne!(office.person("ada@example.com", "reader"), ada);
}

#[test]
fn the_last_owner_and_whoever_owns_admin_keys_stay() {
    let office = Office::open();
    let owner = format!("{USERS}/{}", office.owner);
    let reader = json!({"role": "reader"});
    assert_eq!(office.refusal("POST", &owner, reader.clone()), refused(409, "conflict", ""));
    assert_eq!(office.refusal("DELETE", &owner, Value::Null), refused(409, "conflict", ""));
    // With another owner the admin keys still are the first one's.
    let bob = format!("{USERS}/{}", office.person("bob@example.com", "owner"));
    assert_eq!(office.refusal("POST", &owner, reader.clone()), refused(409, "conflict", ""));
    assert_eq!(office.refusal("DELETE", &owner, Value::Null), refused(409, "conflict", ""));
    assert_eq!(text(&office.post(&bob, reader), "role"), "reader");
    assert_eq!(text(&office.get(&owner), "role"), "owner");
}

#[test]
fn bad_questions_about_users_are_named() {
    let office = Office::open();
    let path = format!("{USERS}/{}", office.owner);
    for (body, expected) in [
        (json!({"role": "emperor"}), refused(400, "invalid_value", "role")),
        (json!({"role_id": "role-api-project-owner"}), refused(404, "not_found", "")),
        (json!({"role_id": 5}), refused(400, "invalid_value", "role_id")),
        (json!({"email": "a@b"}), refused(400, "unknown_field", "email")),
    ] {
        assert_eq!(office.refusal("POST", &path, body.clone()), expected, "{body}");
    }
    for query in ["limit=0", "limit=101", "limit=x"] {
        let refusal = office.refusal("GET", &format!("{USERS}?{query}"), Value::Null);
        assert_eq!(refusal, refused(400, "invalid_value", "limit"), "{query}");
    }
    assert_eq!(office.ids(&format!("{USERS}?after=user-nobody")), Vec::<String>::new());
}

#[test]
fn members_of_a_project_come_and_go() {
    let office = Office::open();
    let (blue, red) = (office.gateway.create_project("blue"), office.gateway.create_project("red"));
    let ada = office.person("ada@example.com", "reader");
    let bob = office.person("bob@example.com", "reader");
    let users = |project: &str| format!("{PROJECTS}/{project}/users");
    let added = office.post(&users(&blue), json!({"user_id": ada, "role": "member"}));
    assert_eq!((text(&added, "id"), text(&added, "role")), (ada.clone(), "member".to_owned()));
    office.post(&users(&blue), json!({"email": "BOB@example.com", "role": "owner"}));
    assert_eq!(office.ids(&users(&blue)), [ada.as_str(), &bob]);
    assert_eq!(office.ids(&format!("{}?limit=1", users(&blue))), [ada.as_str()]);
    assert_eq!(office.ids(&format!("{}?after={ada}", users(&blue))), [bob.as_str()]);
    assert_eq!(office.ids(&users(&red)), Vec::<String>::new());

    let of_ada = format!("{}/{ada}", users(&blue));
    let changed = office.post(&of_ada, json!({"role": "owner"}));
    assert_eq!(text(&changed, "role"), "owner");
    assert_eq!(changed["added_at"], added["added_at"]);
    assert_eq!(office.get(&of_ada), changed);
    // Her place in the organization is another thing.
    assert_eq!(text(&office.get(&format!("{USERS}/{ada}")), "role"), "reader");

    let elsewhere = format!("{}/{ada}", users(&red));
    for method in ["GET", "POST", "DELETE"] {
        let body = if method == "POST" { json!({"role": "owner"}) } else { Value::Null };
        let refusal = office.refusal(method, &elsewhere, body);
        assert_eq!(refusal, refused(404, "not_found", ""), "{method}");
    }
    assert_eq!(office.delete(&of_ada)["deleted"], true);
    assert_eq!(office.refusal("GET", &of_ada, Value::Null), refused(404, "not_found", ""));
    assert_eq!(office.ids(&users(&blue)), [bob.as_str()]);
    office.delete(&format!("{USERS}/{bob}"));
    assert_eq!(office.ids(&users(&blue)), Vec::<String>::new());
}

#[test]
fn bad_members_are_named_and_archived_projects_have_none() {
    let office = Office::open();
    let ada = office.person("ada@example.com", "reader");
    let users = format!("{PROJECTS}/{}/users", office.project);
    office.post(&users, json!({"user_id": ada, "role": "member"}));
    for (body, expected) in [
        (json!({"role": "member"}), refused(400, "missing_required_parameter", "user_id")),
        (json!({"user_id": ada}), refused(400, "missing_required_parameter", "role")),
        (json!({"user_id": ada, "role": "reader"}), refused(400, "invalid_value", "role")),
        (
            json!({"user_id": ada, "email": "ada@example.com", "role": "member"}),
            refused(400, "invalid_value", "email"),
        ),
        (json!({"user_id": "user-no", "role": "member"}), refused(404, "not_found", "")),
        (json!({"email": "no@example.com", "role": "member"}), refused(404, "not_found", "email")),
    ] {
        assert_eq!(office.refusal("POST", &users, body.clone()), expected, "{body}");
    }
    office.gateway.create_project("other");
    office.post(&format!("{PROJECTS}/{}/archive", office.project), json!({}));
    assert_eq!(office.ids(&users), Vec::<String>::new());
    let of_ada = format!("{users}/{ada}");
    assert_eq!(office.refusal("GET", &of_ada, Value::Null), refused(404, "not_found", ""));
    for (method, path) in [("POST", &users), ("DELETE", &of_ada)] {
        let body = json!({"user_id": ada, "role": "member"});
        let body = if method == "POST" { body } else { Value::Null };
        let refusal = office.refusal(method, path, body);
        assert_eq!(refusal, refused(400, "invalid_value", "project_id"), "{method}");
    }
    // Without an active project an invitation simply names none.
    let invite = office.post(INVITES, json!({"email": "c@example.com", "role": "reader"}));
    assert_eq!(invite["projects"], json!([]));
}
