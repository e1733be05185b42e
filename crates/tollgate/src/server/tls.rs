//! TLS that ends here: our certificate, and the client's own, which is asked for but not needed.
//!
//! Which certificates are trusted depends on the key of each call, so the handshake only makes sure
//! that the client has the key of what it shows; the data plane decides (`dataplane::Proof`).

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// What new connections are greeted with. A reload holds from the next connection on.
pub struct Tls(RwLock<TlsAcceptor>);

impl Tls {
    /// # Errors
    /// The message for the operator.
    pub fn load(files: &TlsFiles) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self(RwLock::new(acceptor(files)?))))
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// The message for the operator; what there was stays in use.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), String> {
        let acceptor = acceptor(files)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }

    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let bad = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
        format!("tls.{what}: {}: {error}", path.display())
    };
    let certs = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad("cert", &files.cert, &error))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| bad("key", &files.key, &error))?;
    let provider = Arc::new(ring::default_provider());
    let asker = AnyClient(provider.signature_verification_algorithms);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_client_cert_verifier(Arc::new(asker))
        .with_single_cert(certs, key)
        .map_err(|error| bad("cert", &files.cert, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes whatever certificate a client has the key of, and a client without one.
#[derive(Debug)]
struct AnyClient(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: which authorities there are is nobody's business before a key is known.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
