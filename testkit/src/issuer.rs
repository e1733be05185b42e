//! A provider of identities that can lie: it plays OpenID Connect's code flow over plain HTTP on
//! loopback, and says in each field what a test wants it to say (case 138).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::small_server::SmallServer;

/// What it says instead of the truth.
#[derive(Clone, Debug, Default)]
pub struct Lie {
    /// Merged over the claims of the next tokens; `null` takes one out.
    pub claims: Value,
    /// The token's algorithm, by name only.
    pub algorithm: Option<&'static str>,
    /// Signed by a key that is not in its set.
    pub stranger_signs: bool,
    /// Merged over discovery.
    pub discovery: Value,
}

struct Inner {
    url: String,
    client: String,
    pair: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    random: SystemRandom,
    lie: Mutex<Lie>,
    /// Each code that was given, with the query it was asked by; taken when it is redeemed.
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
}

/// A provider of identities on loopback; it answers until the test ends.
#[derive(Clone)]
pub struct LyingIssuer(Arc<Inner>);

impl LyingIssuer {
    /// For one client, whose secret is `client-secret`.
    pub fn start(client: &str) -> Self {
        let server = SmallServer::bind();
        let random = SystemRandom::new();
        let inner = Inner {
            url: server.url.clone(),
            client: client.to_owned(),
            pair: pair(&random),
            stranger: pair(&random),
            random,
            lie: Mutex::default(),
            codes: Mutex::default(),
        };
        let issuer = Self(Arc::new(inner));
        let serving = issuer.clone();
        server.serve(move |asked| {
            let (status, told) = serving.answer(asked.path, asked.body);
            Some((status, told.to_string()))
        });
        issuer
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What it says from now on.
    pub fn lie(&self, lie: Lie) {
        *self.0.lie.lock().unwrap() = lie;
    }

    /// Plays its sign-in page: the code for what a browser was sent with.
    pub fn code_for(&self, asked: &str) -> String {
        let query = asked.split_once('?').map_or("", |(_, query)| query);
        let code = crate::codec::random_hex(16);
        self.0.codes.lock().unwrap().insert(code.clone(), fields(query));
        code
    }

    fn answer(&self, path: &str, body: &str) -> (u16, Value) {
        let inner = &self.0;
        match path {
            "/.well-known/openid-configuration" => {
                let mut told = json!({
                    "issuer": inner.url,
                    "authorization_endpoint": format!("{}/authorize", inner.url),
                    "token_endpoint": format!("{}/token", inner.url),
                    "jwks_uri": format!("{}/keys", inner.url),
                });
                merge(&mut told, &inner.lie.lock().unwrap().discovery);
                (200, told)
            }
            "/keys" => {
                let point = inner.pair.public_key().as_ref();
                let key = json!({
                    "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256",
                    "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
                    "y": URL_SAFE_NO_PAD.encode(&point[33..]),
                });
                (200, json!({ "keys": [key] }))
            }
            "/token" => match self.token(&fields(body)) {
                Some(token) => (200, json!({ "id_token": token, "token_type": "Bearer" })),
                None => (400, json!({ "error": "invalid_grant" })),
            },
            _ => (404, json!({})),
        }
    }

    /// A code is worth a token once, to whoever shows the verifier of its challenge.
    fn token(&self, form: &HashMap<String, String>) -> Option<String> {
        let inner = &self.0;
        let asked = inner.codes.lock().unwrap().remove(form.get("code")?)?;
        let digest =
            ring::digest::digest(&ring::digest::SHA256, form.get("code_verifier")?.as_bytes());
        let fits = asked.get("code_challenge") == Some(&URL_SAFE_NO_PAD.encode(digest))
            && asked.get("redirect_uri") == form.get("redirect_uri")
            && form.get("client_secret").map(String::as_str) == Some("client-secret");
        if !fits {
            return None;
        }
        let lie = inner.lie.lock().unwrap().clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let mut claims = json!({
            "iss": inner.url, "sub": "person-1", "aud": inner.client,
            "iat": now, "exp": now + 300, "nonce": asked.get("nonce"),
            "email": "grace@example.com", "email_verified": true, "name": "Grace",
        });
        merge(&mut claims, &lie.claims);
        let head = json!({ "alg": lie.algorithm.unwrap_or("ES256"), "kid": "1" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&head), encode(&claims));
        let pair = if lie.stranger_signs { &inner.stranger } else { &inner.pair };
        let signature = pair.sign(&inner.random, signed.as_bytes()).expect("a signature");
        Some(match lie.algorithm {
            Some("none") => format!("{signed}."),
            _ => format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())),
        })
    }
}

fn pair(random: &SystemRandom) -> EcdsaKeyPair {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), random).expect("its own key")
}

fn merge(into: &mut Value, over: &Value) {
    let (Some(into), Some(over)) = (into.as_object_mut(), over.as_object()) else { return };
    for (name, value) in over {
        match value {
            Value::Null => drop(into.remove(name)),
            value => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

/// The fields of a query or a form.
pub fn fields(text: &str) -> HashMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    u8::from_str_radix(&String::from_utf8_lossy(&digits), 16).unwrap_or(b'?')
                }
                byte => byte,
            });
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}
