//! Through the door: the setup link, a lost password, an account of one's own, an invitation.

use serde_json::json;

use crate::house::{EMAIL, House, OTHER_PASSWORD, PASSWORD};

#[test]
fn case_137_a_setup_link_is_looked_at_often_and_used_once() {
    let house = House::empty();
    let (person, link) = (house.person(), house.setup_link());
    for _ in 0..3 {
        assert_eq!(person.get(&format!("/setup?token={link}")).status, 200);
        let path = format!("/setup?token={link}");
        assert_eq!(house.gateway.request("HEAD", &path, &[], "").status, 200);
    }
    let fields = |password| {
        [("token", link.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", password)]
    };
    // A password that is refused uses nothing up, and what was typed is still there.
    for (password, why) in [("short", "12 characters"), ("password1234", "tried first")] {
        let answer = person.send("/setup", &fields(password));
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(why) && answer.text().contains(EMAIL), "{password}");
        assert!(!answer.text().contains(password));
    }
    assert_eq!(person.send("/setup", &fields(PASSWORD)).status, 303);
    assert!(person.is_in());
    let again = house.person().send("/setup", &fields(PASSWORD));
    assert_eq!(again.status, 400);
    assert!(again.text().contains("link_invalid"));
    let answer = house.gateway.json(
        house.gateway.admin_key(),
        "POST",
        "/tollgate/v1/setup_link",
        &json!({}),
    );
    assert_eq!(answer.status, 409);
}

#[test]
fn a_new_setup_link_ends_the_one_before() {
    let house = House::empty();
    let first = house.setup_link();
    let made = house.gateway.admin("POST", "/tollgate/v1/setup_link", &json!({}));
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with(&house.gateway.url()), "{url}");
    let path = url.split_once(&house.gateway.url()).unwrap().1;
    assert_eq!(house.person().get(path).status, 200);
    assert_eq!(house.person().get(&format!("/setup?token={first}")).status, 400);
}

#[test]
fn case_137_a_lost_password_is_set_anew_and_every_session_ends() {
    House::with_owner(|house, owner| {
        let origin = house.gateway.url();
        // A forged host is no part of the link.
        let headers = [
            ("Origin", origin.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Forwarded-Host", "evil.example"),
        ];
        let person = house.person();
        assert_eq!(person.post("/reset", &headers, "email=ADA%40example.com").status, 200);
        let mail = house.mail_to(EMAIL);
        assert!(mail.contains(&origin) && !mail.contains("evil"), "{mail}");
        let link = house.link_to(EMAIL);
        for _ in 0..2 {
            assert_eq!(person.get(&format!("/reset/new?token={link}")).status, 200);
        }
        let fields = [("token", link.as_str()), ("password", OTHER_PASSWORD)];
        assert_eq!(person.send("/reset/new", &fields).status, 303);
        assert!(person.is_in() && !owner.is_in());
        assert_eq!(person.send("/reset/new", &fields).status, 400, "it works once");
        assert_eq!(house.person().sign_in(EMAIL, PASSWORD).status, 400);
        assert_eq!(house.person().sign_in(EMAIL, OTHER_PASSWORD).status, 303);
    });
}

#[test]
fn case_135_nobody_learns_who_has_an_account() {
    House::with_owner(|house, _| {
        let known = house.person().send("/reset", &[("email", EMAIL)]);
        let unknown = house.person().send("/reset", &[("email", "nobody@example.com")]);
        assert_eq!((known.status, unknown.status), (200, 200));
        let same = |text: String| {
            let lines: Vec<_> =
                text.lines().filter(|line| !line.contains("req_")).map(str::to_owned).collect();
            lines
        };
        assert_eq!(same(known.text()), same(unknown.text()));
        let wrong = house.person().sign_in(EMAIL, "not the password");
        let nobody = house.person().sign_in("nobody@example.com", "not the password");
        assert_eq!((wrong.status, nobody.status), (400, 400));
        let told = |text: String, email: &str| same(text.replace(email, "x"));
        assert_eq!(told(wrong.text(), EMAIL), told(nobody.text(), "nobody@example.com"));
    });
}

#[test]
fn accounts_are_made_by_invitation_until_the_door_is_opened() {
    House::with_owner(|house, owner| {
        let person = house.person();
        assert_eq!(person.get("/sign-up").status, 403);
        assert_eq!(person.send("/sign-up", &[("email", "eve@example.com")]).status, 403);
        assert_eq!(owner.send("/settings/sign-in", &[("sign_up", "open")]).status, 303);
        assert!(person.get("/sign-in").text().contains("/sign-up"));
        // For an address with an account and one without, the same page.
        let known = person.send("/sign-up", &[("email", EMAIL)]);
        let new = person.send("/sign-up", &[("email", "eve@example.com")]);
        assert_eq!((known.status, new.status), (200, 200));
        assert!(house.mail_to(EMAIL).contains("have one already"));
        let link = house.link_to("eve@example.com");
        assert_eq!(person.get(&format!("/sign-up/go-on?token={link}")).status, 200);
        let fields = [("token", link.as_str()), ("name", "Eve"), ("password", OTHER_PASSWORD)];
        assert_eq!(person.send("/sign-up/go-on", &fields).status, 303);
        // She is a member of the default project, and sees nothing of the organization.
        let home = person.get("/");
        let place = home.header("location").unwrap().to_owned();
        assert!(place.starts_with("/projects/proj_"), "{place}");
        assert_eq!(person.get(&place).status, 200);
        assert_eq!(person.get("/overview").status, 403);
        assert_eq!(person.get("/settings/sign-in").status, 403);
        assert_eq!(house.person().send("/sign-up/go-on", &fields).status, 400);
    });
}

#[test]
fn an_invitation_makes_an_account_with_its_roles() {
    House::with_owner(|house, _| {
        let invite = house.gateway.admin(
            "POST",
            "/v1/organization/invites",
            &json!({ "email": "grace@example.com", "role": "reader" }),
        );
        let link = house.link_to("grace@example.com");
        let person = house.person();
        let page = person.get(&format!("/invite?token={link}"));
        assert!(page.text().contains("grace@example.com"));
        let fields = [("token", link.as_str()), ("name", "Grace"), ("password", OTHER_PASSWORD)];
        assert_eq!(person.send("/invite", &fields).status, 303);
        assert_eq!(person.get("/overview").status, 200);
        let path = format!("/v1/organization/invites/{}", invite["id"].as_str().unwrap());
        let accepted = house.gateway.admin("GET", &path, &json!(null));
        assert_eq!(accepted["status"], "accepted");
        assert_eq!(house.person().send("/invite", &fields).status, 400);
        let events = house.events();
        for event in ["invite.accepted", "user.added", "login.succeeded"] {
            assert!(events.iter().any(|it| it == event), "{event}: {events:?}");
        }
    });
}

#[test]
fn case_136_guessing_ends_soon_and_parallel_guesses_count_alike() {
    House::with_owner(|house, _| {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let guess = |n: usize| {
                let person = house.gateway.url();
                let body = format!("email=ada%40example.com&password=wrong-guess-{n}");
                let headers = [
                    ("Origin", person.as_str()),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ];
                house.gateway.request("POST", "/sign-in", &headers, body).status
            };
            let guesses: Vec<_> = (0..16).map(|n| scope.spawn(move || guess(n))).collect();
            guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
        });
        let refused = statuses.iter().filter(|status| **status == 429).count();
        assert_eq!(refused, 6, "{statuses:?}");
        // The right one is not heard either, from here.
        let answer = house.person().sign_in(EMAIL, PASSWORD);
        assert_eq!(answer.status, 429);
    });
}
