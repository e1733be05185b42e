//! An egress in use: which of its proxies a call takes, in which order.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use domain::{Egress, EgressSource, ProxyChoice, Secret, SessionBy};
use tokio::time::Instant;

use crate::proxy::{LiveProxy, Permit};

/// Numbers the sessions that last for one connection.
static COUNTER: AtomicU64 = AtomicU64::new(0);
/// So that they are others after a restart.
static START: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

/// A named way out.
pub(crate) struct Balance {
    pub(crate) name: String,
    pub(crate) proxies: Vec<Arc<LiveProxy>>,
    choice: ProxyChoice,
    pub(crate) session: SessionBy,
    pub(crate) allow_direct: bool,
    pub(crate) proxy_resolves: Vec<String>,
    turn: AtomicUsize,
}

impl Balance {
    /// Proxies that `before` had as well keep their health and figures.
    pub(crate) fn new(egress: &Egress<Secret>, before: Option<&Self>) -> Self {
        let allow_private = egress.source == EgressSource::File;
        let known = before.map_or(&[][..], |before| &before.proxies);
        let proxies = egress.proxies.iter().map(|proxy| {
            let same = known.iter().find(|known| known.is(proxy, allow_private));
            same.map_or_else(|| LiveProxy::new(proxy, allow_private), Arc::clone)
        });
        Self {
            name: egress.name.clone(),
            proxies: proxies.collect(),
            choice: egress.choice,
            session: egress.session,
            allow_direct: egress.allow_direct,
            proxy_resolves: egress.proxy_resolves.clone(),
            turn: AtomicUsize::new(0),
        }
    }

    /// What stands for an egress that is not there: no way leads out.
    pub(crate) fn closed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            proxies: Vec::new(),
            choice: ProxyChoice::default(),
            session: SessionBy::default(),
            allow_direct: false,
            proxy_resolves: Vec::new(),
            turn: AtomicUsize::new(0),
        }
    }

    /// The same with one proxy only, and never direct.
    pub(crate) fn only(&self, proxy: &Arc<LiveProxy>) -> Self {
        Self {
            proxies: vec![Arc::clone(proxy)],
            session: self.session,
            proxy_resolves: self.proxy_resolves.clone(),
            ..Self::closed(&self.name)
        }
    }

    /// Which kept connections a call may share through this proxy.
    pub(crate) fn kept_session(&self, proxy: &LiveProxy, subject: u64) -> u64 {
        let own = self.session != SessionBy::Connection && proxy.has_sessions();
        if own { subject } else { 0 }
    }

    /// What takes the place of `{session}`: sixteen letters and digits.
    pub(crate) fn session_text(&self, subject: u64) -> String {
        let seed = match self.session {
            SessionBy::Connection => COUNTER.fetch_add(1, Ordering::Relaxed) ^ *START,
            SessionBy::Key | SessionBy::Project => subject,
        };
        format!("{:016x}", mix(seed ^ hash(&self.name)))
    }

    /// The proxies in the order in which a call tries them; ejected ones only where all are.
    pub(crate) fn permits(&self, subject: u64, now: Instant) -> Permits<'_> {
        let order = self.order(subject);
        Permits { balance: self, order: order.into_iter(), now, given: false }
    }

    fn order(&self, subject: u64) -> Vec<usize> {
        let count = self.proxies.len();
        let mut order: Vec<usize> = (0..count).collect();
        if count < 2 {
            return order;
        }
        match self.choice {
            ProxyChoice::RoundRobin => {
                order.rotate_left(self.turn.fetch_add(1, Ordering::Relaxed) % count);
            }
            ProxyChoice::LeastBusy => {
                // Among equals in turn, so that an idle egress uses all.
                order.rotate_left(self.turn.fetch_add(1, Ordering::Relaxed) % count);
                order.sort_by_key(|at| self.proxies[*at].busy());
            }
            // By rendezvous: when a proxy is gone, only its own subjects move.
            ProxyChoice::Sticky => order.sort_by_key(|at| {
                let address = self.proxies[*at].address.to_string();
                std::cmp::Reverse(mix(subject ^ hash(&address)))
            }),
        }
        order
    }

    /// Of proxies that are all ejected, the one that comes back first and is not being tried.
    fn anyway(&self, now: Instant) -> Option<Permit> {
        let mut ejected: Vec<_> = self.proxies.iter().collect();
        ejected.sort_by_key(|proxy| proxy.ejected_until(now));
        ejected.into_iter().find_map(|proxy| proxy.admit(now, true))
    }
}

/// See [`Balance::permits`]. A permit is taken from a proxy only when it is asked for.
pub(crate) struct Permits<'a> {
    balance: &'a Balance,
    order: std::vec::IntoIter<usize>,
    now: Instant,
    given: bool,
}

