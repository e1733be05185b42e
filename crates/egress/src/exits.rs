//! The egresses in use, and who takes which.
//!
//! Whoever names an egress that is not there has no way out: nothing goes directly that was meant
//! for a proxy.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::ports::{self, BoxFuture};
use domain::{
    DIRECT, EgressBook, EgressSource, EgressUser, ProjectId, ProxyAddress, ProxyFigures, ProxyTest,
    Secret, SessionBy, UpstreamId,
};
use tokio::time::Instant;

use crate::balance::{Balance, hash};
use crate::{BadUrl, Origin, Tls, Way, check_credential, may_post_to};

mod probe;

/// Whether a text can be the URL that is fetched through a proxy, wherever it leads.
///
/// # Errors
/// [`BadUrl`].
pub fn check_url(url: &str) -> Result<(), BadUrl> {
    Origin::of_url(url, true).map(drop)
}

/// Whose call it is.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    pub upstream: &'a UpstreamId,
    /// The upstream's name: the config file knows it by that.
    pub upstream_name: &'a str,
    pub project: &'a ProjectId,
    /// The API key's id, or what stands for the caller where there is none.
    pub key: &'a str,
}

/// All ways out of a process. Shared by the workers; read on each call.
pub struct Exits {
    tls: Tls,
    /// Whether anybody takes an egress: mostly nobody does, and a call is spared the look.
    any: AtomicBool,
    live: RwLock<Arc<Live>>,
}

#[derive(Default)]
struct Live {
    egresses: HashMap<String, Exit>,
    uses: HashMap<EgressUser, Use>,
    default: Option<Arc<Balance>>,
}

struct Exit {
    balance: Arc<Balance>,
    health_url: Option<String>,
    source: EgressSource,
    proxy_resolves: Vec<String>,
}

#[derive(Clone)]
enum Use {
    Direct,
    Through(Arc<Balance>),
}

impl Exits {
    #[must_use]
    pub fn new(tls: Tls) -> Arc<Self> {
        Arc::new(Self { tls, any: AtomicBool::new(false), live: RwLock::default() })
    }

    /// How a call leaves: by the project's egress, else by the upstream's, else by the default
    /// one, else directly. An upstream that says `direct` goes directly for every project.
    #[must_use]
    pub fn way(&self, asker: &Asker<'_>) -> Way {
        if !self.any.load(Ordering::Acquire) {
            return Way::direct();
        }
        let live = self.live();
        // What the file says of an upstream stands before what was set through the API.
        let upstream = live
            .uses
            .get(&EgressUser::UpstreamNamed(asker.upstream_name.to_owned()))
            .or_else(|| live.uses.get(&EgressUser::Upstream(asker.upstream.clone())));
        let project = || live.uses.get(&EgressUser::Project(asker.project.clone()));
        let balance = match upstream {
            Some(Use::Direct) => return Way::direct(),
            upstream => match project().or(upstream) {
                Some(Use::Direct) => return Way::direct(),
                Some(Use::Through(balance)) => balance,
                None => match &live.default {
                    Some(balance) => balance,
                    None => return Way::direct(),
                },
            },
        };
        let subject = match balance.session {
            SessionBy::Project => asker.project.as_str(),
            SessionBy::Key | SessionBy::Connection => asker.key,
        };
        Way::through(Arc::clone(balance), hash(subject))
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Live {
    fn new(book: &EgressBook, before: &Self) -> Self {
        let mut live = Self::default();
        for egress in &book.egresses {
            let known = before.egresses.get(&egress.name).map(|exit| &*exit.balance);
            let balance = Arc::new(Balance::new(egress, known));
            if egress.default {
                live.default = Some(Arc::clone(&balance));
            }
            let exit = Exit {
                balance,
                health_url: egress.health_url.clone(),
                source: egress.source,
                proxy_resolves: egress.proxy_resolves.clone(),
            };
            live.egresses.insert(egress.name.clone(), exit);
        }
        for (user, name) in &book.uses {
            let taken = match live.egresses.get(name) {
                _ if name == DIRECT => Use::Direct,
                Some(exit) => Use::Through(Arc::clone(&exit.balance)),
                None => Use::Through(Arc::new(Balance::closed(name))),
            };
            live.uses.insert(user.clone(), taken);
        }
        live
    }
}

impl ports::Exits for Exits {
    fn egresses_changed(&self, book: EgressBook) {
        let mut place = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let live = Live::new(&book, &place);
        let any = live.default.is_some() || !live.uses.is_empty();
        *place = Arc::new(live);
        self.any.store(any, Ordering::Release);
    }

    fn check_credential(
        &self,
        proxy: &ProxyAddress,
        credential: &Secret,
    ) -> Result<(), &'static str> {
        check_credential(proxy, credential)
    }

    fn may_be_public(&self, url: &str) -> bool {
        may_post_to(url, &[])
    }

    fn figures(&self) -> Vec<ProxyFigures> {
        let (live, now) = (self.live(), Instant::now());
        let mut names: Vec<&String> = live.egresses.keys().collect();
        names.sort();
        let of = |name: &String| {
            let proxies = live.egresses[name].balance.proxies.iter();
            proxies.map(|proxy| proxy.figures(name, now)).collect::<Vec<_>>()
        };
        names.into_iter().flat_map(of).collect()
    }

    fn test(&self, name: String, url: String) -> BoxFuture<'_, Option<Vec<ProxyTest>>> {
        Box::pin(self.test_egress(name, url))
    }
}
