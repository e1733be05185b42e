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
    browser.back();
    assert!(!browser.source().contains(&secret), "{}", browser.source());
    office.go(&keys);
    browser.submit("main tbody th a");
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

#[test]
fn limits_are_live_and_a_change_of_one_can_be_taken_back() {
    let office = Office::open();
    let browser = &office.browser;
    let limits = format!("/projects/{}/limits", office.key.project);
    office.go(&limits);
    browser.fill("#amount", "5");
    browser.submit("main section form button.main");
    assert_eq!(browser.text(".ladder [data-figure$='-spent']"), "$0.00");
    // The page is not loaded again: what a call came to gets there by itself.
    assert_eq!(call(&office, &office.key.value), 200);
    browser.until("what was spent is shown", |browser| {
        browser.text(".ladder [data-figure$='-spent']") != "$0.00"
    });

    browser.click(".ladder details summary");
    browser.fill("#amount-1", "0");
    browser.submit(".ladder details button");
    assert_eq!(call(&office, &office.key.value), 429);
    browser.submit(".flash form button");
    assert!(browser.text(".ladder").contains("$5.00"), "{}", browser.text("main"));
    assert_eq!(call(&office, &office.key.value), 200);
    // And the other way about: it is removed, comes back, and is undone as it was made.
    browser.click(".ladder details summary");
    browser.submit(".ladder details a");
    browser.submit("main form button.danger");
    assert!(!browser.has(".ladder"));
    browser.submit(".flash form button");
    assert!(browser.text(".ladder").contains("$5.00"));
    browser.submit(".flash form button");
    assert!(!browser.has(".ladder"), "{}", browser.text("main"));
}

#[test]
fn a_found_call_has_an_address_of_its_own_and_the_way_back_leads_to_what_was_asked() {
    let office = Office::open();
    let browser = &office.browser;
    let busy = office.busy();
    office.go("/logs");
    browser.fill("#model", "gpt-4o-mini");
    browser.choose("#status", "2xx");
    browser.submit("form.filters button");
    let asked = browser.url();
    browser.submit("main tbody a");
    let one = browser.url();
    assert!(browser.text("main").contains("direct"), "its egress is shown");
    browser.back();
    assert_eq!(browser.url(), asked);
    let model = browser.script("return document.querySelector('#model').value", &[]);
    assert_eq!(model, json!("gpt-4o-mini"));
    // A link that somebody was sent leads there behind the sign-in.
    browser.forget_cookies();
    browser.open(&one);
    browser.fill("#email", crate::office::EMAIL);
    browser.fill("#password", crate::office::PASSWORD);
    browser.submit("button.main");
    assert_eq!(browser.url(), one);
    // By its id it is found from anywhere; one that is not known leads to why it was refused.
    office.go("/logs");
    browser.fill("#request", &busy.request);
    browser.submit("form.filters button");
    assert!(browser.path().ends_with(&busy.request));
    office.go("/logs");
    browser.fill("#request", &busy.refused);
    browser.submit("form.filters button");
    assert!(browser.path().starts_with("/refused"), "{}", browser.path());
}

#[test]
fn limits_by_rate_are_set_for_a_key_and_for_a_model() {
    let office = Office::open();
    let browser = &office.browser;
    office.go(&format!("/projects/{}/limits", office.key.project));
    browser.submit("main .head a");
    browser.choose("#of", &format!("key:{}", office.key.id));
    browser.submit("form.filters button");
    browser.fill("#max_requests_per_1_minute", "two");
    browser.submit("main form button.main");
    assert!(browser.text("#max_requests_per_1_minute-fault").contains("whole number"));
    browser.fill("#max_requests_per_1_minute", "0");
    browser.submit("main form button.main");
    assert!(browser.text(".flash").contains("next call"), "{}", browser.text("main"));
    browser.look("limits-by-rate");
    assert_eq!(call(&office, &office.key.value), 429);
    browser.fill("#max_requests_per_1_minute", "");
    browser.submit("main form button.main");
    assert_eq!(call(&office, &office.key.value), 200);
    browser.fill("#model", "no-such-model");
    browser.submit("form.filters button");
    assert!(browser.text("#model-fault").contains("No such model"));
    browser.fill("#model", "gpt-4o-mini");
    browser.submit("form.filters button");
    browser.fill("#max_requests_per_1_minute", "0");
    browser.submit("main form button.main");
    assert_eq!(call(&office, &office.key.value), 429);
}
