//! Egress: how calls leave the house. Directly, or through proxies of the operator's.

use std::fmt;

use crate::{ProjectId, Secret, Timestamp, UpstreamId};

mod address;

pub use address::{BadProxyUrl, ProxyAddress, ProxyKind};

/// The name that stands for "no proxy"; no egress may bear it.
pub const DIRECT: &str = "direct";

/// Who may change an egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressSource {
    /// The config file; the API refuses to change it. Its proxies may have private addresses.
    File,
    /// Made through the API or CLI.
    Api,
}

impl EgressSource {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
        }
    }
}

/// Which proxy of an egress a call takes first; the others follow when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// Each in its turn.
    #[default]
    RoundRobin,
    /// The one with the fewest calls under way.
    LeastBusy,
    /// The same one for the same key (or project: see [`SessionBy`]), as long as it is up.
    Sticky,
}

impl ProxyChoice {
    pub const ALL: [Self; 3] = [Self::RoundRobin, Self::LeastBusy, Self::Sticky];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastBusy => "least_busy",
            Self::Sticky => "sticky",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// What shares a session: the text put in the place of `{session}` in a proxy's user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SessionBy {
    /// All calls of an API key.
    #[default]
    Key,
    /// All calls of a project.
    Project,
    /// Nothing: each connection has a session of its own.
    Connection,
}

impl SessionBy {
    pub const ALL: [Self; 3] = [Self::Key, Self::Project, Self::Connection];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Project => "project",
            Self::Connection => "connection",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }
}

/// A proxy of an egress. `C` is its credential, `user:password`: sealed, or open.
#[derive(Clone, Debug)]
pub struct Proxy<C> {
    pub address: ProxyAddress,
    pub credential: Option<C>,
}

/// A named way out. `C` as in [`Proxy`].
#[derive(Clone, Debug)]
pub struct Egress<C> {
    pub name: String,
    pub source: EgressSource,
    pub proxies: Vec<Proxy<C>>,
    pub choice: ProxyChoice,
    pub session: SessionBy,
    /// Go without a proxy when all are down. Off: such calls fail.
    pub allow_direct: bool,
    /// Taken by upstreams and projects that name none.
    pub default: bool,
    /// Hosts, in lower case, whose names go to the proxy as they are. All others are resolved here,
    /// and the proxy is told the address that was checked.
    pub proxy_resolves: Vec<String>,
    /// Fetched through each proxy now and then, to find out whether it works.
    pub health_url: Option<String>,
    pub created_at: Timestamp,
}

/// As it is stored.
pub type SealedEgress = Egress<Vec<u8>>;

impl<C> Egress<C> {
    /// The same with other credentials.
    ///
    /// # Errors
    /// What `change` says of a credential.
    pub fn try_map<D, E>(
        self,
        mut change: impl FnMut(&ProxyAddress, C) -> Result<D, E>,
    ) -> Result<Egress<D>, E> {
        let mut proxies = Vec::with_capacity(self.proxies.len());
        for Proxy { address, credential } in self.proxies {
            let credential = credential.map(|c| change(&address, c)).transpose()?;
            proxies.push(Proxy { address, credential });
        }
        Ok(Egress {
            proxies,
            name: self.name,
            source: self.source,
            choice: self.choice,
            session: self.session,
            allow_direct: self.allow_direct,
            default: self.default,
            proxy_resolves: self.proxy_resolves,
            health_url: self.health_url,
            created_at: self.created_at,
        })
    }
}

/// Whether a name can be an egress's: it stands in URLs, metrics and logs.
#[must_use]
pub fn is_egress_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(plain) && name != DIRECT
}

/// Whose calls take an egress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EgressUser {
    /// An upstream by the name that the config file gives it.
    UpstreamNamed(String),
    Upstream(UpstreamId),
    Project(ProjectId),
}

/// All egresses, and who takes which ([`DIRECT`] for none at all). Whoever names one that is not
/// here has no way out. `C` as in [`Proxy`].
#[derive(Clone, Debug)]
pub struct EgressBook<C = Secret> {
    pub egresses: Vec<Egress<C>>,
    pub uses: Vec<(EgressUser, String)>,
}

impl<C> Default for EgressBook<C> {
    fn default() -> Self {
        Self { egresses: Vec::new(), uses: Vec::new() }
    }
}

/// As it is stored: without the config file's.
pub type SealedEgressBook = EgressBook<Vec<u8>>;

/// What became of a proxy so far, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyFigures {
    pub egress: String,
    /// Its address as a URL, without credentials.
    pub proxy: String,
    /// Calls that took it, or tried to.
    pub attempts: u64,
    /// By reason; only those that occurred.
    pub failures: Vec<(&'static str, u64)>,
    /// Connections through it that are open now.
    pub open: u64,
    /// Calls under way through it.
    pub busy: u64,
    /// Tunnels that were opened, and the time that this took in all (µs).
    pub opened: u64,
    pub opening_micros: u64,
    /// Not used for now, after failures.
    pub ejected: bool,
}

/// What a test of one proxy showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyTest {
    /// Its address as a URL, without credentials; `direct` where no proxy was asked for.
    pub proxy: String,
    /// From the first byte to the answer's head (ms).
    pub latency_ms: u64,
    pub result: Result<ProxyAnswer, ProxyFailure>,
}

/// What came back from the URL of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAnswer {
    pub status: u16,
    /// The address that the other side saw, where its answer tells one.
    pub exit_address: Option<String>,
}

/// Why a test got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyFailure {
    /// A word for programs, such as `proxy_login`.
    pub reason: &'static str,
    /// A sentence for people; never holds a credential.
    pub why: String,
}

impl fmt::Display for EgressUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpstreamNamed(name) => write!(f, "upstream {name}"),
            Self::Upstream(id) => write!(f, "upstream {id}"),
            Self::Project(id) => write!(f, "project {id}"),
        }
    }
}
