//! The dashboard.

#[allow(dead_code, reason = "pages follow")]
mod chart;
