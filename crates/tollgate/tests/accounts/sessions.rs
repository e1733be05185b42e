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
fn case_133_who_is_taken_out_is_signed_out_at_once() {
    House::with_owner(|house, owner| {
        let (grace, user) = house.invited("grace@example.com", "reader");
        let path = format!("/v1/organization/users/{user}");
        house.gateway.admin("DELETE", &path, &json!(null));
        assert!(!grace.is_in() && owner.is_in());
        assert_eq!(house.person().sign_in("grace@example.com", OTHER_PASSWORD).status, 400);
    });
}

#[test]
fn case_132_new_roles_hold_at_once_and_what_matters_asks_anew_who_it_is() {
    House::with_owner(|house, _| {
        let (grace, user) = house.invited("grace@example.com", "reader");
        assert_eq!(grace.get("/settings/sign-in").status, 200);
        let open = [("sign_up", "open")];
        assert_eq!(grace.send("/settings/sign-in", &open).status, 403);
        let path = format!("/v1/organization/users/{user}");
        house.gateway.admin("POST", &path, &json!({ "role": "owner" }));
        // The session that she had as a reader is no way to an owner's powers by itself.
        let held = grace.cookie();
        let asked = grace.send("/settings/sign-in", &open);
        assert!(asked.text().contains("Confirm that it is you"), "{}", asked.text());
        let fields = [("password", OTHER_PASSWORD), ("resume", "/settings/sign-in")];
        assert_eq!(grace.send("/prove", &fields).status, 303);
        assert_ne!(grace.cookie(), held, "a new secret");
        assert_eq!(grace.send("/settings/sign-in", &open).status, 303);
        // Taken again: gone at the next call, though nobody signed her out.
        house.gateway.admin("POST", &path, &json!({ "role": "reader" }));
        assert_eq!(grace.send("/settings/sign-in", &open).status, 403);
        assert!(grace.is_in());
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
