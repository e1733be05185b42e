//! Which forms are taken, and what every page's head says.

use crate::house::{EMAIL, House, PASSWORD, encoded, hidden};

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn case_131_forms_of_other_sites_change_nothing() {
    House::with_owner(|_, owner| {
        let (origin, proof) = (owner.origin(), owner.proof());
        let body = encoded(&[("_proof", &proof), ("name", "Mallory")]);
        for (headers, status) in [
            (vec![("Content-Type", FORM)], 403),
            (vec![("Content-Type", FORM), ("Origin", "null")], 403),
            (vec![("Content-Type", FORM), ("Origin", "https://evil.example")], 403),
            (
                vec![
                    ("Content-Type", FORM),
                    ("Origin", origin.as_str()),
                    ("Sec-Fetch-Site", "cross-site"),
                ],
                403,
            ),
            (vec![("Content-Type", "text/plain"), ("Origin", origin.as_str())], 415),
            (vec![("Content-Type", "application/json"), ("Origin", origin.as_str())], 415),
        ] {
            let answer = owner.post("/account/name", &headers, &body);
            assert_eq!(answer.status, status, "{headers:?}");
        }
        // From our own origin, but not from a page of this session.
        let headers = [("Content-Type", FORM), ("Origin", origin.as_str())];
        for proof in ["", "0000"] {
            let body = encoded(&[("_proof", proof), ("name", "Mallory")]);
            assert_eq!(owner.post("/account/name", &headers, &body).status, 403);
        }
        assert!(!owner.get("/account").text().contains("Mallory"));
        assert_eq!(owner.post("/account/name", &headers, &body).status, 303);
    });
}

#[test]
fn case_129_what_people_call_themselves_is_text() {
    House::with_owner(|_, owner| {
        let name = "<img src=x onerror=alert(1)>\"'&";
        assert_eq!(owner.send("/account/name", &[("name", name)]).status, 303);
        for path in ["/account", "/overview"] {
            let page = owner.get(path).text();
            assert!(!page.contains("<img") && page.contains("&#60;img"), "{path}");
        }
    });
}

#[test]
fn case_134_the_cookie_is_for_the_server_alone() {
    House::with_owner(|house, _| {
        let person = house.person();
        let answer = person.sign_in(EMAIL, PASSWORD);
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let session = cookies.map(|(_, value)| value).find(|it| it.contains("session")).unwrap();
        assert!(session.contains("; HttpOnly") && session.contains("; SameSite=Lax"), "{session}");
        assert!(session.contains("; Path=/") && !session.contains("sk-"), "{session}");
    });
}

