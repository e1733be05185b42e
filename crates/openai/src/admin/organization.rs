//! `tollgate.organization`.

use domain::Zone;
use serde::Serialize;

/// The organization, and the zone of the limits that name none of their own.
#[derive(Serialize)]
pub struct Organization<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    time_zone: &'a str,
    /// The edition of the IANA database that says where its days begin.
    time_zone_data: &'static str,
    /// `file`: only the config file changes the zone.
    source: &'static str,
}

impl<'a> Organization<'a> {
    #[must_use]
    pub fn new(organization: &'a domain::Organization, zone: &'a Zone, of_file: bool) -> Self {
        Self {
            object: "tollgate.organization",
            id: organization.id.as_str(),
            name: &organization.name,
            time_zone: zone.name(),
            time_zone_data: Zone::data_version(),
            source: if of_file { "file" } else { "api" },
        }
    }
}
