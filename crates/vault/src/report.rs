//! Reports of leaked keys, as code hosts send them to the makers of keys: a body that is signed with
//! ECDSA over P-256 and SHA-256, the signature DER in base64, the public key PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// What stands before the point in the DER of every P-256 public key.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point: a mark and two coordinates.
const POINT: usize = 65;
/// A signature is two numbers of 32 bytes, and what DER puts around them.
const LONGEST_SIGNATURE: usize = 128;

/// The public key of a signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerKey([u8; POINT]);

impl SignerKey {
    /// Reads a PEM text; `None` for what is no P-256 public key.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let inner = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?;
        let inner = inner.strip_suffix("-----END PUBLIC KEY-----")?;
        let text: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(text).ok()?;
        let point: [u8; POINT] = der.strip_prefix(&P256)?.try_into().ok()?;
        (point[0] == 4).then_some(Self(point))
    }

    /// Whether this signer signed exactly these bytes. `signature` is base64, as a header has it.
    #[must_use]
    pub fn signed(&self, body: &[u8], signature: &str) -> bool {
        if signature.len() > LONGEST_SIGNATURE {
            return false;
        }
        let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0);
        key.verify(body, &signature).is_ok()
    }
}

/// SHA-256.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    /// The example in GitHub's description of its partner programme, and the key that GitHub
    /// publishes under that identifier.
    const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n\
        AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n\
        -----END PUBLIC KEY-----\n";
    const SIGNATURE: &str = "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/\
        AO1RtBY66YcAdjxji410VQV4xg==";
    const BODY: &str = r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;

    #[test]
    fn case_144_the_documented_report_verifies() {
        let key = SignerKey::from_pem(KEY).unwrap();
        assert!(key.signed(BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn case_144_a_changed_byte_anywhere_does_not() {
        let key = SignerKey::from_pem(KEY).unwrap();
        for at in 0..BODY.len() {
            let mut body = BODY.as_bytes().to_vec();
            body[at] ^= 1;
            assert!(!key.signed(&body, SIGNATURE), "byte {at}");
        }
        assert!(!key.signed(format!("{BODY}\n").as_bytes(), SIGNATURE));
        for at in 0..SIGNATURE.len() {
            let mut forged = SIGNATURE.as_bytes().to_vec();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(!key.signed(BODY.as_bytes(), &forged), "character {at}");
        }
        for forged in ["", "AAAA", "not base64!", &"A".repeat(1 << 16)] {
            assert!(!key.signed(BODY.as_bytes(), forged));
        }
    }

    #[test]
    fn case_144_another_signer_is_not_this_one() {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random)
                .unwrap();
        let der = [P256.as_slice(), pair.public_key().as_ref()].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            STANDARD.encode(der)
        );
        let own = SignerKey::from_pem(&pem).unwrap();
        let signature = STANDARD.encode(pair.sign(&random, BODY.as_bytes()).unwrap());
        assert!(own.signed(BODY.as_bytes(), &signature));
        assert!(!SignerKey::from_pem(KEY).unwrap().signed(BODY.as_bytes(), &signature));
        assert!(!own.signed(BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn what_is_no_p256_key_is_none() {
        let body = KEY.replace("MFkw", "MFkx");
        for pem in ["", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", &body] {
            assert!(SignerKey::from_pem(pem).is_none(), "{pem}");
        }
    }
}
