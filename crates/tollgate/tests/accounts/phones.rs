//! Phones: a code goes to a number, and shows that it is somebody's. The provider is a fake that
//! keeps books; each message costs money.

use std::path::Path;

use serde_json::json;
use testkit::phones::{PHONE_ACCOUNT, PHONE_SERVICE, PHONE_TOKEN};
use testkit::{FakePhones, PhoneMood, TestGateway};

use crate::house::{EMAIL, House, PASSWORD, Person};

const NUMBER: &str = "+491711234567";

fn house(phones: &FakePhones) -> House {
    let config = format!(
        "[phone]\nprovider = \"twilio\"\naccount_sid = \"{PHONE_ACCOUNT}\"\n\
         auth_token = \"env:PHONE_TOKEN\"\nservice_sid = \"{PHONE_SERVICE}\"\nbase_url = \"{}\"\n",
        phones.url()
    );
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let builder = TestGateway::builder(bin).config(&config).env("PHONE_TOKEN", PHONE_TOKEN);
    House { gateway: builder.start() }
}

fn owner_of(house: &House) -> Person<'_> {
    let (owner, link) = (house.person(), house.setup_link());
    let fields =
        [("token", link.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(owner.send("/setup", &fields).status, 303);
    owner
}

/// The page says that a phone is checked.
fn has_phone(person: &Person<'_>) -> bool {
    person.get("/account/phone").text().contains("Checked")
}

fn ask(person: &Person<'_>, number: &str) -> u16 {
    person.send("/account/phone", &[("phone", number)]).status
}

fn show(person: &Person<'_>, code: &str) -> u16 {
    person.send("/account/phone/code", &[("code", code)]).status
}

#[test]
fn a_phone_is_checked_by_the_code_that_went_to_it_and_is_never_shown_whole() {
    let phones = FakePhones::start();
    let house = house(&phones);
    let owner = owner_of(&house);
    assert_eq!(ask(&owner, "0049 171 / 123-45 67"), 303);
    let page = owner.get("/account/phone").text();
    assert!(page.contains("+49…67") && !page.contains("1711234567"), "{page}");
    let code = phones.code_at(NUMBER).unwrap();
    let typed = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(show(&owner, &typed), 303);
    assert!(owner.get("/account").text().contains("+49…67") && has_phone(&owner));
    // Case 136: a code is taken once.
    assert_eq!(show(&owner, &code), 400);
    assert_eq!(phones.books(), (vec![NUMBER.to_owned()], 1), "the second one asked nobody");
    // Neither the log nor the audit log nor the database holds it.
    let logs = house.gateway.admin("GET", "/v1/organization/audit_logs?limit=100", &json!(null));
    assert!(!logs.to_string().contains("1711234567") && logs.to_string().contains("+49…67"));
    assert!(!house.gateway.output().contains("1711234567"));
    for file in std::fs::read_dir(house.gateway.data_dir()).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let found = bytes.windows(10).any(|window| window == b"1711234567");
        assert!(!found, "{:?}", file.path());
    }
    assert_eq!(owner.send("/account/phone/remove", &[]).status, 303);
    assert!(!has_phone(&owner));
}

#[test]
fn case_136_codes_of_phones_cannot_be_guessed_and_messages_are_few() {
    let phones = FakePhones::start();
    let house = house(&phones);
    let owner = owner_of(&house);
    assert_eq!(show(&owner, "123456"), 400, "nobody was asked yet");
    assert_eq!(ask(&owner, NUMBER), 303);
    let code = phones.code_at(NUMBER).unwrap();
    for guess in ["000001", "12", "no code", "000002"] {
        assert_eq!(show(&owner, guess), 400, "{guess}");
    }
    assert_eq!(show(&owner, &code), 429, "the right one is not heard any more");
    assert!(!has_phone(&owner));
    assert_eq!(phones.books().1, 2, "what is no code was never compared");
    // Five messages an hour for one person, whatever the numbers.
    for n in 0..4 {
        assert_eq!(ask(&owner, &format!("+4917112345{n:02}")), 303);
    }
    assert_eq!(ask(&owner, "+4917112345999"), 429);
    // And five to one number, whoever asks.
    let (grace, _) = house.invited("grace@example.com", "reader");
    for _ in 0..4 {
        assert_eq!(ask(&grace, NUMBER), 303);
    }
    let (joan, _) = house.invited("joan@example.com", "reader");
    assert_eq!(ask(&joan, NUMBER), 429);
    assert_eq!(phones.books().0.len(), 9);
}

#[test]
fn a_number_that_is_none_sends_nothing_and_one_phone_is_one_accounts() {
    let phones = FakePhones::start();
    let house = house(&phones);
    let owner = owner_of(&house);
    for bad in ["", "0171 1234567", "+49", "+49 171 CALLME", "+1234567890123456"] {
        assert_eq!(ask(&owner, bad), 400, "{bad}");
    }
    assert!(phones.books().0.is_empty());
    assert_eq!(ask(&owner, NUMBER), 303);
    assert_eq!(show(&owner, &phones.code_at(NUMBER).unwrap()), 303);
    let (grace, user) = house.invited("grace@example.com", "reader");
    assert_eq!(ask(&grace, NUMBER), 303);
    assert_eq!(show(&grace, &phones.code_at(NUMBER).unwrap()), 409);
    assert!(!has_phone(&grace) && has_phone(&owner));
    // Somebody else's code is no use: it belongs to who asked.
    assert_eq!(ask(&grace, "+491711234568"), 303);
    assert_eq!(show(&owner, &phones.code_at("+491711234568").unwrap()), 400);
    assert_eq!(show(&grace, &phones.code_at("+491711234568").unwrap()), 303);
    // Whoever left has left their phone too.
    let path = format!("/v1/organization/users/{user}");
    house.gateway.admin("DELETE", &path, &json!(null));
    assert_eq!(ask(&owner, "+491711234568"), 303);
    assert_eq!(show(&owner, &phones.code_at("+491711234568").unwrap()), 303);
}

