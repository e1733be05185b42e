//! `/v1/organization/groups` and `/v1/organization/projects/{project_id}/groups`.

use serde_json::{Value, json};

use crate::office::{Office, PROJECTS, USERS, refused, text};

const GROUPS: &str = "/v1/organization/groups";

#[test]
fn groups_are_made_renamed_filled_and_deleted() {
    let office = Office::open();
    let group = text(&office.post(GROUPS, json!({"name": "Support"})), "id");
    let second = text(&office.post(GROUPS, json!({"name": "Sales"})), "id");
    let page = office.get(&format!("{GROUPS}?limit=1"));
    assert_eq!((text(&page, "next"), &page["has_more"]), (group.clone(), &json!(true)));
    assert_eq!(office.ids(&format!("{GROUPS}?after={group}")), [second.as_str()]);
    assert_eq!(office.ids(&format!("{GROUPS}?order=desc")), [second.as_str(), &group]);
    let path = format!("{GROUPS}/{group}");
    assert_eq!(text(&office.post(&path, json!({"name": "Help"})), "name"), "Help");
    assert_eq!(text(&office.get(&path), "name"), "Help");

    let (ada, bob) =
        (office.person("ada@example.com", "reader"), office.person("bob@example.com", "reader"));
    let users = format!("{path}/users");
    for user in [&ada, &bob, &ada] {
        let added = office.post(&users, json!({"user_id": user}));
        assert_eq!(
            (text(&added, "user_id"), text(&added, "group_id")),
            (user.clone(), group.clone())
        );
    }
    // This list runs newest first unless asked otherwise.
    assert_eq!(office.ids(&users), [bob.as_str(), &ada]);
    assert_eq!(office.ids(&format!("{users}?order=asc&limit=1")), [ada.as_str()]);
    assert_eq!(text(&office.get(&format!("{users}/{ada}")), "email"), "ada@example.com");
    assert_eq!(office.delete(&format!("{users}/{ada}"))["deleted"], true);
    for (method, path) in [
        ("GET", format!("{users}/{ada}")),
        ("DELETE", format!("{users}/{ada}")),
        ("GET", format!("{GROUPS}/{second}/users/{bob}")),
        ("GET", format!("{GROUPS}/group_no/users")),
    ] {
        assert_eq!(office.refusal(method, &path, Value::Null), refused(404, "not_found", ""));
    }
    office.delete(&format!("{USERS}/{bob}"));
    assert_eq!(office.ids(&users), Vec::<String>::new());
    assert_eq!(office.delete(&path)["deleted"], true);
    for (method, body) in
        [("GET", Value::Null), ("POST", json!({"name": "x"})), ("DELETE", Value::Null)]
    {
        assert_eq!(office.refusal(method, &path, body), refused(404, "not_found", ""), "{method}");
    }
}

#[test]
fn bad_groups_are_named() {
    let office = Office::open();
    let group = text(&office.post(GROUPS, json!({"name": "Support"})), "id");
    let users = format!("{GROUPS}/{group}/users");
    for (path, body, expected) in [
        (GROUPS, json!({}), refused(400, "missing_required_parameter", "name")),
        (GROUPS, json!({"name": ""}), refused(400, "invalid_value", "name")),
        (GROUPS, json!({"name": "a", "role": "b"}), refused(400, "unknown_field", "role")),
        (&users, json!({}), refused(400, "missing_required_parameter", "user_id")),
        (&users, json!({"user_id": "user-no"}), refused(404, "not_found", "")),
    ] {
        assert_eq!(office.refusal("POST", path, body.clone()), expected, "{path} {body}");
    }
    for (path, most) in
        [(GROUPS.to_owned(), 1000), (format!("{PROJECTS}/{}/groups", office.project), 100)]
    {
        office.get(&format!("{path}?limit={most}"));
        let more = office.refusal("GET", &format!("{path}?limit={}", most + 1), Value::Null);
        assert_eq!(more, refused(400, "invalid_value", "limit"), "{path}");
    }
}

#[test]
fn a_group_comes_into_a_project_by_a_role_and_leaves_without_any() {
    let office = Office::open();
    let (blue, red) = (office.gateway.create_project("blue"), office.gateway.create_project("red"));
    let group = text(&office.post(GROUPS, json!({"name": "Support"})), "id");
    let groups = format!("{PROJECTS}/{blue}/groups");
    let added = office.post(&groups, json!({"group_id": group, "role": "role-api-project-member"}));
    assert_eq!(
        (text(&added, "group_name"), text(&added, "project_id")),
        ("Support".to_owned(), blue.clone())
    );
    let one = format!("{groups}/{group}");
    assert_eq!(office.get(&one), added);
    assert_eq!(office.get(&groups)["data"], json!([added]));
    assert_eq!(office.get(&format!("{PROJECTS}/{red}/groups"))["data"], json!([]));
    let roles = format!("/v1/projects/{blue}/groups/{group}/roles");
    assert_eq!(office.ids(&roles), ["role-api-project-member"]);
    let elsewhere = format!("{PROJECTS}/{red}/groups/{group}");
    for method in ["GET", "DELETE"] {
        assert_eq!(office.refusal(method, &elsewhere, Value::Null), refused(404, "not_found", ""));
    }
    for (body, expected) in [
        (json!({"group_id": group}), refused(400, "missing_required_parameter", "role")),
        (json!({"group_id": group, "role": "role_no"}), refused(404, "not_found", "")),
        (json!({"group_id": "group_no", "role": "member"}), refused(404, "not_found", "")),
    ] {
        assert_eq!(office.refusal("POST", &groups, body.clone()), expected, "{body}");
    }
    assert_eq!(office.delete(&one)["deleted"], true);
    assert_eq!(office.ids(&roles), Vec::<String>::new());
    assert_eq!(office.refusal("GET", &one, Value::Null), refused(404, "not_found", ""));
}
