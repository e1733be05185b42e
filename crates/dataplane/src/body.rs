//! Bodies: reading them from clients, spooling large forms, and giving answers back.

pub(crate) mod lines;
pub(crate) mod read;
pub(crate) mod reply;
pub(crate) mod spool;
pub(crate) mod upload;
