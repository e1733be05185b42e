//! Certificates made on the spot: authorities, and what they sign.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

const DAY: Duration = Duration::from_secs(86_400);

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    /// From yesterday on, for two days from now.
    Now,
    /// In this year alone.
    Year(i32),
}

impl Valid {
    fn set(self, params: &mut CertificateParams) {
        (params.not_before, params.not_after) = match self {
            Self::Now => {
                let now = SystemTime::now();
                ((now - DAY).into(), (now + 2 * DAY).into())
            }
            Self::Year(year) => (date_time_ymd(year, 1, 1), date_time_ymd(year + 1, 1, 1)),
        };
    }
}

/// Somebody who signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What stands between it and the first authority, itself included; nothing for the first.
    between: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// A first authority.
    pub fn new(name: &str) -> Self {
        Self::valid(name, Valid::Now)
    }

    pub fn valid(name: &str, valid: Valid) -> Self {
        let issuer = CertifiedIssuer::self_signed(authority(name, valid), key());
        Self { issuer: issuer.expect("an authority"), between: Vec::new() }
    }

    /// One whose own certificate says that it must not sign others.
    pub fn imposter(name: &str) -> Self {
        let mut params = authority(name, Valid::Now);
        params.is_ca = IsCa::ExplicitNoCa;
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
        Self { issuer, between: Vec::new() }
    }

    /// One that this one has signed.
    pub fn below(&self, name: &str) -> Self {
        let issuer = CertifiedIssuer::signed_by(authority(name, Valid::Now), key(), &self.issuer);
        let issuer = issuer.expect("an authority");
        let between = [issuer.der().clone()].into_iter().chain(self.between.clone()).collect();
        Self { issuer, between }
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for servers with these names, and for clients.
    pub fn sign(&self, names: &[&str], valid: Valid) -> Certificate {
        let key = key();
        let signed = leaf(names, valid).signed_by(&key, &self.issuer).expect("a certificate");
        Certificate::of(&signed, &key, &self.between)
    }

    /// A certificate that is for servers alone.
    pub fn sign_server(&self, names: &[&str]) -> Certificate {
        let (key, mut params) = (key(), leaf(names, Valid::Now));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate::of(&signed, &key, &self.between)
    }
}

fn authority(name: &str, valid: Valid) -> CertificateParams {
    let mut params = leaf(&[], valid);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Not an authority's, and says so: else it would not be taken for a server's.
fn leaf(names: &[&str], valid: Valid) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, "fake");
    params.is_ca = IsCa::ExplicitNoCa;
    valid.set(&mut params);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// A certificate with its key.
pub struct Certificate {
    home: tempfile::TempDir,
    pem: String,
    /// Itself, and what stands between it and its first authority.
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Certificate {
    /// One that signs itself, for these names or addresses.
    pub fn make(names: &[&str]) -> Self {
        Self::valid(names, Valid::Now)
    }

    pub fn valid(names: &[&str], valid: Valid) -> Self {
        let key = key();
        let signed = leaf(names, valid).self_signed(&key).expect("a certificate");
        Self::of(&signed, &key, &[])
    }

    fn of(signed: &rcgen::Certificate, key: &KeyPair, between: &[CertificateDer<'static>]) -> Self {
        let home = tempfile::tempdir().expect("home of the certificate");
        std::fs::write(home.path().join("cert.pem"), signed.pem()).expect("write the certificate");
        std::fs::write(home.path().join("key.pem"), key.serialize_pem()).expect("write its key");
        let chain = [signed.der().clone()].into_iter().chain(between.to_vec()).collect();
        Self { home, pem: signed.pem(), chain, key: key.serialize_der() }
    }

    /// The certificate's PEM file, to be trusted as a root.
    pub fn path(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    pub fn key_path(&self) -> PathBuf {
        self.home.path().join("key.pem")
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What it is shown with: itself first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The same without what stands between it and its first authority.
    pub fn alone(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// Puts this one's files in the place of another's.
    pub fn replace(&self, other: &Self) {
        std::fs::copy(self.path(), other.path()).expect("copy the certificate");
        std::fs::copy(self.key_path(), other.key_path()).expect("copy its key");
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).expect("a private key")
    }

    /// What a server presents it with.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.server()))
    }

    pub(crate) fn server(&self) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(self.chain.clone(), self.key())
            })
            .expect("certificate and key")
    }

    /// A client that trusts this certificate, and shows its own where it has one.
    pub(crate) fn client(&self, own: Option<&Self>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.chain[0].clone()).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots);
        match own {
            None => config.with_no_client_auth(),
            Some(own) => {
                config.with_client_auth_cert(own.chain.clone(), own.key()).expect("its own")
            }
        }
    }
}
