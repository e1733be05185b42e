//! `trusted_proxies`: where proxies are that we believe.

use std::net::IpAddr;

use ipnet::IpNet;
use toml_edit::Table;

use super::Reader;

impl Reader<'_> {
    pub(super) fn trusted_proxies(&mut self, root: &Table) -> Vec<IpNet> {
        let Some(item) = root.get("trusted_proxies") else { return Vec::new() };
        let Some(all) = item.as_array() else {
            self.mistake(item.span(), "`trusted_proxies` must be a list, such as [\"10.0.0.0/8\"]");
            return Vec::new();
        };
        let read = all.iter().map(|one| (one.span(), one.as_str().and_then(network)));
        let mut found = Vec::new();
        for (span, network) in read {
            match network {
                // Everybody could say that they ask for somebody else.
                Some(network) if network.prefix_len() == 0 => {
                    self.mistake(span, "`trusted_proxies` must not name the whole internet");
                }
                Some(network) => found.push(network),
                None => self.mistake(span, "`trusted_proxies` takes addresses and networks"),
            }
        }
        found
    }
}

/// A network, or the network of one address.
fn network(text: &str) -> Option<IpNet> {
    let one = || text.parse::<IpAddr>().ok().map(|one| IpNet::from(one.to_canonical()));
    text.parse().ok().or_else(one)
}
