//! The Administration API: its shapes and list pages.
