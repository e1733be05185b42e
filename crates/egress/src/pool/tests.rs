//! Pools against scripted proxies.
