//! A browser without a screen: it keeps cookies, and follows no redirect by itself.

use std::collections::BTreeMap;

use crate::gateway::{Answer, client};

/// As a form sends them.
const EMAIL: (&str, &str) = ("email", "ada%40example.com");
const PASSWORD: (&str, &str) = ("password", "ultramarine+kettle+fog");

pub struct Visitor {
    /// `127.0.0.1:PORT`.
    address: String,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub fn of(address: &str) -> Self {
        Self { address: address.to_owned(), cookies: BTreeMap::new() }
    }

    /// Makes the owner's account by the secret of the setup link, and is signed in from then on.
    pub fn become_owner(&mut self, token: &str) {
        let fields = [("token", token), ("name", "Ada"), EMAIL, PASSWORD];
        self.fill_in("/setup", &fields);
    }

    /// Comes back as the owner that an earlier visitor of this data directory became.
    pub fn sign_in(&mut self) {
        self.fill_in("/sign-in", &[EMAIL, PASSWORD]);
    }

    /// The same server listens elsewhere now; its sessions live on.
    pub fn moved_to(&mut self, address: &str) {
        address.clone_into(&mut self.address);
    }

    /// Sends a form that leads on.
    fn fill_in(&mut self, path: &str, fields: &[(&str, &str)]) {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let origin = format!("http://{}", self.address);
        let kind = "application/x-www-form-urlencoded";
        let own = [("Origin", origin.as_str()), ("Content-Type", kind)];
        let answer = self.send("POST", path, &own, &pairs.join("&"));
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    fn send(&mut self, method: &str, path: &str, own: &[(&str, &str)], body: &str) -> Answer {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        let cookie = pairs.join("; ");
        let mut headers = vec![("Accept", "text/html"), ("Cookie", cookie.as_str())];
        headers.extend_from_slice(own);
        let stream = client::open(&self.address, method, path, &headers, body.as_bytes());
        let answer = stream.and_then(client::Stream::collect);
        let answer = answer.unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = value.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, text) = pair.expect("a cookie");
            if value.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), text.to_owned());
            }
        }
        answer
    }
}
