//! Egresses: the proxies through which calls leave, and who takes which. Those of the config file
//! are kept in memory only; what the file names, the file owns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::fault::catalogue;
use domain::ports::Exits;
use domain::{
    Change, DIRECT, Egress, EgressBook, EgressUser, Fault, ProjectId, ProxyFigures, ProxyTest,
    SealedEgress, SealedEgressBook, Secret, UpstreamId,
};
use serde_json::{Value, json};

mod draft;

use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

pub use draft::{EgressDraft, EgressPatch, ProxyCredential, ProxyDraft};

/// What the control plane itself knows of egresses.
pub(crate) struct Ways {
    exits: Arc<dyn Exits>,
    /// The config file's.
    declared: RwLock<EgressBook>,
    /// Counts refreshes, each begun after its change was committed.
    begun: AtomicU64,
    /// The number of the refresh whose book is in use.
    in_use: Mutex<u64>,
}

/// An egress as operators see it.
#[derive(Clone, Debug)]
pub struct EgressState {
    /// Whether a proxy has a credential; never which.
    pub egress: Egress<()>,
    /// In the order of its proxies.
    pub figures: Vec<ProxyFigures>,
    pub used_by: Vec<EgressUser>,
}

impl Ways {
    pub(crate) fn new(exits: Arc<dyn Exits>) -> Self {
        let (declared, begun, in_use) = Default::default();
        Self { exits, declared, begun, in_use }
    }

