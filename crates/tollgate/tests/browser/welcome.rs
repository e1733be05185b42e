//! A new installation, from the setup link to a first call, as somebody does it who has never seen
//! it before.

use std::cell::Cell;

use testkit::{Browser, FakeProvider, TestGateway};

use crate::office::{EMAIL, Office, PASSWORD, setup_link};

/// Counts what a person does beyond typing e-mail, password and the provider's key.
struct Person<'a> {
    browser: &'a Browser,
    gateway: &'a TestGateway,
    did: Cell<u32>,
}

impl Person<'_> {
    fn field(&self, css: &str, text: &str) {
        self.did.set(self.did.get() + 1);
        self.browser.fill(css, text);
    }

    fn click(&self, css: &str) {
        self.did.set(self.did.get() + 1);
        self.browser.submit(css);
    }

    fn becomes_owner(&self) {
        self.browser.open(&setup_link(self.gateway));
        self.field("#name", "Ada Lovelace");
        self.browser.fill("#email", EMAIL);
        self.browser.fill("#password", PASSWORD);
        self.click("button.main");
        assert_eq!(self.browser.path(), "/welcome");
    }

    /// From the second step to the answer.
    fn makes_key_and_calls(&self) {
        self.click("main form button.main");
        let secret = self.browser.text("#copy-secret");
        assert!(secret.starts_with("sk-tg-"), "{secret}");
        self.gateway.plant(&secret);
        self.click("main form button.main");
        assert_eq!(self.browser.text("h1"), "It works", "{}", self.browser.text("main"));
        assert!(!self.browser.text(".answer").is_empty());
        assert!(!self.browser.source().contains(&secret), "shown once");
    }
}

#[test]
fn the_demo_answers_within_six_steps_of_the_setup_link() {
    let (gateway, browser) = Office::bare();
    let person = Person { browser: &browser, gateway: &gateway, did: Cell::new(0) };
    person.becomes_owner();
    browser.look("welcome-provider");
    person.click("main a[href='/welcome?provider=demo']");
    browser.look("welcome-key");
    person.makes_key_and_calls();
    assert!(person.did.get() <= 6, "{} clicks and fields", person.did.get());
    browser.look("welcome-done");
    // There is still no provider: Overview says so.
    browser.submit("main a.button.main");
    assert!(browser.text(".flash").contains("Go on with the setup"));
    browser.look("overview-unfinished");
}

#[test]
fn a_provider_answers_within_six_steps_and_takes_the_place_of_the_demo() {
    let provider = FakeProvider::start();
    let (gateway, browser) = Office::bare();
    let person = Person { browser: &browser, gateway: &gateway, did: Cell::new(0) };
    person.becomes_owner();
    gateway.plant(provider.credential());
    // A key that the provider does not know is refused at once, and nothing is kept.
    browser.click("main details summary");
    browser.fill("#base_url", &provider.base_url());
    browser.fill("#credential", "sk-wrong");
    browser.submit("main form button.main");
    assert!(browser.text("[role=alert]").contains("401"), "{}", browser.text("main"));
    // The address is of this test; a provider of the list has its own.
    browser.fill("#credential", provider.credential());
    person.click("main form button.main");
    assert!(browser.text(".flash").contains("works"), "{}", browser.text("main"));
    person.makes_key_and_calls();
    assert!(person.did.get() <= 6, "{} clicks and fields", person.did.get());
    assert!(browser.text(".lead").contains("gpt-4o-mini"));
    browser.submit("main a.button.main");
    assert!(!browser.has(".flash a"), "it is set up");
}
