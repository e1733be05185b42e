//! A way out through proxies, from its adding to its removal, as a person does it.

use serde_json::{Value, json};

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
    // It is changed: one proxy goes and another comes, and each login stays with its proxy.
    office.go("/egress/pool");
    browser.fill("#proxies", "http://two.example.com:3128\nnonsense");
    browser.submit("form[action='/egress/pool'] button.main");
    assert!(browser.text("#proxies-fault").contains("refused"), "{}", browser.text("main"));
    browser.fill("#proxies", "http://two.example.com:3128\nhttp://three.example.com:3128");
    browser.choose("#choice", "sticky");
    browser.fill("#proxy_resolves", "api.openai.com");
    browser.submit("form[action='/egress/pool'] button.main");
    assert!(browser.text(".flash").contains("next call"), "{}", browser.text("main"));
    let shown = office.gateway.admin("GET", "/tollgate/v1/egress/pool", &Value::Null);
    let logins: Vec<_> = shown["proxies"].as_array().unwrap().iter().collect();
    let login =
        |url: &str| logins.iter().find(|it| it["url"] == url).unwrap()["has_credential"].clone();
    assert_eq!(login("http://two.example.com:3128"), true);
    assert_eq!(login("http://three.example.com:3128"), false);
    assert_eq!(
        (&shown["choice"], &shown["proxy_resolves"][0]),
        (&json!("sticky"), &json!("api.openai.com"))
    );
    browser.click("input[name='logins'][value='remove']");
    browser.submit("form[action='/egress/pool'] button.main");
    let shown = office.gateway.admin("GET", "/tollgate/v1/egress/pool", &Value::Null);
    assert_eq!(shown["proxies"][0]["has_credential"], false);

    // A project takes it; while it does, it stays.
    let settings = format!("/projects/{}/settings", office.key.project);
    office.go(&settings);
    browser.choose("#egress", "pool");
    browser.submit("form[action$='/egress'] button");
    assert!(browser.has("#egress option[value='pool'][selected]"));
    assert_eq!(crate::keys::call(&office, &office.key.value), 502, "no proxy is there");
    office.go("/egress/pool/remove");
    browser.fill("#typed", "pool");
    browser.submit("main form button.danger");
    assert!(browser.text(".flash.bad").contains("taken by"), "{}", browser.text("main"));
    office.go(&settings);
    browser.choose("#egress", "");
    browser.submit("form[action$='/egress'] button");
    assert_eq!(crate::keys::call(&office, &office.key.value), 200);
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
