//! What the doctor is asked for, and its answer so far.

use super::Finding;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct DoctorOrder {
    /// Names; all where there is none.
    pub upstreams: Vec<String>,
    /// What to call; the cheapest chat model that is known where absent.
    pub model: Option<String>,
    /// Whether one small call to each upstream may be made. It is on the bill like any other.
    pub paid: bool,
}

/// What was found since a place, and what is being looked at.
#[derive(Clone, Debug, Default)]
pub struct DoctorPage {
    /// In the order of finding.
    pub findings: Vec<Finding>,
    /// How many findings there are so far: where the next page begins.
    pub next: usize,
    /// Subject and step.
    pub at_work: Vec<(String, &'static str)>,
    pub ended: bool,
}
