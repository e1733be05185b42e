//! `/v1/organization/certificates` and `/v1/organization/projects/{project_id}/certificates`.

use control::CertificateDraft;
use domain::{CertificateId, Fault, Order, PageQuery};
use openai::admin::{Certificate, CertificateInPlace, CertificatesToggled, Deleted, List};

use crate::body::{invalid, missing};
use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// Certificates of one call.
const MOST_AT_ONCE: usize = 10;
const CONTENT: &str = "content";

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = PageQuery { order: newest_first(call)?, ..call.page()? };
    let place = call.path_project();
    let page = call.control.list_certificates(place.as_ref(), page).await?;
    let shown = page.rows.iter().map(|it| CertificateInPlace::new(it, place.is_some()));
    json(&List::of(shown.collect(), page.has_more))
}

pub(super) async fn upload(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let name = fields.name("name")?;
    let content = fields.text("certificate")?.ok_or_else(|| missing("certificate"))?;
    fields.finish()?;
    let draft = CertificateDraft { name, content };
    json(&Certificate::new(&call.control.upload_certificate(&call.author, draft).await?, false))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let wanted = call.query.array("include")?;
    if let Some(other) = wanted.iter().find(|it| *it != CONTENT) {
        let why = format!("expected {CONTENT}, but got '{other}'");
        return Err(crate::query::invalid("include", &why));
    }
    let certificate = call.control.certificate(&call.last()).await?;
    json(&Certificate::new(&certificate, !wanted.is_empty()))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let name = fields.name("name")?;
    fields.finish()?;
    let renamed = call.control.rename_certificate(&call.author, &call.last(), name).await?;
    json(&Certificate::new(&renamed, false))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: CertificateId = call.last();
    call.control.delete_certificate(&call.author, &id).await?;
    json(&Deleted::new("certificate.deleted", id.as_str()))
}

pub(super) async fn activate(call: &AdminCall<'_>) -> Answer {
    let (ids, place) = (ids(call)?, call.path_project());
    let found = call.control.activate_certificates(&call.author, place.as_ref(), ids).await?;
    json(&CertificatesToggled::new(&found, place.is_some(), true))
}

pub(super) async fn deactivate(call: &AdminCall<'_>) -> Answer {
    let (ids, place) = (ids(call)?, call.path_project());
    let found = call.control.deactivate_certificates(&call.author, place.as_ref(), ids).await?;
    json(&CertificatesToggled::new(&found, place.is_some(), false))
}

fn ids(call: &AdminCall<'_>) -> Result<Vec<CertificateId>, Fault> {
    const NAME: &str = "certificate_ids";
    let mut fields = call.fields()?;
    let texts = fields.texts(NAME)?.ok_or_else(|| missing(NAME))?;
    fields.finish()?;
    if !(1..=MOST_AT_ONCE).contains(&texts.len()) {
        let why = format!("expected 1 to {MOST_AT_ONCE} ids, but got {}", texts.len());
        return Err(invalid(NAME, &why));
    }
    let mut ids: Vec<CertificateId> = Vec::with_capacity(texts.len());
    for id in texts.into_iter().map(CertificateId::from) {
        // One that is named twice is meant once.
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The document's own order of these lists.
fn newest_first(call: &AdminCall<'_>) -> Result<Order, Fault> {
    Ok(match call.query.word("order", &["asc", "desc"])? {
        Some("asc") => Order::Ascending,
        _ => Order::Descending,
    })
}
