//! What people make of their rights: keys are their own, and nobody comes to more than they have.

use serde_json::{Value, json};
use testkit::Answer;

use crate::house::{House, OTHER_PASSWORD, Person};

const GRACE: &str = "grace@example.com";

/// Grace, with these permissions in the organization and this role in the first project, signed in.
/// Her id and the project's.
fn grace<'h>(
    house: &'h House,
    permissions: &[&str],
    role: Option<&str>,
) -> (Person<'h>, String, String) {
    let gateway = &house.gateway;
    let project = gateway.default_project();
    let projects: Vec<Value> =
        role.map(|role| json!({ "id": project, "role": role })).into_iter().collect();
    let invite = json!({ "email": GRACE, "role": "reader", "projects": projects });
    gateway.admin("POST", "/v1/organization/invites", &invite);
    let link = house.link_to(GRACE);
    let fields = [("token", link.as_str()), ("name", "Grace"), ("password", OTHER_PASSWORD)];
    assert_eq!(house.person().send("/invite", &fields).status, 303);
    let users = gateway.admin("GET", "/v1/organization/users", &json!(null));
    let users = users["data"].as_array().unwrap().clone();
    let user = users.iter().find(|user| user["email"] == GRACE).unwrap();
    let id = user["id"].as_str().unwrap().to_owned();
    if !permissions.is_empty() {
        let role = json!({ "role_name": "helper", "permissions": permissions });
        let role = gateway.admin("POST", "/v1/organization/roles", &role);
        let path = format!("/v1/organization/users/{id}/roles");
        gateway.admin("POST", &path, &json!({ "role_id": role["id"] }));
    }
    (house.signed_in(GRACE, OTHER_PASSWORD), id, project)
}

/// The secret on a page that shows one.
fn secret(answer: &Answer) -> String {
    let page = answer.text();
    assert_eq!(answer.status, 200, "{page}");
    let rest = page.split("sk-").nth(1).unwrap_or_else(|| panic!("no secret: {page}"));
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap();
    format!("sk-{}", &rest[..end])
}

fn call(house: &House, key: &str) -> Answer {
    let body = json!({ "model": "demo-chat", "messages": [{ "role": "user", "content": "hi" }] });
    house.gateway.json(key, "POST", "/v1/chat/completions", &body)
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.header("x-tollgate-error").unwrap_or_default().to_owned())
}

#[test]
fn case_11_an_admin_key_is_made_by_owners_alone_and_is_theirs() {
    House::with_owner(|house, owner| {
        let all = ["api.management.write", "api.organization.admin_api_keys.write"];
        let (grace, ..) = grace(house, &all, None);
        let keys = || {
            let all = house.gateway.admin("GET", "/v1/organization/admin_api_keys", &json!(null));
            all["data"].as_array().unwrap().clone()
        };
        let before = keys().len();
        for fields in [
            vec![("name", "all"), ("permission", "all")],
            vec![("name", "look"), ("permission", "read_only")],
            vec![("name", "few"), ("permission", "restricted"), ("scope", "api.groups.read")],
        ] {
            let answer = grace.send("/admin-keys", &fields);
            assert_eq!(answer.status, 403, "{}", answer.text());
            assert!(answer.text().contains("Only an owner"));
        }
        assert_eq!(keys().len(), before);
        let made = secret(&owner.send("/admin-keys", &[("name", "own"), ("permission", "all")]));
        assert_eq!(
            house.gateway.json(&made, "GET", "/v1/organization/users", &json!(null)).status,
            200
        );
        assert_eq!(keys().len(), before + 1);
    });
}

#[test]
fn case_11_what_would_make_an_owner_is_for_owners() {
    House::with_owner(|house, _| {
        let gateway = &house.gateway;
        let few = json!({ "name": "few", "scopes": ["api.management.write"] });
        let few = gateway.admin("POST", "/v1/organization/admin_api_keys", &few);
        let few = few["value"].as_str().unwrap();
        assert_eq!(house.person().send("/reset", &[("email", "ada@example.com")]).status, 200);
        assert!(house.mail_to("ada@example.com").contains("token="));
        let mail = gateway.json(few, "GET", "/tollgate/v1/mail", &json!(null));
        assert_eq!(code(&mail), (403, "privilege_escalation".to_owned()));
        assert!(!mail.text().contains("token="));
        let link = gateway.json(few, "POST", "/tollgate/v1/setup_link", &json!({}));
        assert_eq!(code(&link), (403, "privilege_escalation".to_owned()));
    });
}

