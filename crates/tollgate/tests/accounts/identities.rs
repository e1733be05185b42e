//! Signing in with providers of identities: one that lies in each way that is known, and a real one.

use serde_json::{Value, json};
use testkit::issuer::fields;
use testkit::{Answer, Lie, LyingIssuer, TestGateway};

use crate::house::{EMAIL, House, PASSWORD, Person};

const CLIENT: &str = "gate";

/// A house that one provider of identities is configured for.
pub fn with_issuer(issuer: &str, more: &str) -> House {
    let config = format!(
        "[[sign_in]]\nname = \"own\"\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\n\
         client_secret = \"env:OWN_SECRET\"\n{more}"
    );
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let builder = TestGateway::builder(bin).config(&config).env("OWN_SECRET", "client-secret");
    let house = House { gateway: builder.start() };
    let link = house.setup_link();
    let owner = house.person();
    let fields =
        [("token", link.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(owner.send("/setup", &fields).status, 303);
    house
}

fn invite(house: &House, email: &str) {
    let body = json!({ "email": email, "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
}

/// Goes to the provider: where the browser was sent.
pub fn leave(person: &Person<'_>) -> String {
    let sent = person.get("/sign-in/with/own?back=/account");
    assert_eq!(sent.status, 303, "{}", sent.text());
    sent.header("location").unwrap().to_owned()
}

fn come_back(person: &Person<'_>, query: &str) -> Answer {
    person.get(&format!("/sign-in/with/own/back?{query}"))
}

/// The whole way, with whatever the provider says.
fn whole_way(issuer: &LyingIssuer, person: &Person<'_>) -> Answer {
    let asked = leave(person);
    let state = fields(asked.split_once('?').unwrap().1).remove("state").unwrap();
    let code = issuer.code_for(&asked);
    come_back(person, &format!("code={code}&state={state}"))
}

fn refused(answer: &Answer, code: &str) {
    assert!(answer.status == 400 || answer.status == 502, "{}", answer.status);
    assert!(answer.text().contains(code), "{code}: {}", answer.text());
}

#[test]
fn somebody_who_was_invited_comes_in_by_their_provider() {
    let issuer = LyingIssuer::start(CLIENT);
    let house = with_issuer(issuer.url(), "");
    let person = house.person();
    assert!(person.get("/sign-in").text().contains("Sign in with Own"));
    refused_closed(&whole_way(&issuer, &person));
    invite(&house, "grace@example.com");
    let asked = leave(&person);
    let sent = fields(asked.split_once('?').unwrap().1);
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(sent["redirect_uri"], format!("{}/sign-in/with/own/back", house.gateway.url()));
    let answer = whole_way(&issuer, &person);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/account")));
    assert!(person.is_in());
    // Again, and from elsewhere: the same account.
    let again = house.person();
    assert_eq!(whole_way(&issuer, &again).status, 303);
    assert!(again.get("/account").text().contains("grace@example.com"));
}

fn refused_closed(answer: &Answer) {
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("sign_up_closed"));
}

#[test]
fn case_138_what_a_provider_must_not_say_lets_nobody_in() {
    let issuer = LyingIssuer::start(CLIENT);
    let house = with_issuer(issuer.url(), "");
    invite(&house, "grace@example.com");
    let claims = |claims: Value| Lie { claims, ..Lie::default() };
    for (lie, code) in [
        (claims(json!({ "iss": "https://evil.example" })), "oauth_token_invalid"),
        (claims(json!({ "aud": "other" })), "oauth_token_invalid"),
        (claims(json!({ "aud": ["gate", "other"] })), "oauth_token_invalid"),
        (claims(json!({ "azp": "other" })), "oauth_token_invalid"),
        (claims(json!({ "nonce": "another" })), "oauth_token_invalid"),
        (claims(json!({ "nonce": null })), "oauth_token_invalid"),
        (claims(json!({ "exp": 1_000 })), "oauth_token_invalid"),
        (claims(json!({ "exp": null })), "oauth_token_invalid"),
        (claims(json!({ "sub": "" })), "oauth_token_invalid"),
        (claims(json!({ "email_verified": false })), "oauth_email_unverified"),
        (claims(json!({ "email_verified": null })), "oauth_email_unverified"),
        (claims(json!({ "email": null })), "oauth_email_unverified"),
        (Lie { algorithm: Some("none"), ..Lie::default() }, "oauth_token_invalid"),
        (Lie { algorithm: Some("HS256"), ..Lie::default() }, "oauth_token_invalid"),
        (Lie { stranger_signs: true, ..Lie::default() }, "oauth_token_invalid"),
    ] {
        let person = house.person();
        let said = format!("{lie:?}");
        issuer.lie(lie);
        let answer = whole_way(&issuer, &person);
        assert!(answer.text().contains(code) && answer.status == 400, "{said}: {}", answer.text());
        assert!(!person.is_in(), "{said}");
    }
}

#[test]
fn case_138_a_way_back_belongs_to_the_browser_that_began_it_and_works_once() {
    let issuer = LyingIssuer::start(CLIENT);
    let house = with_issuer(issuer.url(), "");
    invite(&house, "grace@example.com");
    let state_of = |asked: &str| fields(asked.split_once('?').unwrap().1).remove("state").unwrap();
    // Without a beginning, and with another one's state: login forgery.
    refused(&come_back(&house.person(), "code=x&state=y"), "oauth_state_invalid");
    let (one, other) = (house.person(), house.person());
    let (asked, others) = (leave(&one), leave(&other));
    let code = issuer.code_for(&others);
    let query = format!("code={code}&state={}", state_of(&others));
    refused(&come_back(&one, &query), "oauth_state_invalid");
    // A code of another question: the verifier does not fit it.
    let asked_again = leave(&one);
    let code = issuer.code_for(&others);
    let query = format!("code={code}&state={}", state_of(&asked_again));
    refused(&come_back(&one, &query), "oauth_code_invalid");
    // Another issuer's word in the answer: two providers mixed up.
    let asked_third = leave(&one);
    let code = issuer.code_for(&asked_third);
    let state = state_of(&asked_third);
    let query = format!("code={code}&state={state}&iss=https%3A%2F%2Fevil.example");
    refused(&come_back(&one, &query), "oauth_state_invalid");
    // It was taken with that: the right answer comes too late.
    refused(&come_back(&one, &format!("code={code}&state={state}")), "oauth_state_invalid");
    // Declined.
    let asked_last = leave(&one);
    let query = format!("error=access_denied&state={}", state_of(&asked_last));
    refused(&come_back(&one, &query), "oauth_refused");
    assert!(!one.is_in() && !asked.is_empty());
}

#[test]
fn case_138_an_account_goes_to_nobody_by_an_address_that_its_owner_never_showed() {
    let issuer = LyingIssuer::start(CLIENT);
    let house = with_issuer(issuer.url(), "");
    issuer.lie(Lie { claims: json!({ "email": EMAIL }), ..Lie::default() });
    let person = house.person();
    refused(&whole_way(&issuer, &person), "oauth_email_unverified");
    // The owner links it, signed in; then it is a way in.
    let owner = house.signed_in(EMAIL, PASSWORD);
    // Another site's link begins nothing: whose identity it would be is that site's to arrange.
    let cookie = owner.cookie();
    for site in ["cross-site", "same-site"] {
        let headers = [("Accept", "text/html"), ("Cookie", &cookie), ("Sec-Fetch-Site", site)];
        let led = house.gateway.request("GET", "/account/link/own", &headers, "");
        assert_eq!((led.status, led.header("location")), (403, None), "{site}");
    }
    let asked = owner.get("/account/link/own");
    let asked = asked.header("location").unwrap().to_owned();
    let state = fields(asked.split_once('?').unwrap().1).remove("state").unwrap();
    let code = issuer.code_for(&asked);
    let linked = come_back(&owner, &format!("code={code}&state={state}"));
    assert_eq!((linked.status, linked.header("location")), (303, Some("/account")));
    assert_eq!(whole_way(&issuer, &person).status, 303);
    assert!(person.get("/account").text().contains("Ada"));
    // And is taken away again.
    let fields = [("issuer", issuer.url())];
    assert_eq!(owner.send("/account/unlink", &fields).status, 303);
    refused(&whole_way(&issuer, &house.person()), "oauth_email_unverified");
}

#[test]
fn case_138_discovery_of_another_issuer_is_refused() {
    let issuer = LyingIssuer::start(CLIENT);
    let house = with_issuer(issuer.url(), "");
    for discovery in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "issuer": "https://login.example/{tenantid}/v2.0" }),
        json!({ "token_endpoint": null }),
        json!({ "jwks_uri": "http://169.254.169.254/keys" }),
    ] {
        issuer.lie(Lie { discovery, ..Lie::default() });
        let answer = house.person().get("/sign-in/with/own");
        assert_eq!(answer.status, 502);
        assert!(answer.text().contains("oauth_provider_failed"), "{}", answer.text());
    }
    assert_eq!(house.person().get("/sign-in/with/nobody").status, 404);
}
