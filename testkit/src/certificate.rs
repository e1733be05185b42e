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

    /// As [`Certificate::make`], valid between two times such as `20200101000000Z`.
    pub fn valid(names: &[&str], from: &str, until: &str) -> Option<Self> {
        let this = Self::make(names)?;
        let dir = this.dir.path();
        let config = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\npolicy=p\ndefault_md=sha256\n\
             new_certs_dir=.\nrand_serial=yes\nunique_subject=no\nx509_extensions=ext\n\
             [p]\ncommonName=supplied\n\
             [ext]\nbasicConstraints=critical,CA:FALSE\nsubjectAltName={}\n",
            names.join(",")
        );
        std::fs::write(dir.join("ca.cnf"), config).expect("configuration of openssl");
        std::fs::write(dir.join("index.txt"), "").expect("database of openssl");
        let run = |args: &[&str]| {
            let ran = Command::new("openssl").args(args).current_dir(dir).output();
            ran.is_ok_and(|ran| ran.status.success())
        };
        let asked = run(&["req", "-new", "-key", "key.pem", "-subj", "/CN=fake", "-out", "a.csr"]);
        let times = ["-startdate", from, "-enddate", until];
        let mut sign = vec!["ca", "-batch", "-selfsign", "-config", "ca.cnf", "-in", "a.csr"];
        sign.extend(["-keyfile", "key.pem", "-notext", "-out", "cert.pem"]);
        sign.extend(times);
        (asked && run(&sign)).then_some(this)
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
