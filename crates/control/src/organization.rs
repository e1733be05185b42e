//! The organization: its name, and the zone of the limits that name none of their own.

use domain::fault::catalogue;
use domain::{Change, Fault, Organization, Zone};
use serde_json::json;

use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// The small value that the store keeps the zone's name under.
const TIME_ZONE: &str = "time_zone";
const WHAT: &str = "the organization";

/// The organization as it is shown.
#[derive(Clone, Debug)]
pub struct OrganizationState {
    pub organization: Organization,
    pub zone: Zone,
    /// Whether the config file owns the zone.
    pub of_file: bool,
}

/// The zone that a caller names.
///
/// # Errors
/// 400 `unknown_time_zone` (case 69).
pub fn known_zone(name: &str, param: &'static str) -> Result<Zone, Fault> {
    Zone::named(name).ok_or_else(|| {
        let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        let why = format!(
            "'{name}' is no time zone of the IANA database ({}), such as 'Europe/Zurich'.",
            Zone::data_version(),
        );
        Fault::because(&catalogue::UNKNOWN_TIME_ZONE, why).param(param)
    })
}

impl Control {
    /// # Errors
    /// 503 when the store is away.
    pub async fn organization(&self) -> Result<OrganizationState, Fault> {
        let away = |error| store_fault(error, WHAT);
        let organization = self.records.organization().await.map_err(away)?;
        let organization = organization.ok_or_else(|| not_found(WHAT))?;
        let name = self.records.meta(TIME_ZONE).await.map_err(away)?;
        let zone = name.and_then(|name| Zone::named(&String::from_utf8_lossy(&name)));
        let of_file = self.zone_of_file.read().is_ok_and(|of_file| *of_file);
        Ok(OrganizationState { organization, zone: zone.unwrap_or_else(Zone::utc), of_file })
    }

    /// Gives it another name; its id stays.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn rename_organization(&self, author: &Author, name: String) -> Result<(), Fault> {
        let before = self.organization().await?.organization;
        if before.name == name {
            return Ok(());
        }
        let payload = json!({
            "id": before.id.as_str(),
            "changes_requested": { "name": name },
        });
        let write = Write {
            audit: vec![self.audit(author, "organization.updated", None, &payload)],
            changes: vec![Change::RenameOrganization { name }],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Sets the zone of all limits that name none of their own. The periods that they are in run to
    /// their ends.
    ///
    /// # Errors
    /// 409 where the config file names it; 503 when the store is away.
    pub async fn set_zone(&self, author: &Author, zone: Zone) -> Result<OrganizationState, Fault> {
        let state = self.organization().await?;
        if state.of_file && state.zone != zone {
            let why = "The organization's time zone stands in the config file. Change `time_zone` \
                       under [organization] there; what is written is reloaded.";
            return Err(Fault::because(&catalogue::MANAGED_BY_FILE, why));
        }
        self.change_zone(author, &state, zone).await?;
        self.organization().await
    }

    /// Sets the zone that the config file names; what it does not name, the API may set.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn declare_zone(&self, zone: Option<Zone>) -> Result<(), Fault> {
        if let Ok(mut of_file) = self.zone_of_file.write() {
            *of_file = zone.is_some();
        }
        match zone {
            Some(zone) => {
                let state = self.organization().await?;
                self.change_zone(&Author::system(), &state, zone).await
            }
            None => Ok(()),
        }
    }

    async fn change_zone(
        &self,
        author: &Author,
        before: &OrganizationState,
        zone: Zone,
    ) -> Result<(), Fault> {
        if before.zone == zone {
            return Ok(());
        }
        let id = before.organization.id.as_str();
        let payload = json!({
            "id": id,
            "changes_requested": { "time_zone": zone.name() },
        });
        let scope = self.organization_scope().await?;
        let write = Write {
            audit: vec![self.audit(author, "organization.updated", None, &payload)],
            changes: vec![Change::SetTimeZone { zone, at: self.clock.now() }],
            stale: Stale::Limits(vec![scope]),
        };
        self.commit(WHAT, write).await
    }
}
