//! The second factor, by an implementation that is not ours.

use std::process::Command;

use crate::house::{EMAIL, House, PASSWORD, Person, hidden};

/// What an app shows for a secret, some half minutes from now.
fn code(secret: &str, steps: i64) -> String {
    let script = "import sys,time,pyotp; print(pyotp.TOTP(sys.argv[1]).at(int(time.time()) + 30 * int(sys.argv[2])))";
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let sdk = std::env::var_os("TOLLGATE_SDK_DIR").map_or_else(|| target.join("sdk"), Into::into);
    let python = sdk.join("accounts/bin/python");
    let ran = Command::new(python).args(["-c", script, secret, &steps.to_string()]).output();
    let ran = ran.expect("pyotp is not installed: run `cargo xtask prepare`");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// Turns the second factor on. Its secret and the recovery codes.
fn enable(owner: &Person<'_>) -> (String, Vec<String>) {
    let page = owner.get("/account/second-factor").text();
    let secret = hidden(&page, "factor").unwrap();
    let wrong = owner.send("/account/second-factor", &[("factor", &secret), ("code", "000000")]);
    assert_eq!(wrong.status, 400);
    let right = code(&secret, 0);
    let answer = owner.send("/account/second-factor", &[("factor", &secret), ("code", &right)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    let codes = text.split("id=\"copy-codes\">").nth(1).unwrap().split("</code>").next().unwrap();
    (secret, codes.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn a_password_alone_lets_nobody_in_and_no_code_works_twice() {
    House::with_owner(|house, owner| {
        let (secret, recovery) = enable(owner);
        assert!(owner.is_in());
        let person = house.person();
        let asked = person.sign_in(EMAIL, PASSWORD);
        assert_eq!(asked.status, 200);
        assert!(asked.text().contains("Second factor") && !person.is_in());
        // The code that turned it on was taken; the next half minute's was not.
        let next = code(&secret, 1);
        assert_eq!(person.send("/second-factor", &[("code", "000000")]).status, 400);
        assert_eq!(person.send("/second-factor", &[("code", &next)]).status, 303);
        assert!(person.is_in());
        let other = house.person();
        other.sign_in(EMAIL, PASSWORD);
        assert_eq!(other.send("/second-factor", &[("code", &next)]).status, 400, "it was taken");
        // A recovery code, as people type it, and once.
        let typed = recovery[0].to_uppercase().replace('-', " ");
        assert_eq!(other.send("/second-factor", &[("code", &typed)]).status, 303);
        assert!(other.is_in());
        let third = house.person();
        third.sign_in(EMAIL, PASSWORD);
        assert_eq!(third.send("/second-factor", &[("code", &recovery[0])]).status, 400);
        assert!(!third.is_in());
    });
}

#[test]
fn case_136_codes_cannot_be_guessed() {
    House::with_owner(|house, owner| {
        let (_, recovery) = enable(owner);
        let person = house.person();
        person.sign_in(EMAIL, PASSWORD);
        for n in 0..5 {
            let guess = format!("{n:06}");
            assert_eq!(person.send("/second-factor", &[("code", &guess)]).status, 400);
        }
        let late = person.send("/second-factor", &[("code", &recovery[0])]);
        assert_eq!(late.status, 429, "the right one is not heard any more");
    });
}

#[test]
fn it_is_turned_off_by_whoever_is_in() {
    House::with_owner(|house, owner| {
        enable(owner);
        assert_eq!(owner.get("/account/second-factor/off").status, 200);
        assert_eq!(owner.send("/account/second-factor/off", &[]).status, 303);
        assert_eq!(house.person().sign_in(EMAIL, PASSWORD).status, 303);
    });
}
