//! A way out through proxies, from its adding to its removal, as a person does it.

use crate::office::Office;

#[test]
fn an_egress_is_added_shown_and_removed_and_its_login_is_shown_to_nobody() {
    let (office, _second) = Office::open_to_providers();
    let browser = &office.browser;
    let login = "someone:very-secret-words";
    office.gateway.plant(login);
    office.go("/egress");
    browser.submit("main .head a.main");
    browser.fill("#name", "Not a name");
    browser.fill("#proxies", "http://one.example.com:3128\nhttp://two.example.com:3128");
    browser.fill("#credential", login);
    browser.submit("main form button.main");
    assert!(browser.has("#name-fault") && !browser.source().contains(login));
    browser.fill("#name", "pool");
    browser.fill("#credential", login);
    browser.submit("main form button.main");
    assert_eq!(browser.path(), "/egress/pool", "{}", browser.text("main"));
    assert!(browser.text("table").contains("two.example.com"));
    assert!(browser.text("main").contains("calls are refused"));
    assert!(!browser.source().contains("very-secret-words"));
    // Without a URL to fetch there is nothing to test by.
    browser.submit("form[action$='/test'] button");
    assert!(browser.has("#url-fault"));
    browser.look("egress-one");
    office.go("/egress");
    browser.look("egress");
    office.go("/egress/pool/remove");
    browser.look("egress-remove");
    browser.fill("#typed", "lake");
    browser.submit("main form button.danger");
    assert!(browser.has("#typed-fault"));
    browser.fill("#typed", "pool");
    browser.submit("main form button.danger");
    assert_eq!(browser.path(), "/egress");
    assert!(!browser.has("tbody"));
}
