//! A certificate made on the spot, by the `openssl` command.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, rustls};

/// A certificate that signs itself, with its key.
pub struct Certificate {
    dir: tempfile::TempDir,
}

impl Certificate {
    /// For these names, such as `DNS:localhost` or `IP:127.0.0.1`; nothing where no `openssl` is.
    pub fn make(names: &[&str]) -> Option<Self> {
        let this = Self { dir: tempfile::tempdir().expect("home of the certificate") };
        // A server's certificate, not an authority's: else it would not be taken for a server's.
        let config = format!(
            "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\nCN=fake\n\
             [ext]\nbasicConstraints=critical,CA:FALSE\nsubjectAltName={}\n",
            names.join(",")
        );
        let path = this.dir.path().join("openssl.cnf");
        std::fs::write(&path, config).expect("configuration of openssl");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-config"])
            .arg(path)
            .arg("-keyout")
            .arg(this.key())
            .arg("-out")
            .arg(this.path())
            .output();
        made.is_ok_and(|made| made.status.success()).then_some(this)
    }

    /// The certificate's PEM file, to be trusted as a root.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    /// What a server presents it with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let read = |path: &Path| {
            let certs = CertificateDer::pem_file_iter(path).expect("certificate");
            certs.collect::<Result<Vec<_>, _>>().expect("certificate")
        };
        let key = PrivateKeyDer::from_pem_file(self.key()).expect("key of the certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(read(&self.path()), key)
            .expect("certificate and key");
        TlsAcceptor::from(Arc::new(config))
    }
}
