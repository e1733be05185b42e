//! Id tokens of providers of identities: three parts of base64, signed by one of the provider's
//! keys with RSA or P-256. Nothing else is taken, `none` least of all (case 138).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Why a token is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It has not the form of one.
    Form,
    /// It is signed in a way that we do not take.
    Algorithm,
    /// No key of the provider has its id: the keys may have changed.
    Key,
    Signature,
}

/// A longer token is nobody's.
const LONGEST: usize = 16_384;

/// The claims of a token that one of the keys (a JWK set) has signed.
///
/// # Errors
/// [`BadToken`]; its claims are not looked at then.
pub fn verify(token: &str, keys: &Value) -> Result<Value, BadToken> {
    if token.len() > LONGEST {
        return Err(BadToken::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Form)?;
    let (head, claims) = signed.split_once('.').ok_or(BadToken::Form)?;
    let (head, claims) = (json(head)?, json(claims)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadToken::Form)?;
    // A critical extension is one that we would have to know.
    if head.get("crit").is_some() {
        return Err(BadToken::Algorithm);
    }
    let kind = match head["alg"].as_str() {
        Some("RS256") => "RSA",
        Some("ES256") => "EC",
        _ => return Err(BadToken::Algorithm),
    };
    let fits = |key: &&Value| {
        let usable = key["use"].as_str().is_none_or(|of| of == "sig");
        let alike = key["alg"].is_null() || key["alg"] == head["alg"];
        key["kty"] == kind
            && usable
            && alike
            && (head["kid"].is_null() || key["kid"] == head["kid"])
    };
    let keys = keys["keys"].as_array().ok_or(BadToken::Key)?;
    let mut fitting = keys.iter().filter(fits).peekable();
    if fitting.peek().is_none() {
        return Err(BadToken::Key);
    }
    let good = fitting.any(|key| is_signed(kind, key, signed.as_bytes(), &signature).is_some());
    good.then_some(claims).ok_or(BadToken::Signature)
}

/// What is shown of a PKCE verifier beforehand, by `S256`.
#[must_use]
pub fn challenge(verifier: &domain::Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

fn is_signed(kind: &str, key: &Value, signed: &[u8], signature: &[u8]) -> Option<()> {
    if kind == "RSA" {
        let (n, e) = (part(key, "n")?, part(key, "e")?);
        let key = RsaPublicKeyComponents { n, e };
        return key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).ok();
    }
    if key["crv"] != "P-256" {
        return None;
    }
    let point = [vec![4], part(key, "x")?, part(key, "y")?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed, signature).ok()
}

fn part(key: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(key[name].as_str()?.trim_end_matches('=')).ok()
}

fn json(part: &str) -> Result<Value, BadToken> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Form)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| BadToken::Form)?;
    value.is_object().then_some(value).ok_or(BadToken::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    struct Signer {
        pair: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
            Self { pair, random }
        }

        fn keys(&self) -> Value {
            let point = self.pair.public_key().as_ref();
            let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            json!({ "keys": [{
                "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
                "x": encode(&point[1..33]), "y": encode(&point[33..]),
            }] })
        }

        fn token(&self, head: &Value) -> String {
            let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let signed = format!("{}.{}", encode(head), encode(&json!({ "sub": "1" })));
            let signature = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
        }
    }

    #[test]
    fn case_138_only_the_providers_signature_counts() {
        let (signer, other) = (Signer::new(), Signer::new());
        let head = json!({ "alg": "ES256", "kid": "1" });
        let token = signer.token(&head);
        assert_eq!(verify(&token, &signer.keys()), Ok(json!({ "sub": "1" })));
        assert_eq!(verify(&token, &other.keys()), Err(BadToken::Signature));
        for (head, why) in [
            (json!({ "alg": "none" }), BadToken::Algorithm),
            (json!({ "alg": "HS256", "kid": "1" }), BadToken::Algorithm),
            (json!({ "kid": "1" }), BadToken::Algorithm),
            (json!({ "alg": "RS256", "kid": "1" }), BadToken::Key),
            (json!({ "alg": "ES256", "kid": "2" }), BadToken::Key),
            (json!({ "alg": "ES256", "kid": "1", "crit": ["x"] }), BadToken::Algorithm),
        ] {
            assert_eq!(verify(&signer.token(&head), &signer.keys()), Err(why), "{head}");
        }
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{signed}."), &signer.keys()), Err(BadToken::Signature));
        for form in ["", "a", "a.b", "a.b.c", "..", &"x".repeat(20_000)] {
            assert_eq!(verify(form, &signer.keys()), Err(BadToken::Form), "{form:.20}");
        }
    }

    #[test]
    fn a_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = domain::Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
