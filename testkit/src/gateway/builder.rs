//! How a gateway is started: its environment, its configuration, its provider.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio_rustls::rustls::ClientConfig;

use super::TestGateway;
use super::child::Child;
use super::leaks::Canaries;
use crate::certificate::Certificate;
use crate::codec;
use crate::provider::{FakeProvider, Shared};

/// How a gateway is to be started.
pub struct Builder {
    bin: PathBuf,
    env: Vec<(String, String)>,
    config: Option<String>,
    data_dir: Option<PathBuf>,
    providers: Vec<Arc<Shared>>,
    bill_check: bool,
    price_check: bool,
    tls: Option<(String, ClientConfig)>,
}

impl Builder {
    pub(super) fn new(bin: &Path) -> Self {
        Self {
            bin: bin.to_owned(),
            env: Vec::new(),
            config: None,
            data_dir: None,
            providers: Vec::new(),
            bill_check: true,
            price_check: true,
            tls: None,
        }
    }

    /// The provider of the environment: its key and its base URL.
    pub fn provider(self, provider: &FakeProvider) -> Self {
        self.also_provider(provider)
            .env("OPENAI_API_KEY", provider.credential())
            .env("OPENAI_BASE_URL", &provider.base_url())
    }

    /// One more provider, which the configuration names: only its bill and its key are checked.
    pub fn also_provider(mut self, provider: &FakeProvider) -> Self {
        self.providers.push(provider.shared());
        self
    }

    /// Sets a variable of the child's environment, which is otherwise clean.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A configuration file with this text.
    pub fn config(mut self, toml: &str) -> Self {
        self.config = Some(toml.to_owned());
        self
    }

    /// It ends TLS with this certificate, which must outlive it.
    pub fn tls(mut self, certificate: &Certificate) -> Self {
        let (cert, key) = (certificate.path(), certificate.key_path());
        let table = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
        self.tls = Some((table, certificate.client(None)));
        self
    }

    /// A data directory which outlives the gateway.
    pub fn data_dir(mut self, path: &Path) -> Self {
        self.data_dir = Some(path.to_owned());
        self
    }

    /// A bill without a record is no fault: for tests which kill.
    pub fn without_bill_check(mut self) -> Self {
        self.bill_check = false;
        self
    }

    /// What calls cost is not held against the provider's price list: for tests that set prices
    /// of their own.
    pub fn with_other_prices(mut self) -> Self {
        self.price_check = false;
        self
    }

    /// Starts it and waits until it listens; panics with its output when it does not.
    pub fn start(self) -> TestGateway {
        let home = tempfile::tempdir().expect("home of the gateway");
        let data_dir = self.data_dir.unwrap_or_else(|| home.path().join("data"));
        std::fs::create_dir_all(&data_dir).expect("data directory");
        let admin_key = format!("sk-admin-CANARY{}", codec::random_hex(25));
        let mut arguments = vec!["serve".into(), "--listen".into(), "127.0.0.1:0".into()];
        arguments.extend(["--data-dir".into(), data_dir.display().to_string()]);
        let (table, tls) = self.tls.unzip();
        let parts: Vec<String> = self.config.into_iter().chain(table).collect();
        if !parts.is_empty() {
            let text = parts.join("\n");
            let path = home.path().join("tollgate.toml");
            std::fs::write(&path, text).expect("configuration file");
            arguments.extend(["--config".into(), path.display().to_string()]);
        }
        let mut env = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.path().display().to_string()),
            ("TOLLGATE_ADMIN_KEY".to_owned(), admin_key.clone()),
        ];
        env.extend(self.env);
        let mut canaries = Canaries::default();
        canaries.plant("the admin key", &admin_key);
        for provider in &self.providers {
            canaries.plant("the provider's credential", &provider.credential);
        }
        TestGateway {
            child: Child::start(self.bin, arguments, env),
            admin_key,
            home,
            data_dir,
            providers: self.providers,
            canaries: Mutex::new(canaries),
            bill_check: self.bill_check,
            price_check: self.price_check,
            checked: false,
            tls,
        }
    }
}