impl Iterator for Permits<'_> {
    type Item = Permit;

    fn next(&mut self) -> Option<Permit> {
        let (proxies, now) = (&self.balance.proxies, self.now);
        let permit = self.order.find_map(|at| proxies[at].admit(now, false));
        let permit = match permit {
            None if !self.given => self.balance.anyway(now),
            permit => permit,
        };
        self.given = true;
        permit
    }
}

/// FNV-1a, mixed: the same in every process, so that a session outlives a restart.
pub(crate) fn hash(text: &str) -> u64 {
    let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

/// The end of MurmurHash3: spreads each bit over all.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    use domain::{Proxy, ProxyAddress, Timestamp};

    fn balance(choice: ProxyChoice, count: u16) -> Balance {
        let proxies = (1..=count).map(|port| Proxy {
            address: ProxyAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
            credential: None,
        });
        let egress = Egress {
            name: "e".to_owned(),
            source: EgressSource::File,
            proxies: proxies.collect(),
            choice,
            session: SessionBy::Key,
            allow_direct: false,
            default: false,
            proxy_resolves: Vec::new(),
            health_url: None,
            created_at: Timestamp(0),
        };
        Balance::new(&egress, None)
    }

    fn eject(proxy: &Arc<LiveProxy>) {
        (0..5).for_each(|_| proxy.blame(false, Instant::now(), "test"));
    }

    fn first(balance: &Balance, subject: u64) -> u16 {
        let permit = balance.permits(subject, Instant::now()).next().unwrap();
        permit.proxy.address.port
    }

    #[test]
    fn each_in_its_turn_and_ejected_ones_not() {
        let balance = balance(ProxyChoice::RoundRobin, 3);
        let ports: Vec<u16> = (0..6).map(|_| first(&balance, 0)).collect();
        assert_eq!(ports, [1, 2, 3, 1, 2, 3]);
        eject(&balance.proxies[0]);
        let ports: Vec<u16> = (0..3).map(|_| first(&balance, 0)).collect();
        assert_eq!(ports, [2, 2, 3]);
        assert_eq!(balance.permits(0, Instant::now()).count(), 2);
    }

    #[test]
    fn the_least_busy_comes_first() {
        let balance = balance(ProxyChoice::LeastBusy, 3);
        let _one = balance.proxies[0].begin();
        let _two = [balance.proxies[1].begin(), balance.proxies[1].begin()];
        let _three = [balance.proxies[2].begin(), balance.proxies[2].begin()];
        assert_eq!((first(&balance, 0), first(&balance, 0)), (1, 1));
    }

    #[test]
    fn a_subject_sticks_and_only_those_of_a_lost_proxy_move() {
        let balance = balance(ProxyChoice::Sticky, 4);
        let before: Vec<u16> = (0..400).map(|at| first(&balance, hash(&at.to_string()))).collect();
        for port in 1..=4 {
            let share = before.iter().filter(|p| **p == port).count();
            assert!((60..140).contains(&share), "{share} of 400");
        }
        eject(&balance.proxies[2]);
        for (at, before) in before.into_iter().enumerate() {
            let now = first(&balance, hash(&at.to_string()));
            assert!(if before == 3 { now != 3 } else { now == before });
        }
    }

    #[test]
    fn when_all_are_ejected_one_call_at_a_time_tries_one() {
        let balance = balance(ProxyChoice::RoundRobin, 2);
        balance.proxies.iter().for_each(eject);
        let held: Vec<_> =
            (0..3).map(|_| balance.permits(0, Instant::now()).next().is_some()).collect();
        // Each permit is given back at once here.
        assert_eq!(held, [true, true, true]);
        let one = balance.permits(0, Instant::now()).next();
        let two = balance.permits(0, Instant::now()).next();
        assert!(one.is_some() && two.is_some());
        assert!(balance.permits(0, Instant::now()).next().is_none());
        assert!(Balance::closed("x").permits(0, Instant::now()).next().is_none());
    }

    #[test]
    fn a_proxy_that_stays_keeps_what_is_known_of_it() {
        let before = balance(ProxyChoice::RoundRobin, 2);
        let proxy = |port: u16, credential: Option<&str>| Proxy {
            address: ProxyAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
            credential: credential.map(Secret::from),
        };
        let egress = Egress {
            name: "e".to_owned(),
            source: EgressSource::File,
            proxies: vec![proxy(2, None), proxy(1, Some("u:p"))],
            choice: ProxyChoice::Sticky,
            session: SessionBy::Key,
            allow_direct: false,
            default: false,
            proxy_resolves: Vec::new(),
            health_url: None,
            created_at: Timestamp(0),
        };
        let after = Balance::new(&egress, Some(&before));
        assert_eq!(after.proxies[0].id, before.proxies[1].id);
        assert_ne!(after.proxies[1].id, before.proxies[0].id);
    }
}