#[test]
fn a_provider_that_fails_is_said_and_changes_nothing() {
    let phones = FakePhones::start();
    let house = house(&phones);
    let owner = owner_of(&house);
    for (mood, status, said) in [
        (PhoneMood::Gone, 502, "cannot be asked"),
        (PhoneMood::RefusesNumbers, 400, "No message can be sent"),
        (PhoneMood::TooMany, 429, "Too many messages"),
    ] {
        phones.be(mood);
        let answer = owner.send("/account/phone", &[("phone", NUMBER)]);
        assert_eq!(answer.status, status, "{mood:?}");
        assert!(answer.text().contains(said), "{mood:?}: {}", answer.text());
        assert!(!owner.get("/account/phone").text().contains("+49…67"), "{mood:?}");
    }
    phones.be(PhoneMood::Works);
    assert_eq!(ask(&owner, NUMBER), 303);
    let code = phones.code_at(NUMBER).unwrap();
    for mood in [PhoneMood::Broken, PhoneMood::Mumbles] {
        phones.be(mood);
        assert_eq!(show(&owner, &code), 502, "{mood:?}");
        assert!(!has_phone(&owner), "{mood:?}");
    }
    phones.be(PhoneMood::Works);
    assert_eq!(show(&owner, &code), 303, "the code still works");
    let output = house.gateway.output();
    assert!(!output.contains(PHONE_TOKEN) && !output.contains(&code), "{output}");
}

#[test]
fn where_everybody_needs_a_phone_nothing_but_the_own_account_is_seen_without() {
    let phones = FakePhones::start();
    let house = house(&phones);
    let owner = owner_of(&house);
    let settings = || house.gateway.admin("GET", "/tollgate/v1/sign_in", &json!(null));
    assert_eq!(settings()["phone_check"], "optional");
    let require = [("phone_check", "required")];
    let early = owner.send("/settings/sign-in/phones", &require);
    assert_eq!(early.status, 409, "they would lock themselves out");
    assert!(early.text().contains("Check a phone of your own first"));
    assert_eq!(ask(&owner, NUMBER), 303);
    assert_eq!(show(&owner, &phones.code_at(NUMBER).unwrap()), 303);
    assert_eq!(owner.send("/settings/sign-in/phones", &require).status, 303);
    assert_eq!(settings()["phone_check"], "required");
    assert_eq!(owner.get("/overview").status, 200);
    assert_eq!(owner.send("/account/phone/remove", &[]).status, 409);
    let (grace, _) = house.invited("grace@example.com", "owner");
    for path in ["/overview", "/settings/sign-in", "/keys"] {
        let sent = grace.get(path);
        assert_eq!((sent.status, sent.header("location")), (303, Some("/account/phone")), "{path}");
    }
    assert_eq!(grace.send("/settings/sign-in", &[("sign_up", "open")]).status, 303);
    assert_eq!(settings()["sign_up"], "invited", "nothing was done");
    assert_eq!(grace.get("/account").status, 200);
    assert_eq!(ask(&grace, "+491711234568"), 303);
    assert_eq!(show(&grace, &phones.code_at("+491711234568").unwrap()), 303);
    assert_eq!(grace.get("/overview").status, 200);
    house.gateway.admin("POST", "/tollgate/v1/sign_in", &json!({ "phone_check": "optional" }));
    assert_eq!(owner.send("/account/phone/remove", &[]).status, 303);
    assert_eq!(owner.get("/overview").status, 200);
}

#[test]
fn for_development_the_message_is_where_mail_is_kept() {
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let config = "[phone]\nprovider = \"console\"\n";
    let house = House { gateway: TestGateway::builder(bin).config(config).start() };
    let owner = owner_of(&house);
    assert_eq!(ask(&owner, NUMBER), 303);
    let message = house.mail_to(NUMBER);
    let code = message.split_whitespace().next().unwrap();
    assert_eq!(show(&owner, "000000"), if code == "000000" { 303 } else { 400 });
    assert_eq!(show(&owner, code), 303);
    assert!(has_phone(&owner));
    assert!(!house.gateway.output().contains(code), "the log holds no code");
}

#[test]
fn without_a_provider_there_are_no_phones() {
    House::with_owner(|house, owner| {
        assert!(!owner.get("/account").text().contains("Phone"));
        assert_eq!(ask(owner, NUMBER), 409);
        let path = "/tollgate/v1/sign_in";
        let key = house.gateway.admin_key();
        let body = json!({ "phone_check": "required" });
        assert_eq!(house.gateway.json(key, "POST", path, &body).status, 409);
    });
}
