//! TLS to upstreams: rustls with the roots built in, and `SSL_CERT_FILE`'s where it is set.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

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

    pub(crate) async fn wrap(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        self.connector.connect(name, stream).await.map_err(|error| error.to_string())
    }
}
