//! What the handle and the server of a fake share.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::account::Account;
use super::bill::Bill;
use super::script::{Act, Matcher, Script};
use super::wire::Head;
use super::world::World;
use crate::codec;

/// A request as the fake received it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, raw.
    pub target: String,
    /// Names and values as they came, in order.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Whether all of the body came.
    pub complete: bool,
}

impl Seen {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body as JSON; panics if it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

pub(crate) struct State {
    pub(crate) seen: Vec<Seen>,
    pub(crate) bills: Vec<Bill>,
    pub(crate) sent_ids: HashSet<String>,
    pub(crate) world: World,
    pub(crate) released: u64,
    pub(crate) stop_billing: bool,
    pub(crate) stopping: bool,
    pub(crate) connections: usize,
    pub(crate) account: Option<Account>,
    pub(crate) takes: Duration,
    /// The keys of the account.
    pub(crate) credentials: Vec<String>,
    scripts: Vec<Armed>,
}

struct Armed {
    id: usize,
    matcher: Matcher,
    script: Script,
    arrived: usize,
}

/// A script that was chosen for a request, with what it must wait for.
pub(crate) struct Chosen {
    pub(crate) script: Script,
    gate: u64,
    barrier: usize,
}

pub(crate) struct Shared {
    pub(crate) credential: String,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    barriers: Mutex<Vec<usize>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let credential = format!("sk-fake-CANARY{}", codec::random_hex(34));
        let state = State {
            seen: Vec::new(),
            bills: Vec::new(),
            sent_ids: HashSet::new(),
            world: World::new(),
            released: 0,
            stop_billing: false,
            stopping: false,
            connections: 0,
            account: None,
            takes: Duration::ZERO,
            credentials: vec![credential.clone()],
            scripts: Vec::new(),
        };
        Self {
            credential,
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
            barriers: Mutex::new(Vec::new()),
        }
    }

    /// The state. A test that panicked elsewhere must not hide what the fake knows.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the state and wakes those who wait for it.
    pub(crate) fn change<T>(&self, edit: impl FnOnce(&mut State) -> T) -> T {
        let out = edit(&mut self.lock());
        self.changed.send_replace(());
        out
    }

    /// Waits until `ready` holds.
    pub(crate) async fn until(&self, ready: impl Fn(&State) -> bool) {
        let mut changes = self.changed.subscribe();
        while !ready(&self.lock()) {
            let _ = changes.changed().await;
        }
    }

    pub(crate) fn settle(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.lock().connections > 0 {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    pub(crate) fn arm(&self, matcher: Matcher, script: Script) {
        self.change(|state| {
            let mut barriers = self.barriers.lock().unwrap();
            let id = barriers.len();
            barriers.push(0);
            state.scripts.push(Armed { id, matcher, script, arrived: 0 });
        });
    }

    /// Whether the next connection is to be closed unread.
    pub(crate) fn refuses(&self) -> bool {
        let is = |a: &Armed| matches!(a.script.act, Act::AcceptThenClose);
        self.lock().take(is).is_some()
    }

    /// Chooses a script which acts before the body is read, and notes the request.
    pub(crate) fn arrive_early(&self, head: &Head) -> Option<Chosen> {
        let is = |a: &Armed| a.script.early && a.matcher.matches(head, b"");
        self.arrive(head, &Bytes::new(), false, is)
    }

    /// Notes a request and chooses its script.
    pub(crate) fn arrive_whole(&self, head: &Head, body: &Bytes, complete: bool) -> Option<Chosen> {
        let is = |a: &Armed| {
            complete
                && !a.script.early
                && !matches!(a.script.act, Act::AcceptThenClose)
                && a.matcher.matches(head, body)
        };
        let chosen = self.arrive(head, body, complete, is);
        if chosen.is_none() {
            self.change(|state| state.note(head, body, complete));
        }
        chosen
    }

    /// Noting and choosing is one step, so that who sees the request can already release it.
    fn arrive(
        &self,
        head: &Head,
        body: &Bytes,
        complete: bool,
        is: impl Fn(&Armed) -> bool,
    ) -> Option<Chosen> {
        self.change(|state| {
            let (script, id) = state.take(is)?;
            state.note(head, body, complete);
            let gate = state.released;
            self.barriers.lock().unwrap()[id] += 1;
            Some(Chosen { script, gate, barrier: id })
        })
    }

    /// Waits until the gate is opened for a script.
    pub(crate) async fn opened(&self, chosen: &Chosen) {
        self.until(|state| state.released > chosen.gate).await;
    }

    /// Waits for the gate and the barrier of a script.
    pub(crate) async fn hold(&self, chosen: &Chosen) {
        if chosen.script.gated {
            self.opened(chosen).await;
        }
        let full = || self.barriers.lock().unwrap()[chosen.barrier] >= chosen.script.barrier;
        self.until(|_| full()).await;
    }
}

impl State {
    /// What the gateway asks of its own accord comes at any time, and is none of a test's calls.
    fn note(&mut self, head: &Head, body: &Bytes, complete: bool) {
        if head.header("user-agent").is_some_and(|agent| agent.starts_with("tollgate/")) {
            return;
        }
        self.seen.push(Seen {
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            body: body.clone(),
            complete,
        });
    }

    fn take(&mut self, is: impl Fn(&Armed) -> bool) -> Option<(Script, usize)> {
        let at = self.scripts.iter().position(is)?;
        let armed = &mut self.scripts[at];
        armed.arrived += 1;
        let chosen = (armed.script.clone(), armed.id);
        if armed.script.left.is_some_and(|left| armed.arrived >= left) {
            self.scripts.remove(at);
        }
        Some(chosen)
    }
}
