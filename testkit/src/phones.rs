//! A provider of phone checks on loopback, in the shape of Twilio Verify. It makes the codes, takes
//! each once, and keeps books of what it sent: every message costs somebody money.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::issuer::fields;
use crate::small_server::{Asked, SmallServer};

/// The account that it knows, and its password and service.
pub const PHONE_ACCOUNT: &str = "ACfake";
pub const PHONE_TOKEN: &str = "phone-token";
pub const PHONE_SERVICE: &str = "VAfake";

/// Guesses of one code before it is worth nothing.
const MOST_GUESSES: u32 = 5;

/// What it does instead of its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PhoneMood {
    #[default]
    Works,
    /// Closes each connection without a word.
    Gone,
    /// Answers with a fault of its own.
    Broken,
    /// Takes no number: it is no mobile phone.
    RefusesNumbers,
    /// Has sent too much.
    TooMany,
    /// Answers 200 with what nobody understands.
    Mumbles,
}

#[derive(Default)]
struct Books {
    mood: PhoneMood,
    /// Numbers that a message went to, in order.
    sent: Vec<String>,
    /// Codes that were compared.
    compared: usize,
    /// Requests that did not show the account's password.
    strangers: usize,
    /// The code that works now, and how often it was guessed at, by number.
    open: HashMap<String, (String, u32)>,
}

/// It answers until the test ends.
#[derive(Clone)]
pub struct FakePhones {
    url: String,
    books: Arc<Mutex<Books>>,
}

impl FakePhones {
    #[must_use]
    pub fn start() -> Self {
        let server = SmallServer::bind();
        let fake = Self { url: server.url.clone(), books: Arc::default() };
        let serving = fake.clone();
        server.serve(move |asked| {
            let (status, told) = serving.answer(&asked)?;
            Some((status, told.to_string()))
        });
        fake
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How it is from now on.
    pub fn be(&self, mood: PhoneMood) {
        self.books.lock().unwrap().mood = mood;
    }

    /// The code in the last message to a number.
    #[must_use]
    pub fn code_at(&self, number: &str) -> Option<String> {
        self.books.lock().unwrap().open.get(number).map(|(code, _)| code.clone())
    }

    /// Messages that it sent, and codes that it compared.
    #[must_use]
    pub fn books(&self) -> (Vec<String>, usize) {
        let books = self.books.lock().unwrap();
        assert_eq!(books.strangers, 0, "somebody came without the account's password");
        (books.sent.clone(), books.compared)
    }

    fn answer(&self, asked: &Asked<'_>) -> Option<(u16, Value)> {
        let mut books = self.books.lock().unwrap();
        let pair = STANDARD.encode(format!("{PHONE_ACCOUNT}:{PHONE_TOKEN}"));
        if !asked.head.contains(&format!("authorization: Basic {pair}")) {
            books.strangers += 1;
            return Some((401, json!({ "code": 20_003 })));
        }
        let form = fields(asked.body);
        let to = form.get("To").cloned().unwrap_or_default();
        match books.mood {
            PhoneMood::Works => {}
            PhoneMood::Gone => return None,
            PhoneMood::Broken => return Some((500, json!({ "code": 20_500 }))),
            PhoneMood::RefusesNumbers => return Some((400, json!({ "code": 60_205 }))),
            PhoneMood::TooMany => return Some((429, json!({ "code": 60_203 }))),
            PhoneMood::Mumbles => return Some((200, json!(["?"]))),
        }
        let at = format!("/v2/Services/{PHONE_SERVICE}/");
        match asked.path.strip_prefix(at.as_str()) {
            Some("Verifications") if form.get("Channel").is_some_and(|it| it == "sms") => {
                let code = six_digits();
                books.open.insert(to.clone(), (code, 0));
                books.sent.push(to.clone());
                Some((201, json!({ "sid": "VEfake", "to": to, "status": "pending" })))
            }
            Some("VerificationCheck") => Some(books.compare(&to, &form)),
            _ => Some((404, json!({ "code": 20_404 }))),
        }
    }
}

impl Books {
    fn compare(&mut self, to: &str, form: &HashMap<String, String>) -> (u16, Value) {
        self.compared += 1;
        let gone = (404, json!({ "code": 20_404 }));
        let Some((code, guesses)) = self.open.get_mut(to) else { return gone };
        *guesses += 1;
        if *guesses > MOST_GUESSES {
            return (429, json!({ "code": 60_202 }));
        }
        if form.get("Code") != Some(code) {
            return (200, json!({ "status": "pending", "valid": false }));
        }
        // It is taken once.
        self.open.remove(to);
        (200, json!({ "status": "approved", "valid": true }))
    }
}

/// Never one that a test guesses: it begins with a nine.
fn six_digits() -> String {
    let digits: String =
        crate::codec::random_hex(16).bytes().map(|b| char::from(b'0' + b % 10)).collect();
    format!("9{}", &digits[..5])
}
