//! Another address for one's own account.

use serde_json::json;

use crate::house::{EMAIL, House, OTHER_PASSWORD, PASSWORD};

const NEW: &str = "countess@example.com";

#[test]
fn case_137_a_new_address_is_taken_once_by_whoever_asked_and_showed_that_it_is_theirs() {
    House::with_owner(|house, owner| {
        let elsewhere = house.signed_in(EMAIL, PASSWORD);
        let (grace, _) = house.invited("grace@example.com", "reader");
        assert_eq!(owner.send("/account/email", &[("email", NEW)]).status, 200);
        house.mail_to_about(EMAIL, "Another address");
        let mail = house.mail_to(NEW);
        assert!(mail.contains(&house.gateway.url()), "{mail}");
        let link = house.link_to(NEW);
        let path = format!("/account/email/new?token={link}");
        let token = [("token", link.as_str())];
        // Nobody else makes it theirs: neither a stranger who reads the mail nor another account.
        let stranger = house.person();
        assert_eq!(stranger.get(&path).status, 303, "to the sign-in");
        assert_eq!(stranger.send("/account/email/new", &token).status, 401);
        assert_eq!(grace.get(&path).status, 400);
        assert_eq!(grace.send("/account/email/new", &token).status, 400);
        // Looking uses nothing, a scanner of mail does not either.
        for _ in 0..2 {
            assert!(owner.get(&path).text().contains(NEW));
            assert_eq!(house.gateway.request("HEAD", &path, &[], "").status, 303);
        }
        assert!(owner.get("/account").text().contains(EMAIL), "nothing is changed yet");
        // A link for a lost password that went to the old address stops with it.
        house.person().send("/reset", &[("email", EMAIL)]);
        let old_reset = house.link_to_about(EMAIL, "Set a new password");
        assert_eq!(owner.send("/account/email/new", &token).status, 303);
        house.mail_to_about(EMAIL, "was changed");
        assert!(owner.is_in() && !elsewhere.is_in());
        assert_eq!(owner.send("/account/email/new", &token).status, 400, "it works once");
        let reset = [("token", old_reset.as_str()), ("password", OTHER_PASSWORD)];
        assert_eq!(house.person().send("/reset/new", &reset).status, 400);
        assert_eq!(house.person().sign_in(EMAIL, PASSWORD).status, 400);
        assert_eq!(house.person().sign_in(NEW, PASSWORD).status, 303);
        assert!(house.events().iter().any(|event| event == "user.email_change_requested"));
    });
}

#[test]
fn case_135_a_new_address_tells_nobody_who_has_an_account() {
    House::with_owner(|house, owner| {
        let (grace, _) = house.invited("grace@example.com", "reader");
        let taken = grace.send("/account/email", &[("email", "ADA@example.com")]);
        let free = grace.send("/account/email", &[("email", NEW)]);
        assert_eq!((taken.status, free.status), (200, 200));
        let said = |text: &str| text.split("<main").nth(1).map(str::to_owned);
        assert_eq!(said(&taken.text()), said(&free.text()));
        assert!(house.mail_to_about(EMAIL, "Your new address").contains("Nothing was changed"));
        assert!(owner.is_in());
        // Somebody took it meanwhile: refused, and both keep what they have.
        let link = house.link_to(NEW);
        let (_, _) = house.invited(NEW, "reader");
        let late = grace.send("/account/email/new", &[("token", &link)]);
        assert_eq!(late.status, 409, "{}", late.text());
        assert!(grace.is_in());
    });
}

#[test]
fn only_the_newest_link_works_and_bad_or_too_many_addresses_are_refused() {
    House::with_owner(|house, owner| {
        for bad in ["", "no address", "a@b\r\nBcc: eve@example.com", EMAIL, "ADA@EXAMPLE.COM"] {
            assert_eq!(owner.send("/account/email", &[("email", bad)]).status, 400, "{bad:?}");
        }
        assert_eq!(owner.send("/account/email", &[("email", "one@example.com")]).status, 200);
        let first = house.link_to("one@example.com");
        assert_eq!(owner.send("/account/email", &[("email", "two@example.com")]).status, 200);
        assert_eq!(owner.send("/account/email/new", &[("token", &first)]).status, 400);
        for n in 0..3 {
            let next = format!("n{n}@example.com");
            assert_eq!(owner.send("/account/email", &[("email", &next)]).status, 200);
        }
        let sixth = owner.send("/account/email", &[("email", "six@example.com")]);
        assert_eq!(sixth.status, 429, "case 136: not a way to send mail to everybody");
        let mails = house.gateway.admin("GET", "/tollgate/v1/mail", &json!(null));
        assert!(!mails.to_string().contains("six@"));
    });
}
