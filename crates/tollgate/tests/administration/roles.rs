//! Roles of the organization and of projects, and who has them.

use std::thread;

use serde_json::{Value, json};

use crate::office::{Office, PROJECTS, USERS, refused, text};

const ROLES: &str = "/v1/organization/roles";
const GROUPS: &str = "/v1/organization/groups";

#[test]
fn roles_are_made_listed_changed_and_deleted_in_both_places() {
    let office = Office::open();
    let of_project = format!("/v1/projects/{}/roles", office.project);
    for (roles, built_in, kind) in [(ROLES, 2, "api.organization"), (&of_project, 3, "api.project")]
    {
        assert_eq!(office.ids(roles).len(), built_in, "the built-in ones");
        let permissions = json!(["api.groups.read", "api.made.up", "nonsense"]);
        let made = office.post(
            roles,
            json!({"role_name": "Helper", "permissions": permissions,
                                             "description": "helps"}),
        );
        assert_eq!(made["permissions"], permissions, "unknown strings are kept");
        assert_eq!(
            (text(&made, "resource_type"), &made["predefined_role"]),
            (kind.to_owned(), &json!(false))
        );
        let path = format!("{roles}/{}", text(&made, "id"));
        assert_eq!(office.get(&path), made);

        let first = office.get(&format!("{roles}?limit=1"));
        assert_eq!((&first["has_more"], &first["next"]), (&json!(true), &first["data"][0]["id"]));
        let last = office.get(&format!("{roles}?limit=1&order=desc"));
        assert_eq!(last["data"][0], made);
        let rest = office.ids(&format!("{roles}?after={}", text(&first, "next")));
        assert_eq!(rest.len(), built_in);
        assert_eq!(office.ids(&format!("{roles}?after=role_no")), Vec::<String>::new());

        let changed = office.post(
            &path,
            json!({"role_name": "Aide", "description": null,
                                                "permissions": ["api.roles.read"]}),
        );
        assert_eq!(changed["permissions"], json!(["api.roles.read"]));
        assert_eq!(
            (text(&changed, "name"), &changed["description"]),
            ("Aide".to_owned(), &Value::Null)
        );
        let taken = json!({"role_name": "owner", "permissions": []});
        assert_eq!(office.refusal("POST", roles, taken), refused(409, "conflict", ""));
        assert_eq!(office.delete(&path)["deleted"], true);
        assert_eq!(office.refusal("GET", &path, Value::Null), refused(404, "not_found", ""));
    }
}

#[test]
fn bad_roles_are_named_and_built_in_ones_stay() {
    let office = Office::open();
    for (body, expected) in [
        (json!({"role_name": "a"}), refused(400, "missing_required_parameter", "permissions")),
        (json!({"permissions": []}), refused(400, "missing_required_parameter", "role_name")),
        (
            json!({"role_name": "a", "permissions": "x"}),
            refused(400, "invalid_value", "permissions"),
        ),
        (
            json!({"role_name": "a", "permissions": [], "predefined_role": true}),
            refused(400, "unknown_field", "predefined_role"),
        ),
    ] {
        assert_eq!(office.refusal("POST", ROLES, body.clone()), expected, "{body}");
    }
    let owner = format!("{ROLES}/role-api-organization-owner");
    for (method, body) in [("POST", json!({"role_name": "x"})), ("DELETE", Value::Null)] {
        assert_eq!(office.refusal(method, &owner, body), refused(400, "invalid_value", "role_id"));
    }
    for query in ["limit=1001", "limit=-1"] {
        let path = format!("{ROLES}?{query}");
        assert_eq!(
            office.refusal("GET", &path, Value::Null),
            refused(400, "invalid_value", "limit")
        );
    }
    assert_eq!(office.ids(&format!("{ROLES}?limit=0")), Vec::<String>::new());
}

#[test]
fn a_projects_role_is_unknown_elsewhere() {
    let office = Office::open();
    let (blue, red) = (office.gateway.create_project("blue"), office.gateway.create_project("red"));
    let role = json!({"role_name": "Helper", "permissions": []});
    let role = text(&office.post(&format!("/v1/projects/{blue}/roles"), role), "id");
    for path in [format!("/v1/projects/{red}/roles/{role}"), format!("{ROLES}/{role}")] {
        for (method, body) in
            [("GET", Value::Null), ("POST", json!({"role_name": "x"})), ("DELETE", Value::Null)]
        {
            assert_eq!(
                office.refusal(method, &path, body),
                refused(404, "not_found", ""),
                "{path}"
            );
        }
    }
    let give = json!({"role_id": role});
    for path in [
        format!("/v1/projects/{red}/users/{}/roles", office.owner),
        format!("{USERS}/{}/roles", office.owner),
        format!("/v1/projects/proj_no/users/{}/roles", office.owner),
        format!("/v1/projects/{blue}/users/user-no/roles"),
    ] {
        assert_eq!(office.refusal("POST", &path, give.clone()), refused(404, "not_found", ""));
    }
}

