//! The way in and out, as a person goes it.

use crate::office::{EMAIL, Office, PASSWORD};

#[test]
fn the_first_owner_comes_by_the_setup_link_and_it_works_once() {
    let office = Office::empty();
    let link = office.setup_link();
    // Whoever only looks uses nothing up (case 137).
    office.browser.open(&link);
    office.set_up();
    assert_eq!(office.browser.path(), "/overview");
    assert!(office.browser.text(".flash").contains("Welcome"));
    office.browser.open(&link);
    assert!(office.browser.text("main").contains("link_invalid"));
}

#[test]
fn signing_out_ends_the_session_on_the_server() {
    let office = Office::open();
    let held = office.browser.cookies();
    let session = held.iter().find(|cookie| cookie["name"] == "tollgate_session").unwrap();
    assert_eq!(session["httpOnly"], true);
    let cookie = format!("tollgate_session={}", session["value"].as_str().unwrap());
    let headers = [("Cookie", cookie.as_str()), ("Accept", "text/html")];
    assert_eq!(office.gateway.request("GET", "/overview", &headers, "").status, 200);
    office.browser.width(1280);
    office.browser.submit("form[action='/sign-out'] button");
    assert_eq!(office.browser.path(), "/sign-in");
    // Case 133: what the browser held is worth nothing any more.
    assert_eq!(office.gateway.request("GET", "/overview", &headers, "").status, 303);
}

#[test]
fn a_wrong_password_is_told_and_the_address_stays() {
    let office = Office::open();
    office.browser.forget_cookies();
    office.go("/projects/x/overview?y=1");
    assert!(office.browser.path().starts_with("/sign-in?back="));
    office.browser.fill("#email", EMAIL);
    office.browser.fill("#password", "not the password");
    office.browser.submit("button.main");
    assert!(office.browser.text("[role=alert]").contains("not right"));
    office.browser.fill("#password", PASSWORD);
    office.browser.submit("button.main");
    assert_eq!(office.browser.path(), "/projects/x/overview?y=1");
}

#[test]
fn everything_works_without_script() {
    let office = Office::open();
    office.browser.without_script(true);
    office.go("/overview");
    assert_eq!(office.browser.text("h1"), "Overview");
    office.browser.without_script(false);
}

#[test]
fn a_theme_that_was_chosen_stays() {
    let office = Office::open();
    office.browser.width(1280);
    office.browser.submit(".theme button[value=dark]");
    assert_eq!(office.browser.path(), "/overview");
    let theme = office.browser.script("return document.documentElement.dataset.theme", &[]);
    assert_eq!(theme, "dark");
}
