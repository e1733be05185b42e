//! Which passwords are taken, and how much work it is to say so.

use std::path::Path;

use testkit::{FakeLists, TestGateway};

use crate::house::{EMAIL, House, OTHER_PASSWORD, PASSWORD};

/// `printf 'seven quiet lanterns drift' | sha1sum`, and of the other one.
const HASH_OF_OTHER: &str = "FBB0EFD29CBA6DEFC83E601E83D632F27C7FDC2C";
const HASH_OF_FIRST: &str = "8C6E5026FF9DB33305E40EA8971205105C2B656F";

#[test]
fn a_stolen_password_is_refused_by_five_digits_of_its_hash_and_lists_that_are_away_lock_nobody_out()
{
    let lists = FakeLists::start();
    lists.list(HASH_OF_OTHER, 3);
    // Listed for the length alone: never seen.
    lists.list(HASH_OF_FIRST, 0);
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    let config = format!("[passwords]\nrange_url = \"{}\"\n", lists.url());
    let house = House { gateway: TestGateway::builder(bin).config(&config).start() };
    let (owner, link) = (house.person(), house.setup_link());
    let set_up = |password| {
        [("token", link.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", password)]
    };
    let refused = owner.send("/setup", &set_up(OTHER_PASSWORD));
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("was stolen somewhere"), "{}", refused.text());
    assert_eq!(owner.send("/setup", &set_up(PASSWORD)).status, 303);
    let change = [("password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    let refused = owner.send("/account/password", &change);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("was stolen somewhere") && owner.is_in());
    assert_eq!(house.person().sign_in(EMAIL, OTHER_PASSWORD).status, 400, "nothing was changed");
    // Whoever signs in is not looked up, and no list hears more than five digits.
    let asked = lists.asked();
    assert_eq!(asked, ["/range/FBB0E", "/range/8C6E5", "/range/FBB0E"]);
    // What we know ourselves needs no list.
    let common = [("password", PASSWORD), ("new_password", "password1234")];
    assert_eq!(owner.send("/account/password", &common).status, 400);
    assert_eq!(lists.asked().len(), 3);
    lists.go_away();
    assert_eq!(owner.send("/account/password", &change).status, 303);
    assert!(house.gateway.output().contains("the lists of stolen passwords do not answer"));
}

#[test]
fn case_135_an_address_that_nobody_has_takes_as_much_work_as_one_that_somebody_has() {
    House::with_owner(|house, _| {
        let hashed = || -> u64 {
            let page = house.gateway.request("GET", "/metrics", &[], "").text();
            let line =
                page.lines().find_map(|l| l.strip_prefix("tollgate_passwords_hashed_total "));
            line.unwrap_or_else(|| panic!("{page}")).parse().unwrap()
        };
        let work = |does: &dyn Fn()| {
            let before = hashed();
            does();
            hashed() - before
        };
        let sign_in = |email: &str| {
            let answer = house.person().sign_in(email, "not the password");
            assert_eq!(answer.status, 400);
        };
        // Somebody who was invited by an identity or an admin may have no password at all.
        assert_eq!(work(&|| sign_in(EMAIL)), 1);
        assert_eq!(work(&|| sign_in("nobody@example.com")), 1);
        assert_eq!(work(&|| sign_in("no address at all")), 1);
        for path in ["/reset", "/sign-up"] {
            let ask = |email: &str| {
                house.person().send(path, &[("email", email)]);
            };
            assert_eq!(work(&|| ask(EMAIL)), 0, "{path}");
            assert_eq!(work(&|| ask("nobody@example.com")), 0, "{path}");
        }
        assert_eq!(work(&|| assert_eq!(house.person().sign_in(EMAIL, PASSWORD).status, 303)), 1);
    });
}
