//! What somebody asks an egress to be, checked and sealed.

use domain::fault::catalogue;
use domain::{
    Egress, EgressSource, Fault, Proxy, ProxyAddress, ProxyChoice, SealedEgress, Secret, SessionBy,
    is_egress_name,
};

use crate::Control;
use crate::transact::invalid;

/// Proxies of one egress.
const MOST_PROXIES: usize = 1000;
/// Host names that go to the proxy as they are.
const MOST_HOSTS: usize = 100;

/// A new egress.
pub struct EgressDraft {
    pub name: String,
    pub proxies: Vec<ProxyDraft>,
    pub choice: ProxyChoice,
    pub session: SessionBy,
    pub allow_direct: bool,
    pub default: bool,
    pub proxy_resolves: Vec<String>,
    pub health_url: Option<String>,
}

/// One of its proxies.
pub struct ProxyDraft {
    pub url: String,
    pub credential: ProxyCredential,
}

/// What a draft says of a proxy's credential.
pub enum ProxyCredential {
    /// Nothing: a proxy that is there already keeps its own.
    Kept,
    None,
    /// `user:password`.
    New(Secret),
}

/// Changes of an egress; what is `None` stays.
#[derive(Default)]
pub struct EgressPatch {
    pub proxies: Option<Vec<ProxyDraft>>,
    pub choice: Option<ProxyChoice>,
    pub session: Option<SessionBy>,
    pub allow_direct: Option<bool>,
    pub default: Option<bool>,
    pub proxy_resolves: Option<Vec<String>>,
    pub health_url: Option<Option<String>>,
}

/// To what a credential is bound: nobody moves it to a proxy of his own.
pub(super) fn sealed_for(egress: &str, address: &ProxyAddress) -> String {
    format!("egress {egress} {address}")
}

impl Control {
    pub(super) fn drafted(&self, draft: EgressDraft) -> Result<SealedEgress, Fault> {
        if !is_egress_name(&draft.name) {
            let why = "Invalid 'name': expected 1 to 64 small letters, digits, - and _, and not \
                       'direct'.";
            return Err(invalid("name", why.to_owned()));
        }
        let proxies = self.proxies(&draft.name, draft.proxies, &[])?;
        self.checked(Egress {
            name: draft.name,
            source: EgressSource::Api,
            proxies,
            choice: draft.choice,
            session: draft.session,
            allow_direct: draft.allow_direct,
            default: draft.default,
            proxy_resolves: draft.proxy_resolves,
            health_url: draft.health_url,
            created_at: self.clock.now(),
        })
    }

    pub(super) fn patched(
        &self,
        egress: SealedEgress,
        patch: EgressPatch,
    ) -> Result<SealedEgress, Fault> {
        let proxies = match patch.proxies {
            Some(drafts) => self.proxies(&egress.name, drafts, &egress.proxies)?,
            None => egress.proxies,
        };
        self.checked(Egress {
            proxies,
            choice: patch.choice.unwrap_or(egress.choice),
            session: patch.session.unwrap_or(egress.session),
            allow_direct: patch.allow_direct.unwrap_or(egress.allow_direct),
            default: patch.default.unwrap_or(egress.default),
            proxy_resolves: patch.proxy_resolves.unwrap_or(egress.proxy_resolves),
            health_url: patch.health_url.unwrap_or(egress.health_url),
            ..egress
        })
    }

    fn proxies(
        &self,
        egress: &str,
        drafts: Vec<ProxyDraft>,
        before: &[Proxy<Vec<u8>>],
    ) -> Result<Vec<Proxy<Vec<u8>>>, Fault> {
        if !(1..=MOST_PROXIES).contains(&drafts.len()) {
            let why = format!("Invalid 'proxies': expected 1 to {MOST_PROXIES}.");
            return Err(invalid("proxies", why));
        }
        let mut proxies: Vec<Proxy<Vec<u8>>> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let bad = |why: &str| invalid("proxies", format!("A proxy's URL is refused: {why}."));
            let address = ProxyAddress::parse(&draft.url).map_err(|error| bad(error.0))?;
            self.refuse_private(&address)?;
            let known = before.iter().find(|proxy| proxy.address == address);
            let credential = match draft.credential {
                ProxyCredential::None => None,
                ProxyCredential::Kept => known.and_then(|proxy| proxy.credential.clone()),
                ProxyCredential::New(secret) => {
                    let fits = self.ways.exits.check_credential(&address, &secret);
                    fits.map_err(|why| invalid("credential", format!("{address}: {why}.")))?;
                    Some(self.vault.seal(&sealed_for(egress, &address), &secret))
                }
            };
            if proxies.iter().any(|proxy| proxy.address == address) {
                return Err(invalid("proxies", format!("The proxy {address} is named twice.")));
            }
            proxies.push(Proxy { address, credential });
        }
        Ok(proxies)
    }

    /// Early, for those that show it by their text; every address is checked where it is used.
    fn refuse_private(&self, address: &ProxyAddress) -> Result<(), Fault> {
        let text = address.to_string();
        // The check reads URLs of the web; SOCKS's has the same host.
        let (_, place) = text.split_once("://").unwrap_or(("", &text));
        if self.ways.exits.may_be_public(&format!("http://{place}/")) {
            return Ok(());
        }
        let why = format!(
            "The proxy {address} is not at a public address. Name it in the config file, under \
             [egress.NAME], if it is meant."
        );
        Err(Fault::because(&catalogue::UPSTREAM_ADDRESS_NOT_ALLOWED, why).param("proxies"))
    }

    fn checked(&self, mut egress: SealedEgress) -> Result<SealedEgress, Fault> {
        for host in &mut egress.proxy_resolves {
            host.make_ascii_lowercase();
        }
        let hosts = &egress.proxy_resolves;
        let is_host = |host: &String| !host.is_empty() && !host.contains([' ', '/', ':', '@']);
        if hosts.len() > MOST_HOSTS || !hosts.iter().all(is_host) {
            let why =
                format!("Invalid 'proxy_resolves': expected at most {MOST_HOSTS} host names.");
            return Err(invalid("proxy_resolves", why));
        }
        if egress.health_url.as_ref().is_some_and(|url| !self.ways.exits.may_be_public(url)) {
            let why = "Invalid 'health_url': expected a URL at a public address.";
            return Err(invalid("health_url", why.to_owned()));
        }
        Ok(egress)
    }
}