#[test]
fn roles_are_given_to_users_and_groups_and_taken_back() {
    let office = Office::open();
    let ada = office.person("ada@example.com", "reader");
    let group = text(&office.post(GROUPS, json!({"name": "Support"})), "id");
    let made = |roles: &str| {
        let body = json!({"role_name": "Helper", "permissions": ["api.groups.read"]});
        text(&office.post(roles, body), "id")
    };
    let project = format!("/v1/projects/{}", office.project);
    for (base, role) in
        [("/v1/organization", made(ROLES)), (&project, made(&format!("{project}/roles")))]
    {
        for (kind, who) in [("users", &ada), ("groups", &group)] {
            let roles = format!("{base}/{kind}/{who}/roles");
            let before = office.ids(&roles);
            let given = office.post(&roles, json!({"role_id": role}));
            assert_eq!(text(&given["role"], "id"), role);
            office.post(&roles, json!({"role_id": role}));
            assert_eq!(office.ids(&roles).len(), before.len() + 1, "again changes nothing");
            let one = format!("{roles}/{role}");
            assert_eq!(text(&office.get(&one), "id"), role);
            let in_use = office.refusal("DELETE", &format!("{base}/roles/{role}"), Value::Null);
            assert_eq!(in_use, refused(409, "conflict", ""));
            assert_eq!(office.delete(&one)["deleted"], true);
            for method in ["GET", "DELETE"] {
                assert_eq!(
                    office.refusal(method, &one, Value::Null),
                    refused(404, "not_found", "")
                );
            }
            assert_eq!(office.ids(&roles), before);
        }
        office.delete(&format!("{base}/roles/{role}"));
    }
}

#[test]
fn built_in_roles_show_in_users_and_in_members() {
    let office = Office::open();
    let ada = office.person("ada@example.com", "reader");
    let roles = format!("{USERS}/{ada}/roles");
    office.post(&roles, json!({"role_id": "role-api-organization-owner"}));
    assert_eq!(text(&office.get(&format!("{USERS}/{ada}")), "role"), "owner");
    assert_eq!(office.ids(&roles).len(), 2);
    for role in ["owner", "reader"] {
        office.delete(&format!("{roles}/role-api-organization-{role}"));
    }
    assert_eq!(office.get(&format!("{USERS}/{ada}"))["role"], Value::Null);
    let last = format!("{USERS}/{}/roles/role-api-organization-owner", office.owner);
    assert_eq!(office.refusal("DELETE", &last, Value::Null), refused(409, "conflict", ""));

    let here = format!("/v1/projects/{}/users/{ada}/roles", office.project);
    office.post(&here, json!({"role_id": "role-api-project-viewer"}));
    let member = format!("{PROJECTS}/{}/users/{ada}", office.project);
    assert_eq!(text(&office.get(&member), "role"), "viewer");
    office.post(&member, json!({"role": "owner"}));
    assert_eq!(office.ids(&here), ["role-api-project-owner"]);
    office.delete(&format!("{here}/role-api-project-owner"));
    assert_eq!(office.refusal("GET", &member, Value::Null), refused(404, "not_found", ""));
}

#[test]
fn two_writers_at_once_lose_nothing() {
    let office = Office::open();
    let roles: Vec<String> = (0..8)
        .map(|n| {
            let body = json!({"role_name": format!("role {n}"), "permissions": []});
            text(&office.post(ROLES, body), "id")
        })
        .collect();
    let path = format!("{USERS}/{}/roles", office.owner);
    thread::scope(|scope| {
        for role in &roles {
            let (office, path) = (&office, &path);
            scope.spawn(move || office.post(path, json!({"role_id": role})));
        }
    });
    let mut given = office.ids(&path);
    given.retain(|role| role != "role-api-organization-owner");
    given.sort();
    let mut all = roles;
    all.sort();
    assert_eq!(given, all);
    // One name is made once.
    let body = || json!({"role_name": "one", "permissions": []});
    let statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..4).map(|_| scope.spawn(|| office.call("POST", ROLES, body()).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}
