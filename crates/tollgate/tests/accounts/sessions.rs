//! Sessions: what opens, renews and ends them.

use serde_json::json;

use crate::house::{EMAIL, House, OTHER_PASSWORD, PASSWORD};

#[test]
fn case_132_signing_in_gives_a_new_secret_and_what_was_before_is_worth_nothing() {
    House::with_owner(|house, _| {
        let person = house.person();
        // A secret that somebody planted before.
        let planted = "tollgate_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let headers = [("Cookie", planted), ("Accept", "text/html")];
        assert_eq!(house.gateway.request("GET", "/account", &headers, "").status, 303);
        assert_eq!(person.sign_in(EMAIL, PASSWORD).status, 303);
        assert!(!person.cookie().contains("AAAA"));
        assert_eq!(house.gateway.request("GET", "/account", &headers, "").status, 303);
    });
}

#[test]
fn case_133_a_password_change_ends_the_other_sessions_at_once() {
    House::with_owner(|house, owner| {
        let other = house.signed_in(EMAIL, PASSWORD);
        let held = owner.cookie();
        let wrong = [("password", "not it at all"), ("new_password", OTHER_PASSWORD)];
        assert_eq!(owner.send("/account/password", &wrong).status, 400);
        let short = [("password", PASSWORD), ("new_password", "short")];
        let answer = owner.send("/account/password", &short);
        assert_eq!(answer.status, 400);
        let right = [("password", PASSWORD), ("new_password", OTHER_PASSWORD)];
        assert_eq!(owner.send("/account/password", &right).status, 303);
        assert!(owner.is_in() && !other.is_in());
        assert_ne!(owner.cookie(), held, "what this browser held is dead too");
        let headers = [("Cookie", held.as_str()), ("Accept", "text/html")];
        assert_eq!(house.gateway.request("GET", "/account", &headers, "").status, 303);
        assert!(house.mail_to(EMAIL).contains("was changed"));
    });
}

#[test]
fn case_133_signing_out_everywhere_and_of_one_session() {
    House::with_owner(|house, owner| {
        let one = house.signed_in(EMAIL, PASSWORD);
        let page = owner.get("/account").text();
        let path = page.split("action=\"/account/sessions/sess_").nth(1).unwrap();
        let id = path.split('/').next().unwrap();
        assert_eq!(owner.send(&format!("/account/sessions/sess_{id}/end"), &[]).status, 303);
        assert!(owner.is_in() && !one.is_in());
        assert_eq!(owner.send("/account/sessions/sess_nobodys/end", &[]).status, 404);
        let two = house.signed_in(EMAIL, PASSWORD);
        assert_eq!(owner.send("/account/sessions/end", &[]).status, 303);
        assert!(!owner.is_in() && !two.is_in());
    });
}

#[test]
fn case_133_whose_roles_are_taken_is_signed_out() {
    House::with_owner(|house, owner| {
        house.gateway.admin(
            "POST",
            "/v1/organization/invites",
            &json!({ "email": "grace@example.com", "role": "reader" }),
        );
        let link = house.link_to("grace@example.com");
        let grace = house.person();
        let fields = [("token", link.as_str()), ("name", "Grace"), ("password", OTHER_PASSWORD)];
        assert_eq!(grace.send("/invite", &fields).status, 303);
        let users = house.gateway.admin("GET", "/v1/organization/users", &json!(null));
        let users = users["data"].as_array().unwrap();
        let user = users.iter().find(|user| user["email"] == "grace@example.com").unwrap();
        let path = format!("/v1/organization/users/{}", user["id"].as_str().unwrap());
        house.gateway.admin("DELETE", &path, &json!(null));
        assert!(!grace.is_in() && owner.is_in());
        assert_eq!(house.person().sign_in("grace@example.com", OTHER_PASSWORD).status, 400);
    });
}

#[test]
fn a_session_outlives_a_restart() {
    let mut house = House::empty();
    let (link, cookie) = (house.setup_link(), {
        let person = house.person();
        let fields = [
            ("token", house.setup_link()),
            ("name", "Ada".to_owned()),
            ("email", EMAIL.to_owned()),
            ("password", PASSWORD.to_owned()),
        ];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(person.send("/setup", &fields).status, 303);
        person.cookie()
    });
    assert!(!link.is_empty());
    house.gateway.restart();
    let headers = [("Cookie", cookie.as_str()), ("Accept", "text/html")];
    assert_eq!(house.gateway.request("GET", "/account", &headers, "").status, 200);
}
