//! A provider from its adding to its removal, as a person does it.

use crate::office::Office;

const OTHER: &str = "sk-second-bbbbbbbbbbbb";

#[test]
fn an_upstream_is_added_tested_given_credentials_switched_off_and_removed() {
    let (office, second) = Office::open_to_providers();
    let first = second.credential();
    let ending = format!("…{}", &first[first.len() - 4..]);
    office.gateway.plant(first);
    office.gateway.plant(OTHER);
    let browser = &office.browser;
    office.go("/upstreams");
    browser.submit("main .head a.main");
    browser.choose("#provider", "compatible");
    browser.fill("#name", "second");
    browser.fill("#base_url", "ftp://nowhere");
    browser.fill("#credential", first);
    browser.submit("main form button.main");
    // What was typed is still there but for the secret, and the fault stands at its field.
    assert!(browser.has("#base_url-fault") && !browser.source().contains(first));
    assert_eq!(browser.script("return document.querySelector('#name').value", &[]), "second");
    browser.fill("#base_url", &second.base_url());
    browser.fill("#credential", first);
    browser.submit("main form button.main");
    assert!(browser.text(".flash").contains("It answered"), "{}", browser.text(".flash"));
    let page = browser.path();
    assert!(!browser.source().contains(first) && browser.text("main").contains(&ending));

    browser.submit("form[action$='/test'] button");
    assert!(browser.text(".flash.good").contains("Nothing is wrong"), "{}", browser.text("main"));

    office.go(&page);
    browser.fill("#credential", OTHER);
    browser.fill("#weight", "many");
    browser.submit("form[action$='/credentials'] button");
    assert!(browser.text("#weight-fault").contains("whole number"));
    browser.fill("#credential", OTHER);
    browser.fill("#weight", "2");
    browser.submit("form[action$='/credentials'] button");
    assert!(browser.text("main").contains("…bbbb") && !browser.source().contains(OTHER));
    browser.submit("tbody tr:first-child a[href$='/remove']");
    assert!(browser.text("h1").contains(&ending[3..]));
    browser.submit("main form button.danger");
    assert!(!browser.text("table").contains(&ending));

    browser.submit("form[action$='/switch'] button");
    assert_eq!(browser.text("main .head .state"), "Switched off");
    browser.submit("a.danger");
    browser.fill("#typed", "first");
    browser.submit("main form button.danger");
    assert!(browser.text("#typed-fault").contains("as it stands above"));
    browser.fill("#typed", "second");
    browser.submit("main form button.danger");
    assert_eq!(browser.path(), "/upstreams");
    assert!(!browser.text("table").contains("second"));
}

#[test]
fn what_the_environment_owns_is_shown_and_not_to_be_changed() {
    let office = Office::open();
    office.go("/upstreams");
    office.browser.submit("tbody a");
    assert!(office.browser.text(".flash").contains("environment"));
    for gone in ["form[action$='/switch']", "form[action$='/credentials']", "a.danger"] {
        assert!(!office.browser.has(gone), "{gone}");
    }
    assert!(office.browser.has("form[action$='/test']"));
}