#[test]
fn every_page_has_its_guards() {
    House::with_owner(|house, owner| {
        for path in ["/overview", "/account", "/sign-in", "/nothing"] {
            let answer = owner.get(path);
            let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
            let policy = header("content-security-policy");
            for rule in [
                "default-src 'self'",
                "img-src 'self'",
                "object-src 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            ] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header("referrer-policy"), "same-origin", "{path}");
            assert!(header("cache-control").starts_with("private, no-"), "{path}");
            let text = answer.text();
            assert!(!text.contains("style=\"") && !text.contains("onclick"), "{path}");
        }
        let link = "/setup?token=nothing";
        assert_eq!(house.person().get(link).status, 400);
    });
}

#[test]
fn a_form_that_is_sent_twice_is_done_once() {
    House::with_owner(|_, owner| {
        let origin = owner.origin();
        let page = owner.get("/account").text();
        let form = hidden(&page, "_form").unwrap();
        let body = encoded(&[("_proof", &owner.proof()), ("_form", &form), ("name", "Ada King")]);
        let headers = [("Content-Type", FORM), ("Origin", origin.as_str())];
        let first = owner.post("/account/name", &headers, &body);
        let again = owner.post("/account/name", &headers, &body);
        assert_eq!((first.status, again.status), (303, 303));
        assert_eq!(first.header("location"), again.header("location"));
    });
}

#[test]
fn what_was_typed_outlives_the_session() {
    House::with_owner(|_, owner| {
        let origin = owner.origin();
        let body = encoded(&[("_proof", &owner.proof()), ("name", "Ada & King")]);
        let headers = [("Content-Type", FORM), ("Origin", origin.as_str())];
        owner.forget();
        let asked = owner.post("/account/name", &headers, &body);
        assert_eq!(asked.status, 401);
        let page = asked.text();
        let resume = hidden(&page, "resume").unwrap();
        let kept = hidden(&page, "resume_fields").unwrap();
        assert_eq!(resume, "/account/name");
        let fields = [
            ("email", EMAIL),
            ("password", PASSWORD),
            ("resume", resume.as_str()),
            ("resume_fields", kept.as_str()),
        ];
        let page = owner.send("/sign-in", &fields);
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(text.contains("action=\"/account/name\""), "{text}");
        assert!(text.contains("Ada &#38; King"), "{text}");
        // The page's own proof is one of the new session.
        let proof = hidden(&text, "_proof").unwrap();
        let body = encoded(&[("_proof", &proof), ("name", "Ada & King")]);
        assert_eq!(owner.post("/account/name", &headers, &body).status, 303);
    });
}

#[test]
fn case_137_passwords_are_not_taken_at_a_strangers_address() {
    House::with_owner(|house, _| {
        let body = encoded(&[("email", EMAIL), ("password", PASSWORD)]);
        let headers = [
            ("Host", "gate.evil.example"),
            ("Origin", "http://gate.evil.example"),
            ("Content-Type", FORM),
            ("Accept", "text/html"),
        ];
        let answer = house.person().post("/sign-in", &headers, &body);
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("public_url"), "{}", answer.text());
    });
}

#[test]
fn case_134_behind_a_public_address_the_cookie_is_bound_to_the_host() {
    let house = House::behind("https://gate.example");
    let link = house.setup_link();
    let body =
        encoded(&[("token", &link), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)]);
    let headers = [
        ("Host", "gate.example"),
        ("Origin", "https://gate.example"),
        ("Content-Type", FORM),
        ("Accept", "text/html"),
    ];
    let answer = house.person().post("/setup", &headers, &body);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let session = cookies.map(|(_, value)| value).find(|it| it.contains("session")).unwrap();
    assert!(session.starts_with("__Host-tollgate_session=") && session.contains("; Secure"));
    assert!(!session.contains("Domain"), "{session}");
    assert!(answer.header("strict-transport-security").is_some());
    // One without the prefix may have been set by a neighbour: it is not looked at.
    let value = session.split(['=', ';']).nth(1).unwrap();
    for (name, status) in [("__Host-tollgate_session", 200), ("tollgate_session", 303)] {
        let cookie = format!("{name}={value}");
        let headers = [("Host", "gate.example"), ("Cookie", &cookie), ("Accept", "text/html")];
        assert_eq!(house.gateway.request("GET", "/account", &headers, "").status, status);
    }
}

/// The memory that a process has, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn case_136_what_strangers_type_does_not_fill_the_memory() {
    let house = House::empty();
    let origin = house.gateway.url();
    let headers = [("Content-Type", FORM), ("Origin", origin.as_str())];
    let long = "a".repeat(900_000);
    let send = |number: usize| {
        let email = format!("{number}{long}%40example.com");
        let body = format!("_form={number}&email={email}&password=x");
        house.gateway.request("POST", "/sign-in", &headers, body).status
    };
    // Until the allocator has what such a form takes for a moment.
    assert!((0..10).all(|number| send(number) == 400));
    let before = resident(house.gateway.pid());
    let statuses: Vec<u16> = (10..80).map(send).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    let grown = resident(house.gateway.pid()).saturating_sub(before) / 1024;
    assert!(grown < 40, "{grown} MiB for 70 forms of 0.9 MB each");
}
