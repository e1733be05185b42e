//! A route from its making to its removal, as a person does it.

use serde_json::json;

use crate::office::Office;

#[test]
fn a_route_is_made_tried_changed_and_removed_and_calls_follow_it() {
    let office = Office::open();
    let browser = &office.browser;
    let call = || {
        let hello = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
        office.gateway.json(&office.key.value, "POST", "/v1/chat/completions", &hello).status
    };
    let call_used = || {
        let hello = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
        let answer = office.gateway.json(&office.key.value, "POST", "/v1/chat/completions", &hello);
        answer.header("x-tollgate-cache").unwrap_or("none").to_owned()
    };
    office.go("/routes");
    browser.submit("main .head a.main");
    browser.fill("#model", "fast");
    browser.choose("#upstream_0", "openai");
    browser.fill("#target_0", "gpt-4o-mini");
    browser.fill("#weight_0", "some");
    browser.submit("main form button.main");
    assert!(browser.text("#targets-fault").contains("whole number"));
    assert_eq!(
        browser.script("return document.querySelector('#target_0').value", &[]),
        "gpt-4o-mini"
    );
    browser.fill("#weight_0", "1");
    browser.choose("#cache_enabled", "on");
    browser.fill("#cache_ttl", "90");
    browser.submit("main form button.main");
    assert!(browser.text("table").contains("gpt-4o-mini"));
    assert_eq!(call(), 200);
    browser.fill("#model", "fast");
    browser.submit("form[role=search] button");
    assert!(browser.text(".looks").contains("gpt-4o-mini"));
    assert_eq!([call_used(), call_used()], ["hit", "hit"], "the first one was kept");
    // Denied, its calls are refused, and trying it says so.
    browser.submit("tbody a");
    browser.click("input[name=deny]");
    browser.choose("#cache_enabled", "");
    browser.fill("#cache_ttl", "");
    browser.choose("#upstream_0", "");
    browser.submit("main form button.main");
    assert_ne!(call(), 200);
    office.go("/routes?model=fast");
    assert!(browser.text(".flash.bad").contains("denies"));
    browser.submit("tbody a");
    browser.submit("a.danger");
    browser.submit("main form button.danger");
    assert!(browser.text(".flash").contains("removed"));
    assert!(!browser.has("tbody"));
}