    fn declared(&self) -> EgressBook {
        self.declared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Control {
    /// Puts the config file's egresses in place of those that it named before, and in use with
    /// those that are stored. `book.uses` are of upstreams by name, `upstreams` the names of all
    /// that the file has. Whatever calls are still under way for one that it no longer has leave as
    /// before, or not at all: never directly.
    ///
    /// # Errors
    /// 503 when the store is away; the old ones stay in use. When there were some and are none any
    /// more: a config that was caught half written must not let calls out directly.
    pub async fn declare_egresses(
        &self,
        mut book: EgressBook,
        upstreams: &[&str],
    ) -> Result<(), Fault> {
        {
            let mut declared = self.ways.declared.write().unwrap_or_else(PoisonError::into_inner);
            let is_gone = |user: &EgressUser| match user {
                EgressUser::UpstreamNamed(name) => !upstreams.contains(&name.as_str()),
                EgressUser::Upstream(_) | EgressUser::Project(_) => false,
            };
            if book.egresses.is_empty() && !declared.egresses.is_empty() {
                let why = "the config names no egress any more; restart to let calls go directly";
                return Err(Fault::because(&catalogue::CONFLICT, why));
            }
            book.uses.extend(declared.uses.iter().filter(|(user, _)| is_gone(user)).cloned());
            *declared = book;
        }
        self.refresh_egresses().await
    }

    /// By name.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_egresses(&self) -> Result<Vec<EgressState>, Fault> {
        let EgressBook { egresses: stored, uses } = self.stored_egresses().await?;
        let declared = self.ways.declared();
        let uses: Vec<_> = uses.into_iter().chain(declared.uses).collect();
        let is_declared = |e: &SealedEgress| declared.egresses.iter().any(|d| d.name == e.name);
        let stored: Vec<_> = stored.into_iter().filter(|e| !is_declared(e)).map(bare).collect();
        let mut all: Vec<Egress<()>> = declared.egresses.iter().cloned().map(bare).collect();
        all.extend(stored);
        all.sort_by(|one, other| one.name.cmp(&other.name));
        let figures = self.ways.exits.figures();
        let state = |egress: Egress<()>| EgressState {
            figures: figures.iter().filter(|f| f.egress == egress.name).cloned().collect(),
            used_by: uses.iter().filter(|u| u.1 == egress.name).map(|u| u.0.clone()).collect(),
            egress,
        };
        Ok(all.into_iter().map(state).collect())
    }

    /// # Errors
    /// 404 for an unknown one.
    pub async fn egress(&self, name: &str) -> Result<EgressState, Fault> {
        let all = self.list_egresses().await?;
        all.into_iter().find(|state| state.egress.name == name).ok_or_else(|| unknown(name))
    }

    /// Makes an egress. It is taken by nobody yet, unless it is the default.
    ///
    /// # Errors
    /// 400 with what is wrong; 409 where the name is taken.
    pub async fn create_egress(
        &self,
        author: &Author,
        draft: EgressDraft,
    ) -> Result<EgressState, Fault> {
        let name = draft.name.clone();
        if self.list_egresses().await?.iter().any(|state| state.egress.name == name) {
            let why = format!("An egress '{name}' exists already.");
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let egress = self.drafted(draft)?;
        self.refuse_second_default(&egress).await?;
        self.put_egress(author, "egress.created", egress).await
    }

    /// Changes what the patch names. A proxy that it lists without a credential keeps the one that
    /// it has.
    ///
    /// # Errors
    /// 400, 404; 409 for an egress of the config file.
    pub async fn update_egress(
        &self,
        author: &Author,
        name: &str,
        patch: EgressPatch,
    ) -> Result<EgressState, Fault> {
        let egress = self.patched(self.stored_egress(name).await?, patch)?;
        self.refuse_second_default(&egress).await?;
        self.put_egress(author, "egress.updated", egress).await
    }

    /// # Errors
    /// 404; 409 for an egress of the config file, and for one that somebody takes.
    pub async fn remove_egress(&self, author: &Author, name: &str) -> Result<(), Fault> {
        self.stored_egress(name).await?;
        let state = self.egress(name).await?;
        if let Some(user) = state.used_by.first() {
            let why = format!("The egress '{name}' is taken by {user}: give it another one first.");
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let change = Change::RemoveEgress { name: name.to_owned() };
        let payload = json!({ "id": name });
        self.change_egresses(author, "egress.deleted", None, &payload, change).await
    }

    /// Which egress somebody's calls take: its name, [`DIRECT`], or nothing where none was named.
    ///
    /// # Errors
    /// 404 for an unknown upstream or project.
    pub async fn egress_of(&self, user: &EgressUser) -> Result<Option<String>, Fault> {
        let named = self.known_user(user).await?;
        if let Some(egress) = named {
            return Ok(Some(egress));
        }
        let uses = self.stored_egresses().await?.uses;
        Ok(uses.into_iter().find(|(of, _)| of == user).map(|(_, egress)| egress))
    }

    /// The way out that a project's calls to an upstream take as things stand: an egress's name, or
    /// [`DIRECT`].
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn egress_between(
        &self,
        upstream: &UpstreamId,
        project: &ProjectId,
    ) -> Result<String, Fault> {
        let known = |found: Result<Option<String>, Fault>| match found {
            // One that is gone says nothing any more.
            Err(fault) if fault.entry.status == 404 => Ok(None),
            found => found,
        };
        let upstreams = known(self.egress_of(&EgressUser::Upstream(upstream.clone())).await)?;
        if upstreams.as_deref() == Some(DIRECT) {
            return Ok(DIRECT.to_owned());
        }
        let projects = known(self.egress_of(&EgressUser::Project(project.clone())).await)?;
        if let Some(way) = projects.or(upstreams) {
            return Ok(way);
        }
        let all = self.list_egresses().await?;
        let default = all.into_iter().find(|state| state.egress.default);
        Ok(default.map_or_else(|| DIRECT.to_owned(), |state| state.egress.name))
    }

    /// Says which egress somebody's calls take, from the next call on. `None`: as if never said.
    ///
    /// # Errors
    /// 404 for an unknown upstream, project or egress; 409 where the config file says it.
    pub async fn set_egress_of(
        &self,
        author: &Author,
        user: EgressUser,
        egress: Option<String>,
    ) -> Result<(), Fault> {
        if self.known_user(&user).await?.is_some() {
            return Err(of_file(&format!("The egress of {user}")));
        }
        if let Some(name) = egress.as_deref().filter(|name| *name != DIRECT) {
            self.egress(name).await?;
        }
        let payload = json!({ "id": user.to_string(), "data": { "egress": egress } });
        let project = match &user {
            EgressUser::Project(id) => Some(id.clone()),
            EgressUser::Upstream(_) | EgressUser::UpstreamNamed(_) => None,
        };
        let change = Change::SetEgressUse { user, egress };
        self.change_egresses(author, "egress.assigned", project.as_ref(), &payload, change).await
    }

    /// Fetches a URL through each proxy of an egress. Without one, its health URL.
    ///
    /// # Errors
    /// 404; 400 where there is no URL to fetch.
    pub async fn test_egress(
        &self,
        name: &str,
        url: Option<String>,
    ) -> Result<Vec<ProxyTest>, Fault> {
        let state = self.egress(name).await?;
        let Some(url) = url.or(state.egress.health_url) else {
            let why = "Name a URL to fetch through each proxy: the egress has no `health_url`. One \
                       that answers with the caller's address shows the exit address.";
            return Err(invalid("url", why.to_owned()));
        };
        self.ways.exits.test(name.to_owned(), url).await.ok_or_else(|| unknown(name))
    }

    async fn put_egress(
        &self,
        author: &Author,
        event: &'static str,
        egress: SealedEgress,
    ) -> Result<EgressState, Fault> {
        let name = egress.name.clone();
        let proxies: Vec<String> = egress.proxies.iter().map(|p| p.address.to_string()).collect();
        let payload = json!({
            "id": name,
            "data": { "proxies": proxies, "allow_direct": egress.allow_direct,
                      "default": egress.default },
        });
        self.change_egresses(author, event, None, &payload, Change::PutEgress(egress)).await?;
        self.egress(&name).await
    }

    async fn change_egresses(
        &self,
        author: &Author,
        event: &'static str,
        project: Option<&ProjectId>,
        payload: &Value,
        change: Change,
    ) -> Result<(), Fault> {
        let audit = vec![self.audit(author, event, project, payload)];
        let write = Write { changes: vec![change], audit, stale: Stale::Nothing };
        let committed = self.commit(payload["id"].as_str().unwrap_or_default(), write).await;
        // After a failure as well: a store that went away may have written all the same.
        committed.and(self.refresh_egresses().await)
    }

    /// Puts the egresses as they stand in use. Of two at once, the one that began later knows what
    /// the other has committed; so its book stays, whichever comes last.
    async fn refresh_egresses(&self) -> Result<(), Fault> {
        let number = self.ways.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let EgressBook { egresses: stored, mut uses } = self.stored_egresses().await?;
        let declared = self.ways.declared();
        let mut egresses = Vec::new();
        for egress in stored {
            if declared.egresses.iter().all(|d| d.name != egress.name) {
                egresses.push(self.opened(egress)?);
            }
        }
        // The file's come last: of two defaults its one holds.
        egresses.extend(declared.egresses);
        uses.extend(declared.uses);
        let mut in_use = self.ways.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if *in_use < number {
            *in_use = number;
            self.ways.exits.egresses_changed(EgressBook { egresses, uses });
        }
        Ok(())
    }

    async fn stored_egresses(&self) -> Result<SealedEgressBook, Fault> {
        self.records.egresses().await.map_err(|error| store_fault(error, "the egresses"))
    }

    /// One that may be changed here.
    async fn stored_egress(&self, name: &str) -> Result<SealedEgress, Fault> {
        if self.ways.declared().egresses.iter().any(|egress| egress.name == name) {
            return Err(of_file(&format!("The egress '{name}'")));
        }
        let stored = self.stored_egresses().await?.egresses;
        stored.into_iter().find(|egress| egress.name == name).ok_or_else(|| unknown(name))
    }

    fn opened(&self, egress: SealedEgress) -> Result<Egress<Secret>, Fault> {
        let name = egress.name.clone();
        egress.try_map(|address, sealed| {
            let opened = self.vault.open(&draft::sealed_for(&name, address), &sealed);
            opened.map_err(|error| {
                let why = format!("A credential of egress '{name}' does not open: {error}.");
                Fault::because(&catalogue::INTERNAL_ERROR, why)
            })
        })
    }

    async fn refuse_second_default(&self, egress: &SealedEgress) -> Result<(), Fault> {
        let all = self.list_egresses().await?;
        let other = all.iter().find(|s| s.egress.default && s.egress.name != egress.name);
        match other.filter(|_| egress.default) {
            Some(other) => {
                let why = format!("'{}' is the default egress already.", other.egress.name);
                Err(invalid("default", why))
            }
            None => Ok(()),
        }
    }

    /// Whether there is such a user; and the egress that the config file names for it.
    async fn known_user(&self, user: &EgressUser) -> Result<Option<String>, Fault> {
        match user {
            EgressUser::Project(id) => self.project(id).await.map(|_| None),
            EgressUser::UpstreamNamed(_) => Ok(None),
            EgressUser::Upstream(id) => {
                let name = self.upstream_name(id).await?;
                let uses = self.ways.declared().uses;
                let of = EgressUser::UpstreamNamed(name);
                Ok(uses.into_iter().find(|(user, _)| *user == of).map(|(_, egress)| egress))
            }
        }
    }

    async fn upstream_name(&self, id: &UpstreamId) -> Result<String, Fault> {
        let found = self.list_upstreams().await?.into_iter().find(|upstream| upstream.id == *id);
        found.map(|upstream| upstream.name).ok_or_else(|| not_found(id.as_str()))
    }
}

fn bare<C>(egress: Egress<C>) -> Egress<()> {
    match egress.try_map(|_, _| Ok::<(), std::convert::Infallible>(())) {
        Ok(egress) => egress,
        Err(never) => match never {},
    }
}

fn unknown(name: &str) -> Fault {
    not_found(&format!("the egress {name}"))
}

fn of_file(what: &str) -> Fault {
    let why = format!(
        "{what} stands in the config file, so it cannot be changed here. Change it there; what is \
         written is reloaded."
    );
    Fault::because(&catalogue::MANAGED_BY_FILE, why)
}
