//! A gateway with its owner, and people who come to its door with a browser's cookies.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, TestGateway};

pub const BIN: &str = env!("CARGO_BIN_EXE_tollgate");
pub const EMAIL: &str = "ada@example.com";
pub const PASSWORD: &str = "ultramarine kettle fog";
pub const OTHER_PASSWORD: &str = "seven quiet lanterns drift";

pub struct House {
    pub gateway: TestGateway,
}

/// A browser without a screen: it keeps cookies and follows no redirect by itself.
pub struct Person<'a> {
    house: &'a House,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl House {
    /// Before anybody has come.
    pub fn empty() -> Self {
        Self { gateway: TestGateway::builder(Path::new(BIN)).start() }
    }

    /// Where people reach it by a name of its own.
    pub fn behind(url: &str) -> Self {
        let builder = TestGateway::builder(Path::new(BIN)).env("TOLLGATE_PUBLIC_URL", url);
        Self { gateway: builder.start() }
    }

    /// With its owner, who is signed in.
    pub fn with_owner<T>(test: impl FnOnce(&Self, &Person<'_>) -> T) -> T {
        let house = Self::empty();
        let owner = house.person();
        let link = house.setup_link();
        let answer = owner.send(
            "/setup",
            &[("token", &link), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)],
        );
        assert_eq!(answer.status, 303, "{}", answer.text());
        test(&house, &owner)
    }

    pub fn person(&self) -> Person<'_> {
        Person { house: self, cookies: RefCell::default() }
    }

    pub fn signed_in(&self, email: &str, password: &str) -> Person<'_> {
        let person = self.person();
        let answer = person.sign_in(email, password);
        assert_eq!(answer.status, 303, "{}", answer.text());
        person
    }

    /// The secret of the link that was printed at the start.
    pub fn setup_link(&self) -> String {
        let begun = Instant::now();
        loop {
            let output = self.gateway.output();
            if let Some(token) = output.lines().find_map(|line| line.split("/setup?token=").nth(1))
            {
                return token.trim().to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no setup link: {output}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The newest mail to somebody, once it is there.
    pub fn mail_to(&self, to: &str) -> String {
        self.mail_to_about(to, "")
    }

    /// The same of one with this in its subject.
    pub fn mail_to_about(&self, to: &str, about: &str) -> String {
        let begun = Instant::now();
        loop {
            let kept = self.gateway.admin("GET", "/tollgate/v1/mail", &Value::Null);
            let mut mails = kept["data"].as_array().unwrap().iter();
            let is_it = |mail: &&Value| {
                mail["to"] == to && mail["subject"].as_str().unwrap().contains(about)
            };
            if let Some(mail) = mails.find(is_it) {
                return mail["text"].as_str().unwrap().to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no mail to {to}: {kept}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The secret of the link in somebody's newest mail.
    pub fn link_to(&self, to: &str) -> String {
        self.link_to_about(to, "")
    }

    pub fn link_to_about(&self, to: &str, about: &str) -> String {
        let text = self.mail_to_about(to, about);
        let token = text.split("token=").nth(1).unwrap_or_else(|| panic!("no link: {text}"));
        token.split_whitespace().next().unwrap().to_owned()
    }

    /// Somebody who was invited with a role and has come, and their id.
    pub fn invited(&self, email: &str, role: &str) -> (Person<'_>, String) {
        let invite = json!({ "email": email, "role": role });
        self.gateway.admin("POST", "/v1/organization/invites", &invite);
        let link = self.link_to_about(email, "invited");
        let person = self.person();
        let fields = [("token", link.as_str()), ("name", "Grace"), ("password", OTHER_PASSWORD)];
        assert_eq!(person.send("/invite", &fields).status, 303);
        let users = self.gateway.admin("GET", "/v1/organization/users", &Value::Null);
        let mut users = users["data"].as_array().unwrap().iter();
        let user = users.find(|user| user["email"] == email).unwrap();
        (person, user["id"].as_str().unwrap().to_owned())
    }

    pub fn events(&self) -> Vec<String> {
        let logs = self.gateway.admin("GET", "/v1/organization/audit_logs?limit=100", &Value::Null);
        let logs = logs["data"].as_array().unwrap().iter();
        logs.map(|log| log["tollgate"]["event"].as_str().unwrap().to_owned()).collect()
    }
}

impl Person<'_> {
    fn keep(&self, answer: &Answer) {
        for (_, value) in
            answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        {
            let pair = value.split(';').next().unwrap();
            let (name, text) = pair.split_once('=').unwrap();
            if value.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), text.to_owned());
            }
        }
    }

    pub fn cookie(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub fn forget(&self) {
        self.cookies.borrow_mut().clear();
    }

    pub fn get(&self, path: &str) -> Answer {
        let cookie = self.cookie();
        let headers = [("Accept", "text/html"), ("Cookie", cookie.as_str())];
        let answer = self.house.gateway.request("GET", path, &headers, "");
        self.keep(&answer);
        answer
    }

    /// A form's fields as they are sent, with nothing of ours added.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookie = self.cookie();
        let mut all = vec![("Cookie", cookie.as_str()), ("Accept", "text/html")];
        all.extend_from_slice(headers);
        let answer = self.house.gateway.request("POST", path, &all, body);
        self.keep(&answer);
        answer
    }

    pub fn origin(&self) -> String {
        self.house.gateway.url()
    }

    /// A form as the page has it: with the proof of a page that was looked at.
    pub fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let proof = self.proof();
        let mut body = encoded(&[("_proof", proof.as_str())]);
        body.push('&');
        body.push_str(&encoded(fields));
        let origin = self.origin();
        let kind = "application/x-www-form-urlencoded";
        self.post(path, &[("Origin", &origin), ("Content-Type", kind)], &body)
    }

    /// The proof that this session's pages carry.
    pub fn proof(&self) -> String {
        let page = self.get("/account").text();
        hidden(&page, "_proof").unwrap_or_default()
    }

    pub fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.send("/sign-in", &[("email", email), ("password", password)])
    }

    pub fn is_in(&self) -> bool {
        self.get("/account").status == 200
    }
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> Option<String> {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(rest.split('"').next()?.replace("&#38;", "&"))
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |text: &str| -> String {
        let bytes = text.bytes();
        bytes
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
