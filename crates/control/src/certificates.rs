//! Certificates that clients of the data plane must show: uploaded once, active for projects or for
//! the organization. The Administration API asks for none, so that nobody locks themselves out.

use domain::fault::catalogue;
use domain::{
    Certificate, CertificateChange, CertificateId, Change, Fault, PageQuery, Paged,
    PlacedCertificate, ProjectId,
};
use serde_json::{Value, json};

use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

/// What is uploaded.
#[derive(Clone, Debug)]
pub struct CertificateDraft {
    pub name: Option<String>,
    /// PEM.
    pub content: String,
}

/// Where a certificate is active: a project, or else the organization.
pub type Place<'a> = Option<&'a ProjectId>;

impl Control {
    /// Uploads it; nothing is asked of clients before it is active.
    ///
    /// # Errors
    /// 400 for what is no certificate, and for one too many.
    pub async fn upload_certificate(
        &self,
        author: &Author,
        draft: CertificateDraft,
    ) -> Result<Certificate, Fault> {
        let read = vault::certificate::read(&draft.content).map_err(|why| {
            let message = format!("Expected one certificate in PEM format, but {why}.");
            invalid("certificate", message)
        })?;
        self.refuse_one_too_many().await?;
        let certificate = Certificate {
            id: CertificateId::mint(vault::random()),
            name: draft.name,
            created_at: self.clock.now(),
            valid_at: read.valid_at,
            expires_at: read.expires_at,
            is_authority: read.is_authority,
            content: draft.content,
            der: read.der,
        };
        let payload = named(&certificate.id, certificate.name.as_deref());
        let change = CertificateChange::Upload(certificate.clone());
        let write = self.change_of(author, "certificate.created", None, &payload, change);
        self.commit(certificate.id.as_str(), write).await?;
        Ok(certificate)
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn certificate(&self, id: &CertificateId) -> Result<Certificate, Fault> {
        let found = self.certificates.certificate(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// All of the organization's, each with whether it is active in the place.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_certificates(
        &self,
        place: Place<'_>,
        page: PageQuery,
    ) -> Result<Paged<PlacedCertificate>, Fault> {
        if let Some(project) = place {
            self.project(project).await?;
        }
        let listed = self.certificates.certificates(place.cloned(), page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn rename_certificate(
        &self,
        author: &Author,
        id: &CertificateId,
        name: Option<String>,
    ) -> Result<Certificate, Fault> {
        let mut certificate = self.certificate(id).await?;
        let Some(name) = name.filter(|name| certificate.name.as_ref() != Some(name)) else {
            return Ok(certificate);
        };
        let change = CertificateChange::Rename { id: id.clone(), name: name.clone() };
        let payload = named(id, Some(&name));
        let write = self.change_of(author, "certificate.updated", None, &payload, change);
        self.commit(id.as_str(), write).await?;
        certificate.name = Some(name);
        Ok(certificate)
    }

    /// # Errors
    /// 404 for an id that is not there, 400 while it is active anywhere.
    pub async fn delete_certificate(
        &self,
        author: &Author,
        id: &CertificateId,
    ) -> Result<(), Fault> {
        let certificate = self.certificate(id).await?;
        let places = self.certificates.certificate_places(id.clone()).await;
        let places = places.map_err(|error| store_fault(error, id.as_str()))?;
        if let Some(place) = places.first() {
            let place =
                place.as_ref().map_or("organization".to_owned(), |it| format!("project '{it}'"));
            let message = format!(
                "The certificate '{id}' is active for the {place}. Deactivate it there, and \
                 wherever else it is active, before you delete it."
            );
            return Err(invalid("certificate_id", message));
        }
        let mut payload = named(id, certificate.name.as_deref());
        payload["certificate"] = Value::from(certificate.content);
        let change = CertificateChange::Delete(id.clone());
        let write = self.change_of(author, "certificate.deleted", None, &payload, change);
        self.commit(id.as_str(), write).await
    }

    /// From the next call on, calls of the place must show one of its active certificates. All of
    /// these, or none; those that are active already stay so.
    ///
    /// # Errors
    /// 404 for an unknown project or certificate; 400 for an archived project, and for a
    /// certificate whose time is over: it would let nobody in.
    pub async fn activate_certificates(
        &self,
        author: &Author,
        place: Place<'_>,
        ids: Vec<CertificateId>,
    ) -> Result<Vec<PlacedCertificate>, Fault> {
        let found = self.certificates_to_toggle(place, &ids).await?;
        let now = self.clock.now();
        if let Some(over) = found.iter().find(|it| !it.active && it.expires_at < now) {
            let message = format!(
                "The certificate '{}' has expired, so that no call could show it. Upload a new one.",
                over.id
            );
            return Err(invalid("certificate_ids", message));
        }
        let change = CertificateChange::Activate { place: place.cloned(), ids };
        self.toggle(author, "certificates.activated", place, found, change).await
    }

    /// From the next call on they let nobody in; where none is left active, none is asked for.
    ///
    /// # Errors
    /// 404 for an unknown project or certificate, 400 for an archived project.
    pub async fn deactivate_certificates(
        &self,
        author: &Author,
        place: Place<'_>,
        ids: Vec<CertificateId>,
    ) -> Result<Vec<PlacedCertificate>, Fault> {
        let found = self.certificates_to_toggle(place, &ids).await?;
        let change = CertificateChange::Deactivate { place: place.cloned(), ids };
        self.toggle(author, "certificates.deactivated", place, found, change).await
    }

    async fn certificates_to_toggle(
        &self,
        place: Place<'_>,
        ids: &[CertificateId],
    ) -> Result<Vec<PlacedCertificate>, Fault> {
        if let Some(project) = place {
            self.active_project(project).await?;
        }
        let found = self.certificates.certificates_named(place.cloned(), ids.to_vec()).await;
        let found = found.map_err(|error| store_fault(error, "the certificates"))?;
        match ids.iter().find(|id| !found.iter().any(|it| it.id == **id)) {
            None => Ok(found),
            Some(unknown) => Err(not_found(unknown.as_str())),
        }
    }

    async fn toggle(
        &self,
        author: &Author,
        event: &'static str,
        place: Place<'_>,
        found: Vec<PlacedCertificate>,
        change: CertificateChange,
    ) -> Result<Vec<PlacedCertificate>, Fault> {
        let active = matches!(change, CertificateChange::Activate { .. });
        let changed = found.iter().filter(|it| it.active != active);
        let changed: Vec<Value> = changed.map(|it| named(&it.id, it.name.as_deref())).collect();
        if changed.is_empty() {
            // Whoever asks twice may do so because the first time seemed to have no effect.
            self.invalidate.keys_changed(&[]);
            return Ok(found);
        }
        let payload = json!({ "certificates": changed });
        let write = self.change_of(author, event, place, &payload, change);
        self.commit("the certificates", write).await?;
        Ok(found.into_iter().map(|it| PlacedCertificate { active, ..it }).collect())
    }

    fn change_of(
        &self,
        author: &Author,
        event: &'static str,
        place: Place<'_>,
        payload: &Value,
        change: CertificateChange,
    ) -> Write {
        let of_calls = matches!(
            change,
            CertificateChange::Activate { .. } | CertificateChange::Deactivate { .. }
        );
        Write {
            audit: vec![self.audit(author, event, place, payload)],
            changes: vec![Change::Certificate(change)],
            stale: if of_calls { Stale::Everything } else { Stale::Nothing },
        }
    }

    async fn refuse_one_too_many(&self) -> Result<(), Fault> {
        let order = domain::Order::Ascending;
        let page = PageQuery { limit: Certificate::MOST, after: None, order };
        let all = self.list_certificates(None, page).await?;
        if all.rows.len() < Certificate::MOST as usize {
            return Ok(());
        }
        let message = format!(
            "There are {} certificates already, which is the most. Delete one that is not active.",
            Certificate::MOST
        );
        Err(Fault::because(&catalogue::INVALID_VALUE, message))
    }
}

/// As the audit log has it: a certificate without a name has none there either.
fn named(id: &CertificateId, name: Option<&str>) -> Value {
    match name {
        Some(name) => json!({ "id": id.as_str(), "name": name }),
        None => json!({ "id": id.as_str() }),
    }
}
