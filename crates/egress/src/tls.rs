//! TLS to upstreams: rustls with the roots built in, and `SSL_CERT_FILE`'s where it is set.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, InvalidMessage, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::TlsFault;

/// What is needed to open a TLS connection; made once.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    roots: Arc<RootCertStore>,
}

impl Tls {
    /// # Errors
    /// When `extra_roots` (a PEM file) cannot be read or holds no certificate.
    pub fn new(extra_roots: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = extra_roots {
            let found = rustls_native_certs::load_certs_from_paths(Some(path), None);
            if found.certs.is_empty() {
                return Err(format!("SSL_CERT_FILE: no certificate in {}", path.display()));
            }
            roots.add_parsable_certificates(found.certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(roots);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(Arc::clone(&roots))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), roots })
    }

    /// The same for what is not HTTP.
    pub(crate) fn without_alpn(&self) -> Self {
        let mut config = self.config();
        config.alpn_protocols.clear();
        let roots = Arc::clone(&self.roots);
        Self { connector: TlsConnector::from(Arc::new(config)), roots }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        ClientConfig::clone(self.connector.config())
    }

    /// What says whether a server is trusted.
    pub(crate) fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, String> {
        let provider = Arc::clone(self.connector.config().crypto_provider());
        let roots = Arc::clone(&self.roots);
        let made = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
        made.map_err(|error| error.to_string())
    }

    /// A handshake, with SNI, as the client of `host`.
    pub(crate) async fn wrap<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, TlsFailure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| TlsFailure { fault: TlsFault::Name, why: error.to_string() })?;
        self.connector.connect(name, stream).await.map_err(|error| TlsFailure::of(&error))
    }
}

/// Why a handshake failed.
#[derive(Debug)]
pub(crate) struct TlsFailure {
    pub(crate) fault: TlsFault,
    pub(crate) why: String,
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl TlsFailure {
    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let fault = match inner {
            Some(rustls::Error::InvalidCertificate(why)) => of_certificate(why),
            Some(rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            )) => TlsFault::NotTls,
            Some(_) => TlsFault::Other,
            None => TlsFault::Closed,
        };
        Self { fault, why: error.to_string() }
    }
}

fn of_certificate(why: &CertificateError) -> TlsFault {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::Name
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFault::Time,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::Issuer,
        _ => TlsFault::Other,
    }
}