#[test]
fn case_11_a_persons_key_stands_under_their_limit_and_ends_with_them() {
    House::with_owner(|house, _| {
        let (grace, id, project) = grace(house, &[], Some("owner"));
        let new = format!("/projects/{project}/keys/new");
        let key = secret(&grace.send(&new, &[("name", "mine"), ("permission", "all")]));
        assert_eq!(call(house, &key).status, 200);
        let limit = json!({
            "scope": { "type": "user", "id": id }, "period": "month", "amount_usd": "0",
        });
        house.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
        let refused = (429, "user_spend_limit_exceeded".to_owned());
        assert_eq!(code(&call(house, &key)), refused);
        // Another key of hers, and the calls of pages, are hers too.
        let other = secret(&grace.send(&new, &[("name", "more"), ("permission", "all")]));
        assert_eq!(code(&call(house, &other)), refused);
        let asked = [("model", "demo-chat"), ("user", "hi")];
        let page = grace.send(&format!("/projects/{project}/playground"), &asked).text();
        assert!(page.contains("Why was it refused?"), "{page}");
        house.gateway.admin("DELETE", &format!("/v1/organization/users/{id}"), &json!(null));
        assert_eq!(code(&call(house, &key)).0, 401);
        assert_eq!(code(&call(house, &other)).0, 401);
    });
}

#[test]
fn case_11_who_may_not_call_makes_no_key_that_may() {
    House::with_owner(|house, owner| {
        let (grace, _, project) = grace(house, &["api.management.write"], None);
        let at = |page: &str| format!("/projects/{project}/{page}");
        let own = secret(&owner.send(&at("keys/new"), &[("name", "o"), ("permission", "all")]));
        let listed = format!("/v1/organization/projects/{project}/api_keys");
        let keys = || house.gateway.admin("GET", &listed, &json!(null))["data"].clone();
        let id = keys()[0]["id"].as_str().unwrap().to_owned();
        let count = keys().as_array().unwrap().len();
        let restricted =
            [("name", "x"), ("permission", "restricted"), ("scope", "api.model.request")];
        for (page, fields) in [
            (at("keys/new"), vec![("name", "x"), ("permission", "all")]),
            (at("keys/new"), restricted.to_vec()),
            (at("service-accounts"), vec![("name", "robot")]),
            (at(&format!("keys/{id}/rotate")), vec![("grace", "0")]),
        ] {
            let answer = grace.send(&page, &fields);
            assert_eq!(answer.status, 403, "{page}: {}", answer.text());
        }
        assert_eq!(keys().as_array().unwrap().len(), count);
        // What calls nothing she may make, and a key's name she may change.
        let fields = [("name", "r"), ("permission", "restricted"), ("scope", "api.files.read")];
        assert!(!secret(&grace.send(&at("keys/new"), &fields)).is_empty());
        let fields = [("name", "renamed"), ("permission", "all"), ("expiry", "never")];
        assert_eq!(grace.send(&at(&format!("keys/{id}")), &fields).status, 303);
        assert_eq!(call(house, &own).status, 200);
    });
}

#[test]
fn case_11_an_owner_is_no_managers_to_remove() {
    House::with_owner(|house, owner| {
        let may = ["api.organization.users.write", "api.roles.write"];
        let (grace, ..) = grace(house, &may, None);
        let users = house.gateway.admin("GET", "/v1/organization/users", &json!(null));
        let users = users["data"].as_array().unwrap().clone();
        let ada = users.iter().find(|user| user["email"] == "ada@example.com").unwrap();
        // A second owner, so that the rule about the last one is not what protects her.
        let id = ada["id"].as_str().unwrap();
        let invite = json!({ "email": "bob@example.com", "role": "owner", "projects": [] });
        let invite = house.gateway.admin("POST", "/v1/organization/invites", &invite);
        let accept = format!("/tollgate/v1/invites/{}/accept", invite["id"].as_str().unwrap());
        house.gateway.admin("POST", &accept, &json!({}));
        let at = |page: &str| format!("/members/{id}{page}");
        for (page, fields) in [
            (at(""), vec![("role", "reader")]),
            (at("/roles/remove"), vec![("role_id", "role-api-organization-owner")]),
            (at("/remove"), vec![("typed", "Ada"), ("sure", "yes")]),
        ] {
            let answer = grace.send(&page, &fields);
            assert_eq!(answer.status, 403, "{page}: {}", answer.text());
            assert!(answer.text().contains("Only an owner"), "{page}");
        }
        assert!(owner.is_in());
        assert_eq!(owner.get("/overview").status, 200);
    });
}
