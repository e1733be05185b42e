//! A key from its making to its end, as a person does it.

use serde_json::json;

use crate::office::Office;

pub fn call(office: &Office, secret: &str) -> u16 {
    let hello =
        json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "hi" }] });
    office.gateway.json(secret, "POST", "/v1/chat/completions", &hello).status
}

#[test]
fn a_key_is_made_shown_once_rotated_and_revoked() {
    let office = Office::open();
    let keys = format!("/projects/{}/keys", office.key.project);
    let browser = &office.browser;
    office.go(&format!("{keys}/new"));
    browser.fill("#name", "<b>Shop</b>");
    browser.fill("#networks", "10.0.0.0/40");
    browser.submit("main form button.main");
    // What was typed is still there, and its fault stands at its field.
    assert!(browser.text("#networks-fault").contains("is no network"));
    browser.fill("#networks", "");
    browser.fill("#limit", "2.50");
    browser.submit("main form button.main");
    let secret = browser.text("#copy-secret");
    assert!(secret.starts_with("sk-tg-"), "{secret}");
    office.gateway.plant(&secret);
    assert_eq!(call(&office, &secret), 200);
    // Shown once: the way back does not show it again, nor does a second look.
    browser.submit("main a.main");
    assert!(!browser.source().contains(&secret));
    assert_eq!(browser.text("h1"), "<b>Shop</b>");
    assert_eq!(browser.text("#age"), "0 h");
    let page = browser.path();
    browser.choose("#grace", "0");
    browser.submit("form[action$='/rotate'] button");
    let second = browser.text("#copy-secret");
    office.gateway.plant(&second);
    assert_eq!((call(&office, &secret), call(&office, &second)), (401, 200));

    browser.open(&office.at(&format!("{page}/revoke")));
    browser.fill("#typed", "Shop");
    browser.submit("main form button.danger");
    assert!(browser.text("#typed-fault").contains("as it stands above"));
    assert_eq!(call(&office, &second), 200);
    browser.fill("#typed", "<b>Shop</b>");
    browser.submit("main form button.danger");
    assert!(browser.text(".flash").contains("revoked"));
    assert_eq!(call(&office, &second), 401);
}

#[test]
fn a_limit_is_set_changed_and_removed_and_says_what_it_means() {
    let office = Office::open();
    let browser = &office.browser;
    office.go(&format!("/projects/{}/limits", office.key.project));
    browser.fill("#amount", "ten");
    browser.submit("main section form button.main");
    assert!(browser.text("#amount-fault").contains("US dollars"));
    browser.fill("#amount", "0");
    browser.submit("main section form button.main");
    assert!(browser.text(".flash").contains("refused now"));
    assert_eq!(call(&office, &office.key.value), 429);
    browser.click(".ladder details summary");
    browser.submit(".ladder details a");
    browser.submit("main form button.danger");
    assert!(browser.text(".flash").contains("removed"));
    assert_eq!(call(&office, &office.key.value), 200);
}
